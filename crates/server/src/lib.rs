//! The assembly: configuration, the data directory, wiring, the listener, the HTTP pipeline,
//! shutdown, and the doctor.
//!
//! `cli` calls [`Config::resolve`], [`Server::start`] and [`Server::run`]; its other commands open
//! an [`Installation`] beside a running server. The clock, the randomness and the sockets of the
//! whole program are made here, and nowhere else.

mod address;
mod assembly;
mod config;
mod data_dir;
mod disk_space;
pub mod doctor;
mod http_client;
mod installation;
mod listener;
mod log;
mod memory;
mod metrics;
mod oidc_documents;
mod open_files;
mod pipeline;
mod runtime;
mod shutdown;
mod system;
mod tls;
pub mod trust;

pub use address::{client_host, client_url};
pub use assembly::{Server, StartError};
pub use config::{
    AuditLayer, Config, ConfigError, DEFAULT_LISTEN, DEFAULT_REGION, LimitSettings, Limits,
    LogFormat, LogLayer, LogSettings, OidcConfig, OidcHost, OidcLayer, PublicLayer, QuotaSettings,
    RateMode, Settings, TlsConfig, TlsLayer, TlsMode, UpkeepLayer,
};
pub use data_dir::{Credentials, DataDir, DataDirError, RunningServer};
pub use http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, Proxies};
pub use installation::{ArchiveError, Installation, InstallationError, RootKeyFile};
pub use log::{LogError, start_log};
pub use oidc_documents::OidcCaError;
pub use runtime::runtime;
pub use shutdown::Shutdown;
pub use system::{SystemClock, SystemEntropy};
pub use tls::TlsError;
// What `Installation::kms_keys` hands out.
pub use wharfinger_registry::{KmsKey, KmsKeys};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
