//! The scanning configuration, and what it means for repositories: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{World, invalid};

const FILTER_PATTERN: &str = r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$";

fn rule(frequency: &str, filters: &[&str]) -> Value {
    let filters: Vec<Value> = filters
        .iter()
        .map(|filter| json!({ "filter": filter, "filterType": "WILDCARD" }))
        .collect();
    json!({ "scanFrequency": frequency, "repositoryFilters": filters })
}

async fn configure(world: &World, scan_type: &str, rules: Value) {
    let body = json!({ "scanType": scan_type, "rules": rules });
    world.call("PutRegistryScanningConfiguration", body).await.ok();
}

#[tokio::test]
async fn the_configuration_comes_back_as_it_was_put() {
    let world = World::new().await;
    let get = async || world.call("GetRegistryScanningConfiguration", json!({})).await.ok();
    let basic = json!({ "scanType": "BASIC", "rules": [] });
    let fresh = json!({ "registryId": "111122223333", "scanningConfiguration": basic });
    assert_eq!(get().await, fresh);
    for configuration in [
        json!({ "scanType": "BASIC", "rules": [rule("SCAN_ON_PUSH", &["*"])] }),
        json!({ "scanType": "ENHANCED", "rules": [
            rule("SCAN_ON_PUSH", &["team/*", "app"]), rule("CONTINUOUS_SCAN", &["prod*"]),
        ] }),
        json!({ "scanType": "ENHANCED", "rules": [rule("CONTINUOUS_SCAN", &[])] }),
        basic.clone(),
    ] {
        let put = world.call("PutRegistryScanningConfiguration", configuration.clone()).await.ok();
        assert_eq!(put, json!({ "registryScanningConfiguration": configuration }));
        let expected =
            json!({ "registryId": "111122223333", "scanningConfiguration": configuration });
        assert_eq!(get().await, expected);
    }
    configure(&world, "ENHANCED", json!([rule("SCAN_ON_PUSH", &["*"])])).await;
    let put = world.call("PutRegistryScanningConfiguration", json!({})).await.ok();
    assert_eq!(put, json!({ "registryScanningConfiguration": basic }), "what is not given goes");
    // Another region of the account is another registry.
    configure(&world, "ENHANCED", json!([])).await;
    let mut elsewhere = world.ecr("GetRegistryScanningConfiguration", "{}");
    elsewhere.region = "us-east-1";
    assert_eq!(world.send(elsewhere.sign(&world.root)).await.ok(), fresh);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused() {
    let world = World::new().await;
    let push = || rule("SCAN_ON_PUSH", &["*"]);
    let many = vec!["app"; 101];
    let long = "a".repeat(256);
    let pattern = format!("must satisfy regular expression '{FILTER_PATTERN}'");
    let enumeration = |values: &str| format!("Member must satisfy enum value set: [{values}]");
    for (body, member, reason) in [
        (json!({ "scanType": "basic" }), "scanType", enumeration("BASIC, ENHANCED")),
        (
            json!({ "rules": [push(), push(), push()] }),
            "rules",
            "Member must have length less than or equal to 2".into(),
        ),
        (
            json!({ "rules": [push(), push()] }),
            "rules",
            "There can be only one rule for each scan frequency".into(),
        ),
        (
            json!({ "scanType": "BASIC", "rules": [rule("CONTINUOUS_SCAN", &["*"])] }),
            "rules",
            "The scan frequency is not supported by the BASIC scan type".into(),
        ),
        (
            json!({ "scanType": "ENHANCED", "rules": [rule("MANUAL", &["*"])] }),
            "rules",
            "The scan frequency is not supported by the ENHANCED scan type".into(),
        ),
        (
            json!({ "rules": [rule("DAILY", &[])] }),
            "rules.1.member.scanFrequency",
            enumeration("SCAN_ON_PUSH, CONTINUOUS_SCAN, MANUAL"),
        ),
        (
            json!({ "rules": [{ "repositoryFilters": [] }] }),
            "rules.1.member.scanFrequency",
            "Member must not be null".into(),
        ),
        (
            json!({ "rules": [{ "scanFrequency": "SCAN_ON_PUSH" }] }),
            "rules.1.member.repositoryFilters",
            "Member must not be null".into(),
        ),
        (
            json!({ "rules": [rule("SCAN_ON_PUSH", &many)] }),
            "rules.1.member.repositoryFilters",
            "Member must have length less than or equal to 100".into(),
        ),
        (
            json!({ "rules": [rule("SCAN_ON_PUSH", &["Team"])] }),
            "rules.1.member.repositoryFilters.1.member.filter",
            pattern.clone(),
        ),
        (
            json!({ "rules": [rule("SCAN_ON_PUSH", &["*", "a--b"])] }),
            "rules.1.member.repositoryFilters.2.member.filter",
            pattern,
        ),
        (
            json!({ "rules": [rule("SCAN_ON_PUSH", &[""])] }),
            "rules.1.member.repositoryFilters.1.member.filter",
            "Member must have length greater than or equal to 1".into(),
        ),
        (
            json!({ "rules": [rule("SCAN_ON_PUSH", &[&long])] }),
            "rules.1.member.repositoryFilters.1.member.filter",
            "Member must have length less than or equal to 255".into(),
        ),
        (
            json!({ "rules": [{
                "scanFrequency": "SCAN_ON_PUSH",
                "repositoryFilters": [{ "filter": "*", "filterType": "PREFIX_MATCH" }],
            }] }),
            "rules.1.member.repositoryFilters.1.member.filterType",
            enumeration("WILDCARD"),
        ),
    ] {
        let reply = world.call("PutRegistryScanningConfiguration", body).await;
        let message = reply.refused("InvalidParameterException");
        assert_eq!(message, invalid(member, &reason));
    }
    let left = world.call("GetRegistryScanningConfiguration", json!({})).await.ok();
    assert_eq!(left["scanningConfiguration"], json!({ "scanType": "BASIC", "rules": [] }));
}

#[tokio::test]
async fn what_holds_for_a_repository_is_told() {
    let world = World::new().await;
    for name in ["prod/api", "team/app"] {
        world.create_repository(name).await;
    }
    let batch = async |names: Value| {
        let body = json!({ "repositoryNames": names });
        world.call("BatchGetRepositoryScanningConfiguration", body).await.ok()
    };
    let of = |name: &str, push: bool, frequency: &str, filters: Value| {
        json!({
            "repositoryArn": format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}"),
            "repositoryName": name, "scanOnPush": push, "scanFrequency": frequency,
            "appliedScanFilters": filters,
        })
    };
    let wildcard = |filter: &str| json!([{ "filter": filter, "filterType": "WILDCARD" }]);
    let missing = json!({
        "repositoryName": "none", "failureCode": "REPOSITORY_NOT_FOUND",
        "failureReason": "The repository with name 'none' does not exist in the registry with id \
                          '111122223333'",
    });
    assert_eq!(
        batch(json!(["team/app", "none", "prod/api"])).await,
        json!({
            "scanningConfigurations": [
                of("team/app", false, "MANUAL", json!([])),
                of("prod/api", false, "MANUAL", json!([])),
            ],
            "failures": [missing],
        })
    );
    // The flag of the repository counts, and is what the repository shows.
    let flag = json!({
        "repositoryName": "team/app", "imageScanningConfiguration": { "scanOnPush": true },
    });
    world.call("PutImageScanningConfiguration", flag).await.ok();
    configure(&world, "BASIC", json!([rule("SCAN_ON_PUSH", &["prod"])])).await;
    let both = json!(["team/app", "prod/api"]);
    assert_eq!(
        batch(both.clone()).await["scanningConfigurations"],
        json!([
            of("team/app", true, "SCAN_ON_PUSH", json!([])),
            of("prod/api", true, "SCAN_ON_PUSH", wildcard("prod")),
        ])
    );
    let rules = json!([rule("SCAN_ON_PUSH", &["prod*"]), rule("CONTINUOUS_SCAN", &["*api"])]);
    configure(&world, "ENHANCED", rules).await;
    assert_eq!(
        batch(both).await["scanningConfigurations"],
        json!([
            of("team/app", false, "MANUAL", json!([])),
            of("prod/api", true, "CONTINUOUS_SCAN", wildcard("*api")),
        ])
    );
    let shown =
        world.call("DescribeRepositories", json!({ "repositoryNames": ["team/app"] })).await;
    let flag = &shown.ok()["repositories"][0]["imageScanningConfiguration"];
    assert_eq!(flag, &json!({ "scanOnPush": true }));
}

#[tokio::test]
async fn a_batch_has_one_to_twenty_five_names() {
    let world = World::new().await;
    let names = |count: usize| json!({ "repositoryNames": vec!["app"; count] });
    let batch = async |body| world.call("BatchGetRepositoryScanningConfiguration", body).await;
    assert_eq!(batch(names(25)).await.ok()["failures"].as_array().unwrap().len(), 25);
    for (body, reason) in [
        (json!({}), "Member must not be null"),
        (names(0), "Member must have length greater than or equal to 1"),
        (names(26), "Member must have length less than or equal to 25"),
    ] {
        let message = batch(body).await.refused("InvalidParameterException");
        assert_eq!(message, invalid("repositoryNames", reason));
    }
    let bad = batch(json!({ "repositoryNames": ["Bad Name"] })).await;
    assert!(bad.refused("InvalidParameterException").contains("'repositoryNames'"));
}
