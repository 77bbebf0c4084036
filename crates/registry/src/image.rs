//! Images: found by tag or digest, read, listed, described.

mod budget;

use bytes::Bytes;
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{BatchGetImage, DescribeImages, ListImages};
use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_metadata::image::{self, ImagePosition, ImageRow, TagStatus};
use wharfinger_metadata::{RepositoryId, Tx, tag};

use crate::repository::must_find;
use crate::{Error, ImageFailure, ImageFailureCode, ImageName, Page, PageRequest, Registry};

/// An image as a request names it, not yet looked at: ECR's `ImageIdentifier`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedImage {
    /// `imageDigest`.
    pub digest: Option<String>,
    /// `imageTag`.
    pub tag: Option<String>,
}

/// An image that exists, with the tag it was found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageIdentifier {
    /// Its digest.
    pub digest: Digest,
    /// The tag, if one was asked for (or, in lists, one of its tags).
    pub tag: Option<Tag>,
}

/// A stored manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// Which image it is.
    pub id: ImageIdentifier,
    /// The manifest, exactly as it was pushed.
    pub manifest: Bytes,
    /// Its media type.
    pub media_type: String,
}

/// What a request for a manifest's head is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageHead {
    /// The digest of the manifest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub manifest_size_bytes: u64,
}

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
}

/// Which images `ListImages` and `DescribeImages` show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListImagesFilter {
    /// Tagged, untagged, or any.
    pub tag_status: TagStatus,
}

impl Registry {
    /// ECR `BatchGetImage`: one image or one failure for each id, in their order.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for more bytes of manifests than one answer may hold.
    pub async fn batch_get_image(
        &self,
        permit: &Permit<BatchGetImage>,
        ids: Vec<RequestedImage>,
    ) -> Result<(Vec<StoredImage>, Vec<ImageFailure>), Error> {
        let resource = permit.resource().clone();
        let (key_domain, found, failures) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let (mut found, mut failures) = (Vec::new(), Vec::new());
                    let mut budget = budget::ManifestBudget::default();
                    for requested in ids {
                        match resolve(tx, repository.id, &requested).await? {
                            Ok((id, row)) => {
                                budget.take(&row)?;
                                let sealed =
                                    image::sealed_manifest(tx, repository.id, &id.digest).await?;
                                found.push((id, row.media_type, sealed.unwrap_or_default()));
                            }
                            Err(code) => failures.push(ImageFailure { requested, code }),
                        }
                    }
                    Ok::<_, Error>((repository.key_domain, found, failures))
                })
            })
            .await?;
        let mut images = Vec::with_capacity(found.len());
        for (id, media_type, sealed) in found {
            let manifest = self.open_manifest(&key_domain, &id.digest, &sealed)?;
            images.push(StoredImage { id, manifest, media_type });
        }
        Ok((images, failures))
    }

    /// What `HEAD` of a manifest answers, without reading the manifest. `None` if there is no such
    /// image.
    pub async fn head_image(
        &self,
        permit: &Permit<BatchGetImage>,
        requested: RequestedImage,
    ) -> Result<Option<ImageHead>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let found = resolve(tx, repository.id, &requested).await?;
                    Ok(found.ok().map(|(_, row)| ImageHead {
                        digest: row.digest,
                        media_type: row.media_type,
                        manifest_size_bytes: row.manifest_size_bytes,
                    }))
                })
            })
            .await
    }

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
            "ListImages {} {} {} {:?}",
            resource.registry.account, resource.registry.region, resource.name, filter.tag_status
        );
        let after = page.position::<PairPosition>(&list)?.unwrap_or_default();
        let limit = page.limit();
        let pairs = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    list_pairs(tx, repository, filter.tag_status, &after, limit + 1).await
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

    /// The tags of a repository after `last` in order of their bytes, for `/v2`: at most `limit`,
    /// and whether there are more.
    pub async fn list_tags(
        &self,
        permit: &Permit<ListImages>,
        last: &str,
        limit: u32,
    ) -> Result<(Vec<Tag>, bool), Error> {
        let (resource, last) = (permit.resource().clone(), last.to_owned());
        let tags = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    Ok::<_, Error>(tag::list(tx, repository, &last, limit + 1).await?)
                })
            })
            .await?;
        let more = tags.len() > limit as usize;
        Ok((tags.into_iter().take(limit as usize).map(|(tag, _)| tag).collect(), more))
    }

    /// ECR `DescribeImages` with `imageIds`.
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
                    let mut details: Vec<ImageDetail> = Vec::with_capacity(ids.len());
                    for requested in ids {
                        let (_, row) = match resolve(tx, repository, &requested).await? {
                            Ok(found) => found,
                            Err(code) => return Err(code.as_call_failure(requested, &resource)),
                        };
                        // One element for each image, however many ids name it.
                        if details.iter().all(|detail| detail.digest != row.digest) {
                            details.push(detail(tx, repository, row).await?);
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
            "DescribeImages {} {} {} {:?}",
            resource.registry.account, resource.registry.region, resource.name, filter.tag_status
        );
        let after = page.position::<PairPosition>(&list)?.unwrap_or_default().image();
        let limit = page.limit();
        let (details, limit) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let mut rows =
                        image::list(tx, repository, filter.tag_status, &after, limit + 1).await?;
                    let limit = budget::images_of_page(&rows, limit);
                    rows.truncate(limit as usize + 1);
                    let mut details = Vec::with_capacity(rows.len());
                    for row in rows {
                        details.push(detail(tx, repository, row).await?);
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

/// Finds the image that a request names, or says why there is none.
pub(crate) async fn resolve(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: &RequestedImage,
) -> Result<Result<(ImageIdentifier, ImageRow), ImageFailureCode>, Error> {
    let digest = match requested.digest.as_deref().map(str::parse::<Digest>) {
        Some(Err(_)) => return Ok(Err(ImageFailureCode::InvalidImageDigest)),
        Some(Ok(digest)) => Some(digest),
        None => None,
    };
    let tag = match requested.tag.as_deref().map(str::parse::<Tag>) {
        Some(Err(_)) => return Ok(Err(ImageFailureCode::InvalidImageTag)),
        Some(Ok(tag)) => Some(tag),
        None => None,
    };
    let tagged = match &tag {
        Some(tag) => tag::find(tx, repository, tag).await?,
        None => None,
    };
    let digest = match (digest, &tag, tagged) {
        (None, None, _) => return Ok(Err(ImageFailureCode::MissingDigestAndTag)),
        (None, Some(_), None) => return Ok(Err(ImageFailureCode::ImageNotFound)),
        (None, Some(_), Some(tagged)) => tagged,
        (Some(digest), None, _) => digest,
        (Some(digest), Some(_), Some(tagged)) if digest == tagged => digest,
        (Some(_), Some(_), _) => return Ok(Err(ImageFailureCode::ImageTagDoesNotMatchDigest)),
    };
    Ok(match image::find(tx, repository, &digest).await? {
        Some(row) => Ok((ImageIdentifier { digest, tag }, row)),
        None => Err(ImageFailureCode::ImageNotFound),
    })
}

async fn detail(
    tx: &mut Tx,
    repository: RepositoryId,
    row: ImageRow,
) -> Result<ImageDetail, Error> {
    let tags = match row.tag_count {
        0 => Vec::new(),
        _ => tag::of_image(tx, repository, &row.digest).await?,
    };
    Ok(detail_of(row, tags))
}

/// An image with these of its tags.
pub(crate) fn detail_of(row: ImageRow, tags: Vec<Tag>) -> ImageDetail {
    ImageDetail {
        digest: row.digest,
        tags,
        size_bytes: row.size_bytes,
        pushed_at: row.pushed_at,
        media_type: row.media_type,
        artifact_media_type: row.artifact_type.or(row.artifact_media_type),
        subject: row.subject,
    }
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
    tag_status: TagStatus,
    after: &PairPosition,
    limit: u32,
) -> Result<Vec<(ImageIdentifier, Timestamp)>, Error> {
    Ok(match tag_status {
        TagStatus::Tagged => {
            let tags = tag::list(tx, repository, &after.tag, limit).await?;
            let pair =
                |(tag, digest)| (ImageIdentifier { digest, tag: Some(tag) }, Timestamp::default());
            tags.into_iter().map(pair).collect()
        }
        TagStatus::Untagged => {
            let rows = image::list(tx, repository, tag_status, &after.image(), limit).await?;
            let pair =
                |row: ImageRow| (ImageIdentifier { digest: row.digest, tag: None }, row.pushed_at);
            rows.into_iter().map(pair).collect()
        }
        TagStatus::Any => {
            let pairs =
                image::list_pairs(tx, repository, &after.image(), &after.tag, limit).await?;
            let pair = |(digest, tag, pushed_at)| (ImageIdentifier { digest, tag }, pushed_at);
            pairs.into_iter().map(pair).collect()
        }
    })
}

impl From<RequestedImage> for ImageName {
    fn from(requested: RequestedImage) -> Self {
        Self { digest: requested.digest, tag: requested.tag }
    }
}
