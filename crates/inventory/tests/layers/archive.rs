//! Archives as tests want them, the wrong ones too.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A tar archive that is being made.
#[derive(Clone, Default)]
pub struct Tar(pub Vec<u8>);

/// A header, before its checksum.
pub struct Header(pub [u8; 512]);

impl Header {
    /// One of ustar.
    pub fn new(path: &[u8], typeflag: u8, size: u64) -> Self {
        let mut header = Self([0; 512]);
        header.put(0, &path[..path.len().min(100)]);
        header.put(100, b"0000644\0");
        header.put(124, format!("{size:011o}\0").as_bytes());
        header.put(136, b"00000000000\0");
        header.0[156] = typeflag;
        header.put(257, b"ustar\x0000");
        header
    }

    /// Puts bytes somewhere.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// With the right checksum.
    pub fn block(mut self) -> [u8; 512] {
        self.put(148, b"        ");
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.put(148, format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

impl Tar {
    pub fn block(mut self, header: Header) -> Self {
        self.0.extend(header.block());
        self
    }

    pub fn content(mut self, content: &[u8]) -> Self {
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let header = Header::new(path.as_bytes(), b'0', content.len() as u64);
        self.block(header).content(content)
    }

    pub fn program(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let mut header = Header::new(path.as_bytes(), b'0', content.len() as u64);
        header.put(100, b"0000755\0");
        self.block(header).content(content)
    }

    pub fn directory(self, path: &str) -> Self {
        self.block(Header::new(path.as_bytes(), b'5', 0))
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        let mut header = Header::new(path.as_bytes(), b'2', 0);
        header.put(157, target.as_bytes());
        self.block(header)
    }

    pub fn hardlink(self, path: &str, target: &str) -> Self {
        let mut header = Header::new(path.as_bytes(), b'1', 0);
        header.put(157, target.as_bytes());
        self.block(header)
    }

    /// An extended header of pax.
    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        self.pax_as(b'x', &records_of(records))
    }

    pub fn pax_as(self, typeflag: u8, content: &[u8]) -> Self {
        self.block(Header::new(b"PaxHeaders/x", typeflag, content.len() as u64)).content(content)
    }

    /// A long name (`L`) or link (`K`) of GNU.
    pub fn long(self, typeflag: u8, name: &[u8]) -> Self {
        let mut header = Header::new(b"././@LongLink", typeflag, name.len() as u64);
        header.put(257, b"ustar  \0");
        self.block(header).content(name)
    }

    /// The end of the archive.
    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }

    pub fn gzip(self) -> Vec<u8> {
        gzip(&self.end())
    }
}

pub fn records_of(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut content = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let length = (rest..).find(|length| rest + length.to_string().len() == *length).unwrap();
        content.extend(format!("{length} {key}=").bytes());
        content.extend(*value);
        content.push(b'\n');
    }
    content
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A paragraph of dpkg's status.
pub fn installed(name: &str, version: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
    )
}
