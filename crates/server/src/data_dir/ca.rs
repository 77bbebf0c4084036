//! The files of the local CA.

use std::path::PathBuf;

use wharfinger_core::Secret;

use super::{DataDir, DataDirError, read_opt, write_private};

impl DataDir {
    /// The certificate of the local CA, PEM.
    pub fn ca_certificate(&self) -> PathBuf {
        self.path().join("ca.crt")
    }

    /// Its private key, PEM.
    pub fn ca_key(&self) -> PathBuf {
        self.path().join("ca.key")
    }

    /// The certificate of the local CA, or `None` if there is no CA.
    pub fn ca_certificate_pem(&self) -> Result<Option<String>, DataDirError> {
        read_opt(&self.ca_certificate())
    }

    pub(crate) fn ca_key_pem(&self) -> Result<Option<Secret<String>>, DataDirError> {
        Ok(read_opt(&self.ca_key())?.map(Secret::new))
    }

    /// Writes the certificate, once: an existing one stays as it is.
    pub(crate) fn write_ca_certificate(&self, pem: &str) -> Result<(), DataDirError> {
        write_private(&self.ca_certificate(), pem, false).map(|_| ())
    }

    /// Writes the key, once.
    pub(crate) fn write_ca_key(&self, pem: &Secret<String>) -> Result<(), DataDirError> {
        write_private(&self.ca_key(), pem.expose(), false).map(|_| ())
    }
}
