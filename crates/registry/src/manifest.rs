//! Manifest bytes at rest: sealed under the repository's key domain, verified when they are read.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use bytes::Bytes;
use wharfinger_blobs::{LocalKeyRing, SealError};
use wharfinger_core::Digest;

use crate::layer::parse_domain;
use crate::{Error, Registry};

/// The digest that names a manifest, unless its client names it by another: SHA-256 over its exact
/// bytes.
pub(crate) fn digest_of(manifest: &[u8]) -> Digest {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, manifest).as_ref());
    Digest::Sha256(hash)
}

/// The digest of a manifest in the algorithm of another: of the one that a client names it by, or
/// that it is stored under.
pub(crate) fn digest_like(other: &Digest, manifest: &[u8]) -> Digest {
    match other {
        Digest::Sha256(_) => digest_of(manifest),
        Digest::Sha512(_) => {
            let mut hash = [0; 64];
            hash.copy_from_slice(digest(&SHA512, manifest).as_ref());
            Digest::Sha512(hash)
        }
    }
}

/// What seals and opens the manifests of one key domain. For the request at hand only: whoever
/// keeps it goes on using a key that was disabled meanwhile.
pub(crate) struct ManifestKeys {
    purpose: String,
    /// The innermost first.
    rings: Vec<Arc<LocalKeyRing>>,
}

impl Registry {
    /// The keys of a domain's manifests.
    ///
    /// # Errors
    /// [`Error::Kms`] if the KMS key of the domain may not be used.
    pub(crate) async fn manifest_keys(&self, key_domain: &str) -> Result<ManifestKeys, Error> {
        let rings = self.kms.rings(&parse_domain(key_domain)?).await?;
        Ok(ManifestKeys { purpose: format!("manifest/{key_domain}"), rings })
    }
}

impl ManifestKeys {
    pub(crate) fn seal(&self, digest: &Digest, manifest: &[u8]) -> Result<Vec<u8>, Error> {
        let associated = digest.to_string();
        let mut sealed = Cow::Borrowed(manifest);
        for ring in &self.rings {
            let layer = ring.seal(&self.purpose, associated.as_bytes(), &sealed);
            sealed = Cow::Owned(layer.map_err(failed)?);
        }
        Ok(sealed.into_owned())
    }

    /// The bytes again, exactly as they were pushed. Anything else is an error.
    pub(crate) fn open(&self, digest: &Digest, sealed: &[u8]) -> Result<Bytes, Error> {
        let associated = digest.to_string();
        let mut manifest = Cow::Borrowed(sealed);
        for ring in self.rings.iter().rev() {
            let opened = ring.open(&self.purpose, associated.as_bytes(), &manifest);
            manifest = Cow::Owned(opened.map_err(failed)?);
        }
        if digest_like(digest, &manifest) != *digest {
            return Err(Error::Server(format!("the stored manifest {digest} is damaged").into()));
        }
        Ok(manifest.into_owned().into())
    }
}

fn failed(error: SealError) -> Error {
    Error::Server(Box::new(error))
}
