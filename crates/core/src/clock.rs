//! Time as a value, and the clock as something that is handed in.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
/// Stored documents keep it as that number.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Seconds since the epoch with milliseconds, the form of AWS JSON timestamps.
    pub fn epoch_seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "2^53 ms is the year 287396")]
        let millis = self.0 as f64;
        millis / 1000.0
    }

    /// This time and `duration` more.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This time less `duration`.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// `2026-03-01T12:30:00Z`, the form of Query/XML answers (whole seconds).
    pub fn iso8601(self) -> String {
        let whole = self.date_time().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        whole.format(&Rfc3339).unwrap_or_default()
    }

    /// The same as [`Self::iso8601`], written into a buffer, for what is written by the thousand.
    pub fn iso8601_in(self, buffer: &mut [u8; 20]) -> &str {
        let time = self.date_time();
        let (hour, minute, second) = time.to_hms();
        let (month, day) = (u8::from(time.month()), time.day());
        // Years of five digits are not in the form, and are written as the last one that is.
        let year = u16::try_from(time.year().clamp(0, 9999)).unwrap_or_default();
        let two = |number: u16| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        *buffer = *b"0000-00-00T00:00:00Z";
        buffer[..2].copy_from_slice(&two(year / 100));
        for (at, number) in [
            (2, year % 100),
            (5, month.into()),
            (8, day.into()),
            (11, hour.into()),
            (14, minute.into()),
            (17, second.into()),
        ] {
            buffer[at..at + 2].copy_from_slice(&two(number));
        }
        std::str::from_utf8(buffer).unwrap_or_default()
    }

    /// `20260301T123000Z`, the form of `X-Amz-Date`.
    pub fn amz_date(self) -> String {
        self.date_time()
            .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
            .unwrap_or_default()
    }

    /// `Sun, 01 Mar 2026 12:30:00 GMT`, the form of the HTTP `Date` header.
    pub fn http_date(self) -> String {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        self.date_time().format(format).unwrap_or_default()
    }

    /// Reads `20260301T123000Z`.
    pub fn parse_amz_date(text: &str) -> Option<Self> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date_time = time::PrimitiveDateTime::parse(text, format).ok()?.assume_utc();
        Some(Self::from_seconds(date_time.unix_timestamp()))
    }

    /// Reads the three forms of an HTTP date that matter: IMF-fixdate, RFC 2822 and RFC 3339.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let date_time = time::PrimitiveDateTime::parse(text, format)
            .map(time::PrimitiveDateTime::assume_utc)
            .or_else(|_| {
                OffsetDateTime::parse(text, &time::format_description::well_known::Rfc2822)
            })
            .or_else(|_| OffsetDateTime::parse(text, &Rfc3339))
            .ok()?;
        Some(Self::from_seconds(date_time.unix_timestamp()))
    }

    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601())
    }
}

/// Where "now" comes from. The one clock of a running server is made in `server`; tests bring
/// a [`ManualClock`].
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.millis()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Puts the clock to `time`.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_in_every_form() {
        let time = Timestamp::from_millis(1_772_368_200_250);
        assert_eq!(time.iso8601(), "2026-03-01T12:30:00Z");
        assert_eq!(time.iso8601_in(&mut [0; 20]), "2026-03-01T12:30:00Z");
        for seconds in [0, -1, 951_782_399, 951_782_400, 4_102_444_799, 253_402_300_799] {
            let time = Timestamp::from_seconds(seconds);
            assert_eq!(time.iso8601_in(&mut [0; 20]), time.iso8601());
        }
        assert_eq!(time.amz_date(), "20260301T123000Z");
        assert_eq!(time.http_date(), "Sun, 01 Mar 2026 12:30:00 GMT");
        assert!((time.epoch_seconds() - 1_772_368_200.25).abs() < 1e-6);
        assert_eq!(
            Timestamp::parse_amz_date("20260301T123000Z").unwrap().seconds(),
            time.seconds()
        );
        assert_eq!(
            Timestamp::parse_http_date("Sun, 01 Mar 2026 12:30:00 GMT").unwrap().seconds(),
            time.seconds()
        );
        assert_eq!(Timestamp::parse_amz_date("2026-03-01"), None);
    }
}
