//! Certificates of the local CA, issued when a connection first asks for a name.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rcgen::SanType;
use rustls::ServerConfig;
use wharfinger_core::{Clock, Timestamp};

use super::authority::{Authority, LEAF_LIFETIME, san};
use super::names::ServedNames;
use super::with_certificate;

/// Certificates kept ready: more names than one server answers to in practice.
const CERTIFICATES_MAX: usize = 256;

/// Who a certificate is for: the name that was asked for, or the address if none was.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Subject {
    Name(String),
    Address(IpAddr),
}

/// What is presented, until it has to be renewed.
struct Issued {
    config: Arc<ServerConfig>,
    issued_at: Timestamp,
}

/// The certificates of one server.
pub(super) struct IssuedCertificates {
    authority: Authority,
    names: ServedNames,
    /// All but the certificate.
    base: ServerConfig,
    clock: Arc<dyn Clock>,
    issued: Mutex<HashMap<Subject, Issued>>,
}

impl IssuedCertificates {
    pub(super) fn new(
        authority: Authority,
        names: ServedNames,
        base: ServerConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { authority, names, base, clock, issued: Mutex::default() }
    }

    /// The certificate for a client that asks for `name`, or for no name at `local`. `None` if
    /// this server does not answer to the name.
    pub(super) fn config(&self, name: Option<&str>, local: IpAddr) -> Option<Arc<ServerConfig>> {
        let subject = match name.map(str::to_ascii_lowercase) {
            Some(name) if self.names.answers(&name) => Subject::Name(name),
            Some(_) => return None,
            None => Subject::Address(local.to_canonical()),
        };
        let now = self.clock.now();
        if let Some(issued) = self.issued.lock().get(&subject)
            && issued.is_fresh(now)
        {
            return Some(Arc::clone(&issued.config));
        }
        // Not under the lock: others need not wait for a signature.
        let leaf = match self.authority.issue(self.sans(&subject), now) {
            Ok(leaf) => leaf,
            Err(error) => {
                tracing::error!(%error, "a certificate could not be issued");
                return None;
            }
        };
        let config = with_certificate(&self.base, vec![leaf.certificate], leaf.key);
        let config = config.inspect_err(|error| {
            tracing::error!(%error, "a certificate could not be used");
        });
        let config = Arc::new(config.ok()?);
        self.keep(subject, Issued { config: Arc::clone(&config), issued_at: now }, now);
        Some(config)
    }

    /// Keeps a certificate ready; the oldest makes room for it.
    fn keep(&self, subject: Subject, fresh: Issued, now: Timestamp) {
        let mut issued = self.issued.lock();
        if issued.len() >= CERTIFICATES_MAX && !issued.contains_key(&subject) {
            issued.retain(|_, issued| issued.is_fresh(now));
            let oldest = issued.iter().min_by_key(|(_, issued)| issued.issued_at);
            if let Some(oldest) = oldest.map(|(subject, _)| subject.clone())
                && issued.len() >= CERTIFICATES_MAX
            {
                issued.remove(&oldest);
            }
        }
        issued.insert(subject, fresh);
    }

    /// What a certificate names. Who asks for this machine gets all its local names.
    fn sans(&self, subject: &Subject) -> Vec<SanType> {
        let mut sans = match subject {
            Subject::Name(name) => san(name).into_iter().collect::<Vec<_>>(),
            Subject::Address(address) => vec![SanType::IpAddress(*address)],
        };
        let is_local = match subject {
            Subject::Name(name) => name == "localhost",
            Subject::Address(address) => address.is_loopback(),
        };
        let mut add = |more: SanType| {
            if !sans.contains(&more) {
                sans.push(more);
            }
        };
        if is_local {
            ["localhost", "127.0.0.1", "::1"].into_iter().filter_map(san).for_each(&mut add);
        }
        if matches!(subject, Subject::Address(_)) {
            // Behind a port that is handed on, the address that was asked for is not known here.
            self.names.addresses().map(SanType::IpAddress).for_each(&mut add);
        }
        sans
    }
}

impl Issued {
    /// For half of its life. A clock that went back makes it stale, too.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.issued_at <= now && now < self.issued_at.plus(LEAF_LIFETIME / 2)
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::ManualClock;

    use super::*;
    use crate::DataDir;
    use crate::tls::base_config;

    fn certificates(folder: &std::path::Path) -> (IssuedCertificates, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let names = ServedNames::new(&["192.0.2.1".into()], None);
        let authority = Authority::open_or_create(&DataDir::new(folder), &[], clock.now()).unwrap();
        let base = base_config().unwrap();
        (IssuedCertificates::new(authority, names, base, clock.clone()), clock)
    }

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_certificate_is_issued_once_and_renewed_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let (certificates, clock) = certificates(folder.path());
        let of = |name| certificates.config(Some(name), LOCAL).unwrap();
        let first = of("sts.amazonaws.com");
        assert!(Arc::ptr_eq(&first, &of("STS.amazonaws.com")));
        assert!(!Arc::ptr_eq(&first, &of("iam.amazonaws.com")));
        clock.set(clock.now().plus(LEAF_LIFETIME / 2));
        let second = of("sts.amazonaws.com");
        assert!(!Arc::ptr_eq(&first, &second));
        clock.set(clock.now().minus(LEAF_LIFETIME));
        assert!(!Arc::ptr_eq(&second, &of("sts.amazonaws.com")), "not valid yet");
    }

    #[test]
    fn other_names_get_none() {
        let folder = tempfile::tempdir().unwrap();
        let (certificates, _) = certificates(folder.path());
        for bad in ["example.com", "s3.amazonaws.com", ""] {
            assert!(certificates.config(Some(bad), LOCAL).is_none(), "{bad}");
        }
        assert!(certificates.config(None, LOCAL).is_some());
    }

    #[test]
    fn no_more_are_kept_than_there_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let (certificates, clock) = certificates(folder.path());
        let name = |n: usize| format!("{n:012}.dkr.ecr.us-east-1.amazonaws.com");
        for n in 0..CERTIFICATES_MAX + 3 {
            clock.set(clock.now().plus(std::time::Duration::from_secs(1)));
            certificates.config(Some(&name(n)), LOCAL).unwrap();
        }
        let kept = certificates.issued.lock();
        assert_eq!(kept.len(), CERTIFICATES_MAX);
        assert!(!kept.contains_key(&Subject::Name(name(2))), "the oldest made room");
        assert!(kept.contains_key(&Subject::Name(name(3))));
    }

    #[test]
    fn who_asks_for_no_name_is_answered_for_the_address() {
        let folder = tempfile::tempdir().unwrap();
        let (certificates, _) = certificates(folder.path());
        let sans = |subject| certificates.sans(&subject);
        let all = |names: &[&str]| names.iter().filter_map(|name| san(name)).collect::<Vec<_>>();
        assert_eq!(
            sans(Subject::Name("localhost".into())),
            all(&["localhost", "127.0.0.1", "::1"])
        );
        let local = sans(Subject::Address("127.0.0.1".parse().unwrap()));
        assert_eq!(local, all(&["127.0.0.1", "localhost", "::1", "192.0.2.1"]));
        let far = sans(Subject::Address("10.0.0.1".parse().unwrap()));
        assert_eq!(far, all(&["10.0.0.1", "192.0.2.1"]));
    }
}
