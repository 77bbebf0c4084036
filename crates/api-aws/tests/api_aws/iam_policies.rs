//! IAM's managed policies, inline policies and boundaries over the Query protocol.

use http::StatusCode;
use serde_json::json;
use wharfinger_core::Timestamp;
use wharfinger_metadata::group::{self, GroupRow};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode};

use crate::world::{NOW, Reply, World, account};

pub const ARN: &str = "arn:aws:iam::111122223333:policy/ci/pull";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
/// `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}`
pub const DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A\
                        %22Allow%22%2C%22Action%22%3A%22ecr%3A%2A%22%2C%22Resource%22%3A%22%2A%22\
                        %7D%7D";

/// With the user `dev`, the group `devs` and the role `ci`.
pub async fn world() -> World {
    let world = World::new().await;
    let nothing = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "s3:*", "Resource": "*" },
    ] });
    world.user("dev", nothing).await;
    let created_at = Timestamp::from_seconds(NOW);
    let group = GroupRow {
        group_id: "AGPA1".into(),
        account: account(),
        group_name: "devs".into(),
        path: "/".into(),
        created_at,
    };
    let role = RoleRow {
        role_id: "AROA1".into(),
        account: account(),
        role_name: "ci".into(),
        path: "/team/".into(),
        description: String::new(),
        session_seconds_max: 3_600,
        trust_policy: "{}".into(),
        boundary_arn: None,
        created_at,
    };
    let metadata = Metadata::open(&world.database(), OpenMode::Existing).unwrap();
    let written: Result<(), MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                group::insert(tx, &group).await?;
                role::insert(tx, &role).await
            })
        })
        .await;
    written.unwrap();
    world
}

/// What an operation answers, without its envelope and with unique ids of policies left out.
fn result(reply: &Reply, operation: &str) -> String {
    let text = reply.text();
    assert_eq!(reply.status, StatusCode::OK, "{text}");
    let head = format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <{operation}Result>"
    );
    let rest = text.strip_prefix(&head).unwrap_or_else(|| panic!("{text}"));
    let (result, _) = rest.split_once(&format!("</{operation}Result>")).unwrap();
    let mut parts = result.split("<PolicyId>ANPA");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| format!("{text}<PolicyId>ID</PolicyId>{}", &part[27..]))
}

pub async fn answer(world: &World, operation: &str, form: &str) -> String {
    result(&world.call_iam(&format!("Action={operation}&{form}")).await, operation)
}

/// An operation that answers nothing.
pub async fn carry_out(world: &World, operation: &str, form: &str) {
    let reply = world.call_iam(&format!("Action={operation}&{form}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert!(!reply.text().contains("Result>"), "{}", reply.text());
}

/// Status, code and message of a refusal.
pub fn refusal(reply: &Reply) -> (u16, String, String) {
    let text = reply.text();
    let part = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{text}"));
        rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
    };
    (reply.status.as_u16(), part("Code"), part("Message"))
}

pub async fn refused(world: &World, form: &str) -> (u16, String, String) {
    refusal(&world.call_iam(form).await)
}

pub fn is(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.into(), message.into())
}

pub async fn create(world: &World) -> String {
    let form = format!(
        "PolicyName=pull&Path=/ci/&Description=pulls&PolicyDocument={DOCUMENT}\
         &Tags.member.1.Key=Team&Tags.member.1.Value=a"
    );
    answer(world, "CreatePolicy", &form).await
}

fn described(version: u64, attached: u64, bounding: u64, more: &str) -> String {
    format!(
        "<PolicyName>pull</PolicyName><PolicyId>ID</PolicyId><Arn>{ARN}</Arn><Path>/ci/</Path>\
         <DefaultVersionId>v{version}</DefaultVersionId>\
         <AttachmentCount>{attached}</AttachmentCount>\
         <PermissionsBoundaryUsageCount>{bounding}</PermissionsBoundaryUsageCount>\
         <IsAttachable>true</IsAttachable>{more}"
    )
}

const DATES: &str = "<CreateDate>2026-03-01T12:30:00Z</CreateDate>\
                     <UpdateDate>2026-03-01T12:30:00Z</UpdateDate>";
const TAGS: &str = "<Tags><member><Key>Team</Key><Value>a</Value></member></Tags>";

#[tokio::test]
async fn a_policy_is_made_read_listed_and_deleted() {
    let world = world().await;
    let made = create(&world).await;
    let expected = described(1, 0, 0, &format!("{DATES}{TAGS}"));
    assert_eq!(made, format!("<Policy>{expected}</Policy>"));
    let found = answer(&world, "GetPolicy", &format!("PolicyArn={ARN}")).await;
    let more = format!("<Description>pulls</Description>{DATES}{TAGS}");
    assert_eq!(found, format!("<Policy>{}</Policy>", described(1, 0, 0, &more)));
    let listed = answer(&world, "ListPolicies", "Scope=Local&PathPrefix=/ci/").await;
    assert_eq!(
        listed,
        format!(
            "<Policies><member>{}</member></Policies><IsTruncated>false</IsTruncated>",
            described(1, 0, 0, DATES)
        )
    );
    let page = answer(&world, "ListPolicies", "MaxItems=1").await;
    assert!(page.ends_with(&format!("<IsTruncated>true</IsTruncated><Marker>{ARN}</Marker>")));
    let next = answer(&world, "ListPolicies", &format!("MaxItems=1&Marker={ARN}")).await;
    assert!(next.contains("<PolicyName>AWSECRPullThroughCache_ServiceRolePolicy</PolicyName>"));
    let again = format!("Action=CreatePolicy&PolicyName=PULL&PolicyDocument={DOCUMENT}");
    assert_eq!(
        refused(&world, &again).await,
        is(
            409,
            "EntityAlreadyExists",
            "A policy called PULL already exists. Duplicate names are not allowed."
        )
    );
    carry_out(&world, "DeletePolicy", &format!("PolicyArn={ARN}")).await;
    assert_eq!(
        refused(&world, &format!("Action=GetPolicy&PolicyArn={ARN}")).await,
        is(404, "NoSuchEntity", &format!("Policy {ARN} was not found."))
    );
}

#[tokio::test]
async fn versions_are_made_read_listed_and_deleted() {
    let world = world().await;
    create(&world).await;
    let date = "<CreateDate>2026-03-01T12:30:00Z</CreateDate>";
    let version = |number: u64, is_default: bool, document: &str| {
        format!(
            "{document}<VersionId>v{number}</VersionId>\
             <IsDefaultVersion>{is_default}</IsDefaultVersion>{date}"
        )
    };
    let form = format!("PolicyArn={ARN}&PolicyDocument={DOCUMENT}&SetAsDefault=true");
    assert_eq!(
        answer(&world, "CreatePolicyVersion", &form).await,
        format!("<PolicyVersion>{}</PolicyVersion>", version(2, true, ""))
    );
    let found = answer(&world, "GetPolicyVersion", &format!("PolicyArn={ARN}&VersionId=v2")).await;
    let document = format!("<Document>{DOCUMENT}</Document>");
    assert_eq!(found, format!("<PolicyVersion>{}</PolicyVersion>", version(2, true, &document)));
    let set = format!("PolicyArn={ARN}&VersionId=v1");
    carry_out(&world, "SetDefaultPolicyVersion", &set).await;
    let listed = answer(&world, "ListPolicyVersions", &format!("PolicyArn={ARN}")).await;
    assert_eq!(
        listed,
        format!(
            "<Versions><member>{}</member><member>{}</member></Versions>\
             <IsTruncated>false</IsTruncated>",
            version(2, false, ""),
            version(1, true, "")
        )
    );
    assert_eq!(
        refused(&world, &format!("Action=DeletePolicyVersion&{set}")).await,
        is(409, "DeleteConflict", "Cannot delete the default version of a policy.")
    );
    let second = format!("PolicyArn={ARN}&VersionId=v2");
    carry_out(&world, "DeletePolicyVersion", &second).await;
    assert_eq!(
        refused(&world, &format!("Action=GetPolicyVersion&{second}")).await,
        is(
            404,
            "NoSuchEntity",
            &format!("Policy {ARN} version v2 does not exist or is not attachable.")
        )
    );
}

#[tokio::test]
async fn tags_are_put_listed_and_removed() {
    let world = world().await;
    create(&world).await;
    let form = format!("PolicyArn={ARN}&Tags.member.1.Key=env&Tags.member.1.Value=prod%20x");
    carry_out(&world, "TagPolicy", &form).await;
    let listed = answer(&world, "ListPolicyTags", &format!("PolicyArn={ARN}")).await;
    let first = "<member><Key>env</Key><Value>prod x</Value></member>";
    let second = "<member><Key>Team</Key><Value>a</Value></member>";
    let end = "<IsTruncated>false</IsTruncated>";
    assert_eq!(listed, format!("<Tags>{first}{second}</Tags>{end}"));
    let page = answer(&world, "ListPolicyTags", &format!("PolicyArn={ARN}&MaxItems=1")).await;
    assert!(page.contains("<IsTruncated>true</IsTruncated><Marker>"), "{page}");
    carry_out(&world, "UntagPolicy", &format!("PolicyArn={ARN}&TagKeys.member.1=TEAM")).await;
    let listed = answer(&world, "ListPolicyTags", &format!("PolicyArn={ARN}")).await;
    assert_eq!(listed, format!("<Tags>{first}</Tags>{end}"));
}

#[tokio::test]
async fn policies_are_attached_to_users_groups_and_roles() {
    let world = world().await;
    create(&world).await;
    for (kind, name) in [("User", "dev"), ("Group", "devs"), ("Role", "ci")] {
        let one = format!("{kind}Name={name}&PolicyArn={ARN}");
        carry_out(&world, &format!("Attach{kind}Policy"), &one).await;
        carry_out(&world, &format!("Attach{kind}Policy"), &one).await;
        let read_only = format!("{kind}Name={name}&PolicyArn={READ_ONLY}");
        carry_out(&world, &format!("Attach{kind}Policy"), &read_only).await;
        let operation = format!("ListAttached{kind}Policies");
        let form = format!("{kind}Name={name}&PathPrefix=/ci/");
        assert_eq!(
            answer(&world, &operation, &form).await,
            format!(
                "<AttachedPolicies><member><PolicyName>pull</PolicyName>\
                 <PolicyArn>{ARN}</PolicyArn></member></AttachedPolicies>\
                 <IsTruncated>false</IsTruncated>"
            )
        );
        let page = answer(&world, &operation, &format!("{kind}Name={name}&MaxItems=1")).await;
        let end = format!("<IsTruncated>true</IsTruncated><Marker>{ARN}</Marker>");
        assert!(page.ends_with(&end), "{page}");
    }
    let found = answer(&world, "GetPolicy", &format!("PolicyArn={ARN}")).await;
    assert!(found.contains("<AttachmentCount>3</AttachmentCount>"), "{found}");
    assert_eq!(
        refused(&world, &format!("Action=DeletePolicy&PolicyArn={ARN}")).await,
        is(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
    );
    let entities = answer(&world, "ListEntitiesForPolicy", &format!("PolicyArn={ARN}")).await;
    let (groups, rest) = entities.split_once("</PolicyGroups>").unwrap();
    assert_eq!(
        groups,
        "<PolicyGroups><member><GroupName>devs</GroupName><GroupId>AGPA1</GroupId></member>"
    );
    assert!(rest.starts_with("<PolicyUsers><member><UserName>dev</UserName><UserId>AIDA"));
    let roles = "<PolicyRoles><member><RoleName>ci</RoleName><RoleId>AROA1</RoleId></member>\
                 </PolicyRoles><IsTruncated>false</IsTruncated>";
    assert!(rest.ends_with(roles), "{rest}");
    let form = format!("PolicyArn={ARN}&EntityFilter=Role&PathPrefix=/team/");
    let entities = answer(&world, "ListEntitiesForPolicy", &form).await;
    assert_eq!(
        entities,
        format!("<PolicyGroups></PolicyGroups><PolicyUsers></PolicyUsers>{roles}")
    );
    for (kind, name) in [("User", "dev"), ("Group", "devs"), ("Role", "ci")] {
        let one = format!("{kind}Name={name}&PolicyArn={ARN}");
        carry_out(&world, &format!("Detach{kind}Policy"), &one).await;
        assert_eq!(
            refused(&world, &format!("Action=Detach{kind}Policy&{one}")).await,
            is(404, "NoSuchEntity", &format!("Policy {ARN} was not found."))
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_the_words_of_iam() {
    let world = world().await;
    for (form, status, code, message) in [
        (
            "Action=GetPolicy&PolicyArn=arn:aws:iam::111122223333:user/dev",
            400,
            "InvalidInput",
            "ARN arn:aws:iam::111122223333:user/dev is not valid.",
        ),
        (
            "Action=GetPolicy&PolicyArn=arn:aws:iam::999988887777:policy/x",
            403,
            "AccessDenied",
            "Policy is outside your own account.",
        ),
        (
            "Action=TagPolicy&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess\
             &Tags.member.1.Key=a&Tags.member.1.Value=b",
            403,
            "AccessDenied",
            "Policy is outside your own account.",
        ),
        (
            "Action=CreatePolicy&PolicyName=x&PolicyDocument=%7B%7D",
            400,
            "MalformedPolicyDocument",
            "Policy document must be version 2012-10-17 or greater. (line 1, column 1)",
        ),
        (
            "Action=PutUserPolicy&UserName=dev&PolicyName=x&PolicyDocument=%7B%7D",
            400,
            "MalformedPolicyDocument",
            "Missing required field Statement (line 1, column 1)",
        ),
        ("Action=ListPolicies&MaxItems=0", 400, "ValidationError", ""),
        (
            "Action=AttachRolePolicy&RoleName=ci&PolicyArn=arn:aws:iam::aws:policy/aws-service-role\
             /ECRReplicationServiceRolePolicy",
            400,
            "PolicyNotAttachable",
            "Cannot attach a Service Role Policy to a Customer Role.",
        ),
    ] {
        let found = refused(&world, form).await;
        assert_eq!((found.0, found.1.as_str()), (status, code), "{form}: {}", found.2);
        assert!(message.is_empty() || found.2 == message, "{form}: {}", found.2);
    }
}
