//! Byte ranges: of blob reads (RFC 9110 §14) and of upload chunks (OCI Distribution, "Pushing a
//! blob in chunks").

use std::fmt;

use thiserror::Error;

/// Bytes `first` to `last`, both included. Never empty, and `first <= last` always holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

/// The largest offset a range may name: what fits the signed 64-bit sizes of stores.
const OFFSET_MAX: u64 = i64::MAX as u64;

impl ByteRange {
    /// The range, if `first <= last` and `last` is no more than `i64::MAX`.
    pub fn new(first: u64, last: u64) -> Option<Self> {
        (first <= last && last <= OFFSET_MAX).then_some(Self { first, last })
    }

    /// Offset of the first byte.
    pub fn first(self) -> u64 {
        self.first
    }

    /// Offset of the last byte, which belongs to the range.
    pub fn last(self) -> u64 {
        self.last
    }

    /// How many bytes the range has, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(self) -> u64 {
        self.last - self.first + 1
    }

    /// The `Content-Range` of a 206 answer: `bytes first-last/total`.
    pub fn content_range(self, total: u64) -> String {
        format!("bytes {self}/{total}")
    }

    /// The range that the `Range` header of a read asks for, of content that is `total` bytes.
    ///
    /// `Ok(None)` means to answer with the whole content, as RFC 9110 §14.2 lets a server do: for
    /// other units than bytes, for several ranges at once, for anything malformed, and for a
    /// suffix of empty content, which no `Content-Range` could express.
    ///
    /// # Errors
    /// [`Unsatisfiable`] (416) if the range is well-formed and lies beyond the content, or runs
    /// backwards (RFC 9110 §15.5.17).
    pub fn of_request(header: &str, total: u64) -> Result<Option<Self>, Unsatisfiable> {
        let Some((unit, set)) = header.split_once('=') else { return Ok(None) };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Ok(None);
        }
        let Some((first, last)) = set.trim().split_once('-') else { return Ok(None) };
        match (first.is_empty(), last.is_empty()) {
            (true, true) => Ok(None),
            (true, false) => decimal(last).map_or(Ok(None), |count| suffix(count, total)),
            (false, true) => decimal(first).map_or(Ok(None), |first| within(first, None, total)),
            (false, false) => match (decimal(first), decimal(last)) {
                (Some(first), Some(last)) if first <= last => within(first, Some(last), total),
                (Some(_), Some(_)) => Err(Unsatisfiable { total }),
                _ => Ok(None),
            },
        }
    }

    /// The range of a chunk from its `Content-Range`: `first-last`, as OCI clients send it, or
    /// `bytes first-last`, either with an optional `/total` or `/*`.
    ///
    /// # Errors
    /// [`ContentRangeError`] if it is none of these, runs backwards, or ends beyond its own total.
    pub fn of_chunk(header: &str) -> Result<Self, ContentRangeError> {
        let text = header.trim();
        let text = match text.get(..5) {
            Some(unit) if unit.eq_ignore_ascii_case("bytes") => {
                text[5..].trim_start_matches([' ', '='])
            }
            _ => text,
        };
        let (range, total) = match text.split_once('/') {
            Some((range, "*")) => (range, None),
            Some((range, total)) => (range, Some(decimal(total).ok_or(ContentRangeError)?)),
            None => (text, None),
        };
        let (first, last) = range.split_once('-').ok_or(ContentRangeError)?;
        let first = decimal(first).ok_or(ContentRangeError)?;
        let last = decimal(last).ok_or(ContentRangeError)?;
        if total.is_some_and(|total| last >= total) {
            return Err(ContentRangeError);
        }
        Self::new(first, last).ok_or(ContentRangeError)
    }
}

impl fmt::Display for ByteRange {
    /// `first-last`, without a unit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// A read asked for bytes that the content does not have, or for a range that is none: 416.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the requested range is none of the {total} bytes there are")]
pub struct Unsatisfiable {
    /// The length of the content, in bytes.
    pub total: u64,
}

impl Unsatisfiable {
    /// The `Content-Range` of the 416 answer: `bytes */total`.
    pub fn content_range(self) -> String {
        format!("bytes */{}", self.total)
    }
}

/// The `Content-Range` of a chunk is not a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("Content-Range must be <first>-<last>, both included, in bytes")]
pub struct ContentRangeError;

/// The `Range` header that tells how far an upload has come: `0-<last byte received>`.
///
/// Nothing received yet is `0-0`, as ECR and docker's registry write it, although one byte would
/// look the same: the form has no way to say "none".
pub fn upload_progress(received_bytes: u64) -> String {
    format!("0-{}", received_bytes.saturating_sub(1))
}

/// The number written in `text`; one too large for `u64` is as good as the largest.
fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

fn within(first: u64, last: Option<u64>, total: u64) -> Result<Option<ByteRange>, Unsatisfiable> {
    if first >= total {
        return Err(Unsatisfiable { total });
    }
    let end = total - 1;
    Ok(ByteRange::new(first, last.map_or(end, |last| last.min(end))))
}

fn suffix(count: u64, total: u64) -> Result<Option<ByteRange>, Unsatisfiable> {
    match (count, total) {
        (0, _) => Err(Unsatisfiable { total }),
        (_, 0) => Ok(None),
        _ => within(total.saturating_sub(count), None, total),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(first: u64, last: u64) -> Option<ByteRange> {
        Some(ByteRange::new(first, last).unwrap())
    }

    #[test]
    fn single_ranges_are_resolved() {
        for (header, wanted) in [
            ("bytes=0-0", range(0, 0)),
            ("bytes=0-9", range(0, 9)),
            ("Bytes = 2-", range(2, 9)),
            ("bytes=5-100", range(5, 9)),
            ("bytes=5-99999999999999999999999999", range(5, 9)),
            ("bytes=-3", range(7, 9)),
            ("bytes=-100", range(0, 9)),
        ] {
            assert_eq!(ByteRange::of_request(header, 10), Ok(wanted), "{header:?}");
        }
    }

    #[test]
    fn what_is_not_one_range_means_the_whole() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=--1",
            "bytes=0x1-2",
        ] {
            assert_eq!(ByteRange::of_request(header, 10), Ok(None), "{header:?}");
        }
        assert_eq!(ByteRange::of_request("bytes=-5", 0), Ok(None));
    }

    #[test]
    fn ranges_beyond_the_content_cannot_be_satisfied() {
        for (header, total) in [
            ("bytes=10-", 10),
            ("bytes=10-20", 10),
            ("bytes=5-4", 10),
            ("bytes=-0", 10),
            ("bytes=0-0", 0),
        ] {
            let refused = ByteRange::of_request(header, total).unwrap_err();
            assert_eq!(refused.content_range(), format!("bytes */{total}"), "{header:?}");
        }
    }

    #[test]
    fn chunk_ranges_come_with_and_without_a_unit() {
        for header in ["0-1023", "bytes 0-1023", "bytes 0-1023/4096", "0-1023/*", "bytes=0-1023"] {
            let chunk = ByteRange::of_chunk(header).unwrap();
            assert_eq!((chunk.first(), chunk.last(), chunk.len()), (0, 1023, 1024), "{header:?}");
        }
    }

    #[test]
    fn other_chunk_ranges_are_refused() {
        for header in [
            "",
            "-",
            "5",
            "5-",
            "-5",
            "5-4",
            "bytes */10",
            "0-9/9",
            "0-9/x",
            "a-b",
            "0 - 9",
            "bytés 0-1",
            "0-18446744073709551615",
            "0-9223372036854775808",
        ] {
            assert!(ByteRange::of_chunk(header).is_err(), "{header:?}");
        }
    }

    #[test]
    fn ranges_are_written_as_headers_want_them() {
        assert_eq!(upload_progress(0), "0-0");
        assert_eq!(upload_progress(1), "0-0");
        assert_eq!(upload_progress(1024), "0-1023");
        assert_eq!(ByteRange::new(1, 2).unwrap().content_range(3), "bytes 1-2/3");
    }

    proptest! {
        #[test]
        fn no_header_makes_a_parser_panic(header in "(bytes[ =])?[-0-9,/* a]{0,40}|.*", total: u64) {
            if let Ok(Some(range)) = ByteRange::of_request(&header, total) {
                prop_assert!(range.last() < total && range.first() <= range.last());
            }
            let _ = ByteRange::of_chunk(&header);
        }

        #[test]
        fn a_chunk_range_reads_back(first in 0..=OFFSET_MAX, more in 0..=OFFSET_MAX) {
            prop_assume!(first.checked_add(more).is_some_and(|last| last <= OFFSET_MAX));
            let chunk = ByteRange::new(first, first + more).unwrap();
            prop_assert_eq!(ByteRange::of_chunk(&chunk.to_string()), Ok(chunk));
        }
    }
}
