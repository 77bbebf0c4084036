//! The path grammar of `/v2` (OCI Distribution, "Endpoints", and docker's `_catalog`).
//!
//! Repository names contain slashes and may contain the very words that routes are made of
//! (`a/blobs/uploads` is a fine name), so paths are read from their end.

use std::fmt;

use thiserror::Error;
use wharfinger_core::{Digest, Reference, RepositoryName, UploadId};

use crate::percent;

/// What a `/v2` path leads to. `Display` writes the path itself, for `Location` and `Link`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// `/v2/` [end-1]
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list` [end-8a]
    TagsList {
        /// The repository.
        name: RepositoryName,
    },
    /// `/v2/<name>/manifests/<reference>` [end-3, end-7, end-9]
    Manifest {
        /// The repository.
        name: RepositoryName,
        /// The tag or digest.
        reference: Reference,
    },
    /// `/v2/<name>/blobs/<digest>` [end-2, end-10]
    Blob {
        /// The repository.
        name: RepositoryName,
        /// The blob's digest.
        digest: Digest,
    },
    /// `/v2/<name>/blobs/uploads/` [end-4a, end-4b, end-11]
    BlobUploads {
        /// The repository.
        name: RepositoryName,
    },
    /// `/v2/<name>/blobs/uploads/<upload id>` [end-5, end-6, end-13, end-14]
    BlobUpload {
        /// The repository.
        name: RepositoryName,
        /// The upload session.
        upload_id: UploadId,
    },
    /// `/v2/<name>/referrers/<digest>` [end-12a]
    Referrers {
        /// The repository.
        name: RepositoryName,
        /// The subject's digest.
        digest: Digest,
    },
}

/// Why a path leads nowhere.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PathError {
    /// Not the path of any `/v2` route.
    #[error("there is no such route")]
    NotFound,
    /// A broken percent-escape, one that does not decode to UTF-8, or an escaped slash (which is
    /// no part of any name, and which proxies disagree about).
    #[error("the path has an invalid percent-encoding")]
    Encoding,
    /// The route is known, the repository name is not one.
    #[error("invalid repository name")]
    Name {
        /// The name as it was sent, decoded.
        name: String,
    },
    /// The digest of a blob or referrers route is not one.
    #[error("invalid digest")]
    Digest {
        /// The repository.
        name: RepositoryName,
        /// The digest as it was sent, decoded.
        digest: String,
    },
    /// The reference of a manifest route is neither a tag nor a digest. It names nothing that can
    /// be read, and nothing that may be written: what to answer depends on the method.
    #[error("invalid reference")]
    Reference {
        /// The repository.
        name: RepositoryName,
        /// The reference as it was sent, decoded. With a colon in it, a digest was meant.
        reference: String,
    },
    /// The upload id is not one that was ever handed out.
    #[error("invalid upload id")]
    UploadId {
        /// The repository.
        name: RepositoryName,
        /// The id as it was sent, decoded.
        upload_id: String,
    },
}

impl Route {
    /// Reads a request's path, percent-encoded as it was sent, without its query.
    ///
    /// The slash at the end of `/v2/` and of `…/blobs/uploads/` may be left out, and no other
    /// route may have one.
    ///
    /// # Errors
    /// A [`PathError`]; where several things are wrong, the first in the order of its variants.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path == "/v2" {
            return Ok(Self::Base);
        }
        let rest = path.strip_prefix("/v2/").ok_or(PathError::NotFound)?;
        if rest.contains("%2F") || rest.contains("%2f") {
            return Err(PathError::Encoding);
        }
        let rest = percent::decode(rest).ok_or(PathError::Encoding)?;
        match &*rest {
            "" => Ok(Self::Base),
            "_catalog" => Ok(Self::Catalog),
            rest => of_repository(rest),
        }
    }

    /// The path of the route: what [`Route::parse`] reads back. Nothing in it needs escaping.
    pub fn to_path(&self) -> String {
        self.to_string()
    }

    /// The repository that the route is about.
    pub fn name(&self) -> Option<&RepositoryName> {
        match self {
            Self::Base | Self::Catalog => None,
            Self::TagsList { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::BlobUploads { name }
            | Self::BlobUpload { name, .. }
            | Self::Referrers { name, .. } => Some(name),
        }
    }
}

/// Reads `<name>/…`, from the end.
fn of_repository(path: &str) -> Result<Route, PathError> {
    // Before the other blob routes, for which `uploads` would be a malformed digest.
    if let Some(before) = before(path, "/blobs/uploads").or_else(|| before(path, "/blobs/uploads/"))
    {
        return Ok(Route::BlobUploads { name: repository(before)? });
    }
    if let Some(before) = before(path, "/tags/list") {
        return Ok(Route::TagsList { name: repository(before)? });
    }
    let (rest, last) = path.rsplit_once('/').ok_or(PathError::NotFound)?;
    if let Some(before) = before(rest, "/blobs/uploads") {
        let name = repository(before)?;
        return match last.parse() {
            Ok(upload_id) => Ok(Route::BlobUpload { name, upload_id }),
            Err(_) => Err(PathError::UploadId { name, upload_id: last.to_owned() }),
        };
    }
    if let Some(before) = before(rest, "/manifests") {
        let name = repository(before)?;
        return match last.parse() {
            Ok(reference) => Ok(Route::Manifest { name, reference }),
            Err(_) => Err(PathError::Reference { name, reference: last.to_owned() }),
        };
    }
    if let Some(before) = before(rest, "/blobs") {
        let (name, digest) = with_digest(before, last)?;
        return Ok(Route::Blob { name, digest });
    }
    if let Some(before) = before(rest, "/referrers") {
        let (name, digest) = with_digest(before, last)?;
        return Ok(Route::Referrers { name, digest });
    }
    Err(PathError::NotFound)
}

/// What comes before `words` at the end of `path`: empty if they are all there is.
fn before<'a>(path: &'a str, words: &str) -> Option<&'a str> {
    let before = path.strip_suffix(words);
    before.or_else(|| words.strip_prefix('/').filter(|words| *words == path).map(|_| ""))
}

fn repository(name: &str) -> Result<RepositoryName, PathError> {
    name.parse().map_err(|_| PathError::Name { name: name.to_owned() })
}

fn with_digest(name: &str, digest: &str) -> Result<(RepositoryName, Digest), PathError> {
    let name = repository(name)?;
    match digest.parse() {
        Ok(digest) => Ok((name, digest)),
        Err(_) => Err(PathError::Digest { name, digest: digest.to_owned() }),
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("/v2/"),
            Self::Catalog => f.write_str("/v2/_catalog"),
            Self::TagsList { name } => write!(f, "/v2/{name}/tags/list"),
            Self::Manifest { name, reference } => write!(f, "/v2/{name}/manifests/{reference}"),
            Self::Blob { name, digest } => write!(f, "/v2/{name}/blobs/{digest}"),
            Self::BlobUploads { name } => write!(f, "/v2/{name}/blobs/uploads/"),
            Self::BlobUpload { name, upload_id } => {
                write!(f, "/v2/{name}/blobs/uploads/{upload_id}")
            }
            Self::Referrers { name, digest } => write!(f, "/v2/{name}/referrers/{digest}"),
        }
    }
}

#[cfg(test)]
mod tests;
