//! What is stated of vulnerabilities: VEX documents that are referrers of an image, and those that hold
//! for all images of a registry. A finding that a statement suppresses is shown as SUPPRESSED with the
//! reason, and is not counted.

mod registry_wide;

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::TryStreamExt;
use wharfinger_auth::RepositoryResource;
use wharfinger_core::limits::{
    VEX_DOCUMENT_BYTES_MAX, VEX_DOCUMENTS_PER_REGISTRY_MAX, VEX_REFERRERS_MAX,
};
use wharfinger_core::{Digest, RegistryId};
use wharfinger_metadata::image::{self, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::vex_document::{self, VexDocumentRow};
use wharfinger_metadata::{RepositoryId, Tx, repository, scan, tag};
use wharfinger_oci::Manifest;
use wharfinger_package::PackageIdentity;
use wharfinger_scanner::suppression::{Document, ImageProduct, Statements, Verdict};

use super::finding::{self, PackageFinding};
use super::inventory::{ImageInventory, blocking};
use super::request::subject;
use crate::archive::parse_subject;
use crate::job::{JobKind, JobOutcome, ask};
use crate::removal::Removal;
use crate::{Error, Registry, RequestedImage};

pub use registry_wide::VexDocument;

/// The artifact type of a VEX document.
const OPENVEX: &str = "application/vnd.openvex+json";
/// Referrers of an image that are looked at for documents.
const REFERRERS_LOOKED_AT: u32 = 200;

/// Documents as they are stored.
#[derive(Default)]
struct Stored {
    registry_wide: Vec<VexDocumentRow>,
    /// Sealed manifests of referrers.
    referrers: Vec<(Digest, String, Vec<u8>)>,
    tags: Vec<String>,
}

impl Registry {
    /// Counts the findings of an image anew, in the registry's mode of scanning.
    pub(crate) async fn count_findings(&self, subject: &str) -> Result<JobOutcome, Error> {
        let (id, digest) = parse_subject(subject)?;
        let found = self
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(repository::find_by_id(tx, id).await?) })
            })
            .await?;
        let Some(RepositoryRow { registry, name, .. }) = found else {
            return Ok(JobOutcome::default());
        };
        let requested = RequestedImage { digest: Some(digest.to_string()), tag: None };
        let found = self.find_image_scan(&RepositoryResource { registry, name }, requested).await;
        let (scan_type, counts) = match found {
            Ok(found) => match found.scan.summary {
                Some(summary) => (found.scan_type, finding::counts_json(&summary.counts)?),
                None => return Ok(JobOutcome::default()),
            },
            Err(Error::Server(error)) => return Err(Error::Server(error)),
            // There is nothing to count.
            Err(_) => return Ok(JobOutcome::default()),
        };
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let mode = scan_type.as_str();
                    scan::set_counts(tx, id, &digest, mode, &counts).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(JobOutcome {
            next: None,
            report: Some(serde_json::json!({ "counted": true }).to_string()),
        })
    }

    /// Says of findings why they do not matter in the image, as far as anybody has stated that.
    pub(super) async fn suppress(
        &self,
        repository: &RepositoryRow,
        digest: Digest,
        inventory: Option<&ImageInventory>,
        findings: &mut Vec<PackageFinding>,
    ) -> Result<(), Error> {
        if findings.is_empty() {
            return Ok(());
        }
        let (id, registry) = (repository.id, repository.registry.clone());
        let stored = self
            .metadata
            .read(move |tx| Box::pin(async move { stored(tx, id, &registry, &digest).await }));
        let Stored { registry_wide, referrers, tags } = stored.await?;
        if registry_wide.is_empty() && referrers.is_empty() {
            return Ok(());
        }
        let mut documents: Vec<(Bytes, bool)> =
            registry_wide.into_iter().map(|row| (row.content.into(), false)).collect();
        for referrer in referrers {
            let read = self.referring_document(repository, referrer).await?;
            documents.extend(read.map(|content| (content, true)));
        }
        let product =
            ImageProduct { digests: vec![digest], repository: repository.name.to_string(), tags };
        let beside = inventory.map(Beside::of).unwrap_or_default();
        let advisories = self.advisories().await?;
        let mut judged = std::mem::take(findings);
        *findings = blocking(move || {
            let statements = statements(documents);
            let aliases = |id: &str| {
                let told = advisories.as_ref().map(|it| it.database.vulnerability(id));
                let told = told.and_then(Result::ok).unwrap_or_default();
                told.into_iter().flat_map(|it| it.aliases).collect::<Vec<_>>()
            };
            for finding in &mut judged {
                let id = &finding.vulnerability.vulnerability;
                let aliases = aliases(id);
                let ids = || std::iter::once(id.as_str()).chain(aliases.iter().map(String::as_str));
                // Of a package that is there several times, it must hold for all of them.
                let places = beside.places(&finding.package).into_iter();
                let verdicts = places
                    .map(|place| statements.verdict(&product, &finding.package, &place, ids()));
                let verdicts: Option<Vec<Verdict>> =
                    verdicts.map(|it| it.filter(Verdict::suppresses)).collect();
                let first = verdicts.and_then(|all| all.into_iter().next());
                finding.suppression = first.map(|it| format!("{} ({})", it.reason, it.document));
            }
            Ok(judged)
        })
        .await?;
        Ok(())
    }

    /// The document that a referrer holds; none if it is not what it says, or too large.
    async fn referring_document(
        &self,
        repository: &RepositoryRow,
        (digest, media_type, sealed): (Digest, String, Vec<u8>),
    ) -> Result<Option<Bytes>, Error> {
        let keys = self.manifest_keys(&repository.key_domain).await?;
        let manifest = keys.open(&digest, &sealed)?;
        let Ok(manifest) = Manifest::parse(&manifest, Some(&media_type)) else { return Ok(None) };
        let [layer] = manifest.layers.as_slice() else { return Ok(None) };
        if layer.size > VEX_DOCUMENT_BYTES_MAX as u64 {
            return Ok(None);
        }
        let (registry, name) = (repository.registry.clone(), repository.name.clone());
        let resource = RepositoryResource { registry, name };
        let content = match self.open_blob_of(&resource, layer.digest).await {
            Ok(content) if content.size_bytes <= VEX_DOCUMENT_BYTES_MAX as u64 => content,
            // What cannot be read suppresses nothing.
            Ok(_) | Err(_) => return Ok(None),
        };
        let parts: Result<Vec<Bytes>, _> = content.read_all().try_collect().await;
        Ok(parts.ok().map(|parts| parts.concat().into()))
    }
}

/// Whether anything may be stated of the findings of an image.
pub(super) async fn is_spoken_of(
    tx: &mut Tx,
    registry: &RegistryId,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, Error> {
    let active = Some(ImageStatus::Active);
    Ok(!vex_document::list(tx, registry, "", 1).await?.is_empty()
        || !image::referrers(tx, repository, digest, active, "", 1).await?.is_empty())
}

/// Asks for new counts of the image that a document was pushed for.
pub(super) async fn note_pushed(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    let pushed = image::find(tx, repository, digest).await?;
    let document = pushed.filter(|row| row.artifact_type.as_deref() == Some(OPENVEX));
    let Some(about) = document.and_then(|row| row.subject) else { return Ok(()) };
    let (subject, now) = (subject(repository, &about), removal.now);
    Ok(ask(tx, &*removal.entropy, JobKind::CountFindings, &subject, now, now).await?)
}

async fn registry_wide(
    tx: &mut Tx,
    registry: &RegistryId,
) -> Result<Vec<VexDocumentRow>, wharfinger_metadata::MetadataError> {
    vex_document::list(tx, registry, "", VEX_DOCUMENTS_PER_REGISTRY_MAX).await
}

async fn stored(
    tx: &mut Tx,
    repository: RepositoryId,
    registry: &RegistryId,
    digest: &Digest,
) -> Result<Stored, Error> {
    let mut found =
        Stored { registry_wide: registry_wide(tx, registry).await?, ..Stored::default() };
    let active = Some(ImageStatus::Active);
    let rows = image::referrers(tx, repository, digest, active, "", REFERRERS_LOOKED_AT).await?;
    for row in rows {
        let artifact_type = row.artifact_type.as_ref().or(row.artifact_media_type.as_ref());
        if artifact_type.is_some_and(|it| it == OPENVEX)
            && found.referrers.len() < VEX_REFERRERS_MAX
        {
            let sealed = image::sealed_manifest(tx, repository, &row.digest).await?;
            found.referrers.extend(sealed.map(|sealed| (row.digest, row.media_type, sealed)));
        }
    }
    if !found.registry_wide.is_empty() || !found.referrers.is_empty() {
        let tags = tag::of_image(tx, repository, digest).await?;
        found.tags = tags.iter().map(ToString::to_string).collect();
    }
    Ok(found)
}

fn statements(documents: Vec<(Bytes, bool)>) -> Statements {
    let mut statements = Statements::default();
    for (content, attached) in documents {
        match Document::parse(&content) {
            Ok(document) => statements.add(document, attached),
            Err(error) => tracing::debug!(%error, "a VEX document is not honoured"),
        }
    }
    statements
}

/// Which packages are in one file.
#[derive(Default)]
struct Beside {
    files: BTreeMap<String, Vec<PackageIdentity>>,
    paths: BTreeMap<PackageIdentity, Vec<String>>,
}

impl Beside {
    fn of(inventory: &ImageInventory) -> Self {
        let mut all = Self::default();
        for package in &inventory.inventory.packages {
            let Some(path) = &package.path else { continue };
            let identity = &package.identity;
            all.files.entry(path.clone()).or_default().push(identity.clone());
            all.paths.entry(identity.clone()).or_default().push(path.clone());
        }
        all
    }

    /// For each file that the package is in, all that is in it; one empty list for what is in none.
    fn places(&self, package: &PackageIdentity) -> Vec<Vec<&PackageIdentity>> {
        match self.paths.get(package) {
            None => vec![Vec::new()],
            Some(paths) => {
                let files = paths.iter().map(|path| self.files.get(path));
                files.map(|file| file.into_iter().flatten().collect()).collect()
            }
        }
    }
}
