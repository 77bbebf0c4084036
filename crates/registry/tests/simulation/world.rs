//! The registry of a run: its database, its disk, its clock, and the process that may end.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use wharfinger_auth::{Action, Permit, RepositoryResource};
use wharfinger_blobs::simulated::{Crash, SimulatedDisk};
use wharfinger_blobs::{BlobStore, LocalKeyRing, MasterKey};
use wharfinger_core::{Clock, Entropy, ManualClock, RegistryId, SeededEntropy, Timestamp, Upkeep};
use wharfinger_metadata::{Metadata, OpenMode};
use wharfinger_registry::{KmsKeys, Registry};

use super::content::REPOSITORIES;
use super::machine::Machine;

pub struct World {
    folder: TempDir,
    pub disk: SimulatedDisk,
    pub clock: Arc<ManualClock>,
    pub upkeep: Upkeep,
    seed: u64,
    starts: u64,
    process: Option<Process>,
}

pub struct Process {
    pub machine: Machine,
    pub registry: Arc<Registry>,
    pub metadata: Metadata,
    pub entropy: Arc<SeededEntropy>,
}

impl World {
    pub fn new(seed: u64, upkeep: Upkeep) -> Self {
        let folder = scratch();
        std::fs::write(database(folder.path()), new_database()).unwrap();
        let mut world = Self {
            folder,
            disk: SimulatedDisk::default(),
            clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000))),
            upkeep,
            seed,
            starts: 0,
            process: None,
        };
        world.start();
        world
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    pub fn machine(&mut self) -> &mut Machine {
        &mut self.process.as_mut().unwrap().machine
    }

    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.process().registry)
    }

    pub fn advance(&mut self, time: Duration) {
        self.clock.advance(time);
        self.machine().wait(time);
    }

    pub fn database(&self) -> PathBuf {
        database(self.folder.path())
    }

    /// Ends the process; whoever held anything of it has let go.
    pub fn crash(&mut self, crash: Crash) {
        let Process { machine, registry, metadata, entropy } = self.process.take().unwrap();
        machine.stop();
        drop((registry, metadata));
        self.disk.crash(crash, &*entropy);
    }

    pub fn start(&mut self) {
        self.starts += 1;
        // Far apart, so that no two processes draw the same.
        let entropy = Arc::new(SeededEntropy::new((self.seed << 8 | self.starts) << 32));
        let metadata = Metadata::open(&self.database(), OpenMode::Existing).unwrap();
        let keys = Arc::new(LocalKeyRing::new(&MasterKey::from_bytes([7; 32]), entropy.clone()));
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let random = Arc::clone(&entropy) as Arc<dyn Entropy>;
        let kms = KmsKeys::new(metadata.clone(), keys.clone(), clock.clone(), random.clone());
        let blobs: Arc<dyn BlobStore> = Arc::new(self.disk.store(Arc::new(kms), random.clone()));
        let registry = Registry::new(metadata.clone(), blobs, keys, clock, random);
        self.process = Some(Process {
            machine: Machine::new(metadata.clone()),
            registry: Arc::new(registry.with_upkeep(self.upkeep)),
            metadata,
            entropy,
        });
        let registry = self.registry();
        let asked = async move { registry.ensure_standing_jobs().await };
        self.machine().finish(Box::pin(asked)).unwrap();
    }
}

/// A permit of the registry itself.
pub fn permit<A: Action<Resource = RepositoryResource>>(repository: usize) -> Permit<A> {
    Permit::system(RepositoryResource {
        registry: registry_id(),
        name: REPOSITORIES[repository].parse().unwrap(),
    })
}

fn registry_id() -> RegistryId {
    RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn database(folder: &Path) -> PathBuf {
    folder.join("metadata.db")
}

/// In memory where there is such a file system: no sync is to wait for a disk.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The bytes of a database of the current format, made once.
fn new_database() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = scratch();
        let path = database(folder.path());
        drop(Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap());
        std::fs::read(path).unwrap()
    })
}
