//! ECR Public: repositories, what the catalog says of them, and their resource tags.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{World, digest_of, invalid};

const ARN: &str = "arn:aws:ecr-public::111122223333:repository/team/app";

/// A PNG image, as far as anyone looks.
fn logo(side: u8) -> Vec<u8> {
    let mut image = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    image.extend_from_slice(&[0, 0, 0, side, 0, 0, 0, side]);
    image
}

async fn alias(world: &World) -> String {
    let registries = world.call_public("DescribeRegistries", json!({})).await.ok();
    registries["registries"][0]["aliases"][0]["name"].as_str().unwrap().to_owned()
}

async fn repository(world: &World) -> Value {
    json!({
        "repositoryArn": ARN,
        "registryId": "111122223333",
        "repositoryName": "team/app",
        "repositoryUri": format!("public.example.com:4566/{}/team/app", alias(world).await),
        "createdAt": 1_772_368_200.0,
    })
}

#[tokio::test]
async fn a_repository_from_its_creation_to_its_end() {
    let world = World::public().await;
    let name = json!({ "repositoryName": "team/app" });
    let created = world.call_public("CreateRepository", name.clone()).await.ok();
    let repository = repository(&world).await;
    assert_eq!(created, json!({ "repository": repository }));
    assert_eq!(
        world
            .call_public("CreateRepository", name.clone())
            .await
            .refused("RepositoryAlreadyExistsException"),
        "The repository with name 'team/app' already exists in the registry with id '111122223333'"
    );
    for input in [json!({}), json!({ "repositoryNames": ["team/app"] })] {
        let described = world.call_public("DescribeRepositories", input).await.ok();
        assert_eq!(described, json!({ "repositories": [repository] }));
    }
    let unknown = json!({ "repositoryNames": ["team/app", "none"] });
    world.call_public("DescribeRepositories", unknown).await.refused("RepositoryNotFoundException");
    // ECR knows nothing of it, in no region.
    assert_eq!(
        world.call("DescribeRepositories", json!({})).await.ok(),
        json!({ "repositories": [] })
    );
    let deleted = world.call_public("DeleteRepository", name.clone()).await.ok();
    assert_eq!(deleted, json!({ "repository": repository }));
    let again = world.call_public("DeleteRepository", name).await;
    again.refused("RepositoryNotFoundException");
}

#[tokio::test]
async fn names_are_those_of_the_public_model() {
    let world = World::public().await;
    for name in ["a", "a__b", "a--b", "Team/app", "a/", &"a".repeat(206)] {
        let refused =
            world.call_public("CreateRepository", json!({ "repositoryName": name })).await;
        let message = refused.refused("InvalidParameterException");
        assert!(message.starts_with("Invalid parameter at 'repositoryName'"), "{message}");
    }
    let longest = json!({ "repositoryName": "a".repeat(205) });
    world.call_public("CreateRepository", longest).await.ok();
}

#[tokio::test]
async fn repositories_are_listed_page_by_page() {
    let world = World::public().await;
    for number in 0..5 {
        let input = json!({ "repositoryName": format!("app-{number}") });
        world.call_public("CreateRepository", input).await.ok();
    }
    let (mut names, mut input) = (Vec::new(), json!({ "maxResults": 2 }));
    loop {
        let page = world.call_public("DescribeRepositories", input.clone()).await.ok();
        for repository in page["repositories"].as_array().unwrap() {
            names.push(repository["repositoryName"].as_str().unwrap().to_owned());
        }
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(names, ["app-0", "app-1", "app-2", "app-3", "app-4"]);
    let both = json!({ "repositoryNames": ["app-0"], "maxResults": 1 });
    let refused = world.call_public("DescribeRepositories", both).await;
    refused.refused("InvalidParameterException");
    // A token of ECR's list is none of this one.
    for number in 0..2 {
        world.create_repository(&format!("private-{number}")).await;
    }
    let private = world.call("DescribeRepositories", json!({ "maxResults": 1 })).await.ok();
    let foreign = json!({ "nextToken": private["nextToken"] });
    let refused = world.call_public("DescribeRepositories", foreign).await;
    refused.refused("InvalidParameterException");
}

#[tokio::test]
async fn the_catalog_says_what_it_was_told() {
    let world = World::public().await;
    let input = json!({
        "repositoryName": "team/app",
        "catalogData": {
            "description": "An app", "architectures": ["ARM 64", "x86-64"],
            "operatingSystems": ["Linux"], "logoImageBlob": STANDARD.encode(logo(60)),
            "aboutText": "# About", "usageText": "# Use",
        },
        "tags": [{ "Key": "team", "Value": "a" }],
    });
    let created = world.call_public("CreateRepository", input).await.ok();
    let hex = digest_of(&logo(60)).replace("sha256:", "");
    let said = json!({
        "description": "An app", "architectures": ["ARM 64", "x86-64"],
        "operatingSystems": ["Linux"], "aboutText": "# About", "usageText": "# Use",
        "logoUrl": format!("http://public.example.com:4566/logo/{hex}.png"),
        "marketplaceCertified": false,
    });
    assert_eq!(created, json!({ "repository": repository(&world).await, "catalogData": said }));
    let name = json!({ "repositoryName": "team/app" });
    let get = async || world.call_public("GetRepositoryCatalogData", name.clone()).await;
    assert_eq!(get().await.ok(), json!({ "catalogData": said }));

    let put = async |catalog: Value| {
        let input = json!({ "repositoryName": "team/app", "catalogData": catalog });
        world.call_public("PutRepositoryCatalogData", input).await
    };
    let less = put(json!({ "description": "Less", "logoImageBlob": "" })).await.ok();
    let said = json!({ "description": "Less", "marketplaceCertified": false });
    assert_eq!(less, json!({ "catalogData": said }));
    assert_eq!(get().await.ok(), json!({ "catalogData": said }));
    put(json!({})).await.ok();
    assert_eq!(
        get().await.refused("RepositoryCatalogDataNotFoundException"),
        "Repository catalog data does not exist for the repository with name 'team/app' in the \
         registry with id '111122223333'"
    );
}

#[tokio::test]
async fn the_catalog_takes_what_the_model_bounds() {
    let world = World::public().await;
    let name = json!({ "repositoryName": "team/app" });
    world.call_public("CreateRepository", name).await.ok();
    let put = async |catalog: Value| {
        let input = json!({ "repositoryName": "team/app", "catalogData": catalog });
        world.call_public("PutRepositoryCatalogData", input).await
    };
    let many: Vec<String> = (0..51).map(|number| number.to_string()).collect();
    for bad in [
        json!({ "description": "x".repeat(1025) }),
        json!({ "aboutText": "x".repeat(25_601) }),
        json!({ "usageText": "x".repeat(25_601) }),
        json!({ "architectures": many }),
        json!({ "operatingSystems": [""] }),
        json!({ "logoImageBlob": STANDARD.encode(vec![0; 512_001]) }),
    ] {
        put(bad).await.refused("InvalidParameterException");
    }
    for (image, reason) in [
        (b"GIF89a".to_vec(), "The logo must be a PNG image"),
        (logo(59), "The logo must be 60 to 2048 pixels wide and as many high"),
    ] {
        let refused = put(json!({ "logoImageBlob": STANDARD.encode(image) })).await;
        assert_eq!(refused.refused("InvalidParameterException"), invalid("logoImageBlob", reason));
    }
}

#[tokio::test]
async fn resource_tags_are_set_listed_and_removed() {
    let world = World::public().await;
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    let tags = json!([tag("team", "a")]);
    let input = json!({ "repositoryName": "team/app", "tags": tags });
    world.call_public("CreateRepository", input).await.ok();
    let on = |input: Value| {
        let mut input = input;
        input["resourceArn"] = ARN.into();
        input
    };
    let list = async || {
        let listed = world.call_public("ListTagsForResource", on(json!({}))).await;
        listed.ok()["tags"].clone()
    };
    assert_eq!(list().await, tags);
    let added = json!({ "tags": [tag("env", "prod"), tag("team", "b")] });
    assert_eq!(world.call_public("TagResource", on(added)).await.ok(), json!({}));
    assert_eq!(list().await, json!([tag("env", "prod"), tag("team", "b")]));
    let gone = json!({ "tagKeys": ["env", "none"] });
    assert_eq!(world.call_public("UntagResource", on(gone)).await.ok(), json!({}));
    assert_eq!(list().await, json!([tag("team", "b")]));

    let keyless = json!({ "tags": [{ "Value": "x" }] });
    let refused = world.call_public("TagResource", on(keyless)).await;
    refused.refused("InvalidTagParameterException");
    let many: Vec<Value> = (0..51).map(|number| tag(&number.to_string(), "x")).collect();
    let refused = world.call_public("TagResource", on(json!({ "tags": many }))).await;
    refused.refused("TooManyTagsException");
    for arn in [
        "arn:aws:ecr:us-east-1:111122223333:repository/team/app",
        "arn:aws:ecr-public:us-east-1:111122223333:repository/team/app",
        "arn:aws:ecr-public::111122223333:registry/111122223333",
        "team/app",
    ] {
        let refused = world.call_public("ListTagsForResource", json!({ "resourceArn": arn })).await;
        let message = refused.refused("InvalidParameterException");
        assert_eq!(message, invalid("resourceArn", "Invalid ARN"), "{arn}");
    }
    // ECR does not take the ARN of a public repository.
    let refused = world.call("ListTagsForResource", json!({ "resourceArn": ARN })).await;
    refused.refused("InvalidParameterException");
}
