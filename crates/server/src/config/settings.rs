//! One layer of configuration: everything in it may be absent.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use wharfinger_core::{AccountId, Network, Region};

use super::{AuditLayer, LogFormat, OidcLayer, PublicLayer, QuotaSettings, TlsLayer, UpkeepLayer};

/// What one layer (the file, or flags and environment) says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// See [`Config::data_dir`](super::Config::data_dir).
    pub data_dir: Option<PathBuf>,
    /// See [`Config::listen`](super::Config::listen).
    #[serde(default, deserialize_with = "listen")]
    pub listen: Option<SocketAddr>,
    /// See [`Config::region`](super::Config::region).
    #[serde(default, deserialize_with = "parsed")]
    pub region: Option<Region>,
    /// See [`Config::account_id`](super::Config::account_id).
    #[serde(default, deserialize_with = "parsed")]
    pub account_id: Option<AccountId>,
    /// See [`Config::registry_host`](super::Config::registry_host).
    #[serde(default, deserialize_with = "host_template")]
    pub registry_host: Option<String>,
    /// See [`Config::master_key_file`](super::Config::master_key_file).
    pub master_key_file: Option<PathBuf>,
    /// See [`Config::archive_dir`](super::Config::archive_dir).
    pub archive_dir: Option<PathBuf>,
    /// See [`Config::public`](super::Config::public).
    #[serde(default)]
    pub public: PublicLayer,
    /// See [`Config::tls`](super::Config::tls).
    #[serde(default)]
    pub tls: TlsLayer,
    /// See [`Config::trusted_proxies`](super::Config::trusted_proxies).
    #[serde(default, deserialize_with = "networks")]
    pub trusted_proxies: Option<Vec<Network>>,
    /// See [`Config::metrics_from`](super::Config::metrics_from).
    #[serde(default, deserialize_with = "networks")]
    pub metrics_from: Option<Vec<Network>>,
    /// See [`Config::log`](super::Config::log).
    #[serde(default)]
    pub log: LogLayer,
    /// See [`Config::audit`](super::Config::audit).
    #[serde(default)]
    pub audit: AuditLayer,
    /// See [`Config::limits`](super::Config::limits).
    #[serde(default)]
    pub limits: LimitSettings,
    /// See [`Config::quotas`](super::Config::quotas).
    #[serde(default)]
    pub quotas: QuotaSettings,
    /// See [`Config::upkeep`](super::Config::upkeep).
    #[serde(default)]
    pub upkeep: UpkeepLayer,
    /// Days, see [`Config::refuse_critical_after`](super::Config::refuse_critical_after).
    pub refuse_critical_after_days: Option<NonZeroU32>,
    /// See [`Config::oidc`](super::Config::oidc).
    #[serde(default)]
    pub oidc: OidcLayer,
}

/// What one layer says of logging.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLayer {
    /// The form of a line.
    pub format: Option<LogFormat>,
    /// Which events are logged.
    pub filter: Option<String>,
}

/// What one layer says of the listener's limits.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Connections served at a time.
    pub connections_max: Option<NonZeroU32>,
    /// Connections of one address at a time.
    pub connections_per_address_max: Option<NonZeroU32>,
    /// Seconds for the headers of a request.
    pub header_read_timeout_seconds: Option<NonZeroU32>,
    /// Seconds without one byte after which a body or an answer is given up.
    pub idle_timeout_seconds: Option<NonZeroU32>,
    /// Seconds to finish what is in flight when the server stops.
    pub shutdown_grace_seconds: Option<NonZeroU32>,
}

impl Settings {
    /// These settings where they say something, and `below` where they do not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let (log, limits) = (self.log, self.limits);
        Self {
            data_dir: self.data_dir.or(below.data_dir),
            listen: self.listen.or(below.listen),
            region: self.region.or(below.region),
            account_id: self.account_id.or(below.account_id),
            registry_host: self.registry_host.or(below.registry_host),
            master_key_file: self.master_key_file.or(below.master_key_file),
            archive_dir: self.archive_dir.or(below.archive_dir),
            public: self.public.over(below.public),
            tls: self.tls.over(below.tls),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            metrics_from: self.metrics_from.or(below.metrics_from),
            log: LogLayer {
                format: log.format.or(below.log.format),
                filter: log.filter.or(below.log.filter),
            },
            audit: self.audit.over(below.audit),
            limits: LimitSettings {
                connections_max: limits.connections_max.or(below.limits.connections_max),
                connections_per_address_max: limits
                    .connections_per_address_max
                    .or(below.limits.connections_per_address_max),
                header_read_timeout_seconds: limits
                    .header_read_timeout_seconds
                    .or(below.limits.header_read_timeout_seconds),
                idle_timeout_seconds: limits
                    .idle_timeout_seconds
                    .or(below.limits.idle_timeout_seconds),
                shutdown_grace_seconds: limits
                    .shutdown_grace_seconds
                    .or(below.limits.shutdown_grace_seconds),
            },
            quotas: self.quotas.over(below.quotas),
            upkeep: self.upkeep.over(below.upkeep),
            refuse_critical_after_days: self
                .refuse_critical_after_days
                .or(below.refuse_critical_after_days),
            oidc: self.oidc.over(below.oidc),
        }
    }

    /// Reads `ADDRESS:PORT`, where `localhost` stands for 127.0.0.1.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
        if let Some(port) = text.strip_prefix("localhost:")
            && let Ok(port) = port.parse()
        {
            return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
        text.parse().map_err(|_| {
            format!("`{text}` is not an IP address and a port, such as 127.0.0.1:4566")
        })
    }

    /// Checks the template of a registry host: a host name with an optional port, in which
    /// `{account}` and `{region}` may stand.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_host_template(text: &str) -> Result<String, String> {
        let filled = text.replace("{account}", "0").replace("{region}", "r");
        // It goes into URLs, and into lines that people paste into a shell.
        let of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        // `..` leads elsewhere where it names a folder.
        let fits = filled.bytes().all(of_a_host)
            && filled.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && filled.parse::<http::uri::Authority>().is_ok_and(|authority| {
                let port = authority.as_str().strip_prefix(authority.host());
                !authority.host().is_empty()
                    && (port == Some("") || authority.port_u16().is_some_and(|port| port > 0))
            });
        if fits {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "`{text}` is not a host name with an optional port, in which {{account}} and \
                 {{region}} may stand"
            ))
        }
    }
}

fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Settings::parse_listen(&text).map(Some).map_err(serde::de::Error::custom)
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Network>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let networks = texts.iter().map(|text| text.parse());
    networks.collect::<Result<_, _>>().map(Some).map_err(serde::de::Error::custom)
}

fn host_template<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Settings::parse_host_template(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_template_is_a_host() {
        for good in ["registry.test", "{account}.dkr.ecr.{region}.amazonaws.com", "[::1]:80", "h:1"]
        {
            assert_eq!(Settings::parse_host_template(good).unwrap(), good);
        }
        for bad in [
            "", "http://x", "a/b", "{account", "{acount}", "u@h", "a b", "a;b", "$(x)", "*", ":80",
            "h:", "h:0", "h:65536", "h:x", "[::1", ".", "..",
        ] {
            assert!(Settings::parse_host_template(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_listen_address_is_an_address_and_a_port() {
        let read = |text| Settings::parse_listen(text).map(|address| address.to_string());
        assert_eq!(read("localhost:80").unwrap(), "127.0.0.1:80");
        assert_eq!(read("[::]:80").unwrap(), "[::]:80");
        for bad in ["localhost", "localhost:x", "4566", "example.com:80", ":80"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
