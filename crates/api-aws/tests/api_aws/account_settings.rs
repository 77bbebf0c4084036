//! Account settings: defaults, golden answers and refusals.

use serde_json::json;

use crate::world::{World, invalid};

#[tokio::test]
async fn settings_have_defaults_and_keep_what_is_put() {
    let world = World::new().await;
    let get =
        async |name: &str| world.call("GetAccountSetting", json!({ "name": name })).await.ok();
    for (name, default, other) in [
        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", "AWS_NATIVE"),
        ("BLOB_MOUNTING", "ENABLED", "DISABLED"),
        ("REGISTRY_POLICY_SCOPE", "V2", "V1"),
    ] {
        assert_eq!(get(name).await, json!({ "name": name, "value": default }));
        for value in [other, default] {
            let setting = json!({ "name": name, "value": value });
            assert_eq!(world.call("PutAccountSetting", setting.clone()).await.ok(), setting);
            assert_eq!(get(name).await, setting);
        }
    }
}

#[tokio::test]
async fn each_registry_has_settings_of_its_own() {
    let world = World::new().await;
    let setting = json!({ "name": "BLOB_MOUNTING", "value": "DISABLED" });
    world.call("PutAccountSetting", setting).await.ok();
    let name = json!({ "name": "BLOB_MOUNTING" });
    let mut elsewhere = world.ecr("GetAccountSetting", name.to_string());
    elsewhere.region = "us-east-1";
    let elsewhere = world.send(elsewhere.sign(&world.root)).await.ok();
    assert_eq!(elsewhere["value"], "ENABLED");
    let stranger = world.root_of("999999999999").await;
    let other = world.call_as(&stranger, "GetAccountSetting", name).await.ok();
    assert_eq!(other["value"], "ENABLED");
}

#[tokio::test]
async fn other_names_and_values_are_refused() {
    let world = World::new().await;
    let names = invalid(
        "name",
        "Member must satisfy enum value set: [BASIC_SCAN_TYPE_VERSION, BLOB_MOUNTING, \
         REGISTRY_POLICY_SCOPE]",
    );
    for name in ["blob_mounting", "OTHER"] {
        let get = world.call("GetAccountSetting", json!({ "name": name })).await;
        assert_eq!(get.refused("InvalidParameterException"), names);
        let put = json!({ "name": name, "value": "ENABLED" });
        let put = world.call("PutAccountSetting", put).await;
        assert_eq!(put.refused("InvalidParameterException"), names);
    }
    let put = async |name: &str, value: &str| {
        world.call("PutAccountSetting", json!({ "name": name, "value": value })).await
    };
    assert_eq!(
        put("BLOB_MOUNTING", "V2").await.refused("InvalidParameterException"),
        invalid("value", "Member must satisfy enum value set: [DISABLED, ENABLED]")
    );
    assert_eq!(
        put("BASIC_SCAN_TYPE_VERSION", "CLAIR").await.refused("ValidationException"),
        "The value 'CLAIR' of BASIC_SCAN_TYPE_VERSION is no longer available"
    );
}
