//! Repositories under KMS keys: golden answers and refusals.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{Reply, World, digest_of, registry_id};

async fn create(world: &World, name: &str, encryption: Value) -> Reply {
    let body = json!({ "repositoryName": name, "encryptionConfiguration": encryption });
    world.call("CreateRepository", body).await
}

/// A refusal of KMS: (its message, its code).
fn refused(reply: &Reply) -> (String, String) {
    let message = reply.refused("KmsException");
    let body = reply.json();
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    (message, body["kmsError"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_key_is_answered_with_its_whole_arn() {
    let world = World::new().await;
    let key = world.kms.create_key(&registry_id(), "", Some("alias/x")).await.unwrap();
    for (name, kind, asked) in [
        ("by-id", "KMS", key.key_id.as_str()),
        ("by-alias", "KMS_DSSE", "alias/x"),
        ("by-arn", "KMS", &key.arn),
        ("by-alias-arn", "KMS", "arn:aws:kms:eu-west-1:111122223333:alias/x"),
    ] {
        let asked = json!({ "encryptionType": kind, "kmsKey": asked });
        let created = create(&world, name, asked).await.ok();
        let expected = json!({
            "repositoryArn": format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}"),
            "registryId": "111122223333",
            "repositoryName": name,
            "repositoryUri": format!("localhost:4566/{name}"),
            "createdAt": 1_772_368_200.0,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": { "scanOnPush": false },
            "encryptionConfiguration": { "encryptionType": kind, "kmsKey": key.arn },
        });
        assert_eq!(created, json!({ "repository": expected }));
        let names = json!({ "repositoryNames": [name] });
        let described = world.call("DescribeRepositories", names).await.ok();
        assert_eq!(described, json!({ "repositories": [expected] }));
        let deleted = world.call("DeleteRepository", json!({ "repositoryName": name })).await;
        assert_eq!(deleted.ok(), json!({ "repository": expected }));
    }
    let default = create(&world, "default", json!({ "encryptionType": "KMS" })).await.ok();
    let answered = default["repository"]["encryptionConfiguration"]["kmsKey"].as_str().unwrap();
    let managed = world.kms.list_keys(&registry_id()).await.unwrap();
    let managed = managed.iter().find(|it| it.aliases == ["alias/aws/ecr"]).unwrap();
    assert_eq!(answered, managed.arn);
    assert_ne!(answered, key.arn);
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_in_the_words_of_kms() {
    let world = World::new().await;
    let key = world.kms.create_key(&registry_id(), "", None).await.unwrap();
    world.kms.set_key_enabled(&registry_id(), &key.key_id, false).await.unwrap();
    let elsewhere = "arn:aws:kms:eu-west-2:111122223333:key/1";
    for (kms_key, message, code) in [
        (
            "1234",
            "Key 'arn:aws:kms:eu-west-1:111122223333:key/1234' does not exist".to_owned(),
            "NotFoundException",
        ),
        (
            "alias/y",
            "Alias arn:aws:kms:eu-west-1:111122223333:alias/y is not found.".to_owned(),
            "NotFoundException",
        ),
        (
            elsewhere,
            format!(
                "The KMS key '{elsewhere}' is not in region eu-west-1; a registry uses keys of its \
                 own region only"
            ),
            "NotFoundException",
        ),
        ("arn:aws:kms", "Invalid arn arn:aws:kms".to_owned(), "InvalidArnException"),
        (&key.key_id, format!("{} is disabled.", key.arn), "DisabledException"),
    ] {
        let reply = create(&world, "app", json!({ "encryptionType": "KMS", "kmsKey": kms_key }));
        assert_eq!(refused(&reply.await), (message, code.to_owned()));
    }
    assert_eq!(
        world.call("DescribeRepositories", json!({})).await.ok(),
        json!({ "repositories": [] })
    );
    let aes = json!({ "encryptionType": "AES256", "kmsKey": "alias/x" });
    create(&world, "app", aes).await.refused("InvalidParameterException");
    let nothing = json!({ "encryptionType": "KMS", "kmsKey": "" });
    create(&world, "app", nothing).await.refused("InvalidParameterException");
    // Who may not create a repository learns nothing of keys.
    let allow = json!({ "Effect": "Allow", "Action": "ecr:ListImages", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": allow });
    let nobody = world.user("nobody", policy).await;
    let body = json!({
        "repositoryName": "app",
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "1234" },
    });
    let denied = world.call_as(&nobody, "CreateRepository", body).await;
    denied.refused("AccessDeniedException");
}

#[tokio::test]
async fn a_disabled_key_stops_pushes_and_pulls_until_it_is_enabled() {
    let world = World::new().await;
    let key = world.kms.create_key(&registry_id(), "", None).await.unwrap();
    let encryption = json!({ "encryptionType": "KMS", "kmsKey": key.arn });
    create(&world, "app", encryption).await.ok();
    let digest = world.push_image("app", "one", Some("v1")).await;
    let manifest = world.manifest("app", "two").await;
    let upload = world.call("InitiateLayerUpload", json!({ "repositoryName": "app" })).await.ok();
    let upload_id = &upload["uploadId"];
    let part = json!({
        "repositoryName": "app", "uploadId": upload_id, "partFirstByte": 0, "partLastByte": 4,
        "layerPartBlob": STANDARD.encode(b"bytes"),
    });
    let complete = json!({
        "repositoryName": "app", "uploadId": upload_id, "layerDigests": [digest_of(b"bytes")],
    });
    let put = json!({ "repositoryName": "app", "imageManifest": manifest, "imageTag": "v2" });
    world.call("UploadLayerPart", part.clone()).await.ok();
    let next = json!({
        "repositoryName": "app", "uploadId": upload_id, "partFirstByte": 5, "partLastByte": 5,
        "layerPartBlob": STANDARD.encode(b"!"),
    });

    world.kms.set_key_enabled(&registry_id(), &key.arn, false).await.unwrap();
    let said = (format!("{} is disabled.", key.arn), "DisabledException".to_owned());
    for (operation, body) in [
        ("InitiateLayerUpload", json!({ "repositoryName": "app" })),
        ("UploadLayerPart", next),
        ("CompleteLayerUpload", complete.clone()),
        ("PutImage", put.clone()),
    ] {
        assert_eq!(refused(&world.call(operation, body).await), said, "{operation}");
    }
    let get = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    let failed = world.call("BatchGetImage", get.clone()).await.ok();
    let failure = json!({
        "imageId": { "imageTag": "v1" },
        "failureCode": "KmsError",
        "failureReason": said.0,
    });
    assert_eq!(failed, json!({ "images": [], "failures": [failure] }));
    let described = world.call("DescribeImages", json!({ "repositoryName": "app" })).await.ok();
    assert_eq!(described["imageDetails"][0]["imageDigest"], digest);

    world.kms.set_key_enabled(&registry_id(), &key.arn, true).await.unwrap();
    world.call("CompleteLayerUpload", complete).await.ok();
    world.call("PutImage", put).await.ok();
    let got = world.call("BatchGetImage", get).await.ok();
    assert_eq!(got["images"][0]["imageId"]["imageDigest"], digest);
}
