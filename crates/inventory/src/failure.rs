//! Why a layer could not be read.

use std::fmt;
use std::io;

use crate::found::FileError;

/// Bytes of a path that an error shows.
const SHOWN_BYTES: usize = 160;

/// Why a layer could not be read to its end. `Display` is a sentence for the description of a scan.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The bytes could not be had: the fault is not the layer's.
    #[error("the layer could not be read: {0}")]
    Io(#[from] io::Error),
    /// It is nothing that has files.
    #[error("{0} is not the media type of a layer")]
    MediaType(String),
    /// What gzip or zstd says of its bytes.
    #[error("the layer cannot be decompressed: {0}")]
    Compression(String),
    /// The archive is damaged, or two programs could read it differently.
    #[error("the layer is not a sound tar archive: entry {entry}: {defect}")]
    Archive {
        /// Which entry, from 1.
        entry: u64,
        /// What is wrong with it.
        defect: Defect,
    },
    /// It is larger than [`crate::Limits`] allow.
    #[error("the layer has more than {limit} {what}")]
    TooMuch {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// It unpacks to far more than what it is.
    #[error("the layer unpacks to more than {0} times its size")]
    Ratio(u64),
    /// The time was over.
    #[error("the layer took longer than {0} seconds to read")]
    TooLong(u64),
    /// A file that tells of packages is damaged.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: ShownPath,
        /// What is wrong with it.
        error: FileError,
    },
    /// A file that tells of packages is a hard link to one that the layer does not hold before it, or
    /// that nobody could know to be of interest.
    #[error("{path} is a link to {target}, which could not be read with it")]
    Unread {
        /// The link.
        path: ShownPath,
        /// What it is a link to.
        target: ShownPath,
    },
}

/// What is wrong with an entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// The archive ends within it.
    #[error("the archive ends within it")]
    Truncated,
    /// Not a header at all.
    #[error("its header has a wrong checksum")]
    Checksum,
    /// A number that is none, or too large.
    #[error("its header has a number that cannot be read")]
    Number,
    /// One block of zeros, and then something else.
    #[error("a block of zeros stands before it")]
    LoneZeroBlock,
    /// Almost the mark of ustar.
    #[error("its header has an unknown form")]
    Magic,
    /// A prefix that some programs read, and some do not.
    #[error("its header has a prefix that programs read differently")]
    Prefix,
    /// A type that some programs skip, and some take for a file.
    #[error("it has the type {0}, which programs read differently")]
    Type(ShownByte),
    /// Any of the four ways to write a sparse file.
    #[error("it is a sparse file, which programs read differently")]
    Sparse,
    /// A link or directory with content.
    #[error("it has a size, though it is no file")]
    SizeOfNoFile,
    /// A file with a slash at its end.
    #[error("it is a file with the path of a directory")]
    SlashedFile,
    /// A path with nothing in it.
    #[error("it has no path")]
    NoPath,
    /// A path that leads out of the image, or might.
    #[error("its path has a .. in it")]
    ParentPath,
    /// A path with a zero in it.
    #[error("its path has a zero byte in it")]
    ZeroInPath,
    /// A path that is too long.
    #[error("its path is longer than {0} bytes")]
    PathTooLong(usize),
    /// A whiteout of nothing.
    #[error("it is a whiteout that names nothing")]
    Whiteout,
    /// An extended header that is larger than anybody reads.
    #[error("its extended header is larger than {0} bytes")]
    ExtensionTooLarge(u64),
    /// An extended header that is no list of records.
    #[error("its extended header is malformed")]
    Extension,
    /// Two headers that say the same of one entry, or contradict each other.
    #[error("its headers contradict each other about its {0}")]
    Contradiction(&'static str),
    /// A global header that changes what follows.
    #[error(
        "a global header sets the {0} of all entries after it, which programs read differently"
    )]
    Global(String),
    /// An extended header that no entry follows.
    #[error("an extended header stands before it that belongs to no entry")]
    Dangling,
    /// Something below a link.
    #[error("it lies below a link of the same layer")]
    BelowLink,
    /// The same path as a directory and as something else.
    #[error("its path is a directory and something else in the same layer")]
    TwoKinds,
}

/// A path of a stranger, fit to be shown: without control characters, and not too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPath(String);

impl ShownPath {
    /// Makes a path fit to be shown.
    pub(crate) fn new(path: &str) -> Self {
        let mut shown = String::new();
        for character in path.chars() {
            if shown.len() >= SHOWN_BYTES {
                shown.push('…');
                break;
            }
            shown.extend(character.escape_debug().filter(|_| character.is_control()));
            shown.extend((!character.is_control()).then_some(character));
        }
        Self(shown)
    }
}

impl fmt::Display for ShownPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type of an entry, as a letter where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownByte(pub(crate) u8);

impl fmt::Display for ShownByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() {
            write!(f, "{}", char::from(self.0))
        } else {
            write!(f, "{}", self.0)
        }
    }
}
