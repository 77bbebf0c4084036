//! Roles over the Query protocol.

use crate::iam_client::{HOUR, TAGS, TRUNCATED, TRUST, create_role, role, root};
use crate::world::{ACCOUNT, World};

#[tokio::test]
async fn a_role_lives_and_dies() {
    let world = World::new().await;
    let iam = root(&world);
    let boundary = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
    let made = iam
        .ok(&format!(
            "{}&Path=/ci/&Description=pushes&MaxSessionDuration=7200&PermissionsBoundary={boundary}\
             &Tags.member.1.Key=Team&Tags.member.1.Value=a%20b",
            create_role("push")
        ))
        .await;
    let rest = format!(
        "<Description>pushes</Description><MaxSessionDuration>7200</MaxSessionDuration>\
         <PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy\
         </PermissionsBoundaryType><PermissionsBoundaryArn>{boundary}</PermissionsBoundaryArn>\
         </PermissionsBoundary>{TAGS}"
    );
    assert_eq!(made, format!("<Role>{}</Role>", role("/ci/", "push", &rest)));
    let found = iam.ok("Action=GetRole&RoleName=push").await;
    let unused = format!("{rest}<RoleLastUsed></RoleLastUsed>");
    assert_eq!(found, format!("<Role>{}</Role>", role("/ci/", "push", &unused)));

    let update = "Action=UpdateRole&RoleName=push&MaxSessionDuration=3600";
    assert_eq!(iam.ok(update).await, "");
    let described = iam.ok("Action=UpdateRoleDescription&RoleName=push&Description=").await;
    assert!(described.contains(HOUR) && !described.contains("<Description>"), "{described}");
    let trust = format!("Action=UpdateAssumeRolePolicy&RoleName=push&PolicyDocument={TRUST}");
    assert_eq!(iam.ok(&trust).await, "");

    let listed = iam.ok("Action=ListRoles&PathPrefix=/ci/").await;
    let member = format!("<member>{}</member>", role("/ci/", "push", HOUR));
    assert_eq!(listed, format!("<Roles>{member}</Roles>{TRUNCATED}"));
    assert_eq!(iam.ok("Action=DeleteRole&RoleName=push").await, "");
    let gone = iam.refused("Action=GetRole&RoleName=push", 404, "NoSuchEntity").await;
    assert_eq!(gone, "The role with name push cannot be found.");
    assert_eq!(iam.ok("Action=ListRoles").await, format!("<Roles></Roles>{TRUNCATED}"));
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_said_in_the_words_of_iam() {
    let world = World::new().await;
    let iam = root(&world);
    iam.ok(&create_role("one")).await;
    let again = iam.refused(&create_role("ONE"), 409, "EntityAlreadyExists").await;
    assert_eq!(again, "Role with name ONE already exists.");
    let bad = "Action=CreateRole&RoleName=two&AssumeRolePolicyDocument=%7B%7D";
    iam.refused(bad, 400, "MalformedPolicyDocument").await;
    let absent = format!("arn%3Aaws%3Aiam%3A%3A{ACCOUNT}%3Auser%2Fnone");
    let trust = TRUST.replace("Service", "AWS").replace("ec2.amazonaws.com", &absent);
    let form = format!("Action=UpdateAssumeRolePolicy&RoleName=one&PolicyDocument={trust}");
    let refused = iam.refused(&form, 400, "MalformedPolicyDocument").await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/none");
    assert_eq!(refused, format!("Invalid principal in policy: \"AWS\":\"{arn}\""));
    for form in [
        "Action=CreateRole&RoleName=two",
        "Action=GetRole&RoleName=a/b",
        "Action=UpdateRole&RoleName=one&MaxSessionDuration=60",
        "Action=ListRoles&MaxItems=0",
        "Action=TagRole&RoleName=one&Tags.member.1.Key=a!&Tags.member.1.Value=",
    ] {
        iam.refused(form, 400, "ValidationError").await;
    }
    for form in [
        "Action=UpdateRole&RoleName=none",
        "Action=UpdateRoleDescription&RoleName=none&Description=x",
        "Action=DeleteRole&RoleName=none",
        "Action=TagRole&RoleName=none&Tags.member.1.Key=a&Tags.member.1.Value=",
        "Action=UntagRole&RoleName=none&TagKeys.member.1=a",
        "Action=ListRoleTags&RoleName=none",
        "Action=DeleteServiceLinkedRole&RoleName=none",
    ] {
        let message = iam.refused(form, 404, "NoSuchEntity").await;
        assert_eq!(message, "The role with name none cannot be found.", "{form}");
    }
    let twice = "Action=TagRole&RoleName=one&Tags.member.1.Key=a&Tags.member.1.Value=\
                 &Tags.member.2.Key=A&Tags.member.2.Value=";
    iam.refused(twice, 400, "InvalidInput").await;
}

#[tokio::test]
async fn roles_and_tags_come_by_page() {
    let world = World::new().await;
    let iam = root(&world);
    for name in ["a", "b", "c"] {
        iam.ok(&create_role(name)).await;
    }
    let first = iam.ok("Action=ListRoles&MaxItems=2").await;
    assert!(first.ends_with("<IsTruncated>true</IsTruncated><Marker>b</Marker>"), "{first}");
    let rest = iam.ok("Action=ListRoles&MaxItems=2&Marker=b").await;
    let member = format!("<member>{}</member>", role("/", "c", HOUR));
    assert_eq!(rest, format!("<Roles>{member}</Roles>{TRUNCATED}"));

    let tags =
        "Tags.member.1.Key=k2&Tags.member.1.Value=v&Tags.member.2.Key=k1&Tags.member.2.Value=";
    assert_eq!(iam.ok(&format!("Action=TagRole&RoleName=a&{tags}")).await, "");
    let first = iam.ok("Action=ListRoleTags&RoleName=a&MaxItems=1").await;
    assert_eq!(
        first,
        "<Tags><member><Key>k1</Key><Value></Value></member></Tags>\
         <IsTruncated>true</IsTruncated><Marker>1</Marker>"
    );
    assert_eq!(iam.ok("Action=UntagRole&RoleName=a&TagKeys.member.1=k1").await, "");
    let rest = iam.ok("Action=ListRoleTags&RoleName=a").await;
    let tag = "<member><Key>k2</Key><Value>v</Value></member>";
    assert_eq!(rest, format!("<Tags>{tag}</Tags>{TRUNCATED}"));
}

#[tokio::test]
async fn the_role_of_a_service_is_made_and_deleted_by_a_task() {
    let world = World::new().await;
    let iam = root(&world);
    let service = "replication.ecr.amazonaws.com";
    let create = format!("Action=CreateServiceLinkedRole&AWSServiceName={service}");
    let made = iam.ok(&create).await;
    let name = "AWSServiceRoleForECRReplication";
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}");
    assert!(
        made.starts_with(&format!("<Role><Path>/aws-service-role/{service}/</Path>")),
        "{made}"
    );
    assert!(made.contains(&format!("<Arn>{arn}</Arn>")), "{made}");
    let again = iam.refused(&create, 400, "InvalidInput").await;
    assert!(again.starts_with(&format!("Service role name {name} has been taken")), "{again}");
    let delete = format!("Action=DeleteRole&RoleName={name}");
    iam.refused(&delete, 400, "UnmodifiableEntity").await;
    let task = iam.ok(&format!("Action=DeleteServiceLinkedRole&RoleName={name}")).await;
    let task = task.strip_prefix("<DeletionTaskId>").unwrap();
    let task = task.strip_suffix("</DeletionTaskId>").unwrap();
    let status = format!("Action=GetServiceLinkedRoleDeletionStatus&DeletionTaskId={task}");
    assert_eq!(iam.ok(&status).await, "<Status>SUCCEEDED</Status>");
    let bad = "Action=GetServiceLinkedRoleDeletionStatus&DeletionTaskId=x";
    iam.refused(bad, 400, "InvalidInput").await;
}
