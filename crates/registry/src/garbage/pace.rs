//! How much of the time a collection works.

use std::time::Duration;

use tokio::time::Instant;
use wharfinger_core::limits::{GARBAGE_DUTY_PERCENT, GARBAGE_REST_MILLIS_MAX};

/// The pace of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    duty_percent: u32,
}

/// When a step began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began(Instant);

impl Pace {
    /// As fast as it goes.
    pub(super) const fn full() -> Self {
        Self { duty_percent: 100 }
    }

    /// [`GARBAGE_DUTY_PERCENT`] of the time.
    pub(super) const fn resting() -> Self {
        Self { duty_percent: GARBAGE_DUTY_PERCENT }
    }

    pub(super) fn begin(&self) -> Began {
        Began(Instant::now())
    }

    /// Rests after a step for as long as its share of the time asks for. A step that waited for a
    /// busy disk took long, so that there is the more rest the more others have to do.
    pub(super) async fn rest(&self, began: Began) {
        let rest = self.rest_after(began.0.elapsed());
        if rest.is_zero() {
            return tokio::task::yield_now().await;
        }
        tokio::time::sleep(rest).await;
    }

    fn rest_after(&self, worked: Duration) -> Duration {
        let rest = worked * (100 - self.duty_percent) / self.duty_percent;
        rest.min(Duration::from_millis(GARBAGE_REST_MILLIS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_works_a_quarter_of_the_time() {
        let worked = Duration::from_millis(10);
        assert_eq!(Pace::full().rest_after(worked), Duration::ZERO);
        assert_eq!(Pace::resting().rest_after(worked), Duration::from_millis(30));
        let longest = Duration::from_millis(GARBAGE_REST_MILLIS_MAX);
        assert_eq!(Pace::resting().rest_after(Duration::from_secs(60)), longest);
    }
}
