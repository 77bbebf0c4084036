//! What is said of TLS: whether it is spoken, and with whose certificates.

use std::path::PathBuf;

use rustls::pki_types::ServerName;
use serde::{Deserialize, Deserializer};

use super::ConfigError;

/// Names of `--tls-name` at the most: each is one of the certificates that are kept ready.
const NAMES_MAX: usize = 64;

/// Whether TLS is spoken, and with whose certificates.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum TlsConfig {
    /// Plain HTTP.
    #[default]
    Off,
    /// Certificates of the local CA, which is made on first use.
    Auto {
        /// DNS names (in lower case) and IP addresses the server has beside those of AWS and of
        /// this machine.
        names: Vec<String>,
    },
    /// A certificate from elsewhere, read again when a file changes.
    Files {
        /// The certificate and those between it and its CA, PEM.
        cert: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
}

/// Where certificates come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// There are none: plain HTTP.
    Off,
    /// From the local CA.
    Auto,
    /// From files.
    Files,
}

/// What one layer says of TLS.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsLayer {
    /// Where certificates come from. A layer that names a file and no mode means the files.
    pub mode: Option<TlsMode>,
    /// See [`TlsConfig::Files`].
    pub cert: Option<PathBuf>,
    /// See [`TlsConfig::Files`].
    pub key: Option<PathBuf>,
    /// See [`TlsConfig::Auto`].
    #[serde(default, deserialize_with = "names")]
    pub names: Option<Vec<String>>,
}

impl TlsConfig {
    /// The names of [`TlsConfig::Auto`].
    pub fn names(&self) -> &[String] {
        match self {
            Self::Auto { names } => names,
            Self::Off | Self::Files { .. } => &[],
        }
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Off => "http",
            Self::Auto { .. } | Self::Files { .. } => "https",
        }
    }
}

impl TlsLayer {
    /// What all layers together say.
    pub(super) fn resolve(self) -> Result<TlsConfig, ConfigError> {
        Ok(match self.mode().unwrap_or(TlsMode::Off) {
            TlsMode::Off => TlsConfig::Off,
            TlsMode::Auto => {
                let names = self.names.unwrap_or_default();
                if names.len() > NAMES_MAX {
                    return Err(ConfigError::TooManyTlsNames { max: NAMES_MAX });
                }
                TlsConfig::Auto { names }
            }
            TlsMode::Files => match (self.cert, self.key) {
                (Some(cert), Some(key)) => TlsConfig::Files { cert, key },
                _ => return Err(ConfigError::TlsFileMissing),
            },
        })
    }

    /// Whether one layer agrees with itself.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.mode {
            Some(TlsMode::Off | TlsMode::Auto) if self.has_files() => {
                Err(ConfigError::TlsContradiction)
            }
            _ => Ok(()),
        }
    }

    fn has_files(&self) -> bool {
        self.cert.is_some() || self.key.is_some()
    }

    fn mode(&self) -> Option<TlsMode> {
        self.mode.or_else(|| self.has_files().then_some(TlsMode::Files))
    }

    pub(super) fn over(self, below: Self) -> Self {
        Self {
            mode: self.mode().or(below.mode()),
            cert: self.cert.or(below.cert),
            key: self.key.or(below.key),
            names: self.names.or(below.names),
        }
    }

    /// Reads a DNS name or an IP address.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_name(text: &str) -> Result<String, String> {
        match ServerName::try_from(text) {
            Ok(_) => Ok(text.to_ascii_lowercase()),
            Err(_) => Err(format!("`{text}` is neither a DNS name nor an IP address")),
        }
    }
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let names = names.iter().map(|name| TlsLayer::parse_name(name));
    names.collect::<Result<_, _>>().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str) -> TlsLayer {
        toml::from_str(text).unwrap()
    }

    fn resolved(file: &str, overrides: &str) -> Result<TlsConfig, String> {
        let (file, overrides) = (layer(file), layer(overrides));
        file.check()
            .and_then(|()| overrides.check())
            .and_then(|()| overrides.over(file).resolve())
            .map_err(|error| error.to_string())
    }

    fn files(cert: &str, key: &str) -> TlsConfig {
        TlsConfig::Files { cert: cert.into(), key: key.into() }
    }

    #[test]
    fn the_upper_layer_says_where_certificates_come_from() {
        let auto = |names: &[&str]| TlsConfig::Auto {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(resolved("", "").unwrap(), TlsConfig::Off);
        assert_eq!(resolved("mode = 'auto'", "").unwrap(), auto(&[]));
        let names = "mode = 'auto'\nnames = ['Registry.LAN', '192.0.2.1', '::1']";
        assert_eq!(resolved(names, "").unwrap(), auto(&["registry.lan", "192.0.2.1", "::1"]));
        assert_eq!(resolved(names, "names = ['a.b']").unwrap(), auto(&["a.b"]));
        assert_eq!(resolved(names, "mode = 'off'").unwrap(), TlsConfig::Off);
        let pair = "cert = '/c'\nkey = '/k'";
        assert_eq!(resolved(names, pair).unwrap(), files("/c", "/k"));
        assert_eq!(resolved(pair, "key = '/other'").unwrap(), files("/c", "/other"));
        assert_eq!(resolved(pair, "mode = 'off'").unwrap(), TlsConfig::Off);
        assert_eq!(resolved(pair, "mode = 'auto'").unwrap(), auto(&[]));
    }

    #[test]
    fn what_contradicts_itself_or_is_half_is_refused() {
        assert!(resolved("cert = '/c'", "").unwrap_err().contains("--tls-key"));
        assert!(resolved("", "mode = 'files'").unwrap_err().contains("--tls-cert"));
        assert!(resolved("mode = 'auto'\nkey = '/k'", "").unwrap_err().contains("--tls auto"));
        let many: Vec<String> = (0..=NAMES_MAX).map(|n| format!("'n{n}.test'")).collect();
        let many = format!("mode = 'auto'\nnames = [{}]", many.join(","));
        assert!(resolved(&many, "").unwrap_err().contains("64"));
        for bad in ["", "a b", "*.example.com", "h:1", "-a", "http://x", "[::1]"] {
            assert!(TlsLayer::parse_name(bad).is_err(), "{bad:?}");
        }
        let text = toml::from_str::<TlsLayer>("names = ['a b']").unwrap_err().to_string();
        assert!(text.contains("neither a DNS name nor an IP address"), "{text}");
    }
}
