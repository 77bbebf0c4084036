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
}

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
