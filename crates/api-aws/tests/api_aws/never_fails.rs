//! Whatever is sent: an answer, and never one that blames the server.

use std::sync::LazyLock;

use proptest::prelude::{any, prop, prop_assert, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use serde_json::{Value, json};
use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr_public;

use crate::world::{Draft, World};

struct Fixture {
    runtime: tokio::runtime::Runtime,
    world: World,
}

/// One world for all cases: what earlier ones left behind makes later ones richer.
static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let world = runtime.block_on(async {
        let world = World::public().await;
        world.create_repository("team/app").await;
        let name = json!({ "repositoryName": "team/app" });
        world.call_public("CreateRepository", name).await.ok();
        world.push_image("team/app", "1", Some("v1")).await;
        world
    });
    Fixture { runtime, world }
});

fn answer(draft: &Draft<'_>, signed: bool) -> u16 {
    let Fixture { runtime, world } = &*FIXTURE;
    let request = if signed { draft.sign(&world.root) } else { draft.unsigned() };
    runtime.block_on(world.send(request)).status.as_u16()
}

fn operation() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(Operation::ALL.to_vec()).prop_map(|it| it.name().to_owned()),
        1 => "[ -~]{0,20}",
    ]
}

fn public_operation() -> impl Strategy<Value = ecr_public::Operation> {
    prop::sample::select(ecr_public::Operation::ALL.to_vec())
}

/// Values that some member somewhere may take, and others.
fn scalar() -> impl Strategy<Value = Value> {
    let texts = [
        "team/app",
        "v1",
        "sha256:",
        "111122223333",
        "IMMUTABLE",
        "AES256",
        "TAGGED",
        "ANY",
        "*",
        "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
        "arn:aws:ecr-public::111122223333:repository/team/app",
        "iVBORw0KGgoAAAANSUhEUgAAADwAAAA8",
        "{}",
        "00000000-0000-4000-8000-000000000000",
        "YWJj",
        "sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
    ];
    prop_oneof![
        4 => prop::sample::select(texts.to_vec()).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => (0_i64..3).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

const MEMBERS: [&str; 36] = [
    "aboutText",
    "acceptedMediaTypes",
    "architectures",
    "catalogData",
    "description",
    "displayName",
    "encryptionConfiguration",
    "encryptionType",
    "filter",
    "force",
    "imageDigest",
    "imageIds",
    "imageManifest",
    "imageScanningConfiguration",
    "imageTag",
    "imageTagMutability",
    "Key",
    "layerDigest",
    "layerDigests",
    "layerPartBlob",
    "logoImageBlob",
    "maxResults",
    "nextToken",
    "operatingSystems",
    "partFirstByte",
    "partLastByte",
    "policyText",
    "registryId",
    "repositoryName",
    "repositoryNames",
    "resourceArn",
    "tagKeys",
    "tags",
    "uploadId",
    "usageText",
    "Value",
];

fn input() -> impl Strategy<Value = Value> {
    let member = || prop::sample::select(MEMBERS.to_vec()).prop_map(str::to_owned);
    let nested = scalar().prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(member(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    });
    prop::collection::btree_map(member(), nested, 0..6).prop_map(|members| {
        let mut input = json!(members);
        if input.get("repositoryName").is_none_or(|name| !name.is_string()) {
            input["repositoryName"] = "team/app".into();
        }
        input
    })
}

proptest! {
    #[test]
    fn any_input_of_any_operation(operation in operation(), input in input()) {
        let draft = FIXTURE.world.ecr(&operation, input.to_string());
        let status = answer(&draft, true);
        prop_assert!(status == 200 || status == 400, "{operation} {input} {status}");
    }

    #[test]
    fn any_input_of_any_public_operation(operation in public_operation(), input in input()) {
        let draft = FIXTURE.world.ecr_public(operation.name(), input.to_string());
        let status = answer(&draft, true);
        prop_assert!(status == 200 || status == 400, "{operation} {input} {status}");
    }

    #[test]
    fn any_bytes(operation in operation(), body in any::<Vec<u8>>(), signed in any::<bool>()) {
        let status = answer(&FIXTURE.world.ecr(&operation, body), signed);
        prop_assert!(status == 200 || status == 400, "{operation} {status}");
    }

    #[test]
    fn any_form(body in "(Action=[A-Za-z]{0,20}&)?(Version=2011-06-15&)?[ -~]{0,60}") {
        for signed in [false, true] {
            let status = answer(&FIXTURE.world.sts(&body), signed);
            prop_assert!((200..500).contains(&status), "{body} {status}");
        }
    }

    #[test]
    fn any_headers(
        target in "[ -~]{0,60}", authorization in "(AWS4-HMAC-SHA256 )?[ -~]{0,120}",
        date in "[0-9TZ]{0,17}", query in "[!-\"$-;=?-~]{0,60}",
    ) {
        let mut draft = FIXTURE.world.ecr("", "{}").header("x-amz-target", target);
        draft = draft.header("authorization", authorization).header("x-amz-date", date);
        draft.uri = format!("/?{query}");
        if draft.uri.parse::<http::Uri>().is_ok() {
            let status = answer(&draft, false);
            prop_assert!((400..500).contains(&status), "{status}");
        }
    }
}
