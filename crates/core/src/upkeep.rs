//! How a registry keeps itself in order: how long what is deleted can be brought back, how long a
//! push may rely on what it was told, and how often the workers look.

use std::time::Duration;

use crate::limits::{
    GARBAGE_INTERVAL_SECONDS, LIFECYCLE_DEBOUNCE_SECONDS, LIFECYCLE_INTERVAL_SECONDS,
    ORPHAN_DELAY_SECONDS, PUSH_LEASE_SECONDS, SCRUB_SECONDS, UNDO_WINDOW_SECONDS,
};

/// What the operator of an installation decides about its upkeep. All of it holds for every registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Upkeep {
    /// How long deleted images, tags and repositories can be brought back; zero: not at all.
    /// [`UNDO_WINDOW_SECONDS`] unless configured.
    pub undo_window: Duration,
    /// How long a blob that no image uses stays after a client was told that it is there. It is
    /// renewed when half of it is gone, so it must be twice as long as any push takes from its first
    /// layer to its manifest; [`PUSH_LEASE_SECONDS`].
    pub push_lease: Duration,
    /// How long after the deletion of an index or a subject its children and referrers go;
    /// [`ORPHAN_DELAY_SECONDS`].
    pub orphan_delay: Duration,
    /// How long a lifecycle policy waits after a push, so that many pushes make one evaluation;
    /// [`LIFECYCLE_DEBOUNCE_SECONDS`].
    pub lifecycle_debounce: Duration,
    /// Between two evaluations of a lifecycle policy; [`LIFECYCLE_INTERVAL_SECONDS`].
    pub lifecycle_interval: Duration,
    /// Between two collections of garbage; [`GARBAGE_INTERVAL_SECONDS`].
    pub garbage_interval: Duration,
    /// In which everything that is stored is read once and verified; zero: never.
    /// [`SCRUB_SECONDS`].
    pub scrub_period: Duration,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            undo_window: Duration::from_secs(UNDO_WINDOW_SECONDS),
            push_lease: Duration::from_secs(PUSH_LEASE_SECONDS),
            orphan_delay: Duration::from_secs(ORPHAN_DELAY_SECONDS),
            lifecycle_debounce: Duration::from_secs(LIFECYCLE_DEBOUNCE_SECONDS),
            lifecycle_interval: Duration::from_secs(LIFECYCLE_INTERVAL_SECONDS),
            garbage_interval: Duration::from_secs(GARBAGE_INTERVAL_SECONDS),
            scrub_period: Duration::from_secs(SCRUB_SECONDS),
        }
    }
}
