//! Times as people say them: `2h`, or a moment in RFC 3339.

use std::time::Duration;

use wharfinger_core::Timestamp;

/// Reads a moment (`2026-03-01T12:30:00Z`), a day (`2026-03-01`, its beginning in UTC), or a time
/// before `now`: a number of seconds, minutes, hours, days or weeks (`90s`, `15m`, `2h`, `3d`,
/// `1w`).
///
/// # Errors
/// A text that says what was expected.
pub fn parse_time(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let of_day = format!("{text}T00:00:00Z");
    ago(text, now)
        .or_else(|| Timestamp::parse_http_date(text).filter(|_| text.contains('T')))
        .or_else(|| Timestamp::parse_http_date(&of_day))
        .ok_or_else(|| {
            format!(
                "`{text}` is neither a time, such as 2026-03-01T12:30:00Z or 2026-03-01, nor so \
                 long ago, such as 15m, 2h or 3d"
            )
        })
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    Some(now.minus(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_in_each_form() {
        let now = Timestamp::from_seconds(1_772_368_200);
        for (text, expected) in [
            ("2026-03-01T12:30:00Z", "2026-03-01T12:30:00Z"),
            ("2026-03-01T13:30:00+01:00", "2026-03-01T12:30:00Z"),
            ("2026-03-01", "2026-03-01T00:00:00Z"),
            ("90s", "2026-03-01T12:28:30Z"),
            ("15m", "2026-03-01T12:15:00Z"),
            ("2h", "2026-03-01T10:30:00Z"),
            ("3d", "2026-02-26T12:30:00Z"),
            ("1w", "2026-02-22T12:30:00Z"),
        ] {
            assert_eq!(parse_time(text, now).unwrap().iso8601(), expected, "{text}");
        }
        for bad in
            ["", "h", "-2h", "+2h", "2", "2y", "yesterday", "2026-13-01", "99999999999999999999d"]
        {
            assert!(parse_time(bad, now).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}", number in any::<u64>(), unit in "[smhdw]") {
            let now = Timestamp::from_seconds(1_772_368_200);
            let _ = parse_time(&text, now);
            let _ = parse_time(&format!("{number}{unit}"), now);
        }
    }
}
