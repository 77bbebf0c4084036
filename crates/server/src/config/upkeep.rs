//! What is said of upkeep: undo, leases, and how often the workers look.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use wharfinger_core::Upkeep;
use wharfinger_core::limits::UNDO_WINDOW_SECONDS_MAX;

/// What one layer says of upkeep. Durations are texts such as `90s`, `15m`, `12h` or `7d`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpkeepLayer {
    /// How long what was deleted can be brought back; zero: not at all.
    #[serde(default, deserialize_with = "undo_window")]
    pub undo_window: Option<Duration>,
    /// How long a blob stays that a push was told is there.
    #[serde(default, deserialize_with = "above_zero")]
    pub push_lease: Option<Duration>,
    /// How long the children of a deleted index and the referrers of a deleted subject stay.
    #[serde(default, deserialize_with = "duration")]
    pub orphans_after: Option<Duration>,
    /// How long a lifecycle policy waits after a push.
    #[serde(default, deserialize_with = "duration")]
    pub lifecycle_debounce: Option<Duration>,
    /// Between two evaluations of a lifecycle policy.
    #[serde(default, deserialize_with = "above_zero")]
    pub lifecycle_interval: Option<Duration>,
    /// Between two collections of garbage.
    #[serde(default, deserialize_with = "duration")]
    pub gc_interval: Option<Duration>,
    /// In which everything is read once and verified; zero: never.
    #[serde(default, deserialize_with = "duration")]
    pub scrub_period: Option<Duration>,
}

impl UpkeepLayer {
    /// These settings where they say something, and `below` where they do not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            undo_window: self.undo_window.or(below.undo_window),
            push_lease: self.push_lease.or(below.push_lease),
            orphans_after: self.orphans_after.or(below.orphans_after),
            lifecycle_debounce: self.lifecycle_debounce.or(below.lifecycle_debounce),
            lifecycle_interval: self.lifecycle_interval.or(below.lifecycle_interval),
            gc_interval: self.gc_interval.or(below.gc_interval),
            scrub_period: self.scrub_period.or(below.scrub_period),
        }
    }

    /// Reads `NUMBER` and one of `s`, `m`, `h` and `d`, or `off`, which is zero.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_duration(text: &str) -> Result<Duration, String> {
        let seconds = match text.split_at_checked(text.len().saturating_sub(1)) {
            _ if text == "off" || text == "0" => Some(0),
            Some((number, unit)) => {
                let unit = match unit {
                    "s" => Some(1),
                    "m" => Some(60),
                    "h" => Some(3_600),
                    "d" => Some(86_400),
                    _ => None,
                };
                // Digits alone: `parse` would take a sign as well.
                let number = number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number);
                let number = number.and_then(|number| number.parse::<u32>().ok());
                unit.zip(number).map(|(unit, number)| unit * u64::from(number))
            }
            None => None,
        };
        seconds.map(Duration::from_secs).ok_or_else(|| {
            format!("`{text}` is no duration: it is a number and a unit, such as 90s, 15m, 12h, 7d")
        })
    }

    /// Like [`parse_duration`](Self::parse_duration), for one that cannot be zero.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_above_zero(text: &str) -> Result<Duration, String> {
        match Self::parse_duration(text)? {
            Duration::ZERO => Err("it must be longer than nothing, such as 90s".into()),
            duration => Ok(duration),
        }
    }

    /// Like [`parse_duration`](Self::parse_duration), up to [`UNDO_WINDOW_SECONDS_MAX`].
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_undo_window(text: &str) -> Result<Duration, String> {
        let window = Self::parse_duration(text)?;
        match window.as_secs() <= UNDO_WINDOW_SECONDS_MAX {
            true => Ok(window),
            false => Err(format!("it is {}d at the most", UNDO_WINDOW_SECONDS_MAX / 86_400)),
        }
    }

    pub(super) fn resolve(self) -> Upkeep {
        let default = Upkeep::default();
        Upkeep {
            undo_window: self.undo_window.unwrap_or(default.undo_window),
            push_lease: self.push_lease.unwrap_or(default.push_lease),
            orphan_delay: self.orphans_after.unwrap_or(default.orphan_delay),
            lifecycle_debounce: self.lifecycle_debounce.unwrap_or(default.lifecycle_debounce),
            lifecycle_interval: self.lifecycle_interval.unwrap_or(default.lifecycle_interval),
            garbage_interval: self.gc_interval.unwrap_or(default.garbage_interval),
            scrub_period: self.scrub_period.unwrap_or(default.scrub_period),
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    read(deserializer, UpkeepLayer::parse_duration)
}

fn above_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    read(deserializer, UpkeepLayer::parse_above_zero)
}

fn undo_window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    read(deserializer, UpkeepLayer::parse_undo_window)
}

fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    parse: fn(&str) -> Result<Duration, String>,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800), ("off", 0), ("0", 0)]
        {
            let read = UpkeepLayer::parse_duration(text);
            assert_eq!(read, Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "s", "7", "7w", "-1d", "+1d", "1.5h", "7 d", "99999999999d", "€"] {
            assert!(UpkeepLayer::parse_duration(bad).is_err(), "{bad}");
        }
        assert!(UpkeepLayer::parse_above_zero("off").is_err());
        assert!(UpkeepLayer::parse_undo_window("366d").unwrap_err().contains("365d"));
    }

    #[test]
    fn what_is_given_later_counts() {
        let file: UpkeepLayer =
            toml::from_str("undo_window = 'off'\ngc_interval = '1h'\npush_lease = '2d'").unwrap();
        let flags =
            UpkeepLayer { gc_interval: Some(Duration::from_secs(1)), ..UpkeepLayer::default() };
        let upkeep = flags.over(file).resolve();
        assert_eq!(upkeep.undo_window, Duration::ZERO);
        assert_eq!(upkeep.garbage_interval, Duration::from_secs(1));
        assert_eq!(upkeep.push_lease, Duration::from_secs(2 * 86_400));
        assert_eq!(upkeep.scrub_period, Upkeep::default().scrub_period);
    }
}
