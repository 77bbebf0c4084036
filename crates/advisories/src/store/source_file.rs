//! The documents of a source in a file: ordered by id, compressed, with an end that shows whether all
//! are there.

use std::fs::File;
use std::io::{BufReader, BufWriter, IntoInnerError, Read, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::Document;
use crate::document::bytes;
use crate::encoding::Malformed;
use crate::limits::{DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
use crate::sorting::Pair;

/// How a file begins.
const MAGIC: [u8; 8] = *b"WHRFDOC1";
/// How hard documents are compressed: zstd's level.
const LEVEL: i32 = 3;

/// Writes a file.
pub(super) struct DocumentWriter {
    path: PathBuf,
    out: BufWriter<zstd::Encoder<'static, File>>,
    document_count: u64,
    record_count: u64,
}

impl DocumentWriter {
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let create = || {
            let mut encoder = zstd::Encoder::new(File::create_new(path)?, LEVEL)?;
            encoder.include_checksum(true)?;
            let mut out = BufWriter::new(encoder);
            out.write_all(&MAGIC)?;
            Ok(out)
        };
        let out = create().map_err(StoreError::io(path))?;
        Ok(Self { path: path.to_owned(), out, document_count: 0, record_count: 0 })
    }

    /// Adds a document, whose id follows all others.
    pub(super) fn push(&mut self, id: &[u8], body: &[u8]) -> Result<(), StoreError> {
        self.document_count += 1;
        self.record_count += bytes::record_count(body).map_err(damaged(&self.path))?;
        let write = |out: &mut BufWriter<_>| {
            out.write_all(&[1])?;
            out.write_all(&(id.len() as u32).to_le_bytes())?;
            out.write_all(&(body.len() as u32).to_le_bytes())?;
            out.write_all(id)?;
            out.write_all(body)
        };
        write(&mut self.out).map_err(StoreError::io(&self.path))
    }

    /// Ends the file and makes it durable; how many documents and records it has.
    pub(super) fn finish(self) -> Result<(u64, u64), StoreError> {
        let Self { path, mut out, document_count, record_count } = self;
        let finish = || {
            out.write_all(&[0])?;
            out.write_all(&document_count.to_le_bytes())?;
            out.into_inner().map_err(IntoInnerError::into_error)?.finish()?.sync_all()
        };
        finish().map_err(StoreError::io(&path))?;
        Ok((document_count, record_count))
    }
}

fn damaged(path: &Path) -> impl FnOnce(Malformed) -> StoreError {
    let path = path.to_owned();
    |malformed| StoreError::Damaged { path, what: malformed.0.to_owned() }
}

/// Reads a file.
pub(crate) struct DocumentReader {
    path: PathBuf,
    source: String,
    reader: Option<BufReader<zstd::Decoder<'static, BufReader<File>>>>,
    count: u64,
}

impl DocumentReader {
    /// Opens the file of a source.
    pub(crate) fn open(path: &Path, source: &str) -> Result<Self, StoreError> {
        let open = || {
            let mut reader = BufReader::new(zstd::Decoder::new(File::open(path)?)?);
            let mut magic = [0; MAGIC.len()];
            reader.read_exact(&mut magic)?;
            Ok((reader, magic == MAGIC))
        };
        let (reader, ours) = open().map_err(StoreError::io(path))?;
        if !ours {
            return Err(damaged(path)(Malformed("it holds no documents")));
        }
        let (path, source) = (path.to_owned(), source.to_owned());
        Ok(Self { path, source, reader: Some(reader), count: 0 })
    }

    /// The next document: its id and body.
    pub(super) fn next_body(&mut self) -> Result<Option<Pair>, StoreError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let read = read_document(reader);
        let read = read.map_err(StoreError::io(&self.path))?.map_err(damaged(&self.path))?;
        match read {
            Next::Document(id, body) => {
                self.count += 1;
                Ok(Some((id, body)))
            }
            Next::End(count) => {
                self.reader = None;
                if count == self.count {
                    Ok(None)
                } else {
                    Err(damaged(&self.path)(Malformed("documents are missing")))
                }
            }
        }
    }

    fn document(&self, id: &[u8], body: &[u8]) -> Result<Document, StoreError> {
        let id = std::str::from_utf8(id).map_err(|_| Malformed("an id is not UTF-8"));
        id.and_then(|id| bytes::decode(&self.source, id, body)).map_err(damaged(&self.path))
    }
}

enum Next {
    Document(Vec<u8>, Vec<u8>),
    End(u64),
}

fn read_document(reader: &mut impl Read) -> std::io::Result<Result<Next, Malformed>> {
    let mut more = [0];
    reader.read_exact(&mut more)?;
    if more == [0] {
        let mut count = [0; 8];
        reader.read_exact(&mut count)?;
        return Ok(Ok(Next::End(u64::from_le_bytes(count))));
    }
    let (mut id, mut body) = ([0; 4], [0; 4]);
    reader.read_exact(&mut id)?;
    reader.read_exact(&mut body)?;
    let length = |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
    let (id, body) = (length(id), length(body));
    if id > KEY_BYTES_MAX || body > DOCUMENT_BYTES_MAX {
        return Ok(Err(Malformed("a document is too large")));
    }
    let (mut id, mut body) = (vec![0; id], vec![0; body]);
    reader.read_exact(&mut id)?;
    reader.read_exact(&mut body)?;
    Ok(Ok(Next::Document(id, body)))
}

impl Iterator for DocumentReader {
    type Item = Result<Document, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.next_body().transpose()?;
        let document = read.and_then(|(id, body)| self.document(&id, &body));
        if document.is_err() {
            self.reader = None;
        }
        Some(document)
    }
}
