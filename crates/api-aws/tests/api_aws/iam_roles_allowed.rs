//! What policies decide about roles, instance profiles and identity providers.

use serde_json::{Value, json};

use crate::iam_client::{Client, TRUST, create_role, root};
use crate::world::{ACCOUNT, World};

const PROVIDER: &str = "oidc-provider/a.example.com";
const SERVICE_ROLE: &str = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";

fn allow(actions: &Value, resource: &str, condition: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition,
    }] })
}

#[tokio::test]
async fn what_policies_do_not_allow_is_denied_whether_or_not_it_is_there() {
    let world = World::new().await;
    root(&world).ok(&format!("{}&Path=/ci/", create_role("there"))).await;
    let nothing = allow(&json!("ecr:*"), "*", &json!({}));
    let key = world.user("nobody", nothing).await;
    let iam = Client { world: &world, key: &key };
    let account = |resource: &str| format!("arn:aws:iam::{ACCOUNT}:{resource}");
    let (trust, provider) = (TRUST, account(PROVIDER));
    let task = "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/\
                00000000-0000-4000-8000-000000000000";
    let tags = "Tags.member.1.Key=a&Tags.member.1.Value=b";
    for (form, arn) in [
        (format!("CreateRole&RoleName=there&AssumeRolePolicyDocument={trust}"), "role/there"),
        ("GetRole&RoleName=there".into(), "role/there"),
        ("GetRole&RoleName=none".into(), "role/none"),
        ("DeleteRole&RoleName=there".into(), "role/there"),
        ("UpdateRole&RoleName=there".into(), "role/there"),
        ("UpdateRoleDescription&RoleName=there&Description=x".into(), "role/there"),
        (format!("UpdateAssumeRolePolicy&RoleName=there&PolicyDocument={trust}"), "role/there"),
        ("ListRoles".into(), "role/"),
        ("ListRoles&PathPrefix=/ci/".into(), "role/ci/"),
        (format!("TagRole&RoleName=there&{tags}"), "role/there"),
        ("UntagRole&RoleName=there&TagKeys.member.1=a".into(), "role/there"),
        ("ListRoleTags&RoleName=there".into(), "role/there"),
        ("CreateServiceLinkedRole&AWSServiceName=ecs.amazonaws.com".into(), SERVICE_ROLE),
        ("DeleteServiceLinkedRole&RoleName=there".into(), "role/there"),
        (format!("GetServiceLinkedRoleDeletionStatus&DeletionTaskId={task}"), SERVICE_ROLE),
        ("CreateInstanceProfile&InstanceProfileName=p".into(), "instance-profile/p"),
        ("GetInstanceProfile&InstanceProfileName=p".into(), "instance-profile/p"),
        ("DeleteInstanceProfile&InstanceProfileName=p".into(), "instance-profile/p"),
        ("ListInstanceProfiles".into(), "instance-profile/"),
        ("ListInstanceProfilesForRole&RoleName=there".into(), "role/there"),
        ("AddRoleToInstanceProfile&InstanceProfileName=p&RoleName=x".into(), "instance-profile/p"),
        (
            "RemoveRoleFromInstanceProfile&InstanceProfileName=p&RoleName=x".into(),
            "instance-profile/p",
        ),
        (format!("TagInstanceProfile&InstanceProfileName=p&{tags}"), "instance-profile/p"),
        (
            "UntagInstanceProfile&InstanceProfileName=p&TagKeys.member.1=a".into(),
            "instance-profile/p",
        ),
        ("ListInstanceProfileTags&InstanceProfileName=p".into(), "instance-profile/p"),
        ("CreateOpenIDConnectProvider&Url=https://a.example.com".into(), PROVIDER),
        (format!("GetOpenIDConnectProvider&OpenIDConnectProviderArn={provider}"), PROVIDER),
        (format!("DeleteOpenIDConnectProvider&OpenIDConnectProviderArn={provider}"), PROVIDER),
        ("ListOpenIDConnectProviders".into(), "oidc-provider/*"),
        (
            format!(
                "AddClientIDToOpenIDConnectProvider&OpenIDConnectProviderArn={provider}&ClientID=a"
            ),
            PROVIDER,
        ),
        (
            format!(
                "RemoveClientIDFromOpenIDConnectProvider&OpenIDConnectProviderArn={provider}&ClientID=a"
            ),
            PROVIDER,
        ),
        (
            format!(
                "UpdateOpenIDConnectProviderThumbprint&OpenIDConnectProviderArn={provider}\
                 &ThumbprintList.member.1={}",
                "a".repeat(40)
            ),
            PROVIDER,
        ),
        (format!("TagOpenIDConnectProvider&OpenIDConnectProviderArn={provider}&{tags}"), PROVIDER),
        (
            format!(
                "UntagOpenIDConnectProvider&OpenIDConnectProviderArn={provider}&TagKeys.member.1=a"
            ),
            PROVIDER,
        ),
        (format!("ListOpenIDConnectProviderTags&OpenIDConnectProviderArn={provider}"), PROVIDER),
    ] {
        let action = form.split('&').next().unwrap();
        let message = iam.refused(&format!("Action={form}"), 403, "AccessDenied").await;
        let sentence = format!(
            "User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: iam:{action} on \
             resource: {} because no identity-based policy allows the iam:{action} action",
            account(arn)
        );
        assert_eq!(message, sentence);
    }
}

#[tokio::test]
async fn policies_see_paths_tags_boundaries_and_services() {
    let world = World::new().await;
    let own = root(&world);
    own.ok(&format!("{}&Path=/ci/", create_role("build"))).await;
    let tag = "Tags.member.1.Key=Team&Tags.member.1.Value=ours";
    own.ok(&format!("{}&{tag}", create_role("ours"))).await;
    own.ok("Action=CreateInstanceProfile&InstanceProfileName=box").await;

    let by_path = allow(&json!("iam:GetRole"), "arn:aws:iam::*:role/ci/*", &json!({}));
    let key = world.user("by-path", by_path).await;
    let iam = Client { world: &world, key: &key };
    iam.ok("Action=GetRole&RoleName=build").await;
    iam.refused("Action=GetRole&RoleName=ours", 403, "AccessDenied").await;

    let by_tag = json!({ "StringEquals": { "aws:ResourceTag/Team": "ours" } });
    let key = world.user("by-tag", allow(&json!("iam:GetRole"), "*", &by_tag)).await;
    let iam = Client { world: &world, key: &key };
    iam.ok("Action=GetRole&RoleName=ours").await;
    iam.refused("Action=GetRole&RoleName=build", 403, "AccessDenied").await;

    let boundary = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
    let bounded = json!({ "StringEquals": {
        "iam:PermissionsBoundary": boundary, "aws:RequestTag/Team": "ours",
    } });
    let both = json!(["iam:CreateRole", "iam:TagRole"]);
    let key = world.user("bounded", allow(&both, "*", &bounded)).await;
    let iam = Client { world: &world, key: &key };
    let form = format!("{}&{tag}", create_role("new"));
    iam.refused(&form, 403, "AccessDenied").await;
    iam.ok(&format!("{form}&PermissionsBoundary={boundary}")).await;
    let only = allow(&json!("iam:Create*"), "*", &json!({}));
    let key = world.user("tagless", only).await;
    let iam = Client { world: &world, key: &key };
    for (action, form) in [
        ("TagRole", format!("{}&{tag}", create_role("tagged"))),
        ("TagInstanceProfile", format!("Action=CreateInstanceProfile&InstanceProfileName=x&{tag}")),
        (
            "TagOpenIDConnectProvider",
            format!("Action=CreateOpenIDConnectProvider&Url=https://b.example.com&{tag}"),
        ),
    ] {
        let message = iam.refused(&form, 403, "AccessDenied").await;
        assert!(message.contains(&format!("perform: iam:{action} on resource")), "{message}");
    }

    let service = json!({ "StringEquals": { "iam:AWSServiceName": "ecs.amazonaws.com" } });
    let linked = allow(&json!("iam:CreateServiceLinkedRole"), "*", &service);
    let key = world.user("linked", linked).await;
    let iam = Client { world: &world, key: &key };
    iam.ok("Action=CreateServiceLinkedRole&AWSServiceName=ecs.amazonaws.com").await;
    let other = "Action=CreateServiceLinkedRole&AWSServiceName=ecr.amazonaws.com";
    iam.refused(other, 403, "AccessDenied").await;
}

#[tokio::test]
async fn a_role_goes_into_a_profile_only_by_who_may_pass_it() {
    let world = World::new().await;
    let own = root(&world);
    own.ok(&create_role("strong")).await;
    own.ok("Action=CreateInstanceProfile&InstanceProfileName=box").await;
    let add = "Action=AddRoleToInstanceProfile&InstanceProfileName=box&RoleName=strong";
    let only = allow(&json!("iam:AddRoleToInstanceProfile"), "*", &json!({}));
    let key = world.user("adds", only).await;
    let iam = Client { world: &world, key: &key };
    let message = iam.refused(add, 403, "AccessDenied").await;
    assert!(message.contains("perform: iam:PassRole on resource: arn:aws:iam::"), "{message}");
    let passes = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
          "Condition": { "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } } },
    ] });
    let key = world.user("passes", passes).await;
    Client { world: &world, key: &key }.ok(add).await;
}
