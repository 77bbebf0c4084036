//! Files of sources as streams: unpacked if they are packed, and bounded.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

/// Bytes of a source, unpacked. The largest that are published have about 4 GiB (VEX of all of Red Hat).
pub(super) const SOURCE_BYTES_MAX: u64 = 32 << 30;
/// Bytes of one record of a source: a line, a document, a member of a document. The largest of Red Hat
/// (a flaw of the kernel in all products) have about 60 MiB.
pub(super) const RECORD_BYTES_MAX: u64 = 256 << 20;
/// Bytes by which a file is recognised.
pub(super) const HEAD_BYTES: usize = 64 << 10;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A stream that fails when one record, or all of it, is too long.
pub(super) struct Input<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
    of_record: Rc<Cell<u64>>,
}

/// Tells an [`Input`] that a record was read.
#[derive(Clone)]
pub(super) struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// The next record may have as many bytes again.
    pub(super) fn next_record(&self) {
        self.0.set(RECORD_BYTES_MAX);
    }
}

impl<'a> Input<'a> {
    /// The content of `file`, unpacked if it is gzip or zstd.
    pub(super) fn new(file: impl Read + 'a) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(HEAD_BYTES, file);
        let head = std::io::BufRead::fill_buf(&mut file)?;
        let inner: Box<dyn Read + 'a> = if head.starts_with(&GZIP) {
            Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(file)))
        } else if head.starts_with(&ZSTD) {
            Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(file)?))
        } else {
            Box::new(file)
        };
        Ok(Self::plain(inner))
    }

    /// A stream that is not packed.
    pub(super) fn plain(inner: Box<dyn Read + 'a>) -> Self {
        Self { inner, left: SOURCE_BYTES_MAX, of_record: Rc::new(Cell::new(RECORD_BYTES_MAX)) }
    }

    /// What to tell when a record was read.
    pub(super) fn meter(&self) -> Meter {
        Meter(Rc::clone(&self.of_record))
    }

    /// Its first bytes, and the stream from its beginning.
    pub(super) fn head(mut self) -> io::Result<(Vec<u8>, Self)> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        self.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        let Self { inner, left, of_record } = self;
        let inner = Box::new(io::Cursor::new(head.clone()).chain(inner));
        Ok((head, Self { inner, left, of_record }))
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        let too_long = |what| io::Error::new(io::ErrorKind::FileTooLarge, what);
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| too_long("it has more than 32 GiB unpacked"))?;
        let of_record = self.of_record.get().checked_sub(bytes);
        let of_record = of_record.ok_or_else(|| too_long("one record of it has more than 256 MiB"));
        self.of_record.set(of_record?);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let text = b"[29 Mar 2023] DSA-5380-1 xorg-server".repeat(3000);
        let gzip = {
            use std::io::Write;
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(&text).unwrap();
            packed.finish().unwrap()
        };
        let zstd = zstd::encode_all(text.as_slice(), 1).unwrap();
        for packed in [gzip, zstd, text.clone()] {
            let (head, mut rest) = Input::new(packed.as_slice()).unwrap().head().unwrap();
            assert_eq!(head, text[..HEAD_BYTES]);
            let mut read = Vec::new();
            rest.read_to_end(&mut read).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_record_without_an_end_is_refused() {
        let mut input = Input::plain(Box::new(io::repeat(b'[')));
        let error = io::copy(&mut input, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "one record of it has more than 256 MiB");
    }
}
