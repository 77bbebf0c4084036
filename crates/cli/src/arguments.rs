//! The command line: what may be said, in flags or in the environment.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use wharfinger_audit::Mode;
use wharfinger_core::{AccountId, Network, PublicEndpoint, Region};
use wharfinger_server::{
    AuditLayer, Config, ConfigError, Installation, LimitSettings, LogFormat, LogLayer, OidcHost,
    OidcLayer, PublicLayer, Settings, TlsLayer, TlsMode,
};

use crate::account::AccountArguments;
use crate::advisories::AdvisoriesArguments;
use crate::audit::AuditArguments;
use crate::doctor::DoctorArguments;
use crate::environment;
use crate::explain::ExplainArguments;
use crate::fsck::FsckArguments;
use crate::gc::GcArguments;
use crate::history::HistoryArguments;
use crate::jobs::JobsArguments;
use crate::key::KeyArguments;
use crate::kms::KmsArguments;
use crate::quotas::QuotaArguments;
use crate::sbom::SbomArguments;
use crate::scan::ScanArguments;
use crate::trust::TrustArguments;
use crate::undelete::UndeleteArguments;
use crate::upkeep::UpkeepArguments;
use crate::usage::UsageArguments;
use crate::user::UserArguments;
use crate::vex::VexArguments;

/// A container registry that speaks the Amazon ECR API, on your own machine.
#[derive(Parser, Debug)]
#[command(name = "wharfinger", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Serve the registry
    Serve(Box<ServeArguments>),
    /// Print the exports a shell needs to use the registry: eval "$(wharfinger env)"
    Env(EnvArguments),
    /// Make this machine trust the local CA, and say what its hosts file needs
    Trust(TrustArguments),
    /// Manage the accounts of the installation
    Account(AccountArguments),
    /// Manage IAM users and their policies
    User(UserArguments),
    /// Manage access keys
    Key(KeyArguments),
    /// Manage the KMS keys that encrypt repositories
    Kms(KmsArguments),
    /// Say whether somebody may do something, and which statement of which policy decides
    Explain(ExplainArguments),
    /// Keep what is known of vulnerabilities up to date: import, update, export, push, pull
    Advisories(Box<AdvisoriesArguments>),
    /// Search the audit log: who did what
    Audit(AuditArguments),
    /// Bring back what was deleted: an image, a tag, a repository
    Undelete(Box<UndeleteArguments>),
    /// Say what a tag points to and has pointed to
    History(HistoryArguments),
    /// Show what the registry does by itself, and have it done again
    Jobs(JobsArguments),
    /// Collect garbage now: free what nothing uses any more
    Gc(GcArguments),
    /// Say what is wrong, and what to do about it
    Doctor(DoctorArguments),
    /// Check that everything that was pushed is there and as it was, and repair what can be
    Fsck(FsckArguments),
    /// Write the bill of materials of an image, and attach it to the image
    Sbom(SbomArguments),
    /// Say which vulnerabilities an image has
    Scan(Box<ScanArguments>),
    /// Say what images take up: active, archived, and what nothing refers to
    Usage(UsageArguments),
    /// Manage the VEX documents that hold for all images of a registry
    Vex(VexArguments),
    /// Print the version
    Version,
}

/// Which installation a command is about.
#[derive(Args, Debug, Clone)]
pub(crate) struct DirectoryArguments {
    /// Where everything is kept [default: $XDG_DATA_HOME/wharfinger or ~/.local/share/wharfinger]
    #[arg(long, value_name = "DIR", env = "WHARFINGER_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "WHARFINGER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The file of the master key, when it is not in the data directory
    #[arg(long, value_name = "FILE", env = "WHARFINGER_MASTER_KEY_FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    /// Where the bytes of archived images are kept [default: in the data directory, with the others]
    #[arg(long, value_name = "DIR", env = "WHARFINGER_ARCHIVE_DIR")]
    pub(crate) archive_dir: Option<PathBuf>,
}

/// Which account of which installation a command is about.
#[derive(Args, Debug, Clone)]
pub(crate) struct PlaceArguments {
    /// The account [default: the first one]
    #[arg(long = "account", value_name = "ID", env = "WHARFINGER_ACCOUNT")]
    pub(crate) of_account: Option<AccountId>,
    #[command(flatten)]
    pub(crate) directory: DirectoryArguments,
}

/// Where a server listens, with which certificates, and for which region.
#[derive(Args, Debug, Clone)]
pub(crate) struct AddressArguments {
    /// Where to listen [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDRESS:PORT", env = "WHARFINGER_LISTEN",
          value_parser = Settings::parse_listen)]
    pub(crate) listen: Option<SocketAddr>,
    /// The region of calls that name none [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "WHARFINGER_REGION")]
    pub(crate) region: Option<Region>,
    /// Speak TLS with certificates of a local CA, with files, or not at all [default: off]
    #[arg(long, value_name = "MODE", env = "WHARFINGER_TLS")]
    tls: Option<TlsForm>,
    /// The certificate and its chain (PEM), read again when it changes
    #[arg(long, value_name = "FILE", env = "WHARFINGER_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "WHARFINGER_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// A further name or IP address of this server, with --tls auto; may be repeated
    #[arg(long, value_name = "NAME", env = "WHARFINGER_TLS_NAME", value_delimiter = ',',
          value_parser = TlsLayer::parse_name)]
    tls_name: Option<Vec<String>>,
}

#[derive(Args, Debug)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) directory: DirectoryArguments,
    #[command(flatten)]
    pub(crate) address: AddressArguments,
    /// The id of the account that the first start makes [default: a random one]
    #[arg(long, value_name = "ID", env = "WHARFINGER_ACCOUNT_ID")]
    account_id: Option<AccountId>,
    /// The host in repository URIs; {account} and {region} stand for themselves [default: the host
    /// the client asked for]
    #[arg(long, value_name = "HOST[:PORT]", env = "WHARFINGER_REGISTRY_HOST",
          value_parser = Settings::parse_host_template)]
    registry_host: Option<String>,
    /// The host under which anyone may pull from public registries (ECR Public), and nothing else
    /// is served [default: none; nothing is public]
    #[arg(long, value_name = "HOST[:PORT]", env = "WHARFINGER_PUBLIC_HOST",
          value_parser = PublicEndpoint::parse_host)]
    public_host: Option<String>,
    /// The first part of the names of public repositories under other hosts, such as
    /// public.ecr.aws [default: none]
    #[arg(long, value_name = "NAME", env = "WHARFINGER_PUBLIC_PATH_PREFIX",
          value_parser = PublicEndpoint::parse_path_prefix)]
    public_path_prefix: Option<String>,
    /// The host of an identity provider that may have private addresses; may be repeated
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "WHARFINGER_OIDC_ALLOW_HOST",
        value_delimiter = ','
    )]
    oidc_allow_host: Option<Vec<OidcHost>>,
    /// Certificates (PEM) that these hosts are believed by, beside those of the system
    #[arg(long, value_name = "FILE", env = "WHARFINGER_OIDC_CA")]
    oidc_ca: Option<PathBuf>,
    /// A proxy, or a network of proxies, that is believed about whose requests it brings; may be
    /// repeated [default: none]
    #[arg(long, value_name = "CIDR", env = "WHARFINGER_TRUSTED_PROXY", value_delimiter = ',')]
    trusted_proxy: Option<Vec<Network>>,
    /// A network that may read /metrics beside this machine; may be repeated [default: none]
    #[arg(long, value_name = "CIDR", env = "WHARFINGER_METRICS_FROM", value_delimiter = ',')]
    metrics_from: Option<Vec<Network>>,
    /// The form of log lines [default: text]
    #[arg(long, value_name = "FORMAT", env = "WHARFINGER_LOG_FORMAT")]
    log_format: Option<LogForm>,
    /// What is logged, such as info,wharfinger_registry=debug [default: info]
    #[arg(long, value_name = "FILTER", env = "WHARFINGER_LOG")]
    log: Option<String>,
    /// What goes into the audit log [default: all]
    #[arg(long, value_name = "CALLS", env = "WHARFINGER_AUDIT")]
    audit: Option<AuditForm>,
    /// Bytes of the whole audit log; beyond them the oldest go [default: 4294967296]
    #[arg(long, value_name = "BYTES", env = "WHARFINGER_AUDIT_BYTES_MAX",
          value_parser = AuditLayer::parse_bytes_max)]
    audit_bytes_max: Option<u64>,
    /// Connections served at a time [default: 16384]
    #[arg(long, value_name = "NUMBER", env = "WHARFINGER_CONNECTIONS_MAX")]
    connections_max: Option<NonZeroU32>,
    /// Connections of one address served at a time; more are closed [default: no limit]
    #[arg(long, value_name = "NUMBER", env = "WHARFINGER_CONNECTIONS_PER_ADDRESS_MAX")]
    connections_per_address_max: Option<NonZeroU32>,
    /// Seconds for the headers of a request, and between two requests [default: 60]
    #[arg(long, value_name = "SECONDS", env = "WHARFINGER_HEADER_READ_TIMEOUT_SECONDS")]
    header_read_timeout_seconds: Option<NonZeroU32>,
    /// Seconds without one byte after which a body is given up [default: 300]
    #[arg(long, value_name = "SECONDS", env = "WHARFINGER_IDLE_TIMEOUT_SECONDS")]
    idle_timeout_seconds: Option<NonZeroU32>,
    /// Seconds to finish what is in flight when the server stops [default: 30]
    #[arg(long, value_name = "SECONDS", env = "WHARFINGER_SHUTDOWN_GRACE_SECONDS")]
    shutdown_grace_seconds: Option<NonZeroU32>,
    /// Refuse pulls of images that have had a CRITICAL vulnerability for so many days [default: never]
    #[arg(long, value_name = "DAYS", env = "WHARFINGER_REFUSE_CRITICAL_AFTER")]
    refuse_critical_after: Option<NonZeroU32>,
    #[command(flatten)]
    quotas: QuotaArguments,
    #[command(flatten)]
    upkeep: UpkeepArguments,
}

#[derive(Args, Debug)]
pub(crate) struct EnvArguments {
    /// Leave the endpoint to AWS's own names, which this machine resolves to the server (see
    /// `wharfinger trust`)
    #[arg(long)]
    pub(crate) aws_names: bool,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
    #[command(flatten)]
    pub(crate) address: AddressArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AuditForm {
    /// Nothing
    Off,
    /// What changes something or hands out credentials, and what is denied
    Writes,
    /// Every call
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogForm {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TlsForm {
    Auto,
    Files,
    Off,
}

impl DirectoryArguments {
    /// The configuration with these arguments over the configuration file.
    pub(crate) fn resolve(&self) -> Result<Config, ConfigError> {
        self.resolve_with(Settings::default())
    }

    /// The same, with settings of other arguments.
    pub(crate) fn resolve_with(&self, settings: Settings) -> Result<Config, ConfigError> {
        let file = match &self.config {
            Some(path) => Settings::load(path)?,
            None => Settings::default(),
        };
        let settings = Settings {
            data_dir: self.data_dir.clone(),
            master_key_file: self.master_key_file.clone(),
            archive_dir: self.archive_dir.clone(),
            ..settings
        };
        Config::resolve(file, settings, environment::data_dir_default())
    }
}

impl PlaceArguments {
    /// The installation, and the account that is there.
    pub(crate) async fn open(&self) -> anyhow::Result<(Installation, AccountId)> {
        let installation = Installation::existing(&self.directory.resolve()?).await?;
        let account = installation.account_or_first(self.of_account).await?;
        Ok((installation, account))
    }
}

impl AddressArguments {
    pub(crate) fn settings(&self) -> Settings {
        let mode = self.tls.map(|form| match form {
            TlsForm::Auto => TlsMode::Auto,
            TlsForm::Files => TlsMode::Files,
            TlsForm::Off => TlsMode::Off,
        });
        let (cert, key) = (self.tls_cert.clone(), self.tls_key.clone());
        Settings {
            listen: self.listen,
            region: self.region.clone(),
            tls: TlsLayer { mode, cert, key, names: self.tls_name.clone() },
            ..Settings::default()
        }
    }
}

impl ServeArguments {
    pub(crate) fn resolve(self) -> Result<Config, ConfigError> {
        let format = self.log_format.map(|form| match form {
            LogForm::Text => LogFormat::Text,
            LogForm::Json => LogFormat::Json,
        });
        let record = self.audit.map(|form| match form {
            AuditForm::Off => Mode::Off,
            AuditForm::Writes => Mode::Writes,
            AuditForm::All => Mode::All,
        });
        let settings = Settings {
            account_id: self.account_id,
            registry_host: self.registry_host,
            public: PublicLayer { host: self.public_host, path_prefix: self.public_path_prefix },
            trusted_proxies: self.trusted_proxy,
            metrics_from: self.metrics_from,
            log: LogLayer { format, filter: self.log },
            audit: AuditLayer { record, bytes_max: self.audit_bytes_max },
            limits: LimitSettings {
                connections_max: self.connections_max,
                connections_per_address_max: self.connections_per_address_max,
                header_read_timeout_seconds: self.header_read_timeout_seconds,
                idle_timeout_seconds: self.idle_timeout_seconds,
                shutdown_grace_seconds: self.shutdown_grace_seconds,
            },
            quotas: self.quotas.settings(),
            upkeep: self.upkeep.settings(),
            refuse_critical_after_days: self.refuse_critical_after,
            oidc: OidcLayer { allow_hosts: self.oidc_allow_host, ca: self.oidc_ca },
            ..self.address.settings()
        };
        self.directory.resolve_with(settings)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_of_serve_reaches_the_configuration() {
        let line = "wharfinger serve --data-dir /d --master-key-file /k --archive-dir /a --listen localhost:1 \
                    --region eu-west-1 --tls auto --tls-name A.test,::1 --account-id 111122223333 --registry-host r.test \
                    --log-format json --log debug --connections-max 2 \
                    --connections-per-address-max 1 --header-read-timeout-seconds 3 --idle-timeout-seconds 4 \
                    --shutdown-grace-seconds 5 --quota-repositories 6 \
                    --quota-images-per-repository 7 --quota-tags-per-image 8 \
                    --quota-rates ecr --quota-rate PutImage=9,UploadLayerPart=10 \
                    --public-host public.test --public-path-prefix pub --trusted-proxy 10.0.0.0/8,::1 \
                    --metrics-from 10.1.0.0/16 \
                    --audit writes --audit-bytes-max 67108864 \
                    --refuse-critical-after 30 --undo-window off --push-lease 2h --orphans-after 3m --lifecycle-debounce 4s \
                    --lifecycle-interval 5d --gc-interval 6s --scrub-period 7d \
                    --oidc-allow-host gitlab.lan:8443 --oidc-ca /ca.pem";
        let Command::Serve(serve) = Arguments::parse_from(line.split_whitespace()).command else {
            panic!("not serve");
        };
        let config = serve.resolve().unwrap();
        let shown = format!("{config:?}");
        let expected = "Config { data_dir: \"/d\", listen: 127.0.0.1:1, region: eu-west-1, \
            account_id: Some(111122223333), registry_host: Some(\"r.test\"), \
            master_key_file: Some(\"/k\"), archive_dir: Some(\"/a\"), \
            public: Some(PublicEndpoint { host: Some(\"public.test\"), \
            path_prefix: Some(\"pub\") }), \
            tls: Auto { names: [\"a.test\", \"::1\"] }, \
            trusted_proxies: [Network { first: 10.0.0.0, prefix_bits: 8 }, \
            Network { first: ::1, prefix_bits: 128 }], \
            metrics_from: [Network { first: 10.1.0.0, prefix_bits: 16 }], \
            log: LogSettings { format: Json, filter: \"debug\" }, \
            audit: AuditSettings { mode: Writes, bytes_max: 67108864 }, \
            limits: Limits { connections_max: 2, connections_per_address_max: Some(1), \
            header_read_timeout: 3s, idle_timeout: 4s, shutdown_grace: 5s }, quotas: Quotas { repositories_max: 6, \
            images_per_repository_max: 7, tags_per_image_max: 8, rates: Rates([Some(1000), \
            Some(2000), Some(100), Some(500), Some(3000), Some(100), Some(9), Some(10)]) }, \
            upkeep: Upkeep { undo_window: 0ns, push_lease: 7200s, orphan_delay: 180s, \
            lifecycle_debounce: 4s, lifecycle_interval: 432000s, garbage_interval: 6s, \
            scrub_period: 604800s }, refuse_critical_after: Some(2592000s), oidc: OidcConfig { allowed_hosts: \
            [OidcHost { host: \"gitlab.lan\", port: 8443 }], ca: Some(\"/ca.pem\") } }";
        assert_eq!(shown, expected);
        let line = ["wharfinger", "serve", "--tls-cert", "/c", "--tls-key", "/k"];
        let Command::Serve(serve) = Arguments::parse_from(line).command else {
            panic!("not serve")
        };
        let shown = format!("{:?}", serve.address.settings().tls);
        assert!(shown.contains("cert: Some(\"/c\"), key: Some(\"/k\")"), "{shown}");
    }
}
