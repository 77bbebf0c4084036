//! How fast the scrub reads: as fast as it must, and faster while nobody else reads.

use std::time::Duration;

use wharfinger_core::limits::{SCRUB_BYTES_PER_SECOND_MIN, SCRUB_HASTE, SCRUB_IDLE_HASTE};

use crate::download::DownloadRoom;

/// A pace in bytes per second.
pub(crate) struct Pace {
    /// While blobs are served.
    busy: u64,
    /// While none are.
    idle: u64,
    downloads: DownloadRoom,
}

impl Pace {
    /// One that reads so many bytes in a period.
    pub(crate) fn new(stored_bytes: u64, period: Duration, downloads: DownloadRoom) -> Self {
        let needed = stored_bytes / period.as_secs().max(1);
        let busy = needed.saturating_mul(SCRUB_HASTE).max(SCRUB_BYTES_PER_SECOND_MIN);
        Self { busy, idle: busy.saturating_mul(SCRUB_IDLE_HASTE), downloads }
    }

    /// Waits for as long as so many bytes take.
    pub(crate) async fn passed(&self, bytes: u64) {
        tokio::time::sleep(self.time_for(bytes)).await;
    }

    fn time_for(&self, bytes: u64) -> Duration {
        let bytes_per_second = if self.downloads.is_idle() { self.idle } else { self.busy };
        Duration::from_secs_f64(bytes as f64 / bytes_per_second as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    #[tokio::test]
    async fn all_is_read_in_its_period_though_blobs_are_served() {
        let room = DownloadRoom::default();
        let turn = room.take().await;
        for stored_bytes in [0, 1, 1 << 30, 1 << 40, 1 << 50] {
            let pace = Pace::new(stored_bytes, MONTH, room.clone());
            assert!(pace.time_for(stored_bytes) <= MONTH / 2 + Duration::from_secs(1));
            let a_second = pace.time_for(SCRUB_BYTES_PER_SECOND_MIN);
            assert!(a_second <= Duration::from_secs(1), "{stored_bytes}: {a_second:?}");
        }
        let pace = Pace::new(1 << 40, MONTH, room);
        let busy = pace.time_for(1 << 30);
        drop(turn);
        assert!(pace.time_for(1 << 30) < busy / 3, "it makes haste while nobody reads");
    }

    #[test]
    fn a_period_of_nothing_is_no_division_by_it() {
        let pace = Pace::new(u64::MAX, Duration::ZERO, DownloadRoom::default());
        assert!(pace.time_for(u64::MAX) < Duration::from_secs(2));
    }
}
