//! How fast bytes move, so that pulls do not feel it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Bytes that are moved at no more than so many a second.
pub(super) struct Pace {
    began: Instant,
    bytes: u64,
    bytes_per_second: u64,
}

impl Pace {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self { began: Instant::now(), bytes: 0, bytes_per_second }
    }

    /// Counts bytes that were moved, and waits until more may be.
    pub(super) async fn moved(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        let micros = u128::from(self.bytes) * 1_000_000 / u128::from(self.bytes_per_second);
        let due = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        if let Some(at) = self.began.checked_add(due) {
            sleep_until(at).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_brings_so_many_bytes() {
        let mut pace = Pace::new(1_000);
        pace.moved(500).await;
        assert_eq!(pace.began.elapsed().as_millis(), 500);
        pace.moved(2_500).await;
        assert_eq!(pace.began.elapsed().as_millis(), 3_000);
    }
}
