//! Lists of images: `ListImages` and `DescribeImages`.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{DescribeImages, ListImages};
use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_metadata::image::{self, ImagePosition, ImageRow, ImageStatus, TagStatus};
use wharfinger_metadata::{RepositoryId, Tx, tag};

use super::{ImageIdentifier, RequestedImage, budget, resolve};
use crate::repository::must_find;
use crate::{Error, ImageScan, Page, PageRequest, Registry, ScanType, scanning};

/// An element of `DescribeImages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDetail {
    /// Its digest.
    pub digest: Digest,
    /// All its tags, in order.
    pub tags: Vec<Tag>,
    /// Bytes of config and layers; for an index the largest of its children.
    pub size_bytes: u64,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// The manifest's media type.
    pub media_type: String,
    /// The media type of what it is.
    pub artifact_media_type: Option<String>,
    /// The digest of its subject, if it refers to one.
    pub subject: Option<Digest>,
    /// Whether it can be pulled.
    pub status: ImageStatus,
    /// When it was archived last.
    pub archived_at: Option<Timestamp>,
    /// When it was brought back from the archive last.
    pub activated_at: Option<Timestamp>,
    /// When it was last pulled, as far as that is recorded.
    pub last_pulled_at: Option<Timestamp>,
    /// Its last scan, in the registry's mode of scanning.
    pub scan: Option<ImageScan>,
}

/// Which images `ListImages` and `DescribeImages` show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListImagesFilter {
    /// Tagged, untagged, or any.
    pub tag_status: TagStatus,
    /// The status they have; none means any.
    pub status: Option<ImageStatus>,
}

impl Default for ListImagesFilter {
    /// Active images, tagged or not, as ECR shows them to those who name no filter.
    fn default() -> Self {
        Self { tag_status: TagStatus::Any, status: ACTIVE }
    }
}

const ACTIVE: Option<ImageStatus> = Some(ImageStatus::Active);

impl Registry {
    /// ECR `ListImages`: an element for each pair of image and tag, and one for each image that
    /// has no tag.
    pub async fn list_images(
        &self,
        permit: &Permit<ListImages>,
        filter: ListImagesFilter,
        page: &PageRequest,
    ) -> Result<Page<ImageIdentifier>, Error> {
        let resource = permit.resource().clone();
        let list = format!(
            "ListImages {} {} {} {filter:?}",
            resource.registry.account, resource.registry.region, resource.name
        );
        let after = page.position::<PairPosition>(&list)?.unwrap_or_default();
        let limit = page.limit();
        let pairs = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    list_pairs(tx, repository, filter, &after, limit + 1).await
                })
            })
            .await?;
        let page = Page::cut(pairs, limit, &list, |(id, pushed_at)| PairPosition {
            pushed_at: pushed_at.millis(),
            digest: id.digest.to_string(),
            tag: id.tag.as_ref().map(ToString::to_string).unwrap_or_default(),
        });
        Ok(page.map(|(id, _)| id))
    }

    /// ECR `DescribeImages` with `imageIds`, whatever their status.
    ///
    /// # Errors
    /// [`Error::ImageNotFound`] for the first id that names no image.
    pub async fn describe_images_by_id(
        &self,
        permit: &Permit<DescribeImages>,
        ids: Vec<RequestedImage>,
    ) -> Result<Vec<ImageDetail>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let scans = scanning::of_registry(tx, &resource.registry).await?.scan_type();
                    let mut details: Vec<ImageDetail> = Vec::with_capacity(ids.len());
                    for requested in ids {
                        let (_, row) = match resolve(tx, repository, &requested).await? {
                            Ok(found) => found,
                            Err(code) => return Err(code.as_call_failure(requested, &resource)),
                        };
                        // One element for each image, however many ids name it.
                        if details.iter().all(|detail| detail.digest != row.digest) {
                            details.push(detail(tx, repository, scans, row).await?);
                        }
                    }
                    Ok(details)
                })
            })
            .await
    }

    /// ECR `DescribeImages` without `imageIds`: images in order of push. A page may hold fewer than
    /// asked for although more follow, when they have very many tags.
    pub async fn describe_images(
        &self,
        permit: &Permit<DescribeImages>,
        filter: ListImagesFilter,
        page: &PageRequest,
    ) -> Result<Page<ImageDetail>, Error> {
        let resource = permit.resource().clone();
        let list = format!(
            "DescribeImages {} {} {} {filter:?}",
            resource.registry.account, resource.registry.region, resource.name
        );
        let after = page.position::<PairPosition>(&list)?.unwrap_or_default().image();
        let limit = page.limit();
        let (details, limit) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let scans = scanning::of_registry(tx, &resource.registry).await?.scan_type();
                    let ListImagesFilter { tag_status, status } = filter;
                    let mut rows =
                        image::list(tx, repository, tag_status, status, &after, limit + 1).await?;
                    let limit = budget::images_of_page(&rows, limit);
                    rows.truncate(limit as usize + 1);
                    let mut details = Vec::with_capacity(rows.len());
                    for row in rows {
                        details.push(detail(tx, repository, scans, row).await?);
                    }
                    Ok::<_, Error>((details, limit))
                })
            })
            .await?;
        Ok(Page::cut(details, limit, &list, |last| PairPosition {
            pushed_at: last.pushed_at.millis(),
            digest: last.digest.to_string(),
            tag: String::new(),
        }))
    }
}

async fn detail(
    tx: &mut Tx,
    repository: RepositoryId,
    scans: ScanType,
    row: ImageRow,
) -> Result<ImageDetail, Error> {
    let scan = scanning::listed(tx, repository, &row, scans).await?;
    let tags = match row.tag_count {
        0 => Vec::new(),
        _ => tag::of_image(tx, repository, &row.digest).await?,
    };
    Ok(ImageDetail {
        digest: row.digest,
        tags,
        size_bytes: row.size_bytes,
        pushed_at: row.pushed_at,
        artifact_media_type: artifact_media_type(&row),
        media_type: row.media_type,
        subject: row.subject,
        status: row.status,
        archived_at: row.archived_at,
        activated_at: row.activated_at,
        last_pulled_at: row.last_pulled_at,
        scan,
    })
}

/// The media type of what an image is: the type it says it has, else that of its config.
pub(crate) fn artifact_media_type(row: &ImageRow) -> Option<String> {
    row.artifact_type.clone().or_else(|| row.artifact_media_type.clone())
}

/// A place in a list of images or of pairs of image and tag.
#[derive(serde::Serialize, serde::Deserialize, Default, Debug)]
struct PairPosition {
    pushed_at: i64,
    digest: String,
    tag: String,
}

impl PairPosition {
    fn image(&self) -> ImagePosition {
        ImagePosition {
            pushed_at: Timestamp::from_millis(self.pushed_at),
            digest: self.digest.clone(),
        }
    }
}

/// Each filter walks the index that holds just what it shows.
async fn list_pairs(
    tx: &mut Tx,
    repository: RepositoryId,
    filter: ListImagesFilter,
    after: &PairPosition,
    limit: u32,
) -> Result<Vec<(ImageIdentifier, Timestamp)>, Error> {
    let ListImagesFilter { tag_status, status } = filter;
    Ok(match tag_status {
        TagStatus::Tagged => {
            let tags = tag::list(tx, repository, status, &after.tag, limit).await?;
            let pair =
                |(tag, digest)| (ImageIdentifier { digest, tag: Some(tag) }, Timestamp::default());
            tags.into_iter().map(pair).collect()
        }
        TagStatus::Untagged => {
            let after = after.image();
            let rows = image::list(tx, repository, tag_status, status, &after, limit).await?;
            let pair =
                |row: ImageRow| (ImageIdentifier { digest: row.digest, tag: None }, row.pushed_at);
            rows.into_iter().map(pair).collect()
        }
        TagStatus::Any => {
            let (position, tag) = (after.image(), &after.tag);
            let pairs = image::list_pairs(tx, repository, status, &position, tag, limit).await?;
            let pair = |(digest, tag, pushed_at)| (ImageIdentifier { digest, tag }, pushed_at);
            pairs.into_iter().map(pair).collect()
        }
    })
}
