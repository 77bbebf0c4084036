//! What is stated of vulnerabilities: VEX documents that are referrers of an image, and those that hold
//! for all images of a registry. A finding that a statement suppresses is shown as SUPPRESSED with the
//! reason, and is not counted.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::TryStreamExt;
use wharfinger_auth::actions::PutRegistryScanningConfiguration;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::limits::{
    VEX_DOCUMENT_BYTES_MAX, VEX_DOCUMENTS_PER_REGISTRY_MAX, VEX_REFERRERS_MAX,
};
use wharfinger_core::{Digest, RegistryId};
use wharfinger_metadata::image::{self, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::vex_document::{self, VexDocumentRow};
use wharfinger_metadata::{RepositoryId, Tx, tag};
use wharfinger_oci::Manifest;
use wharfinger_package::PackageIdentity;
use wharfinger_scanner::suppression::{Document, ImageProduct, Statements, Verdict};

use super::finding::PackageFinding;
use super::inventory::{ImageInventory, blocking};
use crate::{Error, Registry};

/// The artifact type of a VEX document.
const OPENVEX: &str = "application/vnd.openvex+json";
/// Referrers of an image that are looked at for documents.
const REFERRERS_LOOKED_AT: u32 = 200;

/// A document that holds for all images of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexDocument {
    /// Its `@id`.
    pub id: String,
    /// Who speaks.
    pub author: String,
    /// How many statements it has.
    pub statement_count: usize,
    /// When it was added.
    pub added_at: wharfinger_core::Timestamp,
}

/// Documents as they are stored.
#[derive(Default)]
struct Stored {
    registry_wide: Vec<VexDocumentRow>,
    /// Sealed manifests of referrers.
    referrers: Vec<(Digest, String, Vec<u8>)>,
    tags: Vec<String>,
}

impl Registry {
    /// Adds a document that holds for all images of the registry, in place of one of its id.
    ///
    /// # Errors
    /// [`Error::Validation`] with what is wrong with it, or if there are too many.
    pub async fn add_vex_document(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
        content: Vec<u8>,
    ) -> Result<String, Error> {
        let parsed = Document::parse(&content);
        let document_id =
            parsed.map_err(|error| Error::Validation { reason: error.to_string() })?.id;
        let registry = permit.resource().registry.clone();
        let row =
            VexDocumentRow { document_id: document_id.clone(), content, added_at: self.now() };
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let max = VEX_DOCUMENTS_PER_REGISTRY_MAX;
                    let all = vex_document::list(tx, &registry, "", max).await?;
                    let known = all.iter().any(|it| it.document_id == row.document_id);
                    if all.len() >= max as usize && !known {
                        let reason = format!("A registry has at most {max} VEX documents");
                        return Err(Error::Validation { reason });
                    }
                    Ok(vex_document::put(tx, &registry, &row).await?)
                })
            })
            .await?;
        Ok(document_id)
    }

    /// The documents that hold for all images of the registry, in the order of their ids.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn vex_documents(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
    ) -> Result<Vec<VexDocument>, Error> {
        let registry = permit.resource().registry.clone();
        let rows = self.metadata.read(move |tx| {
            Box::pin(async move { Ok::<_, Error>(registry_wide(tx, &registry).await?) })
        });
        let shown = rows.await?.into_iter().filter_map(|row| {
            let document = Document::parse(&row.content).ok()?;
            Some(VexDocument {
                id: row.document_id,
                author: document.author,
                statement_count: document.statements.len(),
                added_at: row.added_at,
            })
        });
        Ok(shown.collect())
    }

    /// Removes such a document; answers whether it was there.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn remove_vex_document(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
        document_id: String,
    ) -> Result<bool, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(
                    async move { Ok(vex_document::delete(tx, &registry, &document_id).await?) },
                )
            })
            .await
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
