//! Manifest bytes at rest: sealed under the repository's key domain, verified when they are read.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use wharfinger_core::Digest;

use crate::{Error, Registry};

/// The digest that names a manifest: SHA-256 over its exact bytes.
pub(crate) fn digest_of(manifest: &[u8]) -> Digest {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, manifest).as_ref());
    Digest::Sha256(hash)
}

impl Registry {
    pub(crate) fn seal_manifest(
        &self,
        key_domain: &str,
        digest: &Digest,
        manifest: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let associated = digest.to_string();
        self.keys
            .seal(&purpose(key_domain), associated.as_bytes(), manifest)
            .map_err(|error| Error::Server(Box::new(error)))
    }

    /// The bytes again, exactly as they were pushed. Anything else is an error.
    pub(crate) fn open_manifest(
        &self,
        key_domain: &str,
        digest: &Digest,
        sealed: &[u8],
    ) -> Result<Bytes, Error> {
        let associated = digest.to_string();
        let manifest = self
            .keys
            .open(&purpose(key_domain), associated.as_bytes(), sealed)
            .map_err(|error| Error::Server(Box::new(error)))?;
        if matches!(digest, Digest::Sha256(_)) && digest_of(&manifest) != *digest {
            return Err(Error::Server(format!("the stored manifest {digest} is damaged").into()));
        }
        Ok(manifest.into())
    }
}

fn purpose(key_domain: &str) -> String {
    format!("manifest/{key_domain}")
}
