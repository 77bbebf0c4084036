//! Layers, and the images made of them.

use std::error::Error;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::operation::list_images::builders::ListImagesFluentBuilder;
use aws_sdk_ecr::operation::put_image::builders::PutImageFluentBuilder;
use aws_sdk_ecr::primitives::Blob;
use aws_sdk_ecr::types::{
    DescribeImagesFilter, ImageFailureCode, ImageIdentifier, ImageStatus, ImageStatusFilter,
    LayerAvailability, LayerFailureCode, ListImageReferrersFilter, ListImagesFilter,
    SubjectIdentifier, TagStatus, TargetStorageClass,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::Told;
use crate::driver::{assert_recent, refused};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

fn digest_of(data: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(data)))
}

pub fn tagged(tag: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_tag(tag).build()
}

async fn push(ecr: &Client, media_type: &str, data: &[u8]) -> Result<Value, Box<dyn Error>> {
    let started = ecr.initiate_layer_upload().repository_name("app").send().await?;
    let upload = started.upload_id().expect("an id");
    let last = i64::try_from(data.len())? - 1;
    let part = ecr
        .upload_layer_part()
        .repository_name("app")
        .upload_id(upload)
        .part_first_byte(0)
        .part_last_byte(last)
        .layer_part_blob(Blob::new(data))
        .send()
        .await?;
    assert_eq!(part.last_byte_received(), Some(last));
    let done = ecr
        .complete_layer_upload()
        .repository_name("app")
        .upload_id(upload)
        .layer_digests(digest_of(data))
        .send()
        .await?;
    let digest = done.layer_digest().expect("a digest");
    Ok(json!({ "mediaType": media_type, "digest": digest, "size": data.len() }))
}

/// A manifest over layers that are there by then.
async fn image(ecr: &Client, content: &str) -> Result<Value, Box<dyn Error>> {
    let config = json!({ "content": content }).to_string();
    Ok(json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": push(ecr, CONFIG, config.as_bytes()).await?,
        "layers": [push(ecr, LAYER, content.repeat(10).as_bytes()).await?],
    }))
}

fn put(ecr: &Client, manifest: &str) -> PutImageFluentBuilder {
    ecr.put_image().repository_name("app").image_manifest(manifest)
}

pub async fn layers(ecr: &Client) -> Told {
    let started = ecr.initiate_layer_upload().repository_name("app").send().await?;
    assert!(started.part_size().is_some_and(|size| size >= 5 << 20), "{started:?}");
    let upload = started.upload_id().expect("an id");
    let data = b"0123456789";
    let complete = |upload: &str| {
        let call = ecr.complete_layer_upload().repository_name("app").upload_id(upload);
        call.layer_digests(digest_of(b"other"))
    };
    let part = |first: i64| {
        let call = ecr.upload_layer_part().repository_name("app").upload_id(upload);
        call.part_first_byte(first).part_last_byte(first + 9).layer_part_blob(Blob::new(data))
    };
    refused!(EmptyUploadException, complete(upload));
    part(0).send().await?;
    let gap = refused!(InvalidLayerPartException, part(20));
    assert_eq!(gap.last_valid_byte_received(), Some(9));
    assert_eq!(gap.upload_id(), Some(upload));
    assert_eq!(gap.repository_name(), Some("app"));
    assert!(gap.registry_id().is_some_and(|account| account.len() == 12), "{gap:?}");
    refused!(InvalidLayerException, complete(upload));
    refused!(UploadNotFoundException, complete("00000000-0000-4000-8000-000000000000"));
    Ok(())
}

pub async fn images(ecr: &Client) -> Told {
    let first = image(ecr, "first").await?.to_string();
    let stored = put(ecr, &first).image_tag("v1").send().await?;
    let stored = stored.image().expect("an image");
    assert_eq!(stored.image_manifest(), Some(first.as_str()));
    let digest = digest_of(first.as_bytes());
    let id = stored.image_id().expect("an id");
    assert_eq!(id.image_digest(), Some(digest.as_str()));
    refused!(ImageAlreadyExistsException, put(ecr, &first).image_tag("v1"));
    let second = image(ecr, "second").await?.to_string();
    refused!(ImageTagAlreadyExistsException, put(ecr, &second).image_tag("v1"));
    refused!(ImageDigestDoesNotMatchException, put(ecr, &second).image_digest(&digest));
    put(ecr, &second).image_tag("v2").send().await?;
    let child = json!({ "mediaType": MANIFEST, "digest": digest, "size": first.len() });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [child] });
    let index = index.to_string();
    put(ecr, &index).image_tag("index").send().await?;
    let lost = index.replace(&digest, &digest_of(b"lost"));
    refused!(ReferencedImagesNotFoundException, put(ecr, &lost).image_tag("lost"));
    lists(ecr, &digest).await?;
    reads(ecr, &first).await?;
    referrers(ecr, &first, &digest).await
}

fn list_tagged(ecr: &Client) -> ListImagesFluentBuilder {
    let filter = ListImagesFilter::builder().tag_status(TagStatus::Tagged).build();
    ecr.list_images().repository_name("app").filter(filter)
}

async fn lists(ecr: &Client, digest: &str) -> Told {
    let pages = list_tagged(ecr).into_paginator().page_size(1).items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await?;
    let mut tags: Vec<_> = found.iter().filter_map(|id| id.image_tag()).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["index", "v1", "v2"]);
    let describe = |tag: &str| ecr.describe_images().repository_name("app").image_ids(tagged(tag));
    let details = describe("v1").into_paginator().items().send();
    let details = details.collect::<Result<Vec<_>, _>>().await?;
    let [detail] = details.as_slice() else { panic!("one image: {details:?}") };
    assert_eq!(detail.image_digest(), Some(digest));
    assert_eq!(detail.image_status(), Some(&ImageStatus::Active));
    assert_eq!(detail.image_manifest_media_type(), Some(MANIFEST));
    assert!(detail.image_size_in_bytes().is_some_and(|size| size > 0), "{detail:?}");
    assert_recent(detail.image_pushed_at());
    refused!(ImageNotFoundException, describe("none"));
    Ok(())
}

async fn reads(ecr: &Client, first: &str) -> Told {
    let got = ecr.batch_get_image().repository_name("app");
    let got = got.image_ids(tagged("v1")).image_ids(tagged("none")).send().await?;
    let ([image], [failure]) = (got.images(), got.failures()) else { panic!("{got:?}") };
    assert_eq!(image.image_manifest(), Some(first));
    assert_eq!(failure.failure_code(), Some(&ImageFailureCode::ImageNotFound));
    let (layer, lost) = (digest_of("first".repeat(10).as_bytes()), digest_of(b"lost"));
    let check = ecr.batch_check_layer_availability().repository_name("app");
    let check = check.layer_digests(&layer).layer_digests(&lost).layer_digests("sha256:short");
    let checked = check.send().await?;
    let states: Vec<_> = checked.layers().iter().filter_map(|it| it.layer_availability()).collect();
    assert_eq!(states, [&LayerAvailability::Available, &LayerAvailability::Unavailable]);
    let [failure] = checked.failures() else { panic!("{checked:?}") };
    assert_eq!(failure.failure_code(), Some(&LayerFailureCode::InvalidLayerDigest));
    let download =
        |digest: &str| ecr.get_download_url_for_layer().repository_name("app").layer_digest(digest);
    let url = download(&layer).send().await?;
    assert!(url.download_url().is_some_and(|url| url.contains("X-Amz-Signature=")), "{url:?}");
    refused!(LayersNotFoundException, download(&lost));
    Ok(())
}

async fn referrers(ecr: &Client, first: &str, digest: &str) -> Told {
    let mut signature = image(ecr, "signature").await?;
    signature["subject"] = json!({ "mediaType": MANIFEST, "digest": digest, "size": first.len() });
    signature["artifactType"] = "application/x.sig".into();
    signature["annotations"] = json!({ "by": "a key" });
    let signature = signature.to_string();
    put(ecr, &signature).send().await?;
    let list = || {
        let subject = SubjectIdentifier::builder().image_digest(digest).build();
        ecr.list_image_referrers().repository_name("app").subject_id(subject.expect("a digest"))
    };
    let listed = list().send().await?;
    let [referrer] = listed.referrers() else { panic!("one referrer: {listed:?}") };
    assert_eq!(referrer.digest(), digest_of(signature.as_bytes()));
    assert_eq!(referrer.size(), i64::try_from(signature.len())?);
    assert_eq!(referrer.artifact_type(), Some("application/x.sig"));
    assert_eq!(referrer.annotations().expect("annotations")["by"], "a key");
    let others = ListImageReferrersFilter::builder().artifact_types("application/x.other").build();
    assert!(list().filter(others).send().await?.referrers().is_empty());
    Ok(())
}

pub async fn storage_classes(ecr: &Client) -> Told {
    let update = |tag: &str, target: TargetStorageClass| {
        let call = ecr.update_image_storage_class().repository_name("app").image_id(tagged(tag));
        call.target_storage_class(target)
    };
    let archive = |tag: &str| update(tag, TargetStorageClass::Archive);
    refused!(ImageNotFoundException, archive("none"));
    assert_eq!(archive("v2").send().await?.image_status(), Some(&ImageStatus::Archived));
    refused!(ImageStorageClassUpdateNotSupportedException, archive("v2"));
    assert!(!is_listed(ecr, "v2").await?);
    let filter = DescribeImagesFilter::builder().image_status(ImageStatusFilter::Archived).build();
    let found = ecr.describe_images().repository_name("app").filter(filter).send().await?;
    let [archived] = found.image_details() else { panic!("one image: {found:?}") };
    assert_eq!(archived.image_tags(), ["v2"]);
    assert_recent(archived.last_archived_at());
    let scan = ecr.start_image_scan().repository_name("app").image_id(tagged("v2"));
    refused!(ImageArchivedException, scan);
    let restored = update("v2", TargetStorageClass::Standard).send().await?;
    let status = restored.image_status().expect("a status");
    assert!(matches!(status, ImageStatus::Active | ImageStatus::Activating), "{status:?}");
    // A job brings it back.
    for _ in 0..600 {
        if is_listed(ecr, "v2").await? {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the image does not come back")
}

async fn is_listed(ecr: &Client, tag: &str) -> Result<bool, Box<dyn Error>> {
    let listed = list_tagged(ecr).send().await?;
    Ok(listed.image_ids().iter().any(|id| id.image_tag() == Some(tag)))
}
