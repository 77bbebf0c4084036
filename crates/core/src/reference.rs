//! What names an image in a repository: a tag or a digest.

use std::fmt;
use std::str::FromStr;

use crate::{Digest, ParseError, Tag};

/// The `<reference>` of `/v2/<name>/manifests/<reference>`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reference {
    /// A tag, which may move.
    Tag(Tag),
    /// A digest, which never means anything else.
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = ParseError;

    /// A text with a colon is a digest (tags cannot hold one), anything else a tag.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.contains(':') {
            text.parse().map(Self::Digest)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}
