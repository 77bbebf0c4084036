//! TLS: which certificate a connection gets. The only place that knows rustls' configuration.
//!
//! `assembly` makes a [`Tls`]; `listener` asks it once per connection, when it has read what name
//! the client wants. `docs/adr/0008-tls-from-a-local-ca.md` says why it is done so.

mod authority;
mod given;
mod issued;
pub(crate) mod names;
#[cfg(test)]
pub(crate) mod self_signed;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CipherSuite, ClientConfig, RootCertStore, ServerConfig};
use wharfinger_core::{AccountId, Clock, Timestamp};

use crate::config::TlsConfig;
use crate::{Config, DataDir, DataDirError};
use authority::Authority;
use given::GivenCertificate;
use issued::IssuedCertificates;
use names::ServedNames;

/// Sessions that clients may take up again.
const SESSIONS_MAX: usize = 1024;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The files of the local CA.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Others may read the key of the CA.
    #[error("the key of the local CA {path} may be read by others; run `chmod 600` on it")]
    CaKeyExposed {
        /// The key.
        path: PathBuf,
    },
    /// There is a CA, and not its key.
    #[error(
        "the key of the local CA {path} is missing; put it back, or remove {certificate} to have a \
         new CA made, which has to be trusted anew"
    )]
    CaKeyMissing {
        /// Where the key should be.
        path: PathBuf,
        /// The certificate of the CA.
        certificate: PathBuf,
    },
    /// A file of the CA is not what its name says.
    #[error("{path} cannot be read as part of the local CA; put the right file back")]
    CaUnreadable {
        /// The file.
        path: PathBuf,
    },
    /// The certificate of the CA is of another key.
    #[error("the key of the local CA is not that of {path}; put the right files back")]
    CaUnlike {
        /// The certificate.
        path: PathBuf,
    },
    /// A name outside of what the CA was made for.
    #[error(
        "the local CA {path} was not made for the name {name}; remove it and its key, start the \
         server again, and run `wharfinger trust` for the new CA"
    )]
    NotVouchedFor {
        /// The name.
        name: String,
        /// The certificate of the CA.
        path: PathBuf,
    },
    /// The crypto provider failed.
    #[error("a certificate could not be issued")]
    NotIssued(#[source] rcgen::Error),
    /// A given file cannot be read.
    #[error("{path} cannot be read")]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A given file holds something else.
    #[error("{path} is not {expected}")]
    FileUnusable {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// The given files do not fit each other.
    #[error("the certificate {cert} and the key {key} do not go together")]
    PairUnusable {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The crypto provider knows no version of TLS.
    #[error("TLS is not available")]
    Provider(#[source] rustls::Error),
}

/// The certificates of a listener.
pub(crate) struct Tls(Source);

enum Source {
    Issued(Box<IssuedCertificates>),
    Given(Box<GivenCertificate>),
}

impl Tls {
    /// What the configuration says; `None` if TLS is off. Makes the local CA if it is needed and
    /// absent, and checks that it vouches for what the configuration names.
    pub(crate) fn open(
        config: &Config,
        directory: &DataDir,
        account: AccountId,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, TlsError> {
        let source = match &config.tls {
            TlsConfig::Off => return Ok(None),
            TlsConfig::Auto { names } => {
                let names = ServedNames::new(names, config.registry_host.as_deref());
                let authority = authority(config, directory, account, &names, clock.now())?;
                let base = base_config()?;
                let issued = IssuedCertificates::new(authority, names, base, Arc::clone(clock));
                Source::Issued(Box::new(issued))
            }
            TlsConfig::Files { cert, key } => {
                let base = base_config()?;
                let given = GivenCertificate::open(cert, key, base, Arc::clone(clock))?;
                Source::Given(Box::new(given))
            }
        };
        Ok(Some(Self(source)))
    }

    /// What a client gets that asks for `name`, or for none, at the address `local`. `None` if
    /// this server does not answer to the name.
    pub(crate) fn config(&self, name: Option<&str>, local: IpAddr) -> Option<Arc<ServerConfig>> {
        match &self.0 {
            Source::Issued(issued) => issued.config(name, local),
            Source::Given(given) => Some(given.config()),
        }
    }
}

/// Checks what [`Tls::open`] would open, and makes nothing. `None` if TLS is off, else what was
/// found.
pub(crate) fn examine(
    config: &Config,
    directory: &DataDir,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<Option<String>, TlsError> {
    Ok(Some(match &config.tls {
        TlsConfig::Off => return Ok(None),
        TlsConfig::Files { cert, key } => {
            given::check(cert, key)?;
            format!("the certificate {} is of use", cert.display())
        }
        TlsConfig::Auto { names } => {
            let path = directory.ca_certificate();
            let has_ca = directory.ca_certificate_pem()?.is_some();
            let Some(account) = account.filter(|_| has_ca) else {
                return Ok(Some(format!("the local CA {} is made on first use", path.display())));
            };
            let names = ServedNames::new(names, config.registry_host.as_deref());
            authority(config, directory, account, &names, now)?;
            format!("the local CA {} is of use", path.display())
        }
    }))
}

fn authority(
    config: &Config,
    directory: &DataDir,
    account: AccountId,
    names: &ServedNames,
    now: Timestamp,
) -> Result<Authority, TlsError> {
    let authority = Authority::open_or_create(directory, &names.domains(), now)?;
    let registry_host = names.registry_host.as_ref().map(|template| {
        template.replace("{account}", account.as_str()).replace("{region}", config.region.as_str())
    });
    let registry_host = registry_host.as_deref().map(|host| host.trim_matches(['[', ']']));
    let configured = names.configured.iter().map(String::as_str);
    for name in configured.chain(registry_host) {
        authority.check(name, now)?;
    }
    Ok(authority)
}

/// AES-128 before AES-256, as other servers have it: nobody breaks either, and each byte costs ten
/// rounds instead of fourteen.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| !names_aes_128(suite.suite()));
    Arc::new(provider)
}

/// How this server speaks TLS to others, whom it believes by these certificates.
pub(crate) fn client_config(
    roots: impl Iterator<Item = CertificateDer<'static>>,
) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    // A system has some that are not understood; what they vouch for is not believed.
    store.add_parsable_certificates(roots);
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .expect("the provider speaks the default versions");
    Arc::new(builder.with_root_certificates(store).with_no_client_auth())
}

fn names_aes_128(suite: CipherSuite) -> bool {
    suite.as_str().is_some_and(|name| name.contains("AES_128_GCM"))
}

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1, without a certificate yet.
fn base_config() -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Provider)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::server::ResolvesServerCertUsingSni::new()));
    config.ignore_client_order = true;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // One for all certificates. A session is taken up under its own name only.
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    Ok(config)
}

/// `base` with a certificate.
fn with_certificate(
    base: &ServerConfig,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let certified = CertifiedKey::from_der(chain, key, base.crypto_provider())?;
    let mut config = base.clone();
    config.cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_suites_come_first_whatever_clients_prefer() {
        let config = base_config().unwrap();
        assert!(config.ignore_client_order);
        let suites = config.crypto_provider().cipher_suites.iter();
        let aes_128: Vec<_> = suites.map(|suite| names_aes_128(suite.suite())).collect();
        assert!(aes_128[0] && aes_128.is_sorted_by(|one, next| one >= next), "{aes_128:?}");
    }
}
