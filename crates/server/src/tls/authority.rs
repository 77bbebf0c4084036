//! The local CA: a key and a certificate in the data directory, made on first use.
//!
//! `issued` asks it for the certificates of connections. Those who shall believe them are given
//! its certificate by `trust`.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};
use time::OffsetDateTime;
use wharfinger_core::{Secret, Timestamp};

use super::{TlsError, names, provider};
use crate::{DataDir, DataDirError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the CA is good for: whoever trusts it does so once.
const CA_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How long a certificate of a connection is good for.
pub(super) const LEAF_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A name with a space in it, which nobody takes for a host.
const LEAF_SUBJECT: &str = "Wharfinger server";

/// A certificate for a connection, and its key.
pub(super) struct Leaf {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// The CA of a data directory.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    verifier: Arc<WebPkiServerVerifier>,
    path: PathBuf,
}

impl Authority {
    /// Opens the CA of a data directory, or makes one. A new one may vouch for AWS's names, for
    /// `localhost`, for IP addresses, and for `domains` with all below them.
    pub(crate) fn open_or_create(
        directory: &DataDir,
        domains: &[String],
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let path = directory.ca_certificate();
        let key = load_or_create_key(directory)?;
        let stored = directory.ca_certificate_pem()?;
        let parameters = ca_parameters(&key, domains, now);
        let pem = match stored {
            Some(pem) => pem,
            None => {
                let pem = parameters.self_signed(&key).map_err(TlsError::NotIssued)?.pem();
                directory.write_ca_certificate(&pem)?;
                tracing::info!(path = %path.display(), "a local CA was made");
                pem
            }
        };
        let malformed = || TlsError::CaUnreadable { path: path.clone() };
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| malformed())?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|_| malformed())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|_| malformed())?;
        // Only the subject, which hangs on the key alone, and the key itself go into what it signs.
        let authority = Self { issuer: Issuer::new(parameters, key), verifier, path };
        authority.check("localhost", now)?;
        Ok(authority)
    }

    /// Issues a certificate for all of `names`.
    pub(super) fn issue(&self, names: Vec<SanType>, now: Timestamp) -> Result<Leaf, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = names;
        parameters.distinguished_name = subject(LEAF_SUBJECT);
        parameters.not_before = date_time(now.minus(DAY));
        parameters.not_after = date_time(now.plus(LEAF_LIFETIME));
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = parameters.signed_by(&key, &self.issuer)?.der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Ok(Leaf { certificate, key })
    }

    /// Checks that clients who trust the CA believe what it issues for a name, as they do it.
    ///
    /// # Errors
    /// [`TlsError::NotVouchedFor`] for a name that the CA was not made for, and
    /// [`TlsError::CaUnlike`] if certificate and key do not go together.
    pub(crate) fn check(&self, name: &str, now: Timestamp) -> Result<(), TlsError> {
        let not_vouched_for =
            || TlsError::NotVouchedFor { name: name.to_owned(), path: self.path.clone() };
        let server_name = ServerName::try_from(name).map_err(|_| not_vouched_for())?;
        let san = san(name).ok_or_else(not_vouched_for)?;
        let leaf = self.issue(vec![san], now).map_err(TlsError::NotIssued)?;
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        match self.verifier.verify_server_cert(&leaf.certificate, &[], &server_name, &[], at) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(
                CertificateError::BadSignature | CertificateError::UnknownIssuer,
            )) => Err(TlsError::CaUnlike { path: self.path.clone() }),
            Err(_) => Err(not_vouched_for()),
        }
    }
}

/// A name as a certificate has it.
pub(super) fn san(name: &str) -> Option<SanType> {
    match name.parse::<IpAddr>() {
        Ok(address) => Some(SanType::IpAddress(address)),
        Err(_) => name.try_into().ok().map(SanType::DnsName),
    }
}

fn load_or_create_key(directory: &DataDir) -> Result<KeyPair, TlsError> {
    let path = directory.ca_key();
    if let Some(pem) = directory.ca_key_pem()? {
        let mode = fs::metadata(&path).map_err(|source| DataDirError::Io {
            path: path.clone(),
            action: "read",
            source,
        })?;
        if mode.permissions().mode() & 0o077 != 0 {
            return Err(TlsError::CaKeyExposed { path });
        }
        return KeyPair::from_pem(pem.expose()).map_err(|_| TlsError::CaUnreadable { path });
    }
    if directory.ca_certificate_pem()?.is_some() {
        // A new key would not be the one that was trusted.
        return Err(TlsError::CaKeyMissing { path, certificate: directory.ca_certificate() });
    }
    // ECDSA with P-256: every client knows it. The key is stored before the certificate is made.
    let key = KeyPair::generate().map_err(TlsError::NotIssued)?;
    directory.write_ca_key(&Secret::new(key.serialize_pem()))?;
    Ok(key)
}

fn ca_parameters(key: &KeyPair, domains: &[String], now: Timestamp) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    // Two CAs must not have one name, or clients that know both take one for the other.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.public_key_raw());
    let name = hex::encode(&digest.as_ref()[..4]);
    parameters.distinguished_name = subject(&format!("Wharfinger local CA {name}"));
    parameters.not_before = date_time(now.minus(DAY));
    parameters.not_after = date_time(now.plus(CA_LIFETIME));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Names bind it where there are names: without this, whoever has the key could sign programs,
    // mail and clients that the whole machine believes.
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let given = domains.iter().map(String::as_str).filter(|name| name.parse::<IpAddr>().is_err());
    let permitted = names::DOMAINS.into_iter().chain(given);
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted.map(|name| GeneralSubtree::DnsName(name.into())).collect(),
        excluded_subtrees: Vec::new(),
    });
    parameters
}

fn subject(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn date_time(at: Timestamp) -> OffsetDateTime {
    // RFC 5280, 4.1.2.5: to the second.
    OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn open(folder: &tempfile::TempDir, domains: &[&str]) -> Result<Authority, TlsError> {
        let domains: Vec<String> = domains.iter().map(|name| (*name).to_owned()).collect();
        Authority::open_or_create(&DataDir::new(folder.path()), &domains, NOW)
    }

    #[test]
    fn a_ca_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(&folder, &[]).unwrap();
        let pem = fs::read_to_string(folder.path().join("ca.crt")).unwrap();
        let leaf = open(&folder, &["later.test"]).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("ca.crt")).unwrap(), pem);
        let key = folder.path().join("ca.key");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        // What the second one issues is believed by those who trust the first.
        let leaf = leaf.issue(vec![san("localhost").unwrap()], NOW).unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        let name = ServerName::try_from("localhost").unwrap();
        first.verifier.verify_server_cert(&leaf.certificate, &[], &name, &[], at).unwrap();
        let later =
            UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000) + LEAF_LIFETIME * 2);
        assert!(
            first.verifier.verify_server_cert(&leaf.certificate, &[], &name, &[], later).is_err()
        );
        // The certificate comes back from the key alone, for the key is what is trusted.
        fs::remove_file(folder.path().join("ca.crt")).unwrap();
        let again = open(&folder, &[]).unwrap();
        let leaf = again.issue(vec![san("localhost").unwrap()], NOW).unwrap();
        first.verifier.verify_server_cert(&leaf.certificate, &[], &name, &[], at).unwrap();
    }

    #[test]
    fn it_vouches_for_the_names_it_was_made_for_alone() {
        let folder = tempfile::tempdir().unwrap();
        let authority = open(&folder, &["registry.lan", "192.0.2.1"]).unwrap();
        for good in [
            "localhost",
            "127.0.0.1",
            "::1",
            "192.0.2.9",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr-ecr.us-east-1.on.aws",
            "ecr.us-east-1.api.aws",
            "public.ecr.aws",
            "sts.amazonaws.com",
            "registry.lan",
            "a.registry.lan",
        ] {
            authority.check(good, NOW).unwrap();
        }
        for bad in ["example.com", "amazonaws.com.example.com", "lan", "aws", "xregistry.lan"] {
            let error = authority.check(bad, NOW).unwrap_err();
            assert!(matches!(error, TlsError::NotVouchedFor { .. }), "{bad}: {error}");
            assert!(error.to_string().contains("wharfinger trust"), "{error}");
        }
    }

    #[test]
    fn it_vouches_for_servers_alone() {
        // `id-ce-extKeyUsage`, not critical, with `id-kp-serverAuth` and no other (RFC 5280, 4.2.1.12).
        const SERVERS_ALONE: &[u8] =
            b"\x06\x03\x55\x1d\x25\x04\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
        let folder = tempfile::tempdir().unwrap();
        open(&folder, &[]).unwrap();
        let pem = fs::read(folder.path().join("ca.crt")).unwrap();
        let certificate = CertificateDer::from_pem_slice(&pem).unwrap();
        assert!(certificate.windows(SERVERS_ALONE.len()).any(|bytes| bytes == SERVERS_ALONE));
    }

    #[test]
    fn what_does_not_go_together_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        open(&folder, &[]).unwrap();
        let (certificate, key) = (folder.path().join("ca.crt"), folder.path().join("ca.key"));
        let error = |folder| open(folder, &[]).map(|_| ()).unwrap_err();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(error(&folder), TlsError::CaKeyExposed { .. }));
        fs::remove_file(&key).unwrap();
        assert!(matches!(error(&folder), TlsError::CaKeyMissing { .. }));
        let other = tempfile::tempdir().unwrap();
        open(&other, &[]).unwrap();
        fs::copy(other.path().join("ca.key"), &key).unwrap();
        assert!(matches!(error(&folder), TlsError::CaUnlike { .. }), "{}", error(&folder));
        fs::write(&certificate, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert!(matches!(error(&folder), TlsError::CaUnreadable { .. }));
        fs::write(&key, "none").unwrap();
        assert!(matches!(error(&folder), TlsError::CaUnreadable { path } if path == key));
    }
}
