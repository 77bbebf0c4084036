//! helm: charts in `oci://`, as ECR's user guide has it.

use serde_json::json;
use wharfinger_e2e::client::{Client, available};

use super::World;

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.2.3\ndescription: a shop\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  \
                        greeting: {{ .Values.greeting }}\n";
const PUSH: &str = "helm push --plain-http shop-1.2.3.tgz oci://$REGISTRY/charts";

fn world(mutability: &str) -> World {
    let world = World::new(&[]);
    let repository = json!({ "repositoryName": "charts/shop", "imageTagMutability": mutability });
    world.api.success("CreateRepository", &repository);
    std::fs::create_dir_all(world.shell.home().join("shop/templates")).expect("a folder");
    world.write("shop/Chart.yaml", CHART);
    world.write("shop/values.yaml", "greeting: hello\n");
    world.write("shop/templates/map.yaml", TEMPLATE);
    world.success("helm package shop");
    world
}

#[test]
fn a_chart_is_pushed_shown_pulled_and_rendered() {
    if !available(&[Client::Artifacts, Client::Aws]) {
        return;
    }
    let world = world("MUTABLE");
    let login = "aws ecr get-login-password | helm registry login --username AWS \
                 --password-stdin --plain-http $REGISTRY 2>&1";
    assert!(world.success(login).contains("Login Succeeded"));
    world.success(PUSH);
    let from = "--plain-http oci://$REGISTRY/charts/shop";
    let shown = world.success(&format!("helm show chart {from} --version 1.2.3"));
    assert!(shown.contains("description: a shop"), "{shown}");
    world
        .success(&format!("mkdir pulled && helm pull {from} --version 1.2.3 --destination pulled"));
    assert!(world.read("pulled/shop-1.2.3.tgz") == world.read("shop-1.2.3.tgz"));
    // The newest of a range is looked for among the tags.
    let rendered = world.success(&format!("helm template shop {from} --version '^1.0'"));
    assert!(rendered.contains("greeting: hello"), "{rendered}");

    let described =
        world.api.success("DescribeImages", &json!({ "repositoryName": "charts/shop" }));
    let image = &described["imageDetails"][0];
    assert_eq!(image["imageTags"], json!(["1.2.3"]));
    assert_eq!(image["artifactMediaType"], "application/vnd.cncf.helm.config.v1+json");
}

#[test]
fn a_version_of_a_chart_that_may_not_change_does_not() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = world("IMMUTABLE");
    world.success(PUSH);
    world.write("shop/values.yaml", "greeting: goodbye\n");
    world.success("helm package shop");
    let refused = world.shell.failure(PUSH);
    let message = "The image tag '1.2.3' already exists in the 'charts/shop' repository and \
                   cannot be overwritten because the tag is immutable.";
    assert!(refused.contains(message), "{refused}");
    let values = "helm show values --plain-http oci://$REGISTRY/charts/shop --version 1.2.3";
    assert_eq!(world.success(values), "greeting: hello");
}
