//! Numbers and texts as bytes, and back with every length checked.
//!
//! Numbers are LEB128 (seven bits a byte, the lowest first), texts their length and UTF-8.

use wharfinger_core::Timestamp;

/// Bytes that are not what they should be; says what they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(crate) fn put_optional_text(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

pub(crate) fn put_optional_time(out: &mut Vec<u8>, time: Option<Timestamp>) {
    out.push(u8::from(time.is_some()));
    if let Some(time) = time {
        out.extend_from_slice(&time.millis().to_le_bytes());
    }
}

/// What is left of bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| Malformed("it ends too early"))
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        // Most are small.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(byte.into());
        }
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed("a number is too large"))
    }

    /// A number that counts bytes or elements that lie in what is left, each of one byte at least.
    #[inline]
    pub(crate) fn length(&mut self) -> Result<usize, Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed("a length is wrong"))?;
        if length > self.rest.len() { Err(Malformed("a length is wrong")) } else { Ok(length) }
    }

    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("a flag is neither yes nor no")),
        }
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, Malformed> {
        if self.flag()? { Ok(Some(self.text()?.to_owned())) } else { Ok(None) }
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Malformed> {
        Ok(Timestamp::from_millis(i64::from_le_bytes(self.array()?)))
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Timestamp>, Malformed> {
        if self.flag()? { Ok(Some(self.time()?)) } else { Ok(None) }
    }

    pub(crate) fn float(&mut self) -> Result<f64, Malformed> {
        Ok(f64::from_le_bytes(self.array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_read_back() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX];
        for number in numbers {
            put_number(&mut out, number);
        }
        put_optional_text(&mut out, Some("käse"));
        put_optional_text(&mut out, None);
        let mut cursor = Cursor::new(&out);
        for number in numbers {
            assert_eq!(cursor.number(), Ok(number));
        }
        assert_eq!(cursor.optional_text(), Ok(Some("käse".to_owned())));
        assert_eq!(cursor.optional_text(), Ok(None));
        assert!(cursor.is_empty());
        assert!(cursor.byte().is_err());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        assert!(Cursor::new(&[0xff; 12]).number().is_err());
        assert!(
            Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2])
                .number()
                .is_err()
        );
        assert!(Cursor::new(&[5, b'a']).text().is_err());
        assert!(Cursor::new(&[1, 0xff]).text().is_err());
        assert!(Cursor::new(&[2]).flag().is_err());
    }
}
