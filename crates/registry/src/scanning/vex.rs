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
use wharfinger_core::{Digest, RegistryId, Tag};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::vex_document::{self, VexDocumentRow};
use wharfinger_metadata::{RepositoryId, Tx, repository, scan, tag};
use wharfinger_oci::Manifest;
use wharfinger_package::PackageIdentity;
use wharfinger_scanner::suppression::{Document, ImageProduct, Statements, Verdict};

use super::counting::ask_to_count;
use super::finding::PackageFinding;
use super::inventory::{ImageInventory, blocking};
use crate::removal::Removal;
use crate::{Error, Registry};

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

/// Whether documents refer to an image.
pub(super) async fn has_documents(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, Error> {
    let active = Some(ImageStatus::Active);
    let rows = image::referrers(tx, repository, digest, active, "", REFERRERS_LOOKED_AT).await?;
    Ok(rows.iter().any(is_document))
}

/// Asks for new counts of the image that a document is about, which comes or goes.
pub(crate) async fn note_document(
    tx: &mut Tx,
    repository: RepositoryId,
    document: &ImageRow,
    removal: &Removal,
) -> Result<(), Error> {
    match document.subject.filter(|_| is_document(document)) {
        Some(about) => ask_to_count(tx, repository, &about, (&*removal.entropy, removal.now)).await,
        None => Ok(()),
    }
}

/// Asks for new counts of the images that lose and get a tag, if anything is stated that may name it.
/// Called before the tag moves.
pub(crate) async fn note_tag(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    to: Option<&Digest>,
    removal: &Removal,
) -> Result<(), Error> {
    let from = tag::find(tx, repository, tag).await?;
    for digest in from.iter().chain(to) {
        if scan::is_counted(tx, repository, digest).await?
            && is_spoken_of(tx, repository, digest).await?
        {
            ask_to_count(tx, repository, digest, (&*removal.entropy, removal.now)).await?;
        }
    }
    Ok(())
}

/// Whether anything may be stated of the findings of an image.
pub(super) async fn is_spoken_of(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, Error> {
    let Some(row) = repository::find_by_id(tx, repository).await? else { return Ok(false) };
    Ok(!vex_document::list(tx, &row.registry, "", 1).await?.is_empty()
        || has_documents(tx, repository, digest).await?)
}

fn is_document(row: &ImageRow) -> bool {
    let artifact_type = row.artifact_type.as_ref().or(row.artifact_media_type.as_ref());
    artifact_type.is_some_and(|it| it == OPENVEX)
}

/// The documents that hold for all images of a registry.
pub(super) async fn registry_wide(
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
        if is_document(&row) && found.referrers.len() < VEX_REFERRERS_MAX {
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
