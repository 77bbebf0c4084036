//! `/metrics`: what this process does, in the text format of Prometheus. `docs/metrics.md` has every
//! name; none has a label that clients can make more of.

mod exposition;
mod process;
mod upkeep;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, StatusCode, header};
use wharfinger_audit::Audit;
use wharfinger_core::{Network, Timestamp};
use wharfinger_registry::Registry;

use exposition::{Exposition, Kind};

/// What the answer is called.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What requests were for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Served {
    Oci,
    Aws,
    Health,
    Metrics,
    Other,
}

impl Served {
    const ALL: [(Self, &str); 5] = [
        (Self::Oci, "oci"),
        (Self::Aws, "aws"),
        (Self::Health, "health"),
        (Self::Metrics, "metrics"),
        (Self::Other, "other"),
    ];
}

/// The first digits of statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted, and whom it is told.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) connections: Arc<Connections>,
    requests: [[AtomicU64; CLASSES.len()]; Served::ALL.len()],
    allowed: Vec<Network>,
    started_at: Timestamp,
    /// None in tests of what is before it.
    behind: Option<(Arc<Registry>, Audit)>,
}

/// The connections of the listener.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    accepted: AtomicU64,
    ended: AtomicU64,
}

/// A connection, until it is dropped.
pub(crate) struct Connection(Arc<Connections>);

impl Connections {
    /// One more.
    pub(crate) fn open(self: &Arc<Self>) -> Connection {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Connection(Arc::clone(self))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Of a server that was started then, told to this machine and to these networks.
    pub(crate) fn new(
        registry: Arc<Registry>,
        audit: Audit,
        started_at: Timestamp,
        allowed: Vec<Network>,
    ) -> Self {
        Self { allowed, started_at, behind: Some((registry, audit)), ..Self::default() }
    }

    /// Counts a request that was answered so.
    pub(crate) fn answered(&self, served: Served, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        self.requests[served as usize][class].fetch_add(1, Ordering::Relaxed);
    }

    /// Whether whoever sent a request may read them: this machine, and those that are named. One that
    /// was forwarded by somebody who is not believed may come from anywhere.
    pub(crate) fn may_be_read_by(&self, peer: IpAddr, sender: IpAddr, headers: &HeaderMap) -> bool {
        let (peer, sender) = (peer.to_canonical(), sender.to_canonical());
        if self.allowed.iter().any(|network| network.contains(sender)) {
            return true;
        }
        let forwarded =
            headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
        sender.is_loopback() && !(forwarded && peer == sender)
    }

    /// All of them.
    pub(crate) async fn text(&self, now: Timestamp) -> String {
        let mut out = Exposition::default();
        self.process(&mut out);
        self.traffic(&mut out);
        if let Some((registry, audit)) = &self.behind {
            upkeep::jobs(&mut out, registry, now).await;
            upkeep::counters(&mut out, registry);
            upkeep::load(&mut out, registry, audit);
        }
        out.finish()
    }

    fn process(&self, out: &mut Exposition) {
        out.family("wharfinger_build_info", Kind::Gauge, "The version, as a label; always 1.");
        out.sample("", &[("version", crate::VERSION)], 1);
        out.family(
            "wharfinger_start_time_seconds",
            Kind::Gauge,
            "When the server was started, in seconds since 1970.",
        );
        out.sample("", &[], self.started_at.seconds());
        if let Some(bytes) = process::resident_memory_bytes() {
            let help = "Memory of the process that is not swapped out.";
            out.family("wharfinger_resident_memory_bytes", Kind::Gauge, help);
            out.sample("", &[], bytes);
        }
        if let Some(count) = process::open_files() {
            out.family("wharfinger_open_files", Kind::Gauge, "Files and sockets that are open.");
            out.sample("", &[], count);
        }
    }

    fn traffic(&self, out: &mut Exposition) {
        let help =
            "Requests that were answered, by what they were for and the class of the status.";
        out.family("wharfinger_requests_total", Kind::Counter, help);
        for (served, name) in Served::ALL {
            for (class, count) in CLASSES.into_iter().zip(&self.requests[served as usize]) {
                let count = count.load(Ordering::Relaxed);
                out.sample("", &[("edge", name), ("status", class)], count);
            }
        }
        // Those that ended first: none ends before it was accepted.
        let ended = self.connections.ended.load(Ordering::Relaxed);
        let accepted = self.connections.accepted.load(Ordering::Relaxed);
        let help = "Connections that were accepted and given a place.";
        out.family("wharfinger_connections_accepted_total", Kind::Counter, help);
        out.sample("", &[], accepted);
        out.family("wharfinger_connections_open", Kind::Gauge, "Connections at the moment.");
        out.sample("", &[], accepted.saturating_sub(ended));
    }
}

#[cfg(test)]
mod tests;
