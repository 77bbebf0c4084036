//! What a data directory holds, opened: the metadata, the key ring, and those who may come in.
//!
//! A server opens it with [`Installation::start`] and holds its lock; the other commands open it
//! with [`Installation::existing`], whether a server runs on it or not.

mod accounts;
mod archive;
mod first_start;
mod key_check;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharfinger_advisories::Store as AdvisoryStore;
use wharfinger_auth::{AccountError, Auth, AuthKeys};
use wharfinger_blobs::{
    BlobError, BlobStore, KeyProvider, LocalBlobStore, LocalKeyRing, MasterKey, MasterKeyError,
    SealError,
};
use wharfinger_core::{AccountId, Clock, Entropy};
use wharfinger_iam::Iam;
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, installation};
use wharfinger_registry::{KmsKeys, PullPolicy, Registry};

pub use accounts::RootKeyFile;
pub use archive::ArchiveError;

use crate::data_dir::DataDirLock;
use crate::oidc_documents::{NetworkDocuments, OidcCaError};
use crate::{Config, DataDir, DataDirError, SystemClock, SystemEntropy};

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The directory itself, or one of its small files.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// No server was ever started on the directory, or its first start was cut off.
    #[error("{path} holds no registry yet; start one with `wharfinger serve`")]
    NotStarted {
        /// The directory.
        path: PathBuf,
    },
    /// The database.
    #[error("the database {path} cannot be opened")]
    Metadata {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: MetadataError,
    },
    /// The master key file is there and of no use.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// There is data, and not the key it was encrypted with.
    #[error(
        "the master key {path} is missing, and the data was encrypted with it; put the file back \
         (no new key is made, for it could read none of the data)"
    )]
    MasterKeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// The key is not the one the data was encrypted with.
    #[error(
        "the master key {path} is not the one this data was encrypted with; put the right key \
         there, or name it with --master-key-file"
    )]
    MasterKeyWrong {
        /// Where the key was found.
        path: PathBuf,
    },
    /// `--account-id` contradicts the directory.
    #[error(
        "the data directory belongs to account {found}, not {wanted}: the account is chosen on the \
         first start only; leave --account-id out, or choose another --data-dir"
    )]
    OtherAccount {
        /// The account of the directory.
        found: AccountId,
        /// The account of the configuration.
        wanted: AccountId,
    },
    /// The crypto provider failed.
    #[error("the crypto provider refused a key")]
    Crypto,
    /// The crypto provider failed to seal.
    #[error("a value could not be sealed")]
    Seal(#[from] SealError),
    /// The metadata failed later on.
    #[error("the metadata failed")]
    Store(#[from] MetadataError),
    /// The store of objects.
    #[error("the objects of the data directory cannot be opened")]
    Blobs(#[from] BlobError),
    /// The directory of the archive.
    #[error(transparent)]
    Archive(Arc<ArchiveError>),
    /// The certificates of identity providers.
    #[error("the certificates of --oidc-ca cannot be used")]
    OidcCa(#[from] OidcCaError),
    /// The first account.
    #[error("the first account could not be made")]
    Account(#[from] AccountError),
    /// A root key, or another account.
    #[error(transparent)]
    RootKey(#[from] wharfinger_iam::Error),
    /// A command names an account that is not there.
    #[error("there is no account {0}; make it with `wharfinger account create {0}`")]
    NoSuchAccount(AccountId),
}

/// An opened installation.
pub struct Installation {
    stores: Stores,
    account: AccountId,
    new_root_key: bool,
}

/// The stores of an installation, before anyone knows whose it is.
struct Stores {
    directory: DataDir,
    metadata: Metadata,
    keys: Arc<LocalKeyRing>,
    auth: Arc<Auth>,
    iam: Arc<Iam>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// The directory of the archive, if it has one of its own, or why it cannot be used.
    archive: Result<Option<PathBuf>, Arc<ArchiveError>>,
    /// Kept by a server. Fields are dropped in order, so the database is closed before.
    _lock: Option<DataDirLock>,
}

impl Installation {
    /// Opens the installation for a server: makes what is missing, migrates what is older, and
    /// keeps other servers out until it is dropped.
    pub async fn start(config: &Config) -> Result<Self, InstallationError> {
        let directory = DataDir::new(&config.data_dir);
        directory.create()?;
        let lock = directory.lock()?;
        let stores = Stores::open(config, directory, OpenMode::CreateOrMigrate, Some(lock)).await?;
        let (account, new_root_key) = stores.finish_first_start(config.account_id).await?;
        match config.account_id {
            Some(wanted) if wanted != account => {
                Err(InstallationError::OtherAccount { found: account, wanted })
            }
            _ => Ok(Self { stores, account, new_root_key }),
        }
    }

    /// Opens an installation that a server has been started on, beside that server or without it.
    pub async fn existing(config: &Config) -> Result<Self, InstallationError> {
        let not_started = || InstallationError::NotStarted { path: config.data_dir.clone() };
        let directory = DataDir::new(&config.data_dir);
        if !directory.has_database() {
            return Err(not_started());
        }
        let stores = Stores::open(config, directory, OpenMode::Existing, None).await?;
        let account = stores.auth.first_account().await?.ok_or_else(not_started)?;
        if !stores.first_start_finished().await? {
            return Err(not_started());
        }
        Ok(Self { stores, account, new_root_key: false })
    }

    /// The directory.
    pub fn directory(&self) -> &DataDir {
        &self.stores.directory
    }

    /// The users and keys.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.stores.auth
    }

    /// Users, groups, roles and policies.
    pub fn iam(&self) -> &Arc<Iam> {
        &self.stores.iam
    }

    /// The first account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The account that a command names, or the first one if it names none.
    ///
    /// # Errors
    /// [`InstallationError::NoSuchAccount`].
    pub async fn account_or_first(
        &self,
        named: Option<AccountId>,
    ) -> Result<AccountId, InstallationError> {
        let Some(account) = named else { return Ok(self.account) };
        match self.stores.iam.has_account(account).await? {
            true => Ok(account),
            false => Err(InstallationError::NoSuchAccount(account)),
        }
    }

    /// The registry over the stores of the installation, for a server and for the commands beside it.
    ///
    /// # Errors
    /// [`InstallationError::Blobs`], [`InstallationError::Archive`].
    pub fn registry(&self, config: &Config) -> Result<Arc<Registry>, InstallationError> {
        let Stores { directory, metadata, keys, clock, entropy, .. } = &self.stores;
        let provider: Arc<dyn KeyProvider> = Arc::new(self.kms_keys());
        let open = |root: &Path| -> Result<Arc<dyn BlobStore>, BlobError> {
            let (provider, entropy) = (Arc::clone(&provider), Arc::clone(entropy));
            Ok(Arc::new(LocalBlobStore::open(root, provider, entropy)?))
        };
        let archive = self.archive_dir()?.map(|root| open(&root)).transpose()?;
        let blobs = open(directory.path())?;
        let (metadata, keys) = (metadata.clone(), Arc::clone(keys));
        let registry = Registry::new(metadata, blobs, keys, Arc::clone(clock), Arc::clone(entropy));
        Ok(Arc::new(
            registry
                .with_quotas(config.quotas)
                .with_upkeep(config.upkeep)
                .with_pull_policy(PullPolicy {
                    refuse_critical_after: config.refuse_critical_after,
                })
                .with_archive(archive)
                .with_public(config.public.clone())
                .with_advisories(Arc::new(AdvisoryStore::new(
                    &directory.path().join("advisories"),
                ))),
        ))
    }

    /// The directory of the archive, if it has one of its own.
    ///
    /// # Errors
    /// [`InstallationError::Archive`].
    pub fn archive_dir(&self) -> Result<Option<PathBuf>, InstallationError> {
        self.stores.archive.clone().map_err(InstallationError::Archive)
    }

    /// Whether this start made the root key and its file.
    pub fn has_new_root_key(&self) -> bool {
        self.new_root_key
    }

    /// The KMS keys.
    pub fn kms_keys(&self) -> KmsKeys {
        let Stores { metadata, keys, clock, entropy, .. } = &self.stores;
        let (ring, clock) = (Arc::clone(keys), Arc::clone(clock));
        KmsKeys::new(metadata.clone(), ring, clock, Arc::clone(entropy))
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.stores.metadata
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.stores.clock
    }

    pub(crate) fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.stores.entropy
    }
}

impl Stores {
    async fn open(
        config: &Config,
        directory: DataDir,
        mode: OpenMode,
        lock: Option<DataDirLock>,
    ) -> Result<Self, InstallationError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let key_path = config.master_key_file.clone().unwrap_or_else(|| directory.master_key());
        // The key is stored before the database is made: data without its key cannot come to be.
        let master = if directory.has_database() {
            MasterKey::load(&key_path)?
                .ok_or_else(|| InstallationError::MasterKeyMissing { path: key_path.clone() })?
        } else {
            MasterKey::load_or_create(&key_path, &*entropy)?
        };
        let keys = Arc::new(LocalKeyRing::new(&master, Arc::clone(&entropy)));
        if mode == OpenMode::CreateOrMigrate {
            directory.create_database()?;
        }
        let path = directory.database();
        let metadata = Metadata::open(&path, mode)
            .map_err(|source| InstallationError::Metadata { path, source })?;
        key_check::check(&metadata, &keys, key_path).await?;
        let auth_keys = AuthKeys {
            token_key: keys.derive("authorization token"),
            secret_key: keys.derive("access key secret"),
        };
        let auth =
            Auth::new(metadata.clone(), Arc::clone(&clock), Arc::clone(&entropy), &auth_keys)
                .ok_or(InstallationError::Crypto)?;
        let auth = Arc::new(auth);
        let (time, random) = (Arc::clone(&clock), Arc::clone(&entropy));
        let documents = NetworkDocuments::new(config.oidc.clone())?;
        let iam = Iam::new(metadata.clone(), Arc::clone(&auth), time, random);
        let iam = Arc::new(iam.with_oidc_documents(Arc::new(documents)));
        let archive = archive::find(&metadata, config, &*entropy).await?.map_err(Arc::new);
        Ok(Self { directory, metadata, keys, auth, iam, clock, entropy, archive, _lock: lock })
    }
}

async fn fact(metadata: &Metadata, key: &'static str) -> Result<Option<String>, MetadataError> {
    metadata.read(move |tx| Box::pin(async move { installation::get(tx, key).await })).await
}

async fn keep_fact(
    metadata: &Metadata,
    key: &'static str,
    value: String,
) -> Result<(), MetadataError> {
    metadata
        .write(move |tx| {
            Box::pin(async move { installation::insert(tx, key, &value).await.map(|_| ()) })
        })
        .await
}

#[cfg(test)]
pub(crate) mod tests;
