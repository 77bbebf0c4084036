//! Image tags with what they point to: ECR Public's `DescribeImageTags`.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::DescribeImageTags;
use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_metadata::{image, tag};

use crate::image::artifact_media_type;
use crate::repository::must_find;
use crate::{Error, Page, PageRequest, Registry};

/// A tag and its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageTagDetail {
    /// The tag.
    pub tag: Tag,
    /// When it was pointed to the image.
    pub created_at: Timestamp,
    /// The image.
    pub digest: Digest,
    /// Bytes of config and layers; for an index the largest of its children.
    pub size_bytes: u64,
    /// When the image was pushed.
    pub pushed_at: Timestamp,
    /// The manifest's media type.
    pub media_type: String,
    /// The media type of what it is.
    pub artifact_media_type: Option<String>,
}

impl Registry {
    /// ECR Public `DescribeImageTags`: a page of tags, in order.
    pub async fn describe_image_tags(
        &self,
        permit: &Permit<DescribeImageTags>,
        page: &PageRequest,
    ) -> Result<Page<ImageTagDetail>, Error> {
        let resource = permit.resource().clone();
        let list = format!(
            "DescribeImageTags {} {} {}",
            resource.registry.account, resource.registry.region, resource.name
        );
        let after = page.position::<String>(&list)?.unwrap_or_default();
        let limit = page.limit();
        let details = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let tags = tag::list_with_times(tx, repository, &after, limit + 1).await?;
                    let mut details = Vec::with_capacity(tags.len());
                    for (tag, digest, created_at) in tags {
                        // A tag keeps its image from going, so there always is one.
                        if let Some(row) = image::find(tx, repository, &digest).await? {
                            details.push(ImageTagDetail {
                                tag,
                                created_at,
                                digest,
                                size_bytes: row.size_bytes,
                                pushed_at: row.pushed_at,
                                artifact_media_type: artifact_media_type(&row),
                                media_type: row.media_type,
                            });
                        }
                    }
                    Ok::<_, Error>(details)
                })
            })
            .await?;
        Ok(Page::cut(details, limit, &list, |last| last.tag.to_string()))
    }
}
