//! Trust policies: what they may say, and of whom they speak.

use serde_json::{Value, json};
use wharfinger_iam::{Error, NewRole, Role};

use super::fixture::{ACCOUNT, Fixture, fixture, new_role, refusal};

fn trust(principal: &Value) -> String {
    let statement =
        json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }]);
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

async fn create(fixture: &Fixture, name: &str, trust_policy: String) -> Result<Role, Error> {
    let new = NewRole { trust_policy, ..new_role(name) };
    fixture.iam.create_role(&fixture.permit(), new).await
}

/// The AWS principals that the trust policy of a role names.
async fn named(fixture: &Fixture, role_name: &str) -> Value {
    let role = fixture.iam.get_role(&fixture.permit(), role_name).await.unwrap();
    let policy: Value = serde_json::from_str(&role.trust_policy).unwrap();
    policy["Statement"][0]["Principal"]["AWS"].clone()
}

#[tokio::test]
async fn a_trust_policy_names_principals_and_no_resources() {
    let fixture = fixture().await;
    let refused = async |text: &str| refusal(create(&fixture, "bad", text.to_owned()).await);
    let statement = |members: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{members}}}}}"#)
    };
    let service = r#""Principal":{"Service":"ecs-tasks.amazonaws.com"}"#;
    for (members, reason) in [
        (
            format!(r#"{service},"Action":"sts:AssumeRole","Resource":"*""#),
            "Has prohibited field Resource",
        ),
        (
            format!(r#"{service},"Action":["sts:AssumeRole","ecr:*"]"#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            format!(r#"{service},"Action":"*""#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole""#.to_owned(),
            "AssumeRole policy must not contain NotPrincipal field.",
        ),
    ] {
        let (code, message) = refused(&statement(&members)).await;
        assert_eq!(code, "MalformedPolicyDocument", "{members}");
        assert!(message.starts_with(reason), "{members}: {message}");
    }
    for text in ["", "{}", "[]", &statement(r#""Action":"sts:AssumeRole""#)] {
        assert_eq!(refused(text).await.0, "MalformedPolicyDocument", "{text}");
    }
    let long = trust(&json!({ "Service": vec!["ecs-tasks.amazonaws.com"; 100] }));
    let sentence = "Cannot exceed quota for ACLSizePerRole: 2048".to_owned();
    assert_eq!(refused(&long).await, ("LimitExceeded".into(), sentence));
    let laid_out = trust(&json!({ "Service": "ecs-tasks.amazonaws.com" })) + &" ".repeat(4_000);
    create(&fixture, "laid-out", laid_out).await.unwrap();
}

#[tokio::test]
async fn nobody_inherits_trust_by_a_name() {
    let fixture = fixture().await;
    fixture.user("AIDAAAAAAAAAAAAAAAAA", "ann").await;
    let ann = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:user/ann") });
    create(&fixture, "deploy", trust(&ann)).await.unwrap();
    let (iam, permit) = (&fixture.iam, fixture.permit());
    iam.update_user(&permit, &fixture.permit(), "ann", Some("eve"), None).await.unwrap();
    let renamed = named(&fixture, "deploy").await;
    assert_eq!(renamed, json!(format!("arn:aws:iam::{ACCOUNT}:user/eve")));
    iam.delete_user(&fixture.permit(), "eve").await.unwrap();
    fixture.user("AIDABBBBBBBBBBBBBBBBB", "eve").await;
    assert_eq!(named(&fixture, "deploy").await, json!("AIDAAAAAAAAAAAAAAAAA"));
}

#[tokio::test]
async fn whom_it_names_must_be_there() {
    let fixture = fixture().await;
    fixture.user("AIDAAAAAAAAAAAAAAAAA", "ann").await;
    fixture.role("ops").await;
    let iam = |resource: &str| format!("arn:aws:iam::{ACCOUNT}:{resource}");
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/ops/run");
    for (number, principal) in [
        json!({ "AWS": [iam("user/ann"), iam("role/ops"), session] }),
        json!({ "AWS": iam("root") }),
        json!({ "AWS": [ACCOUNT, "999988887777", "arn:aws:iam::999988887777:role/theirs"] }),
        json!({ "AWS": "*" }),
        json!({ "Federated": iam("oidc-provider/idp.example.com") }),
        json!({ "Service": "ecs-tasks.amazonaws.com" }),
    ]
    .into_iter()
    .enumerate()
    {
        let made = create(&fixture, &format!("good{number}"), trust(&principal)).await;
        assert!(made.is_ok(), "{principal}: {made:?}");
    }
    for absent in [
        iam("user/ben"),
        iam("user/team/ann"),
        iam("user/ANN"),
        iam("role/none"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/none/run"),
        "AIDAAAAAAAAAAAAAAAAA".to_owned(),
    ] {
        let refused = refusal(create(&fixture, "bad", trust(&json!({ "AWS": absent }))).await);
        let reason = format!("Invalid principal in policy: \"AWS\":\"{absent}\"");
        assert_eq!(refused, ("MalformedPolicyDocument".into(), reason));
    }
}

#[tokio::test]
async fn a_role_that_is_made_again_is_not_trusted_in_place_of_the_old_one() {
    let fixture = fixture().await;
    let old = fixture.role("ops").await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/ops");
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/ops/run");
    let principals = json!({ "AWS": [arn, session, "999988887777"] });
    create(&fixture, "trusting", trust(&principals)).await.unwrap();
    create(&fixture, "alone", trust(&json!({ "AWS": arn }))).await.unwrap();
    fixture.iam.delete_role(&fixture.permit(), "ops").await.unwrap();
    fixture.role("ops").await;
    let id = &old.role_id;
    let left = json!([id, format!("{id}:run"), "999988887777"]);
    assert_eq!(named(&fixture, "trusting").await, left);
    assert_eq!(named(&fixture, "alone").await, json!(id));
    // What is shown is not taken back, as in IAM.
    let text = fixture.iam.get_role(&fixture.permit(), "alone").await.unwrap().trust_policy;
    let update = fixture.iam.update_assume_role_policy(&fixture.permit(), "alone", text).await;
    assert_eq!(refusal(update).0, "MalformedPolicyDocument");
    let anew = trust(&json!({ "AWS": arn }));
    fixture.iam.update_assume_role_policy(&fixture.permit(), "alone", anew).await.unwrap();
    assert_eq!(named(&fixture, "alone").await, json!(arn));
}

#[tokio::test]
async fn a_role_may_come_to_trust_itself() {
    let fixture = fixture().await;
    fixture.role("self").await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/self");
    let text = trust(&json!({ "AWS": arn }));
    fixture.iam.update_assume_role_policy(&fixture.permit(), "self", text).await.unwrap();
    assert_eq!(named(&fixture, "self").await, json!(arn));
    fixture.iam.delete_role(&fixture.permit(), "self").await.unwrap();
}

#[tokio::test]
async fn a_policy_that_is_refused_leaves_the_old_one() {
    let fixture = fixture().await;
    let made = fixture.role("kept").await;
    let update = async |name| {
        fixture.iam.update_assume_role_policy(&fixture.permit(), name, "{}".into()).await
    };
    assert_eq!(refusal(update("kept").await).0, "MalformedPolicyDocument");
    let found = fixture.iam.get_role(&fixture.permit(), "kept").await.unwrap();
    assert_eq!(found.trust_policy, made.trust_policy);
    assert_eq!(refusal(update("none").await).0, "NoSuchEntity");
}
