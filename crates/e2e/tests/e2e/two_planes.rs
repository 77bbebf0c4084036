//! Two planes, one rule: each rule is met once through the JSON API and once through `/v2`, in
//! repositories that are alike, and what comes out must be the same: the same success, or the same
//! refusal in the other dialect with the same message.

mod plane;
mod rules;

use serde_json::json;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::server::Server;

use plane::{Outcome, Planes, digest_of};

/// What an exception of ECR is on `/v2`. Success there where ECR refuses what is already done:
/// clients of images push again what is there.
const DIALECTS: &[(&str, u16, &str)] = &[
    ("AccessDeniedException", 403, "DENIED"),
    ("ImageAlreadyExistsException", 201, ""),
    ("ImageDigestDoesNotMatchException", 400, "DIGEST_INVALID"),
    ("ImageNotFound", 404, "MANIFEST_UNKNOWN"),
    ("ImageReferencedByManifestList", 405, "UNSUPPORTED"),
    ("ImageTagAlreadyExistsException", 400, "TAG_INVALID"),
    ("InvalidLayerException", 400, "BLOB_UPLOAD_INVALID"),
    ("InvalidLayerPartException", 416, "BLOB_UPLOAD_INVALID"),
    ("InvalidParameterException", 405, "UNSUPPORTED"),
    ("LayersNotFoundException", 404, "MANIFEST_BLOB_UNKNOWN"),
    ("LimitExceededException", 403, "DENIED"),
    ("ReferencedImagesNotFoundException", 404, "MANIFEST_BLOB_UNKNOWN"),
    ("RepositoryNotFoundException", 404, "NAME_UNKNOWN"),
    ("UploadNotFoundException", 404, "BLOB_UPLOAD_UNKNOWN"),
];

/// Holds what the two planes said of one thing against each other.
#[track_caller]
fn check_same(what: &str, json: &Outcome, oci: &Outcome) {
    let told = format!("{what}: {json:?} and {oci:?}");
    match (json, oci) {
        (Outcome::Done(of_json), Outcome::Done(of_oci)) => assert_eq!(of_json, of_oci, "{told}"),
        (Outcome::Refused { code, message, .. }, oci) => {
            let dialect = DIALECTS.iter().find(|(exception, ..)| exception == code);
            let (_, status, of_oci) = dialect.unwrap_or_else(|| panic!("no dialect: {told}"));
            match oci {
                Outcome::Done(_) => assert_eq!(*status, 201, "{told}"),
                Outcome::Refused { status: found, code, message: also } => {
                    assert_eq!((found, code.as_str()), (status, *of_oci), "{told}");
                    assert_eq!(message, also, "{told}");
                }
            }
        }
        (Outcome::Done(_), Outcome::Refused { .. }) => panic!("{told}"),
    }
}

/// What a rule left behind must be alike as well.
#[track_caller]
fn check_same_state(what: &str, planes: &Planes) {
    let listed = |repository: &str| {
        let input = json!({ "repositoryName": repository, "filter": { "imageStatus": "ANY" } });
        let mut listed = planes.api.success("ListImages", &input)["imageIds"].clone();
        let order = |id: &serde_json::Value| id.to_string();
        listed.as_array_mut().expect("a list").sort_by_key(order);
        listed
    };
    assert_eq!(listed(planes.json.repository()), listed(planes.oci.repository()), "{what}");
}

/// Runs a rule with each reference in a pair of repositories of its own.
fn with_planes(settings: &serde_json::Value, rule: impl FnOnce(&mut Planes)) {
    let server = Server::start();
    let mut planes = Planes::new(Api::root(&server), &server, settings);
    rule(&mut planes);
}

#[test]
fn immutability_in_four_modes() {
    let filters = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]);
    for (mode, filters) in [
        ("MUTABLE", None),
        ("IMMUTABLE", None),
        ("IMMUTABLE_WITH_EXCLUSION", Some(&filters)),
        ("MUTABLE_WITH_EXCLUSION", Some(&filters)),
    ] {
        let mut settings = json!({ "imageTagMutability": mode });
        if let Some(filters) = filters {
            settings["imageTagMutabilityExclusionFilters"] = filters.clone();
        }
        with_planes(&settings, |planes| {
            for tag in ["v1", "dev-1"] {
                rules::tags_move_or_not(planes, &format!("{mode} {tag}"), tag);
            }
        });
    }
}

#[test]
fn what_a_manifest_needs_must_be_there() {
    with_planes(&json!({}), rules::missing_parts);
}

#[test]
fn manifests_that_are_none() {
    with_planes(&json!({}), rules::malformed_manifests);
}

#[test]
fn deleting_images() {
    with_planes(&json!({}), rules::deletions);
}

#[test]
fn archived_images() {
    with_planes(&json!({}), rules::archived);
}

#[test]
fn uploads_of_layers() {
    with_planes(&json!({}), rules::uploads);
}

#[test]
fn repositories_that_are_not_there() {
    with_planes(&json!({}), rules::missing_repository);
}

#[test]
fn limits() {
    with_planes(&json!({}), rules::tags_per_image);
}

#[test]
fn policies() {
    with_planes(&json!({}), rules::policies);
}

#[test]
fn digests_are_what_they_say() {
    assert_eq!(
        digest_of(b""),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
