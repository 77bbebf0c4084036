//! What the audit log says of requests to `/v2`: each route under the name of its operation, with
//! who asked and what became of it.

use serde_json::{Value, json};
use wharfinger_api_oci::required_actions::REQUIRED_ACTIONS;
use wharfinger_registry::TagMutability;

use super::fixture::{ACCOUNT, REGION, REPOSITORY, digest_of, fixture, manifest};
use super::public_world::{PREFIX, world};

const NOT_ACKNOWLEDGED: &str =
    "The audit log could not be written; the request may have been carried out";
const LAYER: &[u8] = b"layer";
const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";

/// The operation, `readOnly` and the parameters of a line of the table of routes. A line that is
/// not here fails the test.
fn expected(method: &str, route: &str) -> (&'static str, bool) {
    match (method, route) {
        ("GET", "/v2/") => ("CheckLogin", true),
        ("GET", "/v2/_catalog") => ("DescribeRepositories", true),
        ("GET", "/v2/<name>/tags/list") => ("ListImages", true),
        ("GET" | "HEAD", "/v2/<name>/manifests/<reference>") => ("BatchGetImage", true),
        ("PUT", "/v2/<name>/manifests/<reference>") => ("PutImage", false),
        ("DELETE", "/v2/<name>/manifests/<reference>") => ("BatchDeleteImage", false),
        ("GET", "/v2/<name>/blobs/<digest>") => ("GetDownloadUrlForLayer", true),
        ("HEAD", "/v2/<name>/blobs/<digest>") => ("BatchCheckLayerAvailability", true),
        ("DELETE", "/v2/<name>/blobs/<digest>") => ("DeleteLayer", false),
        ("POST", "/v2/<name>/blobs/uploads/?digest=<digest>") => ("CompleteLayerUpload", false),
        ("POST", _) => ("InitiateLayerUpload", false),
        ("GET", "/v2/<name>/blobs/uploads/<upload>") => ("DescribeLayerUpload", true),
        ("PATCH", "/v2/<name>/blobs/uploads/<upload>") => ("UploadLayerPart", false),
        ("PUT", "/v2/<name>/blobs/uploads/<upload>?digest=<digest>") => {
            ("CompleteLayerUpload", false)
        }
        ("DELETE", "/v2/<name>/blobs/uploads/<upload>") => ("CancelLayerUpload", false),
        ("GET", "/v2/<name>/referrers/<digest>") => ("ListImageReferrers", true),
        other => panic!("{other:?} is not recorded under any name"),
    }
}

#[tokio::test]
async fn every_route_is_recorded_under_its_operation() {
    let fixture = fixture().await;
    let digest = digest_of(LAYER).to_string();
    for line in REQUIRED_ACTIONS {
        let upload = fixture.begin_upload(REPOSITORY).await;
        let upload = upload.rsplit('/').next().unwrap();
        let target = line.route.replace("<name>", REPOSITORY).replace("<reference>", "v1");
        let target = target.replace("<digest>", &digest).replace("<upload>", upload);
        let target = target.replace("<source>", "team/other");
        let reply = fixture.request(line.method, &target).body(LAYER).send().await;
        let record = fixture.log.last().await;
        let (name, read_only) = expected(line.method, line.route);
        let what = format!("{} {target}: {record}", line.method);
        assert_eq!(
            (record["eventName"].as_str(), &record["readOnly"]),
            (Some(name), &json!(read_only)),
            "{what}"
        );
        assert_eq!(record["requestID"].as_str().unwrap().len(), 36);
        assert_eq!(record["recipientAccountId"], ACCOUNT, "{what}");
        assert_eq!(record["awsRegion"], REGION);
        assert_eq!(record["errorCode"].is_string(), reply.status.as_u16() >= 400, "{what}");
        assert_eq!(record["userIdentity"]["invokedBy"], "ecr.amazonaws.com");
        let resource =
            json!([{ "ARN": ARN, "accountId": ACCOUNT, "type": "AWS::ECR::Repository" }]);
        match line.route.contains("<name>") {
            true => assert_eq!(record["resources"], resource, "{what}"),
            false => assert_eq!(record["resources"], Value::Null, "{what}"),
        }
        let answers = !read_only && reply.status.is_success();
        assert_eq!(record["responseElements"].is_object(), answers, "{what}");
    }
}

#[tokio::test]
async fn a_push_and_a_pull_leave_whole_records() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let put = fixture.log.last().await;
    let digest = digest_of(&manifest(b"{}", LAYER)).to_string();
    let identity = json!({
        "type": "Root", "principalId": ACCOUNT, "arn": "arn:aws:iam::111122223333:root",
        "accountId": ACCOUNT, "accessKeyId": fixture.root.access_key_id,
        "invokedBy": "ecr.amazonaws.com",
    });
    let resource = json!([{ "ARN": ARN, "accountId": ACCOUNT, "type": "AWS::ECR::Repository" }]);
    assert_eq!(
        put,
        json!({
            "eventVersion": "1.08", "userIdentity": identity, "eventTime": "2027-01-15T08:00:00Z",
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "awsRegion": REGION,
            "sourceIPAddress": "127.0.0.1", "userAgent": "",
            "requestParameters": { "registryId": ACCOUNT, "repositoryName": REPOSITORY,
                "imageTag": "v1",
                "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json" },
            "responseElements": { "registryId": ACCOUNT, "repositoryName": REPOSITORY, "image": {
                "registryId": ACCOUNT, "repositoryName": REPOSITORY,
                "imageId": { "imageDigest": digest, "imageTag": "v1" } } },
            "additionalEventData": { "httpMethod": "PUT" },
            "requestID": put["requestID"], "eventID": put["eventID"], "readOnly": false,
            "resources": resource, "eventType": "AwsApiCall", "managementEvent": true,
            "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        })
    );
    let accept = "application/vnd.oci.image.manifest.v1+json, */*";
    let target = format!("/v2/{REPOSITORY}/manifests/{digest}");
    fixture.request("GET", &target).header("accept", accept).send().await;
    let got = fixture.log.last().await;
    let parameters = json!({
        "registryId": ACCOUNT, "repositoryName": REPOSITORY,
        "imageIds": [{ "imageDigest": digest }],
        "acceptedMediaTypes": ["application/vnd.oci.image.manifest.v1+json", "*/*"],
    });
    assert_eq!((&got["requestParameters"], &got["responseElements"]), (&parameters, &Value::Null));
    let digest = digest_of(LAYER).to_string();
    let records = fixture.log.records().await;
    let completed = records.iter().find(|record| record["eventName"] == "CompleteLayerUpload");
    let completed = completed.unwrap();
    let both = json!(["InitiateLayerUpload", "UploadLayerPart"]);
    assert_eq!(completed["additionalEventData"]["alsoPerformed"], both);
    assert!(records.iter().any(|it| it["responseElements"]["layerDigest"] == digest.as_str()));
}

#[tokio::test]
async fn a_denial_says_what_decided() {
    let fixture = fixture().await;
    let key = fixture.user("reader", &["ecr:BatchGetImage", "ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    let target = format!("/v2/{REPOSITORY}/blobs/uploads/");
    let reply = fixture.request("POST", &target).login(&password).send().await;
    assert_eq!(reply.status, 403);
    let record = fixture.log.last().await;
    assert_eq!(record["eventName"], "InitiateLayerUpload");
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["userIdentity"]["userName"], "reader");
    let message = record["errorMessage"].as_str().unwrap();
    assert!(message.contains("is not authorized to perform: ecr:InitiateLayerUpload"), "{message}");
    let decided = record["additionalEventData"]["decidedBy"].as_str().unwrap();
    assert!(decided.contains("no identity-based policy allows"), "{decided}");
}

#[tokio::test]
async fn failed_logins_are_recorded_and_requests_without_any_are_not() {
    let fixture = fixture().await;
    let before = fixture.log.records().await.len();
    assert_eq!(fixture.request("GET", "/v2/").anonymous().send().await.status, 401);
    assert_eq!(fixture.log.records().await.len(), before);
    let wrong = "somebody-guesses-a-password";
    fixture.log.keep_out(wrong);
    assert_eq!(fixture.request("GET", "/v2/x/tags/list").login(wrong).send().await.status, 401);
    let record = fixture.log.last().await;
    let identity = json!({ "type": "Unknown", "invokedBy": "ecr.amazonaws.com" });
    assert_eq!(record["userIdentity"], identity);
    assert_eq!(
        (&record["errorCode"], &record["eventName"]),
        (&json!("Unauthorized"), &json!("UnknownOperation"))
    );
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let target = format!("/v2/{REPOSITORY}/manifests/v1");
    let uploads = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", digest_of(b"other"));
    fixture.log.set_full(true);
    let first = fixture.request("POST", &uploads).body(b"other").send().await;
    first.assert_error(507, "UNKNOWN", NOT_ACKNOWLEDGED);
    let refused = "The audit log cannot be written, and the request was not carried out";
    fixture.request("DELETE", &target).send().await.assert_error(507, "UNKNOWN", refused);
    // Reads go on, and nothing was deleted.
    assert_eq!(fixture.get(&target).await.status, 200);
    fixture.log.set_full(false);
    while fixture.log.audit.settled().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.request("DELETE", &target).send().await.status, 202);
    let records = fixture.log.records().await;
    let names: Vec<&str> = records.iter().map(|it| it["eventName"].as_str().unwrap()).collect();
    // What had happened when the disk was found to be full is on record now.
    assert_eq!(names[names.len() - 2..], ["CompleteLayerUpload", "BatchDeleteImage"]);
}

/// What begins an upload is answered without waiting; what has done something for good is not.
#[tokio::test]
async fn the_steps_of_an_upload_do_not_wait_for_the_disk_and_all_else_does() {
    for (query, expected) in [
        (String::new(), None),
        (format!("?mount={}&from={REPOSITORY}", digest_of(b"absent")), None),
        (format!("?mount={}&from={REPOSITORY}", digest_of(LAYER)), Some(NOT_ACKNOWLEDGED)),
    ] {
        let fixture = fixture().await;
        fixture.push_image(REPOSITORY, "v1", LAYER).await;
        fixture.create_repository("target", TagMutability::Mutable).await;
        fixture.log.set_full(true);
        let target = format!("/v2/target/blobs/uploads/{query}");
        let reply = fixture.request("POST", &target).send().await;
        match expected {
            None => assert_eq!(reply.status, 202, "{query}"),
            Some(message) => reply.assert_error(507, "UNKNOWN", message),
        }
        fixture.log.set_full(false);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_a_record() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    // A body that never comes.
    let stuck = http_body_util::StreamBody::new(futures_util::stream::pending());
    let body = http_body_util::BodyExt::boxed_unsync(stuck);
    let request = fixture.request("PATCH", &upload).with_body(body);
    let gone = tokio::select! {
        biased;
        _ = request.send() => false,
        () = async { for _ in 0..100 { tokio::task::yield_now().await } } => true,
    };
    assert!(gone);
    let record = fixture.log.last().await;
    assert_eq!(record["eventName"], "UploadLayerPart");
    assert_eq!(record["errorCode"], "RequestInterrupted");
}

#[tokio::test]
async fn nobody_in_particular_is_recorded_as_such() {
    let world = world().await;
    let target = format!("/v2/{PREFIX}/{}/app/manifests/v1", world.alias);
    assert_eq!(world.fixture.request("GET", &target).anonymous().send().await.status, 200);
    let record = world.fixture.log.last().await;
    assert_eq!(record["userIdentity"]["accountId"], "ANONYMOUS_PRINCIPAL");
    assert_eq!(record["eventSource"], "ecr-public.amazonaws.com");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["resources"][0]["type"], "AWS::ECR::PublicRepository");
    let records = world.fixture.log.records().await;
    assert!(records.iter().any(|it| it["eventName"] == "GetAuthorizationToken"));
    assert!(!format!("{records:?}").contains(&world.nobody));
}
