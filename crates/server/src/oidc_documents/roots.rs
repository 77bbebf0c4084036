//! Which certificates identity providers are believed by: those of the system, and the operator's.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Certificates of authorities.
pub(crate) type Certificates = Vec<CertificateDer<'static>>;

/// Where systems keep the certificates they believe: Debian, Fedora, SUSE, Alpine and macOS.
const OF_SYSTEMS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The operator's file is of no use.
#[derive(Debug, thiserror::Error)]
#[error("{path} has no certificate (PEM) that could be read")]
pub struct OidcCaError {
    path: PathBuf,
    #[source]
    source: Option<std::io::Error>,
}

/// The certificates in the operator's file, of which there must be one at least.
pub(crate) fn read(path: &Path) -> Result<Certificates, OidcCaError> {
    let unusable = |source| OidcCaError { path: path.to_owned(), source };
    let pem = fs::read(path).map_err(|error| unusable(Some(error)))?;
    let found: Result<Certificates, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| unusable(None))
}

/// The certificates that the system believes; none if it keeps them elsewhere.
pub(crate) fn of_system() -> Certificates {
    let Some(pem) = OF_SYSTEMS.iter().find_map(|path| fs::read(path).ok()) else {
        tracing::warn!(
            "the system has no certificates of authorities: identity providers are believed only by \
             those of --oidc-ca"
        );
        return Certificates::new();
    };
    CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect()
}
