//! The arguments about upkeep: undo, leases, and how often the workers look.

use std::time::Duration;

use clap::Args;
use wharfinger_server::UpkeepLayer;

/// How the registry keeps itself in order. Durations are texts such as 90s, 15m, 12h or 7d.
#[derive(Args, Debug, Clone)]
pub(crate) struct UpkeepArguments {
    /// How long deleted images, tags and repositories can be brought back, or off [default: 7d]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_UNDO_WINDOW",
          value_parser = UpkeepLayer::parse_undo_window)]
    undo_window: Option<Duration>,
    /// How long a layer stays that a push was told is there, though no image uses it: twice as
    /// long as any push takes [default: 24h]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_PUSH_LEASE",
          value_parser = UpkeepLayer::parse_above_zero)]
    push_lease: Option<Duration>,
    /// How long the children of a deleted index and the signatures of a deleted image stay
    /// [default: 24h]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_ORPHANS_AFTER",
          value_parser = UpkeepLayer::parse_duration)]
    orphans_after: Option<Duration>,
    /// How long a lifecycle policy waits after a push for others [default: 60s]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_LIFECYCLE_DEBOUNCE",
          value_parser = UpkeepLayer::parse_duration)]
    lifecycle_debounce: Option<Duration>,
    /// How often a lifecycle policy is evaluated at least [default: 24h]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_LIFECYCLE_INTERVAL",
          value_parser = UpkeepLayer::parse_above_zero)]
    lifecycle_interval: Option<Duration>,
    /// How often garbage is collected [default: 5m]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_GC_INTERVAL",
          value_parser = UpkeepLayer::parse_duration)]
    gc_interval: Option<Duration>,
    /// In which time everything is read once and verified, or off [default: 30d]
    #[arg(long, value_name = "DURATION", env = "WHARFINGER_SCRUB_PERIOD",
          value_parser = UpkeepLayer::parse_duration)]
    scrub_period: Option<Duration>,
}

impl UpkeepArguments {
    pub(crate) fn settings(self) -> UpkeepLayer {
        UpkeepLayer {
            undo_window: self.undo_window,
            push_lease: self.push_lease,
            orphans_after: self.orphans_after,
            lifecycle_debounce: self.lifecycle_debounce,
            lifecycle_interval: self.lifecycle_interval,
            gc_interval: self.gc_interval,
            scrub_period: self.scrub_period,
        }
    }
}
