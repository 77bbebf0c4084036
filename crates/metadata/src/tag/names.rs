//! Many names of tags, in one text.

/// Names of tags in the order they were read. A list of ten thousand is two allocations.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TagNames {
    text: String,
    /// Where each name ends in the text. A list is bounded by its limit, far below what this holds.
    ends: Vec<u32>,
}

impl TagNames {
    pub(super) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The last one.
    pub fn last(&self) -> Option<&str> {
        self.iter().next_back()
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        (0..self.ends.len()).map(|number| {
            let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.text[start as usize..self.ends[number] as usize]
        })
    }

    /// Leaves the first `count`, and takes no more memory than they need.
    pub fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.text.truncate(self.ends.last().copied().unwrap_or(0) as usize);
        self.ends.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    /// The bytes of all names together.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// The bytes of memory that the names take up.
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

impl<'a> FromIterator<&'a str> for TagNames {
    fn from_iter<I: IntoIterator<Item = &'a str>>(all: I) -> Self {
        let mut names = Self::default();
        all.into_iter().for_each(|name| names.push(name));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> TagNames {
        all.iter().copied().collect()
    }

    #[test]
    fn names_come_out_as_they_went_in() {
        for all in [&[][..], &["a"], &["1.0", "latest", "v2"]] {
            let names = names(all);
            assert_eq!(names.iter().collect::<Vec<_>>(), all);
            assert_eq!((names.len(), names.is_empty()), (all.len(), all.is_empty()));
            assert_eq!(names.last(), all.last().copied());
        }
    }

    #[test]
    fn the_first_ones_are_left() {
        let all = ["1.0", "latest", "v2"];
        for count in 0..=4 {
            let mut left = names(&all);
            left.truncate(count);
            let expected = &all[..count.min(all.len())];
            assert_eq!(left, names(expected));
            let text: usize = expected.iter().map(|name| name.len()).sum();
            assert!(left.bytes() >= text + expected.len() * size_of::<u32>());
        }
    }
}
