//! What is said of the audit log: what is recorded, and how much of it is kept.

use serde::{Deserialize, Deserializer};
use wharfinger_audit::{AuditSettings, Mode};
use wharfinger_core::limits::AUDIT_BYTES_MIN;

/// What one layer says of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLayer {
    /// What is recorded: `off`, `writes` or `all`.
    pub record: Option<Mode>,
    /// Bytes of all files together.
    #[serde(default, deserialize_with = "bytes_max")]
    pub bytes_max: Option<u64>,
}

impl AuditLayer {
    /// These settings where they say something, and `below` where they do not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self { record: self.record.or(below.record), bytes_max: self.bytes_max.or(below.bytes_max) }
    }

    /// Reads a number of bytes, [`AUDIT_BYTES_MIN`] at the least.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_bytes_max(text: &str) -> Result<u64, String> {
        let bytes = text.parse().ok().filter(|bytes| *bytes >= AUDIT_BYTES_MIN);
        bytes.ok_or_else(|| format!("`{text}` is not a number of bytes from {AUDIT_BYTES_MIN} up"))
    }

    pub(super) fn resolve(self) -> AuditSettings {
        let default = AuditSettings::default();
        AuditSettings {
            mode: self.record.unwrap_or(default.mode),
            bytes_max: self.bytes_max.unwrap_or(default.bytes_max),
        }
    }
}

fn bytes_max<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let bytes = u64::deserialize(deserializer)?;
    AuditLayer::parse_bytes_max(&bytes.to_string()).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AuditLayer, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_given_later_counts() {
        assert_eq!(read("").unwrap().resolve(), AuditSettings::default());
        let file = read("record = 'writes'\nbytes_max = 100000000").unwrap();
        let flags = AuditLayer { record: Some(Mode::Off), bytes_max: None };
        let settings = AuditSettings { mode: Mode::Off, bytes_max: 100_000_000 };
        assert_eq!(flags.over(file).resolve(), settings);
    }

    #[test]
    fn a_log_is_not_smaller_than_it_can_be() {
        for bad in ["record = 'some'", "bytes_max = 1", "bytes_max = -1", "files = 3"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(AuditLayer::parse_bytes_max("67108864").is_ok());
        for bad in ["67108863", "", "64M", "-1"] {
            assert!(AuditLayer::parse_bytes_max(bad).is_err(), "{bad}");
        }
    }
}
