//! The configuration of a server: flags over environment over one TOML file over defaults.
//!
//! A layer is a [`Settings`], in which everything is optional; [`Config::resolve`] puts the layers
//! on each other and gives the whole [`Config`]. The command line reads flags and environment.

mod audit;
mod oidc;
mod public;
mod quotas;
mod settings;
mod tls;
mod upkeep;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wharfinger_audit::AuditSettings;
use wharfinger_core::{AccountId, Network, ParseError, PublicEndpoint, Quotas, Region, Upkeep};

pub use audit::AuditLayer;
pub use oidc::{OidcConfig, OidcHost, OidcLayer};
pub use public::PublicLayer;
pub use quotas::{QuotaSettings, RateMode};
pub use settings::{LimitSettings, LogLayer, Settings};
pub use tls::{TlsConfig, TlsLayer, TlsMode};
pub use upkeep::UpkeepLayer;

/// Where the server listens unless told otherwise: the port local AWS tooling assumes.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:4566";
/// The region unless told otherwise, as in most AWS examples.
pub const DEFAULT_REGION: &str = "us-east-1";
const DEFAULT_LOG_FILTER: &str = "info";

/// Connections served at a time, where there are files for so many. An idle one costs about 10 KiB.
const CONNECTIONS_MAX: u32 = 16_384;
/// Seconds for the headers of a request, and for an idle connection between two requests.
const HEADER_READ_TIMEOUT_SECONDS: u32 = 60;
/// Seconds that a body or an answer may stand still, after which it is given up. One that moves
/// wins them back, at the rate of `pipeline::patience`.
const IDLE_TIMEOUT_SECONDS: u32 = 300;
/// Seconds that requests in flight have to finish when the server stops.
const SHUTDOWN_GRACE_SECONDS: u32 = 30;

/// A whole configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// The region of calls that name none.
    pub region: Region,
    /// The id the first account shall have; later starts must not contradict it.
    pub account_id: Option<AccountId>,
    /// The host in repository URIs, with `{account}` and `{region}` in place of what they stand
    /// for. `None`: the host the client asked for.
    pub registry_host: Option<String>,
    /// The file of the master key, when it is kept outside the data directory.
    pub master_key_file: Option<PathBuf>,
    /// Where the bytes of archived images are kept, if not in the data directory.
    pub archive_dir: Option<PathBuf>,
    /// Where public registries (ECR Public) are served. `None`: nowhere.
    pub public: Option<PublicEndpoint>,
    /// TLS on the listener.
    pub tls: TlsConfig,
    /// The proxies before the server, which are believed about whose requests they bring.
    pub trusted_proxies: Vec<Network>,
    /// Who may read `/metrics` beside this machine.
    pub metrics_from: Vec<Network>,
    /// Logging.
    pub log: LogSettings,
    /// The audit log.
    pub audit: AuditSettings,
    /// Limits of the listener.
    pub limits: Limits,
    /// Quotas of every registry.
    pub quotas: Quotas,
    /// How every registry keeps itself in order.
    pub upkeep: Upkeep,
    /// How long an image may have a CRITICAL vulnerability before it is handed out no more; none: for
    /// ever.
    pub refuse_critical_after: Option<Duration>,
    /// How identity providers are reached.
    pub oidc: OidcConfig,
}

/// How the server logs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// Which events are logged, such as `info` or `info,wharfinger_registry=debug`.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Limits of the listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Connections served at a time; more wait to be accepted. There are fewer where the process
    /// may not have so many files.
    pub connections_max: u32,
    /// Connections of one address at a time; more are closed. `None`: as many as there are, since
    /// behind a proxy or a translated address there may be everybody.
    pub connections_per_address_max: Option<u32>,
    /// For the headers of a request, and for an idle connection between two requests.
    pub header_read_timeout: Duration,
    /// How long a request body or an answer may stand still, in all, less what its bytes win back.
    pub idle_timeout: Duration,
    /// What requests in flight have to finish when the server stops.
    pub shutdown_grace: Duration,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("the configuration file {path} is not valid")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line and the key.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Public registries cannot be served there.
    #[error("public registries cannot be served there: {0}")]
    Public(#[source] ParseError),
    /// TLS with files wants two of them.
    #[error("TLS with files needs both --tls-cert and --tls-key")]
    TlsFileMissing,
    /// Files, and a mode that uses none.
    #[error("--tls-cert and --tls-key do not go with --tls auto or --tls off")]
    TlsContradiction,
    /// More names than certificates are kept.
    #[error("there may be {max} names of --tls-name at the most")]
    TooManyTlsNames {
        /// How many there may be.
        max: usize,
    },
    /// Nothing says where the data is.
    #[error("no data directory: give --data-dir, or set HOME")]
    NoDataDir,
}

impl Config {
    /// Puts `overrides` over `file` over the defaults. `data_dir_default` is used when neither
    /// names a data directory.
    ///
    /// # Errors
    /// [`ConfigError::NoDataDir`], [`ConfigError::Public`], and what TLS cannot be done with.
    pub fn resolve(
        file: Settings,
        overrides: Settings,
        data_dir_default: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        file.tls.check()?;
        overrides.tls.check()?;
        let given = overrides.over(file);
        Ok(Self {
            data_dir: given.data_dir.or(data_dir_default).ok_or(ConfigError::NoDataDir)?,
            listen: given.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 4566))),
            region: match given.region {
                Some(region) => region,
                None => DEFAULT_REGION.parse().expect("the default is a region"),
            },
            account_id: given.account_id,
            registry_host: given.registry_host,
            master_key_file: given.master_key_file,
            archive_dir: given.archive_dir,
            public: PublicEndpoint::new(
                given.public.host.as_deref(),
                given.public.path_prefix.as_deref(),
            )
            .map_err(ConfigError::Public)?,
            tls: given.tls.resolve()?,
            trusted_proxies: given.trusted_proxies.unwrap_or_default(),
            metrics_from: given.metrics_from.unwrap_or_default(),
            log: LogSettings {
                format: given.log.format.unwrap_or_default(),
                filter: given.log.filter.unwrap_or_else(|| DEFAULT_LOG_FILTER.into()),
            },
            audit: given.audit.resolve(),
            limits: given.limits.resolve(),
            quotas: given.quotas.resolve(),
            upkeep: given.upkeep.resolve(),
            refuse_critical_after: given
                .refuse_critical_after_days
                .map(|days| Duration::from_secs(u64::from(days.get()) * 86_400)),
            oidc: given.oidc.resolve(),
        })
    }
}

impl LimitSettings {
    fn resolve(self) -> Limits {
        let or = |given: Option<NonZeroU32>, default: u32| given.map_or(default, NonZeroU32::get);
        let seconds = |given, default| Duration::from_secs(or(given, default).into());
        Limits {
            connections_max: or(self.connections_max, CONNECTIONS_MAX),
            connections_per_address_max: self.connections_per_address_max.map(NonZeroU32::get),
            header_read_timeout: seconds(
                self.header_read_timeout_seconds,
                HEADER_READ_TIMEOUT_SECONDS,
            ),
            idle_timeout: seconds(self.idle_timeout_seconds, IDLE_TIMEOUT_SECONDS),
            shutdown_grace: seconds(self.shutdown_grace_seconds, SHUTDOWN_GRACE_SECONDS),
        }
    }
}

impl Settings {
    /// The settings in the TOML file at `path`.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], and [`ConfigError::Invalid`] with the line and the key.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| ConfigError::Invalid {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wharfinger.toml");
        std::fs::write(&path, text).unwrap();
        Settings::load(&path)
    }

    fn complaint(text: &str) -> String {
        let error = file(text).unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    }

    #[test]
    fn nothing_given_is_a_configuration() {
        let home = Some(PathBuf::from("/home/x/.local/share/wharfinger"));
        let config = Config::resolve(Settings::default(), Settings::default(), home.clone());
        let config = config.unwrap();
        assert_eq!(Some(config.data_dir), home);
        assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
        assert_eq!(config.region.as_str(), DEFAULT_REGION);
        assert_eq!(config.log, LogSettings { format: LogFormat::Text, filter: "info".into() });
        assert_eq!(config.limits.connections_max, CONNECTIONS_MAX);
        assert_eq!(config.public, None);
        assert_eq!(config.quotas, Quotas::default());
        let none = Config::resolve(Settings::default(), Settings::default(), None);
        assert!(none.unwrap_err().to_string().contains("--data-dir"));
    }

    #[test]
    fn what_is_given_later_counts() {
        let file = file(
            "data_dir = '/file'\nlisten = 'localhost:1'\nregion = 'eu-central-1'\n\
             account_id = '123456789012'\nregistry_host = '{account}.dkr.{region}.test'\n\
             master_key_file = '/key'\narchive_dir = '/cold'\ntrusted_proxies = ['10.0.0.0/8', '::1']\nmetrics_from = ['10.1.0.0/16']\n[public]\nhost = 'public.test:80'\npath_prefix = 'pub'\n\
             [log]\nformat = 'json'\nfilter = 'debug'\n[tls]\nmode = 'auto'\n\
             [limits]\nconnections_max = 7\nconnections_per_address_max = 3\n\
             idle_timeout_seconds = 8\n\
             [quotas]\nrepositories = 9\ntags_per_image = 10\n",
        )
        .unwrap();
        let overrides = Settings {
            data_dir: Some("/flag".into()),
            region: Some("eu-west-1".parse().unwrap()),
            public: PublicLayer { path_prefix: Some("other".into()), ..PublicLayer::default() },
            log: LogLayer { filter: Some("warn".into()), ..LogLayer::default() },
            limits: LimitSettings {
                connections_max: 9.try_into().ok(),
                ..LimitSettings::default()
            },
            quotas: QuotaSettings {
                tags_per_image: 11.try_into().ok(),
                ..QuotaSettings::default()
            },
            ..Settings::default()
        };
        let config = Config::resolve(file, overrides, Some("/default".into())).unwrap();
        assert_eq!(config.data_dir, Path::new("/flag"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:1");
        assert_eq!(config.region.as_str(), "eu-west-1");
        assert_eq!(config.account_id.unwrap().as_str(), "123456789012");
        assert_eq!(config.registry_host.unwrap(), "{account}.dkr.{region}.test");
        assert_eq!(config.master_key_file.unwrap(), Path::new("/key"));
        assert_eq!(config.archive_dir.unwrap(), Path::new("/cold"));
        let public = PublicEndpoint::new(Some("public.test:80"), Some("other")).unwrap();
        assert_eq!(config.public, public);
        assert_eq!(config.tls, TlsConfig::Auto { names: Vec::new() });
        let proxies = ["10.0.0.0/8", "::1"].map(|text| text.parse().unwrap());
        assert_eq!(config.trusted_proxies, proxies);
        assert_eq!(config.metrics_from, ["10.1.0.0/16".parse().unwrap()]);
        assert_eq!(config.log, LogSettings { format: LogFormat::Json, filter: "warn".into() });
        assert_eq!(config.limits.connections_max, 9);
        assert_eq!(config.limits.connections_per_address_max, Some(3));
        assert_eq!(config.limits.idle_timeout, Duration::from_secs(8));
        assert_eq!(config.limits.shutdown_grace, Duration::from_secs(30));
        assert_eq!((config.quotas.repositories_max, config.quotas.tags_per_image_max), (9, 11));
    }

    #[test]
    fn a_wrong_file_says_which_line_and_key() {
        let text = complaint("region = 'us-east-1'\nlissten = '127.0.0.1:1'\n");
        assert!(text.contains("line 2") && text.contains("lissten"), "{text}");
        let text = complaint("\nregion = 'US'\n");
        assert!(text.contains("line 2") && text.contains("a region is"), "{text}");
        let text = complaint("[limits]\nconnections_max = 0\n");
        assert!(text.contains("line 2") && text.contains("connections_max"), "{text}");
        let text = complaint("registry_host = '{Account}.test'\n");
        assert!(text.contains("{account}"), "{text}");
        let text = complaint("[public]\nhost = 'localhost'\n");
        assert!(text.contains("line 2") && text.contains("public.example.com"), "{text}");
        let text = complaint("[public]\npath_prefix = 'a/b'\n");
        assert!(text.contains("line 2") && text.contains("public.ecr.aws"), "{text}");
        let text = complaint("trusted_proxies = ['10.0.0.0/33']\n");
        assert!(text.contains("line 1") && text.contains("10.0.0.0/8"), "{text}");
        let text = complaint("listen = '4566'\n");
        assert!(text.contains("127.0.0.1:4566"), "{text}");
        let error = Settings::load(Path::new("/absent/wharfinger.toml")).unwrap_err();
        assert!(error.to_string().contains("/absent/wharfinger.toml"));
    }
}
