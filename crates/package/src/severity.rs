//! How bad a vulnerability is, in ECR's words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wharfinger_core::ParseError;

/// A severity of ECR's `FindingSeverity`, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nobody has rated it. Enhanced scanning says `UNTRIAGED`.
    Undefined,
    /// Of no consequence to most.
    Informational,
    /// A CVSS score below 4.
    Low,
    /// A CVSS score below 7.
    Medium,
    /// A CVSS score below 9.
    High,
    /// A CVSS score from 9.
    Critical,
}

impl Severity {
    /// All of them, the worst last.
    pub const ALL: [Self; 6] =
        [Self::Undefined, Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// ECR's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// The band of a CVSS base score, of whichever version. A score of 0 is what CVSS calls `None`:
    /// without effect, which is [`Severity::Informational`].
    pub fn from_score(score: f64) -> Self {
        if score.is_nan() {
            Self::Undefined
        } else if score <= 0.0 {
            Self::Informational
        } else if score < 4.0 {
            Self::Low
        } else if score < 7.0 {
            Self::Medium
        } else if score < 9.0 {
            Self::High
        } else {
            Self::Critical
        }
    }

    /// The severity that a vendor's word stands for: Debian's urgency, Ubuntu's priority, the words of
    /// Red Hat, AlmaLinux, Rocky, Oracle, SUSE, Amazon, Photon, GitHub, RustSec and npm. `None` for
    /// words that say it is not rated (`not yet assigned`, `untriaged`, `unknown`) or are none of these.
    ///
    /// The words differ from vendor to vendor, but none means two things.
    pub fn from_vendor_word(word: &str) -> Option<Self> {
        // Debian marks urgencies of which it is not sure with stars.
        let word = word.trim().trim_end_matches('*');
        VENDOR_WORDS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word))
            .map(|(_, severity)| *severity)
    }
}

/// What vendors call a severity.
const VENDOR_WORDS: [(&str, Severity); 13] = [
    ("none", Severity::Informational),
    ("info", Severity::Informational),
    ("informational", Severity::Informational),
    ("unimportant", Severity::Informational),
    ("negligible", Severity::Informational),
    ("minor", Severity::Low),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("moderate", Severity::Medium),
    ("important", Severity::High),
    ("high", Severity::High),
    ("critical", Severity::Critical),
    ("urgent", Severity::Critical),
];

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = ParseError;

    /// Reads ECR's names, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(text));
        known.ok_or(ParseError::new(
            "a severity: critical, high, medium, low, informational or undefined",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_fall_into_bands() {
        let bands =
            [0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 10.0, f64::NAN].map(Severity::from_score);
        let names = bands.map(Severity::as_str).join(" ");
        assert_eq!(
            names,
            "INFORMATIONAL LOW LOW MEDIUM MEDIUM HIGH HIGH CRITICAL CRITICAL UNDEFINED"
        );
    }

    #[test]
    fn vendors_words_are_understood() {
        for (word, severity) in [
            ("unimportant", Some(Severity::Informational)),
            ("negligible", Some(Severity::Informational)),
            ("low**", Some(Severity::Low)),
            ("Moderate", Some(Severity::Medium)),
            ("Important", Some(Severity::High)),
            ("CRITICAL", Some(Severity::Critical)),
            ("not yet assigned", None),
            ("untriaged", None),
            ("end-of-life", None),
            ("", None),
        ] {
            assert_eq!(Severity::from_vendor_word(word), severity, "{word}");
        }
    }
}
