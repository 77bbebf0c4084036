//! The part of the configuration that says where public registries are served.

use serde::{Deserialize, Deserializer};
use wharfinger_core::PublicEndpoint;

/// What one layer says of public registries. They are not served while none says anything.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicLayer {
    /// The host that serves them, and nothing else: see [`PublicEndpoint::parse_host`].
    #[serde(default, deserialize_with = "host")]
    pub host: Option<String>,
    /// The first component of their paths under other hosts: see
    /// [`PublicEndpoint::parse_path_prefix`].
    #[serde(default, deserialize_with = "path_prefix")]
    pub path_prefix: Option<String>,
}

impl PublicLayer {
    /// This layer where it says something, and `below` where it does not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self { host: self.host.or(below.host), path_prefix: self.path_prefix.or(below.path_prefix) }
    }
}

fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    PublicEndpoint::parse_host(&text).map(Some).map_err(serde::de::Error::custom)
}

fn path_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    PublicEndpoint::parse_path_prefix(&text).map(Some).map_err(serde::de::Error::custom)
}
