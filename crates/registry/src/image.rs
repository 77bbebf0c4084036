//! Images: found by tag or digest. How they are read and listed is beside.

mod budget;
mod listing;
mod pull;
mod tag_page;

use bytes::Bytes;
use wharfinger_core::tag::fits_pattern;
use wharfinger_core::{Digest, Tag};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::{RepositoryId, Tx, tag};

pub(crate) use budget::ManifestBudget;
pub(crate) use listing::artifact_media_type;
pub use listing::{ImageDetail, ListImagesFilter};
pub(crate) use tag_page::TagPageCache;
pub use tag_page::{TagNames, TagPage};

use crate::{Error, ImageFailureCode, ImageName};

/// An image as a request names it, not yet looked at: ECR's `ImageIdentifier`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
    /// The digest of its subject, if it refers to one.
    pub subject: Option<Digest>,
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

/// An image that can be pulled, as a request names it, or why there is none.
async fn resolve_active(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: &RequestedImage,
) -> Result<Result<(ImageIdentifier, ImageRow), ImageFailureCode>, Error> {
    Ok(match resolve(tx, repository, requested).await? {
        Ok((_, row)) if row.status != ImageStatus::Active => {
            Err(ImageFailureCode::ImageInaccessible)
        }
        resolved => resolved,
    })
}

/// Finds the image that a request names, whatever its status, or says why there is none.
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
    let tag = match requested.tag.as_deref().map(|text| (text, text.parse::<Tag>())) {
        Some((text, Err(_))) => return Ok(Err(code_of_no_tag(text, digest.is_some()))),
        Some((_, Ok(tag))) => Some(tag),
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

/// What is wrong with a tag that no image can have. One that ECR's pattern admits is not there.
fn code_of_no_tag(text: &str, beside_digest: bool) -> ImageFailureCode {
    match (fits_pattern(text), beside_digest) {
        (false, _) => ImageFailureCode::InvalidImageTag,
        (true, true) => ImageFailureCode::ImageTagDoesNotMatchDigest,
        (true, false) => ImageFailureCode::ImageNotFound,
    }
}

impl From<RequestedImage> for ImageName {
    fn from(requested: RequestedImage) -> Self {
        Self { digest: requested.digest, tag: requested.tag }
    }
}
