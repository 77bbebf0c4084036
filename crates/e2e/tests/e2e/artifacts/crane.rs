//! crane: images built layer by layer in the registry, copied within it, nested and validated.

use serde_json::json;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::Image;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::traffic;

use super::{World, text};

/// Pushes two images for one platform each as `<repository>:amd64` and `:arm64`.
fn push_images(world: &World, repository: &str) {
    for (seed, architecture) in [(1, "amd64"), (2, "arm64")] {
        let content = Seed::new(seed).draw_bytes(200_000);
        let image = Image::new(architecture, &content);
        world.write_layout(architecture, &[image]);
        world.success(&format!(
            "skopeo copy --insecure-policy --dest-tls-verify=false --override-arch={architecture} \
             oci:{architecture}:all docker://$REGISTRY/{repository}:{architecture}"
        ));
    }
}

/// `outer` lists `inner`, which lists both images, and one of them as well.
fn push_indexes(world: &World) {
    let append = "crane index append --flatten=false";
    let image = |name: &str| format!("--manifest $REGISTRY/app:{name}");
    let (amd64, arm64, inner) = (image("amd64"), image("arm64"), image("inner"));
    world.success(&format!("{append} {amd64} {arm64} --tag $REGISTRY/app:inner"));
    world.success(&format!("{append} {inner} {arm64} --tag $REGISTRY/app:outer"));
}

#[test]
fn layers_are_appended_and_every_byte_is_validated() {
    if !available(&[Client::Artifacts, Client::Aws]) {
        return;
    }
    let world = World::new(&["app"]);
    let login =
        "crane auth login $REGISTRY --username AWS --password $(aws ecr get-login-password)";
    world.success(login);
    world.write("one", Seed::new(1).draw_bytes(500_000));
    world.write("two", "two");
    world.success("tar -cf one.tar one && tar -czf two.tgz two");
    world.success("crane append --oci-empty-base -f one.tar -t $REGISTRY/app:one");
    world.success("crane append -b $REGISTRY/app:one -f two.tgz -t $REGISTRY/app:two");
    let mutate = "crane mutate $REGISTRY/app:two --label stage=test --env A=B \
                  --annotation org.acme.a=b --tag $REGISTRY/app:three";
    world.success(mutate);
    world.success("crane validate --remote $REGISTRY/app:three");
    let config = world.json("crane config $REGISTRY/app:three");
    assert_eq!(config["config"]["Labels"], json!({ "stage": "test" }));
    world.success("crane export $REGISTRY/app:three - | tar -x one");
    let digest = world.success("crane digest $REGISTRY/app:three");

    world.success("crane pull --format=oci $REGISTRY/app:three layout");
    world.success("crane pull $REGISTRY/app:three image.tar");
    world
        .success("crane push layout $REGISTRY/app:again && crane push image.tar $REGISTRY/app:tar");
    assert_eq!(world.success("crane digest $REGISTRY/app:again"), digest);
    world.success("crane validate --remote $REGISTRY/app:tar");
    assert_eq!(world.tags("app"), ["again", "one", "tar", "three", "two"]);

    world.success("crane tag $REGISTRY/app:one four && crane delete $REGISTRY/app:four");
    world.success(&format!("crane delete $REGISTRY/app@{digest}"));
    assert_eq!(world.tags("app"), ["one", "tar", "two"]);
    assert_eq!(world.success("crane catalog $REGISTRY"), "app");
}

#[test]
fn a_copy_to_another_repository_sends_no_layer_again() {
    if !available(&[Client::Artifacts, Client::Skopeo]) {
        return;
    }
    let world = World::new(&["app", "mirror/app"]);
    push_images(&world, "app");
    push_indexes(&world);
    world.success("crane copy $REGISTRY/app:outer $REGISTRY/mirror/app:outer");
    let uploads = "/v2/mirror/app/blobs/uploads/";
    let traffic = traffic::up_to(&world.server, "PUT", "/v2/mirror/app/manifests/outer", 201);
    let mounts = traffic.iter().filter(|it| it.is("POST", uploads));
    let mounts: Vec<_> = mounts.map(|it| (it.status, it.bytes_in)).collect();
    // A layer and a configuration of each image.
    assert_eq!(mounts, [(201, 0); 4]);
    let sent = traffic.iter().find(|it| it.is("PATCH", uploads) || it.is("PUT", uploads));
    assert_eq!(sent, None);

    let digest = |repository: &str| world.success(&format!("crane digest $REGISTRY/{repository}"));
    assert_eq!(digest("mirror/app:outer"), digest("app:outer"));
    world.success("crane validate --remote $REGISTRY/mirror/app:outer");
}

#[test]
fn an_index_of_indexes_is_pulled_whole_and_deleted_from_the_outside() {
    if !available(&[Client::Artifacts, Client::Skopeo]) {
        return;
    }
    let world = World::new(&["app", "back"]);
    push_images(&world, "app");
    push_indexes(&world);
    let outer = world.json("crane manifest $REGISTRY/app:outer");
    assert_eq!(text(&outer, "/manifests/0/mediaType"), "application/vnd.oci.image.index.v1+json");
    world.success("crane validate --remote $REGISTRY/app:outer");
    world.success("crane pull --format=oci $REGISTRY/app:outer layout");
    world.success("crane push --index layout $REGISTRY/back:layout");
    world.success("crane validate --remote $REGISTRY/back:layout");
    // A platform is looked for within the indexes too.
    let platform = "--platform=linux/arm64";
    let found = world.success(&format!("crane digest {platform} $REGISTRY/app:outer"));
    assert_eq!(found, world.success(&format!("crane digest {platform} $REGISTRY/app:arm64")));

    let inner = world.success("crane digest $REGISTRY/app:inner");
    let refused = world.shell.failure(&format!("crane delete $REGISTRY/app@{inner}"));
    assert!(
        refused.contains("UNSUPPORTED: Requested image referenced by manifest list"),
        "{refused}"
    );
    world.success("crane delete $REGISTRY/app:outer");
    world.success(&format!("crane delete $REGISTRY/app@{inner}"));
    assert_eq!(world.tags("app"), ["amd64", "arm64"]);
}
