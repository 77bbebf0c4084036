//! Strict percent-decoding, for paths and queries.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};

/// Everything but the unreserved characters of RFC 3986.
pub(crate) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` decoded once. `None` if a `%` is not followed by two hex digits, or if the outcome is
/// not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    let well_formed = text.split('%').skip(1).all(|rest| {
        matches!(rest.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    });
    if well_formed { percent_decode_str(text).decode_utf8().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decode("a%3Ab").unwrap(), "a:b");
        assert_eq!(decode("%2525").unwrap(), "%25");
        assert_eq!(decode("").unwrap(), "");
        assert_eq!(decode("%c3%a4").unwrap(), "ä");
    }

    #[test]
    fn broken_escapes_are_refused() {
        for bad in ["%", "a%", "%2", "%zz", "%%41", "%ff", "%2 0", "%+1"] {
            assert!(decode(bad).is_none(), "{bad:?}");
        }
    }
}
