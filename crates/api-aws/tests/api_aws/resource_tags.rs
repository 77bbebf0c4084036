//! Resource tags: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{World, invalid};

const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";

#[tokio::test]
async fn tags_are_put_listed_and_removed() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let tags = async || {
        world.call("ListTagsForResource", json!({ "resourceArn": ARN })).await.ok()["tags"].clone()
    };
    assert_eq!(tags().await, json!([]));
    let put = |key: &str, value: &str| json!({ "resourceArn": ARN, "tags": [{ "Key": key, "Value": value }] });
    assert_eq!(world.call("TagResource", put("b", "1")).await.ok(), json!({}));
    world.call("TagResource", put("a", "2")).await.ok();
    world.call("TagResource", put("b", "")).await.ok();
    let expected = json!([{ "Key": "a", "Value": "2" }, { "Key": "b", "Value": "" }]);
    assert_eq!(tags().await, expected);
    let untag = json!({ "resourceArn": ARN, "tagKeys": ["a", "missing"] });
    assert_eq!(world.call("UntagResource", untag).await.ok(), json!({}));
    assert_eq!(tags().await, json!([{ "Key": "b", "Value": "" }]));

    let many: Vec<Value> =
        (0..50).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    let many = json!({ "resourceArn": ARN, "tags": many });
    world.call("TagResource", many).await.refused("TooManyTagsException");
    // A resource has no more than 50, so nobody names more: not one is looked at.
    let keys: Vec<String> = (0..51).map(|n| format!("k{n}")).collect();
    let untag = json!({ "resourceArn": ARN, "tagKeys": keys });
    world.call("UntagResource", untag).await.refused("TooManyTagsException");
    let reserved = world.call("TagResource", put("aws:x", "1")).await;
    assert_eq!(
        reserved.refused("InvalidTagParameterException"),
        invalid("tags", "Tag keys that begin with 'aws:' are reserved")
    );
    assert_eq!(tags().await, json!([{ "Key": "b", "Value": "" }]));
}

#[tokio::test]
async fn only_arns_of_repositories_of_this_region_name_something() {
    let world = World::new().await;
    for arn in [
        "",
        "team/app",
        "arn:aws:ecr:eu-west-1:111122223333:team/app",
        "arn:aws:ecr:eu-west-1:111122223333:repository/",
        "arn:aws:ecr:eu-west-1:111122223333:repository/A",
        "arn:aws:ecr:eu-west-1:1111:repository/team/app",
        "arn:aws:ecr:us-east-1:111122223333:repository/team/app",
        "arn:aws-cn:ecr:eu-west-1:111122223333:repository/team/app",
        "arn:aws:ecs:eu-west-1:111122223333:repository/team/app",
    ] {
        for (operation, more) in [
            ("ListTagsForResource", json!({})),
            ("TagResource", json!({ "tags": [] })),
            ("UntagResource", json!({ "tagKeys": [] })),
        ] {
            let mut body = more;
            body["resourceArn"] = arn.into();
            let reply = world.call(operation, body).await;
            let message = reply.refused("InvalidParameterException");
            assert_eq!(message, invalid("resourceArn", "Invalid ARN"), "{arn}");
        }
    }
    let missing = world.call("ListTagsForResource", json!({ "resourceArn": ARN })).await;
    missing.refused("RepositoryNotFoundException");
    let foreign = json!({ "resourceArn": ARN.replace("111122223333", "999999999999") });
    let foreign = world.call("ListTagsForResource", foreign).await;
    assert!(foreign.refused("AccessDeniedException").contains("999999999999:repository/team/app"));
}
