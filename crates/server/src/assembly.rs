//! Everything wired together: the one place that knows all the crates.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use wharfinger_api_aws::{ApiAws, Endpoints};
use wharfinger_api_oci::ApiOci;
use wharfinger_audit::{Audit, OpenError};
use wharfinger_core::RegistryId;
use wharfinger_core::limits::UPLOAD_SETTLE_SECONDS_MAX;
use wharfinger_registry::Registry;
use wharfinger_workers::Workers;

use crate::pipeline::{Health, Pipeline, TrustedProxies};
use crate::tls::{Tls, TlsError};
use crate::{
    Config, DataDir, DataDirError, Installation, InstallationError, RunningServer, Shutdown,
    TlsConfig, client_host, client_url, listener, open_files,
};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "{address} is in use by another program; stop that program, or choose another address with \
         --listen"
    )]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be had for another reason.
    #[error("{address} cannot be listened on; choose another address with --listen")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The data directory, its database or its master key.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] OpenError),
}

impl From<DataDirError> for StartError {
    fn from(error: DataDirError) -> Self {
        Self::Installation(error.into())
    }
}

/// A server that listens and is ready to run.
pub struct Server {
    listener: TcpListener,
    tls: Option<Tls>,
    pipeline: Arc<Pipeline>,
    registry: Arc<Registry>,
    audit: Audit,
    installation: Installation,
    running: RunningServer,
    config: Config,
}

impl Server {
    /// Takes the address, then opens the data directory, and says in it that this server runs.
    ///
    /// # Errors
    /// [`StartError::AddressInUse`] before anything else is touched.
    pub async fn start(mut config: Config) -> Result<Self, StartError> {
        let address = config.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::AddressInUse { address },
            _ => StartError::Address { address, source },
        })?;
        let listen =
            listener.local_addr().map_err(|source| StartError::Address { address, source })?;
        fit_open_files(&mut config);
        let installation = Installation::start(&config).await?;
        let (directory, account) = (installation.directory(), installation.account());
        let tls = Tls::open(&config, directory, account, installation.clock())?;
        if tls.is_none() && !listen.ip().is_loopback() {
            tracing::warn!(
                %listen,
                "passwords and images go over the network in clear: use --tls auto, or --tls-cert \
                 and --tls-key, or put a TLS proxy in front"
            );
        }
        let registry = installation.registry(&config)?;
        if let Some(public) = &config.public {
            tracing::info!(
                ?public,
                "public repositories are served here: anyone may pull from them"
            );
        }
        let audit = open_audit(&config, &installation)?;
        let pipeline = assemble(&config, &installation, &registry, &audit);
        let running = RunningServer {
            pid: std::process::id(),
            listen,
            endpoint_url: client_url(config.tls.scheme(), listen),
            ca_certificate: ca_certificate(&config, directory),
            tls_names: config.tls.names().to_vec(),
            registry_host: config.registry_host.clone(),
            region: config.region.to_string(),
            account: installation.account().to_string(),
            version: crate::VERSION.to_owned(),
        };
        directory.write_running_server(&running)?;
        Ok(Self { listener, tls, pipeline, registry, audit, installation, running, config })
    }

    /// Serves until `shutdown` begins, finishes what is in flight, and closes the data directory.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), StartError> {
        let registry = Arc::clone(&self.registry);
        let workers = Workers::new(self.registry, self.audit.clone());
        let (ended, end) = watch::channel(false);
        let working = tokio::spawn(workers.run(end));
        let RunningServer { listen, account, .. } = &self.running;
        tracing::info!(%listen, account, version = crate::VERSION, "serving");
        let limits = &self.config.limits;
        listener::serve(self.listener, self.tls, self.pipeline, limits, &shutdown).await;
        // Connections that were broken off leave uploads whose last bytes are not durable yet.
        let settle = Duration::from_secs(UPLOAD_SETTLE_SECONDS_MAX);
        if tokio::time::timeout(settle, registry.uploads_settled()).await.is_err() {
            tracing::warn!("some uploads go back to their last checkpoint");
        }
        // What was read in the last moments is on record too.
        if self.audit.settled().await.is_err() {
            tracing::warn!("the audit log cannot be written: its last records are missing");
        }
        // They look at the end between two steps; what is under way may be broken off.
        ended.send_replace(true);
        working.abort();
        self.installation.directory().remove_running_server()?;
        tracing::info!("stopped");
        Ok(())
    }

    /// What this server tells the other commands of itself.
    pub fn running(&self) -> &RunningServer {
        &self.running
    }

    /// What it serves.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The host that docker logs in to: the configured one, or the one this server listens on.
    pub fn registry_host(&self) -> String {
        let Some(template) = &self.config.registry_host else {
            return client_host(self.running.listen);
        };
        let RegistryId { account, region } =
            RegistryId::new(self.installation.account(), self.config.region.clone());
        template.replace("{account}", account.as_str()).replace("{region}", region.as_str())
    }
}

/// Raises the limit of open files, and lowers the number of connections to what it has room for.
fn fit_open_files(config: &mut Config) {
    let files = match open_files::raise_limit() {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            return;
        }
    };
    let (wanted, connections) = (config.limits.connections_max, open_files::connections(files));
    if connections < wanted {
        tracing::warn!(
            open_files = files,
            connections,
            wanted,
            "fewer connections are served at a time than configured: raise the limit of open files"
        );
        config.limits.connections_max = connections;
    }
}

/// Where the certificate of the local CA is, if that is what clients have to trust.
fn ca_certificate(config: &Config, directory: &DataDir) -> Option<PathBuf> {
    let path = directory.ca_certificate();
    // For shells in any folder.
    matches!(config.tls, TlsConfig::Auto { .. }).then(|| std::path::absolute(&path).unwrap_or(path))
}

fn open_audit(config: &Config, installation: &Installation) -> Result<Audit, OpenError> {
    let (clock, entropy) = (Arc::clone(installation.clock()), Arc::clone(installation.entropy()));
    Audit::open(&installation.directory().audit(), config.audit, clock, entropy)
}

fn assemble(
    config: &Config,
    installation: &Installation,
    registry: &Arc<Registry>,
    audit: &Audit,
) -> Arc<Pipeline> {
    let auth = installation.auth();
    let oci = ApiOci::new(Arc::clone(registry), Arc::clone(auth)).with_audit(audit.clone());
    let endpoints = Endpoints { registry_host: config.registry_host.clone() };
    let aws = ApiAws::new(Arc::clone(registry), Arc::clone(installation.iam()), endpoints);
    Arc::new(Pipeline {
        oci: Arc::new(oci),
        aws: Arc::new(aws.with_audit(audit.clone())),
        health: Health::new(installation.metadata().clone(), &config.data_dir),
        clock: Arc::clone(installation.clock()),
        entropy: Arc::clone(installation.entropy()),
        idle_timeout: config.limits.idle_timeout,
        secure_transport: config.tls != TlsConfig::Off,
        trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone()),
    })
}
