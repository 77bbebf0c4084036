//! The clock and the randomness of a running server: the one place that asks the operating system
//! for either.

use std::time::{SystemTime, UNIX_EPOCH};

use wharfinger_core::{Clock, Entropy, Timestamp};

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected")]
        timestamp(SystemTime::now())
    }
}

/// The machine's form of time in ours. A time before 1970 is 1970.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The randomness of the operating system, through the crypto provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "this is the randomness that is injected")]
        let filled = aws_lc_rs::rand::fill(buffer);
        // The contract of the trait: without randomness every later key would be worthless.
        filled.expect("the operating system gives no randomness");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wharfinger_core::EntropyExt;

    use super::*;

    #[test]
    fn the_clock_is_the_machines_and_randomness_differs() {
        assert!(SystemClock.now() > Timestamp::from_seconds(1_767_225_600));
        assert_ne!(SystemEntropy.bytes::<16>(), SystemEntropy.bytes::<16>());
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(1)), Timestamp::default());
    }
}
