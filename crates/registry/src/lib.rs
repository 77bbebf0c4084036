//! The rules of the registry: what may be created, pushed, tagged, pulled and deleted, and what a
//! client is told when it may not.
//!
//! Both protocols, the workers and the command line enter here. No HTTP, no SQL and no wire
//! shapes: an edge decodes, authorizes, calls one method of [`Registry`], and encodes. Methods
//! carry the names of the ECR operations they answer, and demand the permit for them.

mod account_setting;
mod archive;
mod catalog_data;
mod check;
mod counters;
mod creation_template;
mod custom_role;
mod deletion;
mod download;
mod encryption;
mod error;
mod garbage;
mod image;
mod image_tag;
mod job;
mod kind_limits;
mod kms_key;
mod layer;
mod lifecycle_policy;
mod manifest;
mod manifest_cache;
mod mount;
mod mutability;
mod orphan;
mod page;
mod public_registry;
mod pull_policy;
mod pull_through_cache_rule;
mod pull_time;
mod pull_time_exclusion;
mod push;
mod referrer;
mod registry_policy;
mod removal;
mod replication;
mod repository;
mod repository_policy;
mod repository_prefix;
mod resource_tag;
mod scanning;
mod scrub;
mod service_event;
mod signing;
mod storage_class;
mod throttle;
mod undo;
mod upload;
mod usage;
mod verification;

use std::sync::Arc;

use tokio::sync::Semaphore;
use wharfinger_advisories::Store as AdvisoryStore;
use wharfinger_blobs::{BlobStore, LocalKeyRing};
use wharfinger_core::limits::SCANS_AT_ONCE_MAX;
use wharfinger_core::{Clock, Entropy, PublicEndpoint, Quotas, Timestamp, Upkeep};
use wharfinger_metadata::Metadata;

pub use account_setting::AccountSetting;
pub use catalog_data::{CatalogData, NewCatalogData};
pub use check::{
    CheckEvent, CheckOptions, CheckRecord, CheckReport, Finding, FindingCode, FindingSeverity,
    Soundness,
};
pub use counters::{Counter, Counters, JobCounters, JobCountersByKind, Load};
pub use creation_template::{
    CreationTemplate, CreationTemplateSettings, TemplateEncryption, TemplateScenario,
};
pub use deletion::{DeletedImages, ImageFailure, ImageFailureCode};
pub use download::DownloadTurn;
pub use encryption::Encryption;
pub use error::{Error, ImageName};
pub use garbage::{GarbageEstimate, GarbageReport};
pub use image::{
    ImageDetail, ImageHead, ImageIdentifier, ListImagesFilter, RequestedImage, StoredImage,
    TagNames, TagPage,
};
pub use image_tag::ImageTagDetail;
pub use job::{Job, JobCounts, JobEnd, JobKind, JobOutcome, JobsUnderWay, LeasedJob, LeasedJobs};
pub use kms_key::{KmsError, KmsKey, KmsKeys};
pub use layer::{BlobContent, BlobDeletion, LayerAvailability};
pub use lifecycle_policy::{
    LifecyclePolicyPreview, PreviewFilter, PreviewSummary, PreviewedImage, StoredLifecyclePolicy,
};
pub use mutability::TagMutability;
pub use page::{Page, PageRequest};
pub use public_registry::PublicRegistry;
pub use pull_policy::PullPolicy;
pub use pull_through_cache_rule::{
    NewPullThroughCacheRule, PullThroughCacheRule, UpstreamRegistry,
};
pub use push::NewImage;
pub use referrer::{Referrer, ReferrersFilter};
pub use replication::{ReplicationBackfill, ReplicationBackfillStatus, ReplicationRule};
pub use repository::{NewRepository, Repository};
pub use repository_policy::LockOut;
pub use scanning::{
    BasicFinding, DescribedScan, EffectiveScanning, EnhancedFinding, ImageInventory, ImageScan,
    RepositoriesScanning, ScanFindings, ScanFrequency, ScanStatus, ScanSummary, ScanType,
    ScannedImage, ScanningConfiguration, ScanningFilter, ScanningRule, VexDocument,
    VulnerablePackage,
};
pub use signing::{SigningConfiguration, SigningRule, SigningStatus};
pub use storage_class::{ImageStatusChange, StorageClass};
pub use undo::{
    DeletedImage, DeletedRepository, ImagePresence, TagState, UndeletedImages, UndoError,
};
pub use upload::{CompletedLayer, EmptyBlob, LayerPart, UploadProgress};
pub use usage::{RepositoryUsage, StoreUsage, Usage, UsageReport};
pub use wharfinger_advisories::Cvss;
pub use wharfinger_metadata::image::{ImageStatus, TagStatus};
pub use wharfinger_metadata::job::{JobRow, JobStatus};
pub use wharfinger_metadata::lifecycle_preview::PreviewStatus;
pub use wharfinger_metadata::service_event::ServiceEventRow;
pub use wharfinger_package::Severity;

/// The registry service, over its stores.
///
/// One value serves every account and region of an installation; which one a call is about comes
/// with its permit.
pub struct Registry {
    metadata: Metadata,
    blobs: Arc<dyn BlobStore>,
    /// That of the archive, if it has one of its own.
    archive: Option<Arc<dyn BlobStore>>,
    kms: KmsKeys,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    previews: lifecycle_policy::PreviewRuns,
    uploads: upload::UploadLocks,
    upload_room: upload::UploadRoom,
    downloads: download::DownloadRoom,
    pulls: pull_time::WaitingPulls,
    manifests: Arc<manifest_cache::ManifestCache>,
    tag_pages: image::TagPageCache,
    quotas: Quotas,
    upkeep: Upkeep,
    pull_policy: PullPolicy,
    counters: Counters,
    throttle: throttle::Throttle,
    public: Option<PublicEndpoint>,
    /// The advisories that scans use.
    advisories: Option<Arc<AdvisoryStore>>,
    /// The images whose layers may be read at once.
    scans: Semaphore,
}

impl Registry {
    /// The service over these stores. The key provider of `blobs` must be a [`KmsKeys`] over the
    /// same metadata and ring.
    pub fn new(
        metadata: Metadata,
        blobs: Arc<dyn BlobStore>,
        keys: Arc<LocalKeyRing>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let previews = lifecycle_policy::PreviewRuns::new(&*entropy);
        let (uploads, pulls) = (upload::UploadLocks::default(), Default::default());
        let kms = KmsKeys::new(metadata.clone(), keys, Arc::clone(&clock), Arc::clone(&entropy));
        let (quotas, throttle) = (Quotas::default(), throttle::Throttle::default());
        Self {
            metadata,
            blobs,
            archive: None,
            kms,
            clock,
            entropy,
            previews,
            uploads,
            upload_room: upload::UploadRoom::new(),
            downloads: download::DownloadRoom::default(),
            pulls,
            manifests: Arc::default(),
            tag_pages: image::TagPageCache::default(),
            quotas,
            upkeep: Upkeep::default(),
            pull_policy: PullPolicy::default(),
            counters: Counters::default(),
            throttle,
            public: None,
            advisories: None,
            scans: Semaphore::new(SCANS_AT_ONCE_MAX),
        }
    }

    /// The same service with other quotas than ECR's.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { throttle: throttle::Throttle::new(quotas.rates), quotas, ..self }
    }

    /// The same service with an archive whose objects are in a store of their own. Its key provider
    /// must be that of the other store.
    #[must_use]
    pub fn with_archive(self, archive: Option<Arc<dyn BlobStore>>) -> Self {
        Self { archive, ..self }
    }

    /// The same service with another upkeep.
    #[must_use]
    pub fn with_upkeep(self, upkeep: Upkeep) -> Self {
        Self { upkeep, ..self }
    }

    /// The same service with a pull policy.
    #[must_use]
    pub fn with_pull_policy(self, pull_policy: PullPolicy) -> Self {
        Self { pull_policy, ..self }
    }

    /// The same service with public registries, if they are served anywhere.
    #[must_use]
    pub fn with_public(self, public: Option<PublicEndpoint>) -> Self {
        Self { public, ..self }
    }

    /// The same service with the advisories that scans use. Without them every scan fails, and says
    /// why.
    #[must_use]
    pub fn with_advisories(self, advisories: Arc<AdvisoryStore>) -> Self {
        Self { advisories: Some(advisories), ..self }
    }

    /// Where public registries are served; nowhere unless [`Self::with_public`] said so.
    pub fn public_endpoint(&self) -> Option<&PublicEndpoint> {
        self.public.as_ref()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
