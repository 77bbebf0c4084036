//! Pages of IAM's lists: `MaxItems`, `Marker`, `IsTruncated`.

use crate::Error;

/// Elements of a page for which no number is asked.
pub const MAX_ITEMS_DEFAULT: u32 = 100;
/// Elements of a page at the most.
pub const MAX_ITEMS_MAX: u32 = 1_000;

/// Which page of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// The last element of the page before, as its marker says; empty for the first page.
    pub after: String,
    /// Elements at the most.
    pub max_items: u32,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its elements.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub marker: Option<String>,
}

impl PageRequest {
    /// What a request's `Marker` and `MaxItems` ask for. A marker is the name after which the next
    /// page begins, so it stays good while others come and go.
    ///
    /// # Errors
    /// [`Error::Validation`] for a number out of bounds.
    pub fn new(marker: Option<&str>, max_items: Option<i32>) -> Result<Self, Error> {
        let max_items = match max_items.map(u32::try_from) {
            None => MAX_ITEMS_DEFAULT,
            Some(Ok(number @ 1..=MAX_ITEMS_MAX)) => number,
            Some(_) => {
                let text = format!("MaxItems must be between 1 and {MAX_ITEMS_MAX}.");
                return Err(Error::Validation(text));
            }
        };
        Ok(Self { after: marker.unwrap_or_default().to_owned(), max_items })
    }

    /// The page out of one element more than it shows, which says whether there is another.
    pub fn page<T>(&self, mut items: Vec<T>, position: impl Fn(&T) -> String) -> Page<T> {
        let shown = usize::try_from(self.max_items).unwrap_or(usize::MAX);
        let more = items.len() > shown;
        items.truncate(shown);
        let marker = if more { items.last().map(position) } else { None };
        Page { items, marker }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_there_is_another() {
        let request = PageRequest::new(None, Some(2)).unwrap();
        let page = request.page(vec![1, 2, 3], i32::to_string);
        assert_eq!((page.items, page.marker.as_deref()), (vec![1, 2], Some("2")));
        let page = request.page(vec![1, 2], i32::to_string);
        assert_eq!((page.items, page.marker), (vec![1, 2], None));
        assert_eq!(PageRequest::new(Some("x"), None).unwrap().after, "x");
        for bad in [0, -1, 1_001] {
            assert!(PageRequest::new(None, Some(bad)).is_err());
        }
    }
}
