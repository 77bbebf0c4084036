//! What is kept, what is hidden, and what is left out.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn copied(text: &str) -> serde_json::Value {
    serde_json::from_str(redacted(text.as_bytes()).unwrap().get()).unwrap()
}

#[test]
fn secrets_are_hidden_and_bulk_left_out() {
    let text = json!({
        "repositoryName": "app", "authorizationToken": "S", "layerPartBlob": "AAAA",
        "credentials": { "accessKeyId": "ASIAX", "SecretAccessKey": "S", "sessionToken": ["S"] },
        "nextToken": "n", "credentialArn": "arn:x", "createdAt": 1_531_347_464.5,
        "list": [{ "password": { "deep": "S" } }, {}, [], null, true, -3, 1.5],
        "catalogData": { "logoImageBlob": "AAAA" }, "text": "a\"\u{1}ü",
    });
    assert_eq!(
        copied(&text.to_string()),
        json!({
            "repositoryName": "app", "authorizationToken": HIDDEN,
            "credentials": { "accessKeyId": "ASIAX", "SecretAccessKey": HIDDEN,
                "sessionToken": HIDDEN },
            "nextToken": "n", "credentialArn": "arn:x", "createdAt": "Jul 11, 2018 10:17:44 PM",
            "list": [{ "password": HIDDEN }, {}, [], null, true, -3, 1.5],
            "catalogData": {}, "text": "a\"\u{1}ü",
        })
    );
}

#[test]
fn what_is_large_says_how_large_it_was() {
    let manifest = "x".repeat(TEXT_BYTES_MAX + 1);
    let large = copied(&json!({ "repositoryName": "app", "imageManifest": manifest }).to_string());
    let note = "OMITTED_DUE_TO_SIZE (16385 bytes)";
    assert_eq!(large, json!({ "repositoryName": "app", "imageManifest": note }));
    let many = json!({ "list": vec!["x".repeat(1000); 100] }).to_string();
    let copied = copied(&many);
    assert_eq!((&copied["omitted"], &copied["originalSize"]), (&json!(true), &json!(many.len())));
}

#[test]
fn what_is_no_object_is_none() {
    for text in ["", "[]", "1", "{", "{}x", "{\"a\":}", "nul"] {
        assert!(redacted(text.as_bytes()).is_none(), "{text}");
    }
}

/// Every member that the models of the services call sensitive.
#[test]
fn every_sensitive_member_of_the_models_is_a_secret() {
    let mut found = 0;
    for model in ["ecr", "ecr_public", "iam", "sts"] {
        let path = format!("{}/../../models/{model}.json", env!("CARGO_MANIFEST_DIR"));
        let model: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let shapes = model["shapes"].as_array().unwrap();
        let sensitive = |name: &serde_json::Value| {
            shapes.iter().any(|shape| shape["name"] == *name && shape["sensitive"] == true)
        };
        for shape in shapes {
            for member in shape["members"].as_array().into_iter().flatten() {
                if sensitive(&member["shape"]) {
                    let name = member["name"].as_str().unwrap();
                    assert!(is_secret(name), "{}.{name}", shape["name"]);
                    found += 1;
                }
            }
        }
    }
    assert!(found > 15, "{found}");
}

proptest! {
    #[test]
    fn a_copy_is_json_and_has_no_secret(
        names in proptest::collection::vec("[a-zA-Z]{1,8}(Token|Password|Name|At)?", 1..6),
        value in "[^\"\\\\]{0,20}",
        garbage in ".{0,40}",
    ) {
        let secret = "the-secret-value";
        let mut object = serde_json::Map::new();
        for name in &names {
            let text = if is_secret(name) { secret } else { value.as_str() };
            object.insert(name.clone(), json!({ "inner": text }));
            if is_secret(name) {
                object.insert(name.clone(), json!([text]));
            }
        }
        let text = serde_json::Value::Object(object).to_string();
        prop_assert!(!copied(&text).to_string().contains(secret));
        let _ = redacted(garbage.as_bytes());
    }
}
