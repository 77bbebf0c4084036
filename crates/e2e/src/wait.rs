//! Waiting for something to become true: the one place where time passes.

use std::time::{Duration, Instant};

/// The pause between two looks.
const INTERVAL: Duration = Duration::from_millis(5);

/// Looks again and again until `look` finds something; gives up after about `limit`.
pub fn poll<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let looks = limit.as_millis() / INTERVAL.as_millis();
    for _ in 0..=looks {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(INTERVAL);
    }
    None
}

/// As [`poll`]; panics with `what` if nothing was found.
pub fn until<T>(what: &str, limit: Duration, look: impl FnMut() -> Option<T>) -> T {
    poll(limit, look).unwrap_or_else(|| panic!("waited {limit:?} in vain for {what}"))
}

/// The time that is measured from.
#[expect(clippy::disallowed_methods, reason = "what takes long is measured by the machine's clock")]
pub fn begin() -> Instant {
    Instant::now()
}
