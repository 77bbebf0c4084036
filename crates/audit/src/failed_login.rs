//! How many failed logins are recorded: a flood of them must not fill the disk, nor push out what
//! happened before it.

use parking_lot::Mutex;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::AUDIT_FAILED_LOGINS_PER_MINUTE;

/// Counts by the minute.
#[derive(Debug, Default)]
pub(crate) struct FailedLogins(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    minute: i64,
    recorded: u32,
    /// Since the last one that was recorded.
    left_out: u64,
}

impl FailedLogins {
    /// Whether one more is recorded, and how many were left out before it.
    pub(crate) fn admit(&self, now: Timestamp) -> Option<u64> {
        let mut window = self.0.lock();
        let minute = now.seconds().div_euclid(60);
        if window.minute != minute {
            window.minute = minute;
            window.recorded = 0;
        }
        if window.recorded >= AUDIT_FAILED_LOGINS_PER_MINUTE {
            if window.recorded == AUDIT_FAILED_LOGINS_PER_MINUTE {
                tracing::warn!(
                    recorded = window.recorded,
                    "many logins fail: the audit log leaves out further ones of this minute"
                );
                window.recorded += 1;
            }
            window.left_out += 1;
            return None;
        }
        window.recorded += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_instead() {
        let logins = FailedLogins::default();
        let now = Timestamp::from_seconds(600);
        for _ in 0..AUDIT_FAILED_LOGINS_PER_MINUTE {
            assert_eq!(logins.admit(now), Some(0));
        }
        assert_eq!((logins.admit(now), logins.admit(Timestamp::from_seconds(659))), (None, None));
        assert_eq!(logins.admit(Timestamp::from_seconds(660)), Some(2));
        assert_eq!(logins.admit(Timestamp::from_seconds(660)), Some(0));
    }
}
