//! How often the operations of a registry may be called: a token bucket for each registry and each
//! operation that has a rate.
//!
//! Both planes come through here with each permit they obtain, so that a route of `/v2` counts as
//! the operation whose permission it takes, and a request that needs several counts as each of them
//! before any work is done.

use std::collections::HashMap;

use parking_lot::Mutex;
use wharfinger_auth::{Action, Permit, Resource};
use wharfinger_core::limits::{RATE_BURST_SECONDS, RATED_REGISTRIES_MAX};
use wharfinger_core::{RatedOperation, Rates, RegistryId, Timestamp};

use crate::{Error, Registry};

/// What a request takes out of a bucket. Buckets count thousandths, so that a millisecond of a
/// rate of one request in a second is a whole number.
const REQUEST_MILLIS: u64 = 1_000;

impl Registry {
    /// Counts a request that has this permit, and hands the permit back if it may go on.
    ///
    /// Public registries have no rates here, nor has the registry's own work: permits of the system
    /// pass.
    ///
    /// # Errors
    /// [`Error::Throttling`].
    pub fn throttle<A: Action>(&self, permit: Permit<A>) -> Result<Permit<A>, Error> {
        let Some(registry) = permit.resource().registry().filter(|registry| !registry.is_public())
        else {
            return Ok(permit);
        };
        if permit.principal().is_none() {
            return Ok(permit);
        }
        match RatedOperation::from_name(A::NAME) {
            Some(operation) if !self.throttle.admits(registry, operation, self.now()) => {
                Err(Error::Throttling)
            }
            _ => Ok(permit),
        }
    }
}

/// The buckets of all registries that were asked lately.
#[derive(Default)]
pub(crate) struct Throttle {
    rates: Rates,
    registries: Mutex<HashMap<RegistryId, Buckets>>,
}

/// The buckets of one registry. A new one is full.
#[derive(Clone, Copy, Default)]
struct Buckets {
    /// What was taken out and has not flown back, in thousandths of a request, as of `counted_at`.
    taken_millis: [u64; RatedOperation::COUNT],
    counted_at: Timestamp,
}

impl Throttle {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { rates, registries: Mutex::default() }
    }

    /// Takes a request out of the bucket of `operation`; answers whether there was one.
    fn admits(&self, registry: &RegistryId, operation: RatedOperation, now: Timestamp) -> bool {
        let Some(per_second) = self.rates.per_second(operation) else { return true };
        let mut registries = self.registries.lock();
        if !registries.contains_key(registry) {
            self.make_room(&mut registries, now);
        }
        let buckets = registries.entry(registry.clone()).or_default();
        buckets.refill(&self.rates, now);
        let taken = &mut buckets.taken_millis[operation as usize];
        let room = u64::from(per_second.get()) * u64::from(RATE_BURST_SECONDS) * REQUEST_MILLIS;
        if *taken + REQUEST_MILLIS > room {
            return false;
        }
        *taken += REQUEST_MILLIS;
        true
    }

    /// Forgets registries whose buckets are full, which loses nothing; if there are none, the one
    /// whose buckets are the fullest, which loses the least.
    fn make_room(&self, registries: &mut HashMap<RegistryId, Buckets>, now: Timestamp) {
        if registries.len() < RATED_REGISTRIES_MAX {
            return;
        }
        registries.retain(|_, buckets| {
            buckets.refill(&self.rates, now);
            buckets.taken_millis.iter().any(|taken| *taken > 0)
        });
        if registries.len() < RATED_REGISTRIES_MAX {
            return;
        }
        let fullest = registries.iter().min_by_key(|(_, buckets)| buckets.taken_total());
        if let Some(registry) = fullest.map(|(registry, _)| registry.clone()) {
            registries.remove(&registry);
        }
    }
}

impl Buckets {
    /// Lets flow back what has since `counted_at`. A clock that was put back costs its registry
    /// the time it went back, and no more.
    fn refill(&mut self, rates: &Rates, now: Timestamp) {
        let elapsed = now.millis().saturating_sub(self.counted_at.millis());
        let elapsed = u64::try_from(elapsed).unwrap_or(0);
        for operation in RatedOperation::ALL {
            let per_second = rates.per_second(operation).map_or(0, |rate| rate.get().into());
            let back = elapsed.saturating_mul(per_second);
            let taken = &mut self.taken_millis[operation as usize];
            *taken = taken.saturating_sub(back);
        }
        self.counted_at = now;
    }

    fn taken_total(&self) -> u64 {
        self.taken_millis.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn registry(number: u64) -> RegistryId {
        let account = format!("{number:012}").parse().unwrap();
        RegistryId::new(account, "eu-west-1".parse().unwrap())
    }

    fn throttle(per_second: u32) -> Throttle {
        let per_second = NonZeroU32::new(per_second).unwrap();
        Throttle::new(Rates::OFF.with(RatedOperation::PutImage, per_second))
    }

    /// How many of a hundred requests at once are admitted.
    fn burst(throttle: &Throttle, number: u64, at_millis: i64) -> usize {
        let (registry, at) = (registry(number), Timestamp::from_millis(at_millis));
        let admitted = |_: &i32| throttle.admits(&registry, RatedOperation::PutImage, at);
        (0..100).filter(admitted).count()
    }

    #[test]
    fn a_bucket_holds_a_second_of_requests_and_fills_at_its_rate() {
        let throttle = throttle(10);
        assert_eq!(burst(&throttle, 1, 1_000_000), 10);
        assert_eq!(burst(&throttle, 1, 1_000_099), 0);
        assert_eq!(burst(&throttle, 1, 1_000_100), 1);
        assert_eq!(burst(&throttle, 1, 1_000_550), 4);
        assert_eq!(burst(&throttle, 1, 1_000_600), 1, "the half that was left over counts");
        assert_eq!(burst(&throttle, 1, 9_000_000), 10, "a pause fills it, and no more");
    }

    #[test]
    fn each_registry_and_operation_has_a_bucket_of_its_own() {
        let throttle = throttle(10);
        assert_eq!(burst(&throttle, 1, 1_000), 10);
        assert_eq!(burst(&throttle, 2, 1_000), 10);
        let at = Timestamp::from_millis(1_000);
        assert!(throttle.admits(&registry(1), RatedOperation::BatchGetImage, at));
    }

    #[test]
    fn a_clock_that_is_put_back_stops_nobody() {
        let throttle = throttle(10);
        assert_eq!(burst(&throttle, 1, 9_000_000), 10);
        assert_eq!(burst(&throttle, 1, 1_000), 0);
        assert_eq!(burst(&throttle, 1, 2_000), 10);
        assert_eq!(burst(&throttle, 1, i64::MAX), 10);
        assert_eq!(burst(&throttle, 1, i64::MIN), 0);
    }

    #[test]
    fn the_registries_kept_in_mind_are_bounded_and_the_busiest_stay() {
        let throttle = throttle(10);
        let at = Timestamp::from_millis(1_000);
        assert_eq!(burst(&throttle, 0, 1_000), 10);
        for number in 1..3_000 {
            assert!(throttle.admits(&registry(number), RatedOperation::PutImage, at));
        }
        assert_eq!(throttle.registries.lock().len(), RATED_REGISTRIES_MAX);
        assert_eq!(burst(&throttle, 0, 1_000), 0, "it was not forgotten");
        // A second later all are idle but the newcomer.
        assert_eq!(burst(&throttle, 9_999, 2_000), 10);
        assert_eq!(throttle.registries.lock().len(), 1);
    }

    #[test]
    fn without_rates_nothing_is_counted() {
        let throttle = Throttle::default();
        assert_eq!(burst(&throttle, 1, 1_000), 100);
        assert!(throttle.registries.lock().is_empty());
    }
}
