//! How long is waited for a peer that is slow.

use std::time::Duration;

use tokio::time::Instant;
use wharfinger_core::limits::BODY_BYTES_PER_SECOND_MIN;

/// The time that was waited for a peer, less what its bytes have won back.
///
/// A peer is slow when it moves less than [`BODY_BYTES_PER_SECOND_MIN`], not when it takes long: at
/// that rate it may go on for ever, and the faster it is, the sooner a pause of it is forgotten.
/// Time in which nobody waits for the peer does not count.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    waited: Duration,
    since: Option<Instant>,
}

impl Patience {
    /// Somebody waits from now on, unless somebody does already. When the peer is to be given up, if
    /// nothing comes of it and it may have `limit`.
    pub(crate) fn begin(&mut self, limit: Duration) -> Instant {
        let since = *self.since.get_or_insert_with(Instant::now);
        since + limit.saturating_sub(self.waited)
    }

    /// Nobody waits any more.
    pub(crate) fn end(&mut self) {
        self.waited += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// The peer moved so many bytes.
    pub(crate) fn win_back(&mut self, bytes: u64) {
        self.waited = self.waited.saturating_sub(worth(bytes));
    }
}

/// The time that bytes win back.
pub(crate) fn worth(bytes: u64) -> Duration {
    Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / BODY_BYTES_PER_SECOND_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(300);

    /// Seconds until a peer is given up that sends `bytes` after each `pause`, if it ever is.
    async fn given_up_after(bytes: u64, pause: Duration) -> Option<u64> {
        let begin = Instant::now();
        let mut patience = Patience::default();
        while begin.elapsed() < Duration::from_secs(30 * 86_400) {
            let end = patience.begin(LIMIT);
            if end < Instant::now() + pause {
                return Some(end.duration_since(begin).as_secs());
            }
            tokio::time::advance(pause).await;
            patience.end();
            patience.win_back(bytes);
        }
        None
    }

    #[tokio::test(start_paused = true)]
    async fn slow_is_who_moves_little_not_who_takes_long() {
        let seconds = Duration::from_secs;
        assert_eq!(given_up_after(0, seconds(1000)).await, Some(300), "silent");
        assert_eq!(given_up_after(16 * 1024, seconds(290)).await, Some(316), "57 bytes a second");
        assert_eq!(given_up_after(900 * 60, seconds(60)).await, Some(2_092), "900 bytes a second");
        assert_eq!(given_up_after(1_024 * 60, seconds(60)).await, None, "the least there may be");
        assert_eq!(
            given_up_after(32 * 1024 * 300, seconds(299)).await,
            None,
            "32 KiB, with stalls"
        );
    }
}
