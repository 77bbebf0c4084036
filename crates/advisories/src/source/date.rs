//! Dates as sources write them.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use wharfinger_core::Timestamp;

/// Reads the forms that sources use: RFC 3339, the same without a zone (which is UTC), a day
/// (`2020-12-21`), Debian's `29 Mar 2023`. `None` if it is none of them.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(at(time));
    }
    let day = |text: &str| {
        Date::parse(text, format_description!("[year]-[month]-[day]"))
            .or_else(|_| {
                Date::parse(
                    text,
                    format_description!("[day padding:none] [month repr:short] [year]"),
                )
            })
            .ok()
    };
    if let Some(day) = day(text) {
        return Some(at(PrimitiveDateTime::new(day, Time::MIDNIGHT).assume_utc()));
    }
    // `2018-01-10 00:14`, `2023-11-06T00:00:00+0000`, `2024-05-17T15:15:08.123`: by their seconds.
    let (first, rest) = text.split_once(['T', ' '])?;
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u8>);
    let mut number = || numbers.next().and_then(Result::ok);
    let (hour, minute) = (number()?, number()?);
    let second = if rest.matches(':').count() > 1 { number()? } else { 0 };
    let time = Time::from_hms(hour, minute, second).ok()?;
    Some(at(PrimitiveDateTime::new(day(first)?, time).assume_utc()))
}

fn at(time: OffsetDateTime) -> Timestamp {
    Timestamp::from_seconds(time.unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_dates() {
        for (text, expected) in [
            ("2020-12-21", "2020-12-21T00:00:00Z"),
            ("29 Mar 2023", "2023-03-29T00:00:00Z"),
            ("1 Apr 2023", "2023-04-01T00:00:00Z"),
            ("2024-03-05T00:00:00+00:00", "2024-03-05T00:00:00Z"),
            ("2024-03-05T02:00:00+02:00", "2024-03-05T00:00:00Z"),
            ("2024-05-17T15:15:08.123", "2024-05-17T15:15:08Z"),
            ("2018-01-10 00:14", "2018-01-10T00:14:00Z"),
            ("2023-11-06T00:00:00+0000", "2023-11-06T00:00:00Z"),
            ("2017-05-15 09:09:01", "2017-05-15T09:09:01Z"),
        ] {
            assert_eq!(date(text).map(Timestamp::iso8601).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "soon", "2020-13-01", "2020-01-01 25:00", "29 Mrz 2023", "2020-01-01Tx"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
