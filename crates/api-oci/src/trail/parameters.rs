//! `requestParameters` and `responseElements` of requests to `/v2`: what the same operation has in
//! ECR's API. Nothing of a body is among them, and of headers and the query nothing but what is named
//! here; so no credential can be.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::request::Parts;
use serde::{Serialize, Serializer};
use wharfinger_audit::capped;
use wharfinger_core::{Digest, Reference, RegistryId, RepositoryName, UploadId};
use wharfinger_oci::{ByteRange, Route};

use super::query_parameter;
use crate::answer::{CONTENT_DIGEST, UPLOAD_UUID};
use crate::routing::Verb;

/// Media types of an `Accept` that are recorded, and the length of one.
const MEDIA_TYPES_MAX: usize = 32;
const MEDIA_TYPE_BYTES_MAX: usize = 128;

/// What was asked.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    registry_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_ids: Option<[ImageId<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_media_types: Option<MediaTypes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    image_digest: Option<&'a Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_manifest_media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    layer_digest: Option<&'a Digest>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    upload_id: Option<&'a UploadId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_first_byte: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_last_byte: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_digests: Option<[String; 1]>,
    /// The layer that was to be mounted, and whence.
    #[serde(skip_serializing_if = "Option::is_none")]
    mount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageId<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    image_digest: Option<&'a Digest>,
}

/// The media types of all `Accept` headers.
#[derive(Debug)]
struct MediaTypes<'a>(&'a HeaderMap);

impl Serialize for MediaTypes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.0.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let types = values.flat_map(|value| value.split(',')).map(str::trim);
        let types = types.filter(|text| !text.is_empty()).take(MEDIA_TYPES_MAX);
        serializer.collect_seq(types.map(|text| capped(text, MEDIA_TYPE_BYTES_MAX)))
    }
}

/// What a write was answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_byte_received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_digest: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Image<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    image_id: AnsweredImageId<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredImageId<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<&'a str>,
}

/// The parameters of a request, as far as it came.
pub(super) fn asked<'a>(
    registry: Option<&'a RegistryId>,
    route: Option<&'a Route>,
    head: &'a Parts,
) -> Option<Asked<'a>> {
    let (registry, route) = (registry?, route?);
    let base = Asked {
        registry_id: Some(registry.account.as_str()),
        repository_name: route.name().map(RepositoryName::as_str),
        ..Asked::default()
    };
    let verb = Verb::of(&head.method);
    Some(match route {
        Route::Base | Route::Catalog | Route::TagsList { .. } => base,
        Route::Manifest { reference, .. } => of_manifest(base, verb, reference, head),
        Route::Blob { digest, .. } => Asked { layer_digest: Some(digest), ..base },
        Route::BlobUploads { .. } => Asked {
            layer_digests: query_parameter(head, "digest").map(|digest| [digest]),
            mount: query_parameter(head, "mount"),
            from: query_parameter(head, "from"),
            ..base
        },
        Route::BlobUpload { upload_id, .. } => {
            let range = head.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
            let range = range.and_then(|text| ByteRange::of_chunk(text).ok());
            Asked {
                upload_id: Some(upload_id),
                part_first_byte: range.map(ByteRange::first),
                part_last_byte: range.map(ByteRange::last),
                layer_digests: query_parameter(head, "digest").map(|digest| [digest]),
                ..base
            }
        }
        Route::Referrers { digest, .. } => {
            let subject = ImageId { image_tag: None, image_digest: Some(digest) };
            Asked { image_ids: Some([subject]), ..base }
        }
    })
}

fn of_manifest<'a>(
    base: Asked<'a>,
    verb: Verb,
    reference: &'a Reference,
    head: &'a Parts,
) -> Asked<'a> {
    let (image_tag, image_digest) = match reference {
        Reference::Tag(tag) => (Some(tag.as_str()), None),
        Reference::Digest(digest) => (None, Some(digest)),
    };
    let has_accept = head.headers.contains_key(ACCEPT);
    match verb {
        Verb::Put => {
            let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let image_manifest_media_type =
                media_type.map(|text| capped(text, MEDIA_TYPE_BYTES_MAX));
            Asked { image_tag, image_digest, image_manifest_media_type, ..base }
        }
        Verb::Get | Verb::Head => Asked {
            image_ids: Some([ImageId { image_tag, image_digest }]),
            accepted_media_types: has_accept.then_some(MediaTypes(&head.headers)),
            ..base
        },
        _ => Asked { image_ids: Some([ImageId { image_tag, image_digest }]), ..base },
    }
}

/// What a write was answered, from the headers of the answer: its bodies are empty.
pub(super) fn answered<'a>(
    operation: &str,
    registry: Option<&'a RegistryId>,
    route: Option<&'a Route>,
    answer: &'a HeaderMap,
) -> Option<Answered<'a>> {
    let (registry, route) = (registry?, route?);
    let (registry_id, repository_name) = (registry.account.as_str(), route.name()?.as_str());
    let digest = answer.get(CONTENT_DIGEST).and_then(|value| value.to_str().ok());
    let image_tag = match route {
        Route::Manifest { reference: Reference::Tag(tag), .. } => Some(tag.as_str()),
        _ => None,
    };
    let image = (operation == "PutImage").then_some(Image {
        registry_id,
        repository_name,
        image_id: AnsweredImageId { image_digest: digest, image_tag },
    });
    let received = answer.get(RANGE).and_then(|value| value.to_str().ok());
    let last_byte = received.and_then(|text| text.rsplit('-').next()?.parse().ok());
    Some(Answered {
        registry_id,
        repository_name,
        layer_digest: digest.filter(|_| image.is_none()),
        image,
        upload_id: answer.get(UPLOAD_UUID).and_then(|value| value.to_str().ok()),
        last_byte_received: last_byte.filter(|_| operation == "UploadLayerPart"),
    })
}

fn shown<S: Serializer>(
    value: &Option<&impl std::fmt::Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
