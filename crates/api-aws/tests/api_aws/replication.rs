//! Replication: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{World, invalid};

const ID: &str = "00000000-0000-4000-8000-000000000000";
const FILTER_PATTERN: &str = r"^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$";

fn to(region: &str, account: &str) -> Value {
    json!({ "region": region, "registryId": account })
}

fn prefix(filter: &str) -> Value {
    json!({ "filter": filter, "filterType": "PREFIX_MATCH" })
}

fn configuration(rules: Value) -> Value {
    json!({ "replicationConfiguration": { "rules": rules } })
}

async fn put(world: &World, rules: Value) {
    world.call("PutReplicationConfiguration", configuration(rules)).await.ok();
}

/// Replicates to us-east-1, and has a backfill there.
async fn backfilled(world: &World) -> String {
    put(world, json!([{ "destinations": [to("us-east-1", "111122223333")] }])).await;
    let body = json!({ "destination": to("us-east-1", "111122223333") });
    let started = world.call("StartReplicationBackfill", body).await.ok();
    started["replicationBackfillId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_configuration_comes_back_as_it_was_put() {
    let world = World::new().await;
    let describe = async || world.call("DescribeRegistry", json!({})).await.ok();
    let registry = |rules: Value| json!({ "registryId": "111122223333", "replicationConfiguration": { "rules": rules } });
    assert_eq!(describe().await, registry(json!([])));
    for rules in [
        json!([{ "destinations": [to("us-east-1", "111122223333")] }]),
        json!([
            {
                "destinations": [to("us-west-2", "999999999999"), to("us-east-1", "111122223333")],
                "repositoryFilters": [prefix("team/"), prefix("prod")],
                "deleteReplication": { "enabled": true },
            },
            { "destinations": [], "deleteReplication": { "enabled": false } },
        ]),
        json!([]),
    ] {
        let echoed = world.call("PutReplicationConfiguration", configuration(rules.clone())).await;
        assert_eq!(echoed.ok(), configuration(rules.clone()));
        assert_eq!(describe().await, registry(rules));
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused() {
    let world = World::new().await;
    let other = || to("us-east-1", "111122223333");
    let rule = || json!({ "destinations": [other()] });
    let filtered =
        |filters: Vec<Value>| json!([{ "destinations": [], "repositoryFilters": filters }]);
    let accounts = |count: u64| {
        let accounts = (1..=count).map(|n| to("us-east-1", &format!("{n:012}")));
        json!([{ "destinations": accounts.collect::<Vec<_>>() }])
    };
    let rules = "replicationConfiguration.rules";
    let filters = "replicationConfiguration.rules.1.member.repositoryFilters";
    let filter = "replicationConfiguration.rules.1.member.repositoryFilters.1.member.filter";
    let destinations = "replicationConfiguration.rules.1.member.destinations";
    let region = "replicationConfiguration.rules.1.member.destinations.1.member.region";
    let account = "replicationConfiguration.rules.1.member.destinations.1.member.registryId";
    let null = "Member must not be null";
    let longest = |n: u32| format!("Member must have length less than or equal to {n}");
    let shortest = |n: u32| format!("Member must have length greater than or equal to {n}");
    let pattern = |pattern: &str| format!("must satisfy regular expression '{pattern}'");
    let to_one = |destination: Value| json!([{ "destinations": [destination] }]);
    put(&world, accounts(25)).await;
    put(&world, json!(vec![rule(); 10])).await;
    for (body, member, reason) in [
        (json!({}), "replicationConfiguration", null.to_owned()),
        (json!({ "replicationConfiguration": {} }), rules, null.to_owned()),
        (configuration(json!(vec![rule(); 11])), rules, longest(10)),
        (configuration(json!(vec![rule(); 26])), rules, longest(25)),
        (configuration(json!([{}])), destinations, null.to_owned()),
        (configuration(accounts(101)), destinations, longest(100)),
        (
            configuration(accounts(26)),
            "replicationConfiguration",
            "Replication configuration can have at most 25 destinations".to_owned(),
        ),
        (
            configuration(json!([rule(), { "destinations": [to("eu-west-1", "111122223333")] }])),
            "replicationConfiguration",
            "Replication destination cannot be the same as the source registry".to_owned(),
        ),
        (configuration(to_one(json!({ "region": "us-east-1" }))), account, null.to_owned()),
        (configuration(to_one(to("us-east-1", "1234"))), account, pattern("[0-9]{12}")),
        (configuration(to_one(json!({ "registryId": ID }))), region, null.to_owned()),
        (configuration(to_one(to("x", "111122223333"))), region, shortest(2)),
        (configuration(to_one(to(&"x".repeat(26), "111122223333"))), region, longest(25)),
        (configuration(to_one(to("US", "111122223333"))), region, pattern("[0-9a-z-]{2,25}")),
        (
            configuration(to_one(to("-us", "111122223333"))),
            "region",
            "a region is 2 to 25 characters of a-z, 0-9 and -".to_owned(),
        ),
        (configuration(filtered(vec![])), filters, shortest(1)),
        (configuration(filtered(vec![prefix("team"); 101])), filters, longest(100)),
        (configuration(filtered(vec![prefix("a")])), filter, shortest(2)),
        (configuration(filtered(vec![prefix(&"a".repeat(257))])), filter, longest(256)),
        (configuration(filtered(vec![prefix("te*")])), filter, pattern(FILTER_PATTERN)),
        (configuration(filtered(vec![prefix("/team")])), filter, pattern(FILTER_PATTERN)),
        (
            configuration(filtered(vec![json!({ "filter": "team", "filterType": "WILDCARD" })])),
            "replicationConfiguration.rules.1.member.repositoryFilters.1.member.filterType",
            "Member must satisfy enum value set: [PREFIX_MATCH]".to_owned(),
        ),
        (
            configuration(json!([{ "destinations": [], "deleteReplication": {} }])),
            "replicationConfiguration.rules.1.member.deleteReplication.enabled",
            null.to_owned(),
        ),
    ] {
        let reply = world.call("PutReplicationConfiguration", body).await;
        let message = reply.refused("InvalidParameterException");
        assert_eq!(message, invalid(member, &reason));
    }
    let kept = world.call("DescribeRegistry", json!({})).await.ok();
    assert_eq!(kept["replicationConfiguration"]["rules"], json!(vec![rule(); 10]));
}

#[tokio::test]
async fn no_destination_was_tried_for_an_image() {
    let world = World::new().await;
    put(&world, json!([{ "destinations": [to("us-east-1", "111122223333")] }])).await;
    let status = async |repository: &str, image: Value| {
        let body = json!({ "repositoryName": repository, "imageId": image });
        world.call("DescribeImageReplicationStatus", body).await
    };
    world.create_repository("team/app").await;
    let digest = world.push_image("team/app", "1", Some("v1")).await;
    assert_eq!(
        status("team/app", json!({ "imageTag": "v1" })).await.ok(),
        json!({
            "repositoryName": "team/app", "replicationStatuses": [],
            "imageId": { "imageDigest": digest, "imageTag": "v1" },
        })
    );
    let missing = status("team/none", json!({ "imageTag": "v1" })).await;
    missing.refused("RepositoryNotFoundException");
    assert_eq!(
        status("team/app", json!({ "imageTag": "v9" })).await.refused("ImageNotFoundException"),
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the \
         repository with name 'team/app' in the registry with id '111122223333'"
    );
    assert_eq!(
        status("team/app", json!({})).await.refused("InvalidParameterException"),
        invalid("imageId", "Invalid request parameters: both tag and digest cannot be null")
    );
}

#[tokio::test]
async fn a_backfill_tells_that_it_could_not_be_carried_out() {
    let world = World::new().await;
    let destination = to("us-east-1", "111122223333");
    let body = json!({ "destination": destination });
    assert_eq!(
        world.call("StartReplicationBackfill", body.clone()).await.refused("ValidationException"),
        "The destination with region 'us-east-1' and registry id '111122223333' is not in the \
         replication configuration of the registry with id '111122223333'"
    );
    put(&world, json!([{ "destinations": [destination] }])).await;
    let started = world.call("StartReplicationBackfill", body).await.ok();
    let id = started["replicationBackfillId"].as_str().unwrap();
    assert_eq!(
        started,
        json!({
            "replicationBackfillId": id, "registryId": "111122223333", "destination": destination,
            "status": "FAILED", "startedAt": 1_772_368_200.0,
        })
    );
    let summary = json!({
        "replicationBackfillId": id, "destination": destination, "status": "FAILED",
        "failureCode": "ReplicationNotSupported", "startedAt": 1_772_368_200.0,
        "endedAt": 1_772_368_200.0,
    });
    let mut results = summary.clone();
    results["registryId"] = "111122223333".into();
    results["results"] = json!([]);
    // The id is found however its letters are written.
    for asked in [id.to_owned(), id.to_uppercase()] {
        for filter in [json!(null), json!("COMPLETE"), json!("FAILED")] {
            let body = json!({ "replicationBackfillId": asked, "resultStatusFilter": filter });
            let found = world.call("DescribeReplicationBackfillResults", body).await.ok();
            assert_eq!(found, results);
        }
    }
    let list = world.call("ListReplicationBackfills", json!({})).await.ok();
    assert_eq!(list, json!({ "registryId": "111122223333", "backfills": [summary] }));
    let stop = json!({ "replicationBackfillId": id });
    let refused = world.call("StopReplicationBackfill", stop).await;
    assert_eq!(
        refused.refused("ReplicationBackfillInvalidStatusException"),
        format!(
            "The replication backfill with id '{id}' cannot be stopped because its status is FAILED"
        )
    );
}

#[tokio::test]
async fn a_backfill_is_one_of_its_registry() {
    let world = World::new().await;
    let id = backfilled(&world).await;
    for operation in ["DescribeReplicationBackfillResults", "StopReplicationBackfill"] {
        let body = json!({ "replicationBackfillId": ID });
        assert_eq!(
            world.call(operation, body).await.refused("ReplicationBackfillNotFoundException"),
            format!(
                "The replication backfill with id '{ID}' does not exist in the registry with id \
                 '111122223333'"
            )
        );
        let body = json!({ "replicationBackfillId": id }).to_string();
        let mut elsewhere = world.ecr(operation, body);
        elsewhere.region = "us-east-1";
        let reply = world.send(elsewhere.sign(&world.root)).await;
        reply.refused("ReplicationBackfillNotFoundException");
    }
    let mut elsewhere = world.ecr("ListReplicationBackfills", "{}");
    elsewhere.region = "us-east-1";
    let list = world.send(elsewhere.sign(&world.root)).await.ok();
    assert_eq!(list["backfills"], json!([]));
}

#[tokio::test]
async fn backfills_come_in_pages_newest_first() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.insert(0, backfilled(&world).await);
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    for (first, sizes) in [
        (json!({}), vec![25, 25, 10]),
        (json!({ "maxResults": 50 }), vec![50, 10]),
        (json!({ "maxResults": 60 / 3 }), vec![20, 20, 20]),
    ] {
        let (mut body, mut found, mut pages) = (first, Vec::new(), Vec::new());
        loop {
            let page = world.call("ListReplicationBackfills", body.clone()).await.ok();
            let items = page["backfills"].as_array().unwrap();
            pages.push(items.len());
            found.extend(items.iter().map(|it| it["replicationBackfillId"].clone()));
            let Some(token) = page.get("nextToken") else { break };
            body["nextToken"] = token.clone();
        }
        assert_eq!(pages, sizes);
        assert_eq!(found, ids);
    }
}

#[tokio::test]
async fn members_of_backfills_that_break_the_model_are_refused() {
    let world = World::new().await;
    let id = backfilled(&world).await;
    let uuid = "must satisfy regular expression '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-\
                [0-9a-fA-F]{4}-[0-9a-fA-F]{12}'";
    let null = "Member must not be null";
    let foreign = "Member must be a token of this request";
    let page = json!({ "maxResults": 1 });
    backfilled(&world).await;
    let token = world.call("ListReplicationBackfills", page).await.ok()["nextToken"].clone();
    let describe = "DescribeReplicationBackfillResults";
    let list = "ListReplicationBackfills";
    for (operation, body, member, reason) in [
        ("StartReplicationBackfill", json!({}), "destination", null),
        (
            "StartReplicationBackfill",
            json!({ "destination": { "region": "us-east-1" } }),
            "destination.registryId",
            null,
        ),
        (
            "StartReplicationBackfill",
            json!({ "destination": to("us-", "111122223333") }),
            "region",
            "a region is 2 to 25 characters of a-z, 0-9 and -",
        ),
        ("StopReplicationBackfill", json!({}), "replicationBackfillId", null),
        (
            "StopReplicationBackfill",
            json!({ "replicationBackfillId": "latest" }),
            "replicationBackfillId",
            uuid,
        ),
        (
            describe,
            json!({ "replicationBackfillId": format!("{ID}0") }),
            "replicationBackfillId",
            uuid,
        ),
        (
            describe,
            json!({ "replicationBackfillId": id, "resultStatusFilter": "STOPPED" }),
            "resultStatusFilter",
            "Member must satisfy enum value set: [COMPLETE, FAILED]",
        ),
        (
            describe,
            json!({ "replicationBackfillId": id, "maxResults": 1001 }),
            "maxResults",
            "Member must have value less than or equal to 1000",
        ),
        (
            describe,
            json!({ "replicationBackfillId": id, "nextToken": token }),
            "nextToken",
            foreign,
        ),
        (
            list,
            json!({ "maxResults": 0 }),
            "maxResults",
            "Member must have value greater than or equal to 1",
        ),
        (
            list,
            json!({ "maxResults": 51 }),
            "maxResults",
            "Member must have value less than or equal to 50",
        ),
        (list, json!({ "nextToken": "garbage" }), "nextToken", foreign),
        (
            list,
            json!({ "registryId": "12" }),
            "registryId",
            "must satisfy regular expression '[0-9]{12}'",
        ),
    ] {
        let message = world.call(operation, body).await.refused("InvalidParameterException");
        assert_eq!(message, invalid(member, reason), "{operation}");
    }
}

#[tokio::test]
async fn replication_takes_the_permission_for_it() {
    let world = World::new().await;
    let id = backfilled(&world).await;
    let statement = json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["ecr:DescribeRegistry", "ecr:ListReplicationBackfills"],
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let dev = world.user("dev", policy).await;
    world.call_as(&dev, "DescribeRegistry", json!({})).await.ok();
    world.call_as(&dev, "ListReplicationBackfills", json!({})).await.ok();
    let destination = json!({ "destination": to("us-east-1", "111122223333") });
    for (operation, body) in [
        ("PutReplicationConfiguration", configuration(json!([]))),
        (
            "DescribeImageReplicationStatus",
            json!({ "repositoryName": "team/app", "imageId": { "imageTag": "v1" } }),
        ),
        ("StartReplicationBackfill", destination.clone()),
        ("StopReplicationBackfill", json!({ "replicationBackfillId": id })),
        ("DescribeReplicationBackfillResults", json!({ "replicationBackfillId": ID })),
    ] {
        let reply = world.call_as(&dev, operation, body).await;
        let message = reply.refused("AccessDeniedException");
        assert!(message.contains(&format!("perform: ecr:{operation} on resource: ")), "{message}");
    }
    for (operation, body) in [
        ("StartReplicationBackfill", destination),
        ("StopReplicationBackfill", json!({ "replicationBackfillId": id })),
        ("DescribeReplicationBackfillResults", json!({ "replicationBackfillId": id })),
        ("ListReplicationBackfills", json!({})),
    ] {
        let mut body = body;
        body["registryId"] = "999999999999".into();
        world.call(operation, body).await.refused("AccessDeniedException");
    }
}
