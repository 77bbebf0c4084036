//! What was found out about texts, by their addresses: a text is there once for a package, and the
//! statements of a package name the same few versions.

/// Texts that are remembered at once.
const PLACES: usize = 64;

/// Values of texts. A text whose place another one needs is forgotten.
#[derive(Debug)]
pub(super) struct Remembered<'a, T> {
    places: [Option<(&'a str, T)>; PLACES],
}

impl<'a, T: Copy> Remembered<'a, T> {
    pub(super) const fn new() -> Self {
        Self { places: [None; PLACES] }
    }

    /// The value of a text, which `find` finds if it is not known.
    pub(super) fn get(&mut self, text: &'a str, find: impl FnOnce() -> T) -> T {
        let address = text.as_ptr().addr();
        let Some(place) = self.places.get_mut((address ^ address >> 6) % PLACES) else {
            return find();
        };
        match place {
            // The same address and length.
            Some((known, value)) if std::ptr::eq(*known, text) => *value,
            _ => {
                let value = find();
                *place = Some((text, value));
                value
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_known_again_and_not_mistaken() {
        let text = "0123456789".repeat(40);
        let mut remembered = Remembered::new();
        let pieces = || (0..text.len()).flat_map(|at| [&text[at..], &text[..at]]);
        for piece in pieces().chain(pieces()) {
            assert_eq!(remembered.get(piece, || piece.len()), piece.len());
        }
        let last = &text[1..];
        remembered.get(last, || 0);
        assert_eq!(remembered.get(last, || 1), 0);
    }
}
