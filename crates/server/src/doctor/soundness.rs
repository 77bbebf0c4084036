//! Whether what is stored is known to be sound.

use wharfinger_core::Timestamp;
use wharfinger_core::limits::DAMAGED_COUNTED_MAX;
use wharfinger_registry::Soundness;

use super::{Finding, chain};
use crate::{Config, Installation};

const NAME: &str = "stored blobs";

/// Damaged blobs that are known, and when was looked last.
pub(super) async fn soundness(config: &Config, now: Timestamp) -> Finding {
    // What keeps it from being opened is another finding.
    let Ok(installation) = Installation::existing(config).await else {
        return Finding::ok(NAME, "not looked at");
    };
    let registry = match installation.registry(config) {
        Ok(registry) => registry,
        Err(error) => return unknown(&error),
    };
    match registry.soundness().await {
        Ok(soundness) => verdict(&soundness, now),
        Err(error) => unknown(&error),
    }
}

fn unknown(error: &dyn std::error::Error) -> Finding {
    Finding::problem(NAME, chain(error), "run `wharfinger fsck`")
}

fn verdict(soundness: &Soundness, now: Timestamp) -> Finding {
    let looked = looked(soundness, now);
    match soundness.damaged_blobs {
        0 if soundness.last_check.is_some_and(|check| check.damage > 0) => Finding::warning(
            NAME,
            format!("the last check found damage; {looked}"),
            "run `wharfinger fsck` again, and do what it says",
        ),
        0 => Finding::ok(NAME, format!("none is known to be damaged; {looked}")),
        damaged => {
            let more = if damaged >= DAMAGED_COUNTED_MAX.into() { "or more " } else { "" };
            Finding::problem(
                NAME,
                format!("{damaged} {more}are damaged and not served; {looked}"),
                "run `wharfinger fsck`: it says which images that hurts and which push heals them",
            )
        }
    }
}

fn looked(soundness: &Soundness, now: Timestamp) -> String {
    let check = match soundness.last_check {
        Some(check) if check.read_data => format!("all bytes were checked {}", ago(check.at, now)),
        Some(check) => format!("checked {}, not all bytes", ago(check.at, now)),
        None => "never checked".to_owned(),
    };
    match soundness.last_scrub {
        Some(at) => format!("{check}; the scrub ran {}", ago(at, now)),
        None => check,
    }
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
    match (now.millis() - at.millis()) / DAY_MILLIS {
        ..=0 => "less than a day ago".to_owned(),
        1 => "a day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_registry::CheckRecord;

    use super::*;
    use crate::doctor::Severity;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_millis(day * 24 * 60 * 60 * 1000)
    }

    #[test]
    fn it_says_what_is_damaged_and_when_was_looked() {
        let record = CheckRecord { at: day(10), read_data: true, damage: 0 };
        let sound =
            Soundness { damaged_blobs: 0, last_check: Some(record), last_scrub: Some(day(19)) };
        let finding = verdict(&sound, day(20));
        assert_eq!(finding.severity, Severity::Ok);
        let what = "none is known to be damaged; all bytes were checked 10 days ago; the scrub ran \
                    a day ago";
        assert_eq!(finding.what, what);
        let damaged = Soundness { damaged_blobs: 1000, last_check: None, last_scrub: None };
        let finding = verdict(&damaged, day(20));
        assert_eq!(finding.severity, Severity::Problem);
        assert_eq!(finding.what, "1000 or more are damaged and not served; never checked");
        let record = CheckRecord { damage: 3, read_data: false, ..record };
        let finding = verdict(&Soundness { last_check: Some(record), ..sound }, day(10));
        assert_eq!(finding.severity, Severity::Warning);
        assert!(finding.what.contains("checked less than a day ago, not all bytes"));
    }
}
