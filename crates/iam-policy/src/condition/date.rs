//! Dates of conditions: W3C's profile of ISO 8601, or seconds since 1970.

use time::{Date, Month};

const NANOS: i128 = 1_000_000_000;

/// Nanoseconds since 1970.
pub(super) type Instant = i128;

/// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mmZ`, `…hh:mm:ssZ`, `…hh:mm:ss.s+hh:mm`,
/// or whole seconds since 1970, which are never four digits.
pub(super) fn date(text: &str) -> Option<Instant> {
    let is_epoch = text.len() != 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_epoch {
        return text.parse::<i64>().ok().map(|seconds| i128::from(seconds) * NANOS);
    }
    let Some((day, time)) = text.split_once('T') else { return midnight(text) };
    // A time needs a whole date before it.
    let day = midnight(day).filter(|_| day.len() == 10)?;
    let (time, offset) = zone(time)?;
    Some(day + clock(time)? - offset)
}

fn midnight(text: &str) -> Option<Instant> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |month| digits(month, 2))?;
    let day = parts.next().map_or(Some(1), |day| digits(day, 2))?;
    if parts.next().is_some() {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let day = u8::try_from(day).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?;
    Some(i128::from(date.midnight().assume_utc().unix_timestamp()) * NANOS)
}

/// A time without its zone, and what the zone is ahead of UTC.
fn zone(text: &str) -> Option<(&str, Instant)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (time, zone) = text.split_at(at);
    let ahead = minutes(zone.get(1..)?)? * 60 * NANOS;
    Some((time, if zone.starts_with('+') { ahead } else { -ahead }))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s`, since midnight.
fn clock(text: &str) -> Option<Instant> {
    let (hours_minutes, seconds) = text.split_at_checked(5)?;
    let minutes = minutes(hours_minutes)? * 60 * NANOS;
    if seconds.is_empty() {
        return Some(minutes);
    }
    let seconds = seconds.strip_prefix(':')?;
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let whole = digits(seconds, 2).filter(|seconds| *seconds < 60)?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + i128::from(digit - b'0'));
    Some(minutes + i128::from(whole) * NANOS + nanos)
}

/// The minutes of `hh:mm`.
fn minutes(text: &str) -> Option<Instant> {
    let (hours, minutes) = text.split_once(':')?;
    let hours = digits(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = digits(minutes, 2).filter(|minutes| *minutes < 60)?;
    Some(i128::from(hours * 60 + minutes))
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_in_all_their_forms() {
        for (text, seconds) in [
            ("1970", 0),
            ("2024", 1_704_067_200),
            ("2024-02", 1_706_745_600),
            ("2024-02-29", 1_709_164_800),
            ("2024-02-29T01:02Z", 1_709_168_520),
            ("2024-02-29T01:02:03Z", 1_709_168_523),
            ("2024-02-29T01:02:03+01:00", 1_709_164_923),
            ("2024-02-29T01:02:03-01:30", 1_709_173_923),
            ("0", 0),
            ("1709168523", 1_709_168_523),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            assert_eq!(date(text), Some(i128::from(seconds) * NANOS), "{text:?}");
        }
        assert_eq!(date("1970-01-01T00:00:00.25Z"), Some(250_000_000));
        assert_eq!(date("1970-01-01T00:00:00.1234567891Z"), Some(123_456_789));
    }

    #[test]
    fn other_texts_are_no_dates() {
        for bad in [
            "",
            "x",
            "-1",
            "2024-",
            "2024-13",
            "2023-02-29",
            "2024-2-1",
            "2024-02-01-01",
            "2024-02-01T",
            "2024-02-01T01:02:03",
            "2024-02-01T24:00Z",
            "2024-02-01T01:60Z",
            "2024-02-01T01:02:60Z",
            "2024-02-01T01:02:03.Z",
            "2024-02T01:02Z",
            "2024-02-01T01:02ä",
            "99999999999999999999",
        ] {
            assert_eq!(date(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9TZ:+.-]{0,30}|.*") {
            let _ = date(&text);
        }
    }
}
