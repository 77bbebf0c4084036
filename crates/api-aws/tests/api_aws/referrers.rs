//! `ListImageReferrers`: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{World, digest_of, invalid};

const NAME: &str = "team/app";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Pushes an artifact that refers to `subject` and answers its digest and size.
async fn push(world: &World, subject: &str, artifact_type: &str, note: &str) -> (String, usize) {
    let config = world.push_layer(NAME, b"{}").await;
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type, "layers": [],
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2,
        },
        "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": 3 },
    });
    if !note.is_empty() {
        manifest["annotations"] = json!({ "note": note });
    }
    let manifest = manifest.to_string();
    let body = json!({ "repositoryName": NAME, "imageManifest": manifest });
    world.call("PutImage", body).await.ok();
    (digest_of(manifest.as_bytes()), manifest.len())
}

#[tokio::test]
async fn referrers_are_listed_filtered_and_paged() {
    let world = World::new().await;
    world.create_repository(NAME).await;
    let subject = world.push_image(NAME, "1", Some("v1")).await;
    let list = async |members: Value| {
        let mut body = members;
        body["repositoryName"] = NAME.into();
        body["subjectId"] = json!({ "imageDigest": subject });
        world.call("ListImageReferrers", body).await.ok()
    };
    assert_eq!(list(json!({})).await, json!({ "referrers": [] }));
    let (signature, signature_size) = push(&world, &subject, "application/signature", "").await;
    let (sbom, sbom_size) = push(&world, &subject, "application/sbom", "from the build").await;
    let signature = json!({
        "digest": signature, "mediaType": OCI_MANIFEST, "size": signature_size,
        "artifactType": "application/signature", "artifactStatus": "ACTIVE",
    });
    let mut sbom = json!({
        "digest": sbom, "mediaType": OCI_MANIFEST, "size": sbom_size,
        "artifactType": "application/sbom", "artifactStatus": "ACTIVE",
        "annotations": { "note": "from the build" },
    });
    let types = |types: &[&str]| json!({ "filter": { "artifactTypes": types } });
    assert_eq!(list(types(&["application/sbom"])).await["referrers"], json!([sbom]));
    assert_eq!(list(types(&["application/signature"])).await["referrers"], json!([signature]));
    assert_eq!(list(types(&["other"])).await["referrers"], json!([]));
    let first = list(json!({ "maxResults": 1 })).await;
    let second = list(json!({ "maxResults": 1, "nextToken": first["nextToken"] })).await;
    assert_eq!(second.get("nextToken"), None);
    let mut both = vec![first["referrers"][0].clone(), second["referrers"][0].clone()];
    both.sort_by_key(|referrer| referrer["artifactType"].as_str().unwrap().to_owned());
    assert_eq!(both, [sbom.clone(), signature.clone()]);
    // Archived ones are shown to those who ask for them.
    let archive = json!({
        "repositoryName": NAME, "imageId": { "imageDigest": sbom["digest"] },
        "targetStorageClass": "ARCHIVE",
    });
    world.call("UpdateImageStorageClass", archive).await.ok();
    sbom["artifactStatus"] = "ARCHIVED".into();
    let status = |status: &str| json!({ "filter": { "artifactStatus": status } });
    assert_eq!(list(json!({})).await["referrers"], json!([signature]));
    assert_eq!(list(status("ACTIVE")).await["referrers"], json!([signature]));
    assert_eq!(list(status("ARCHIVED")).await["referrers"], json!([sbom]));
    assert_eq!(list(status("ACTIVATING")).await["referrers"], json!([]));
    assert_eq!(list(status("ANY")).await["referrers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let world = World::new().await;
    world.create_repository(NAME).await;
    let subject = digest_of(b"subject");
    let refused = async |change: Value| {
        let mut body = json!({ "repositoryName": NAME, "subjectId": { "imageDigest": subject } });
        for (member, value) in change.as_object().unwrap() {
            body[member] = value.clone();
        }
        world.call("ListImageReferrers", body).await.refused("InvalidParameterException")
    };
    assert_eq!(
        refused(json!({ "subjectId": { "imageDigest": "latest" } })).await,
        invalid("imageDigest", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'")
    );
    assert_eq!(
        refused(json!({ "maxResults": 51 })).await,
        invalid("maxResults", "Member must have value less than or equal to 50")
    );
    assert_eq!(
        refused(json!({ "nextToken": "AAAA" })).await,
        invalid("nextToken", "Member must be a token of this request")
    );
    refused(json!({ "filter": { "artifactTypes": ["a", "b", "c", "d", "e", "f"] } })).await;
    refused(json!({ "subjectId": {} })).await;
}
