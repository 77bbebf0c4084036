//! A certificate from files, read again when they change.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wharfinger_core::{Clock, Secret, Timestamp};

use super::{TlsError, with_certificate};

/// How often the files are looked at, when connections come.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes of a file: a chain has a few certificates of 2 KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The certificate in two files.
pub(super) struct GivenCertificate {
    cert: PathBuf,
    key: PathBuf,
    /// All but the certificate.
    base: ServerConfig,
    clock: Arc<dyn Clock>,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// Of the files as they were read last, whether they were of use or not.
    prints: [Option<FilePrint>; 2],
    looked_at: Timestamp,
}

/// What tells a file from the one that was there before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FilePrint {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl GivenCertificate {
    /// Reads the files, which must be of use now.
    pub(super) fn open(
        cert: &Path,
        key: &Path,
        base: ServerConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TlsError> {
        let prints = [print(cert), print(key)];
        let config = Arc::new(read(cert, key, &base)?);
        let current = Mutex::new(Current { config, prints, looked_at: clock.now() });
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), base, clock, current })
    }

    /// The certificate as it is in the files now, or as it was when they were last of use.
    ///
    /// The files are looked at without the lock: on a disk that hangs, only who looks waits.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        if let Some(known) = self.due() {
            // Taken before the files are read: what changes meanwhile is read the next time.
            let prints = [print(&self.cert), print(&self.key)];
            if prints != known {
                self.take(prints, read(&self.cert, &self.key, &self.base));
            }
        }
        Arc::clone(&self.current.lock().config)
    }

    /// What is known of the files, for the one caller who is to look at them now.
    fn due(&self) -> Option<[Option<FilePrint>; 2]> {
        let now = self.clock.now();
        let mut current = self.current.lock();
        let since = now.millis().abs_diff(current.looked_at.millis());
        (u128::from(since) >= LOOK_INTERVAL.as_millis()).then(|| {
            current.looked_at = now;
            current.prints
        })
    }

    /// Puts what was read in use, if it is of use.
    fn take(&self, prints: [Option<FilePrint>; 2], read: Result<ServerConfig, TlsError>) {
        let mut current = self.current.lock();
        current.prints = prints;
        match read {
            Ok(config) => {
                current.config = Arc::new(config);
                tracing::info!(cert = %self.cert.display(), "a new certificate is in use");
            }
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the new certificate is of no use; the one before stays in use"
            ),
        }
    }
}

/// Checks that two files are a certificate and its key.
pub(crate) fn check(cert: &Path, key: &Path) -> Result<(), TlsError> {
    read(cert, key, &super::base_config()?).map(|_| ())
}

fn print(path: &Path) -> Option<FilePrint> {
    let facts = fs::metadata(path).ok()?;
    Some(FilePrint {
        device: facts.dev(),
        inode: facts.ino(),
        size: facts.size(),
        modified: (facts.mtime(), facts.mtime_nsec()),
    })
}

fn read(cert: &Path, key: &Path, base: &ServerConfig) -> Result<ServerConfig, TlsError> {
    let unusable = |path: &Path, expected| TlsError::FileUnusable { path: path.into(), expected };
    let chain = bytes(cert)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.expose()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| unusable(cert, "certificates in PEM"))?;
    let der = PrivateKeyDer::from_pem_slice(bytes(key)?.expose())
        .map_err(|_| unusable(key, "an unencrypted private key in PEM"))?;
    with_certificate(base, chain, der).map_err(|source| TlsError::PairUnusable {
        cert: cert.into(),
        key: key.into(),
        source,
    })
}

fn bytes(path: &Path) -> Result<Secret<Vec<u8>>, TlsError> {
    let mut bytes = Vec::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    let bytes = Secret::new(bytes);
    match read {
        Ok(_) => Ok(bytes),
        Err(source) => Err(TlsError::FileUnreadable { path: path.into(), source }),
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::ManualClock;

    use super::*;
    use crate::tls::base_config;

    /// A new pair in the files.
    fn write(cert: &Path, key: &Path) {
        let pair = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        fs::write(cert, pair.cert.pem()).unwrap();
        fs::write(key, pair.signing_key.serialize_pem()).unwrap();
    }

    #[test]
    fn files_are_read_again_when_they_change_and_only_if_they_are_of_use() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert"), folder.path().join("key"));
        write(&cert, &key);
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let given =
            GivenCertificate::open(&cert, &key, base_config().unwrap(), clock.clone()).unwrap();
        let later = || {
            clock.set(clock.now().plus(LOOK_INTERVAL));
            given.config()
        };
        let first = given.config();
        assert!(Arc::ptr_eq(&first, &later()), "nothing has changed");

        // A new file has another inode, if one that was written over has the same time and size.
        let other = folder.path().join("other");
        write(&other, &folder.path().join("other.key"));
        fs::rename(&other, &cert).unwrap();
        assert!(Arc::ptr_eq(&first, &given.config()), "not looked at yet");
        assert!(Arc::ptr_eq(&first, &later()), "a certificate without its key is of no use");
        fs::rename(folder.path().join("other.key"), &key).unwrap();
        let second = later();
        assert!(!Arc::ptr_eq(&first, &second));

        fs::remove_file(&cert).unwrap();
        assert!(Arc::ptr_eq(&second, &later()));
        fs::write(&cert, "half").unwrap();
        assert!(Arc::ptr_eq(&second, &later()));
        write(&cert, &key);
        assert!(!Arc::ptr_eq(&second, &later()));
    }

    #[test]
    fn what_is_of_no_use_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert"), folder.path().join("key"));
        let error = || check(&cert, &key).unwrap_err().to_string();
        assert!(error().contains("cert cannot be read"), "{}", error());
        write(&cert, &key);
        check(&cert, &key).unwrap();
        write(&cert, &folder.path().join("other.key"));
        assert!(error().contains("do not go together"), "{}", error());
        fs::write(&key, "").unwrap();
        assert!(error().contains("key is not an unencrypted private key"), "{}", error());
        fs::write(&cert, "").unwrap();
        assert!(error().contains("cert is not certificates in PEM"), "{}", error());
    }
}
