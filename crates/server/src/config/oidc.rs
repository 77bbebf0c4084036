//! What is said of identity providers that are reached in the installation's own network.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use wharfinger_iam::HttpsUrl;

/// Hosts of `--oidc-allow-host` at the most.
const HOSTS_MAX: usize = 64;

/// How identity providers are reached.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OidcConfig {
    /// Hosts that may have addresses of the private network, and other ports than 443.
    pub allowed_hosts: Vec<OidcHost>,
    /// Certificates (PEM) that are believed of these hosts beside those that the system believes.
    pub ca: Option<PathBuf>,
}

/// The host of an identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OidcHost {
    host: String,
    port: u16,
}

impl OidcHost {
    /// Whether a URL leads to it.
    pub fn is_of(&self, url: &HttpsUrl) -> bool {
        self.host == url.host() && self.port == url.port()
    }
}

impl FromStr for OidcHost {
    type Err = String;

    /// Reads `HOST` or `HOST:PORT`, where the port is 443 if there is none.
    fn from_str(text: &str) -> Result<Self, String> {
        let url = HttpsUrl::parse(&format!("https://{text}"));
        let whole = url.filter(|url| url.target() == "/" && !text.contains(['/', '?']));
        let url = whole.ok_or_else(|| {
            format!("`{text}` is not a host with an optional port, such as gitlab.lan:8443")
        })?;
        Ok(Self { host: url.host().to_owned(), port: url.port() })
    }
}

/// What one layer says of identity providers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcLayer {
    /// See [`OidcConfig::allowed_hosts`].
    #[serde(default, deserialize_with = "hosts")]
    pub allow_hosts: Option<Vec<OidcHost>>,
    /// See [`OidcConfig::ca`].
    pub ca: Option<PathBuf>,
}

impl OidcLayer {
    /// This layer where it says something, and `below` where it does not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self { allow_hosts: self.allow_hosts.or(below.allow_hosts), ca: self.ca.or(below.ca) }
    }

    pub(super) fn resolve(self) -> OidcConfig {
        OidcConfig { allowed_hosts: self.allow_hosts.unwrap_or_default(), ca: self.ca }
    }
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<OidcHost>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.len() > HOSTS_MAX {
        let text = format!("there may be {HOSTS_MAX} allowed hosts at the most");
        return Err(serde::de::Error::custom(text));
    }
    let hosts = texts.iter().map(|text| text.parse());
    hosts.collect::<Result<_, _>>().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_of_the_urls_that_lead_to_it() {
        let host: OidcHost = "GitLab.lan:8443".parse().unwrap();
        let is_of = |text| host.is_of(&HttpsUrl::parse(text).unwrap());
        assert!(is_of("https://gitlab.lan:8443/x"));
        assert!(!is_of("https://gitlab.lan/x") && !is_of("https://a.gitlab.lan:8443/"));
        let host: OidcHost = "[::1]".parse().unwrap();
        assert!(host.is_of(&HttpsUrl::parse("https://[::1]/").unwrap()));
        for bad in ["", "https://a.lan", "a.lan/", "a.lan/x", "a.lan?x", "a.lan:0", "u@a.lan", "*"]
        {
            assert!(bad.parse::<OidcHost>().is_err(), "{bad}");
        }
        let layer: OidcLayer = toml::from_str("allow_hosts = ['a.lan']\nca = '/ca.pem'").unwrap();
        let config = OidcLayer::default().over(layer).resolve();
        assert_eq!(config.allowed_hosts, ["a.lan".parse().unwrap()]);
        assert!(toml::from_str::<OidcLayer>("allow_hosts = ['a b']").is_err());
    }
}
