//! Referrers: the images that name another as their subject (signatures, SBOMs, attestations).
//!
//! Rows know subject and type of every image, whenever it was pushed, so that what clients keep
//! under a referrers tag (`sha256-…`) is listed without a look at the tag. Annotations are read
//! from the manifests, of which a page has few.

use std::collections::BTreeMap;

use wharfinger_auth::actions::BatchGetImage;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::Digest;
use wharfinger_core::limits::{REFERRERS_PAGE_DEFAULT, REFERRERS_PAGE_MAX, REFERRERS_SEARCHED_MAX};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::{RepositoryId, Tx};
use wharfinger_oci::Manifest;

use crate::image::ManifestBudget;
use crate::repository::must_find;
use crate::{Error, Page, PageRequest, Registry};

/// An image that refers to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its digest.
    pub digest: Digest,
    /// The manifest's media type.
    pub media_type: String,
    /// Bytes of the manifest.
    pub manifest_size_bytes: u64,
    /// The manifest's `artifactType`, else the media type of its config.
    pub artifact_type: Option<String>,
    /// The manifest's annotations.
    pub annotations: BTreeMap<String, String>,
    /// Whether it can be pulled.
    pub status: ImageStatus,
}

/// Which referrers a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferrersFilter {
    /// Those of one of these types; of any, if there are none.
    pub artifact_types: Vec<String>,
    /// Those of this status; none means any.
    pub status: Option<ImageStatus>,
}

/// Referrers with their sealed manifests, and the digest the list goes on after.
type Found = (Vec<(ImageRow, Vec<u8>)>, Option<String>);

impl Registry {
    /// ECR `ListImageReferrers`, `[end-12a] GET /v2/<name>/referrers/<digest>`: the referrers of
    /// `subject` in order of digest, none if nothing refers to it. 20 to a page unless the caller
    /// names another number, up to 50. A page may hold fewer although more follow.
    pub async fn list_image_referrers(
        &self,
        permit: &Permit<BatchGetImage>,
        subject: Digest,
        filter: ReferrersFilter,
        page: &PageRequest,
    ) -> Result<Page<Referrer>, Error> {
        let resource = permit.resource().clone();
        let RepositoryResource { registry, name } = &resource;
        let list = format!(
            "ListImageReferrers {} {} {name} {subject} {filter:?}",
            registry.account, registry.region
        );
        let after = page.position::<String>(&list)?.unwrap_or_default();
        let limit = page.limit_within(REFERRERS_PAGE_DEFAULT, REFERRERS_PAGE_MAX);
        let (key_domain, (found, next)) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let found = find(tx, repository.id, &subject, &filter, &after, limit).await?;
                    Ok::<_, Error>((repository.key_domain, found))
                })
            })
            .await?;
        let mut items = Vec::with_capacity(found.len());
        let keys = self.manifest_keys(&key_domain).await?;
        for (row, sealed) in found {
            let manifest = keys.open(&row.digest, &sealed)?;
            items.push(referrer(&manifest, row)?);
        }
        Ok(Page::up_to(items, &list, next))
    }
}

fn referrer(manifest: &[u8], row: ImageRow) -> Result<Referrer, Error> {
    let manifest = Manifest::parse(manifest, Some(&row.media_type))
        .map_err(|error| Error::Server(Box::new(error)))?;
    Ok(Referrer {
        digest: row.digest,
        media_type: row.media_type,
        manifest_size_bytes: row.manifest_size_bytes,
        artifact_type: row.artifact_type.or(row.artifact_media_type),
        annotations: manifest.annotations,
        status: row.status,
    })
}

/// The referrers of a page: as many as it may show of those that it may look at.
async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    subject: &Digest,
    filter: &ReferrersFilter,
    after: &str,
    limit: u32,
) -> Result<Found, Error> {
    let searched = if filter.artifact_types.is_empty() { limit } else { REFERRERS_SEARCHED_MAX };
    let rows =
        image::referrers(tx, repository, subject, filter.status, after, searched + 1).await?;
    let more = rows.len() > searched as usize;
    let (mut found, mut budget) = (Vec::new(), ManifestBudget::default());
    let mut last = None;
    for row in rows.into_iter().take(searched as usize) {
        let digest = row.digest;
        if filter.admits(&row) {
            if found.len() == limit as usize || !budget.fits(&row) {
                return Ok((found, last));
            }
            let sealed = image::sealed_manifest(tx, repository, &digest).await?;
            found.push((row, sealed.unwrap_or_default()));
        }
        last = Some(digest.to_string());
    }
    Ok((found, last.filter(|_| more)))
}

impl ReferrersFilter {
    fn admits(&self, row: &ImageRow) -> bool {
        let artifact_type = row.artifact_type.as_ref().or(row.artifact_media_type.as_ref());
        self.artifact_types.is_empty()
            || artifact_type.is_some_and(|is| self.artifact_types.contains(is))
    }
}
