//! Lists of 250 elements, walked in pages of 100.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{World, invalid, manifest};

/// Walks a list to its end: the sizes of its pages and all its elements.
async fn walk(world: &World, operation: &str, body: Value, list: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut sizes, mut elements, mut body) = (Vec::new(), Vec::new(), body);
    loop {
        let page = world.call(operation, body.clone()).await.ok();
        let items = page[list].as_array().unwrap();
        sizes.push(items.len());
        elements.extend(items.iter().cloned());
        assert!(sizes.len() < 10, "the list does not end");
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => return (sizes, elements),
        }
    }
}

#[tokio::test]
async fn repositories_come_in_pages_and_in_order() {
    let world = World::new().await;
    let names: Vec<String> = (0..250).map(|n| format!("app-{n:03}")).collect();
    join_all(names.iter().map(|name| world.create_repository(name))).await;
    let (sizes, found) = walk(&world, "DescribeRepositories", json!({}), "repositories").await;
    assert_eq!(sizes, [100, 100, 50]);
    let found: Vec<&str> =
        found.iter().map(|repository| repository["repositoryName"].as_str().unwrap()).collect();
    assert_eq!(found, names);
    let all = json!({ "maxResults": 1000 });
    let (sizes, _) = walk(&world, "DescribeRepositories", all, "repositories").await;
    assert_eq!(sizes, [250]);
}

#[tokio::test]
async fn images_come_in_pages_each_once() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let config = world.push_layer("team/app", b"{}").await;
    let layer = world.push_layer("team/app", b"layer").await;
    let put = async |n: usize| {
        let mut body = json!({
            "repositoryName": "team/app",
            "imageManifest": manifest(&config, &layer, &n.to_string()),
        });
        if n.is_multiple_of(2) {
            body["imageTag"] = format!("v{n}").into();
        }
        world.call("PutImage", body).await.ok();
    };
    join_all((0..250).map(put)).await;
    let tagged = json!({ "repositoryName": "team/app", "filter": { "tagStatus": "TAGGED" } });
    for (operation, list, body, sizes) in [
        ("ListImages", "imageIds", json!({ "repositoryName": "team/app" }), vec![100, 100, 50]),
        (
            "DescribeImages",
            "imageDetails",
            json!({ "repositoryName": "team/app" }),
            vec![100, 100, 50],
        ),
        ("ListImages", "imageIds", tagged.clone(), vec![100, 25]),
        ("DescribeImages", "imageDetails", tagged, vec![100, 25]),
    ] {
        let (found_sizes, found) = walk(&world, operation, body, list).await;
        assert_eq!(found_sizes, sizes, "{operation}");
        let mut digests: Vec<String> =
            found.iter().map(|image| image["imageDigest"].to_string()).collect();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), sizes.iter().sum::<usize>(), "{operation}");
    }
}

#[tokio::test]
async fn a_token_belongs_to_its_list() {
    let world = World::new().await;
    for name in ["app-1", "app-2"] {
        world.create_repository(name).await;
        world.push_image(name, "1", Some("a")).await;
        world.push_image(name, "2", Some("b")).await;
    }
    let one = json!({ "repositoryName": "app-1", "maxResults": 1 });
    let token = world.call("ListImages", one).await.ok()["nextToken"].clone();
    for (operation, body) in [
        ("ListImages", json!({ "repositoryName": "app-2", "nextToken": token })),
        ("DescribeImages", json!({ "repositoryName": "app-1", "nextToken": token })),
        ("DescribeRepositories", json!({ "nextToken": token })),
        ("ListImages", json!({ "repositoryName": "app-1", "nextToken": "garbage" })),
    ] {
        let reply = world.call(operation, body).await;
        let message = reply.refused("InvalidParameterException");
        assert_eq!(message, invalid("nextToken", "Member must be a token of this request"));
    }
    let both = json!({ "repositoryNames": ["app-1"], "nextToken": token });
    assert_eq!(
        world.call("DescribeRepositories", both).await.refused("InvalidParameterException"),
        invalid("nextToken", "Member can't be set when repositoryNames is set")
    );
    let many = json!({ "maxResults": 1001 });
    assert_eq!(
        world.call("DescribeRepositories", many).await.refused("InvalidParameterException"),
        invalid("maxResults", "Member must have value less than or equal to 1000")
    );
}
