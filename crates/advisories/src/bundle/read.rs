//! Reading bundles.

use std::io::{self, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::{BundleError, BundleInformation, MAGIC, VERSION};
use crate::Document;
use crate::document::bytes;
use crate::limits::{DOCUMENT_BYTES_MAX, INFORMATION_BYTES_MAX, KEY_BYTES_MAX};

/// zstd's window, beyond which a bundle is not decompressed: 2^27 bytes, the limit of its own tools.
const WINDOW_LOG_MAX: u32 = 27;

/// Whether a file that begins with `start` (some hundred bytes) may be a bundle.
pub fn is_bundle(start: &[u8]) -> bool {
    let mut magic = [0; MAGIC.len()];
    let decoder = zstd::Decoder::new(start);
    decoder.and_then(|mut it| it.read_exact(&mut magic)).is_ok() && magic == MAGIC
}

/// A bundle, document by document. The checksum stands at its end: what was read counts once the
/// iterator has ended without an error.
pub struct BundleReader<R: Read> {
    reader: Option<Hashed<R>>,
    information: BundleInformation,
}

impl<R: Read> BundleReader<R> {
    /// Reads what the bundle says of itself.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn new(reader: R) -> Result<Self, BundleError> {
        let mut decoder = zstd::Decoder::new(reader)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        let mut reader = Hashed { reader: BufReader::new(decoder), hash: Sha256::new() };
        if reader.array()? != MAGIC {
            return Err(BundleError::Damaged("it is no bundle of advisories"));
        }
        if u32::from_le_bytes(reader.array()?) != VERSION {
            return Err(BundleError::Damaged("it has another version of the format"));
        }
        let information = reader.long(INFORMATION_BYTES_MAX)?;
        let information = serde_json::from_slice(&information)
            .map_err(|_| BundleError::Damaged("what it says of itself cannot be read"))?;
        Ok(Self { reader: Some(reader), information })
    }

    /// What the bundle says of itself.
    pub const fn information(&self) -> &BundleInformation {
        &self.information
    }

    fn read(&mut self) -> Result<Option<Document>, BundleError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        match reader.array()? {
            [1] => {}
            [0] => {
                let expected: [u8; 32] = reader.hash.clone().finalize().into();
                let end = reader.array::<32>()? == expected;
                self.reader = None;
                return if end {
                    Ok(None)
                } else {
                    Err(BundleError::Damaged("its checksum is another"))
                };
            }
            _ => return Err(BundleError::Damaged("a document begins with something else")),
        }
        let source = reader.text()?;
        let id = reader.text()?;
        let body = reader.long(DOCUMENT_BYTES_MAX as u64)?;
        if self.information.sources.iter().all(|it| it.name != source) {
            return Err(BundleError::Damaged("a document is of a source that it does not name"));
        }
        let document = bytes::decode(&source, &id, &body);
        document.map(Some).map_err(|malformed| BundleError::Damaged(malformed.0))
    }
}

impl<R: Read> Iterator for BundleReader<R> {
    type Item = Result<Document, BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if read.as_ref().is_some_and(Result::is_err) {
            self.reader = None;
        }
        read
    }
}

/// Bytes that are hashed as they are read.
struct Hashed<R: Read> {
    reader: BufReader<zstd::Decoder<'static, BufReader<R>>>,
    hash: Sha256,
}

impl<R: Read> Hashed<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], BundleError> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(ended)?;
        self.hash.update(bytes);
        Ok(bytes)
    }

    fn long(&mut self, bytes_max: u64) -> Result<Vec<u8>, BundleError> {
        let length = u64::from(u32::from_le_bytes(self.array()?));
        if length > bytes_max {
            return Err(BundleError::Damaged("something in it is too large"));
        }
        let mut bytes = Vec::new();
        // Grows with what is there: a length that lies allocates nothing.
        let read = (&mut self.reader).take(length).read_to_end(&mut bytes).map_err(ended)?;
        if read as u64 != length {
            return Err(BundleError::Damaged("it ends too early"));
        }
        self.hash.update(&bytes);
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String, BundleError> {
        let bytes = self.long(KEY_BYTES_MAX as u64)?;
        String::from_utf8(bytes).map_err(|_| BundleError::Damaged("a text is not UTF-8"))
    }
}

fn ended(error: io::Error) -> BundleError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BundleError::Damaged("it ends too early"),
        _ => BundleError::Io(error),
    }
}
