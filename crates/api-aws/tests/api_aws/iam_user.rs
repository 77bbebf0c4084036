//! Users over the Query protocol.

use crate::iam_answers::allow;
use crate::world::World;

const ANN: &str = "<Path>/team/</Path><UserName>ann</UserName><UserId>AIDA</UserId>\
                   <Arn>arn:aws:iam::111122223333:user/team/ann</Arn>\
                   <CreateDate>2026-03-01T12:30:00Z</CreateDate>";

/// `ann` under `/team/`, with a boundary and a tag.
async fn create_ann(world: &World) -> String {
    let form = "Action=CreateUser&UserName=ann&Path=/team/&Tags.member.1.Key=Team\
                &Tags.member.1.Value=a&PermissionsBoundary=arn:aws:iam::aws:policy/AdministratorAccess";
    world.call_iam(form).await.result("CreateUser")
}

#[tokio::test]
async fn a_user_is_created_got_and_listed() {
    let world = World::new().await;
    let whole = format!(
        "<User>{ANN}<PermissionsBoundary>\
         <PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>\
         <PermissionsBoundaryArn>arn:aws:iam::aws:policy/AdministratorAccess</PermissionsBoundaryArn>\
         </PermissionsBoundary><Tags><member><Key>Team</Key><Value>a</Value></member></Tags></User>"
    );
    assert_eq!(create_ann(&world).await, whole);
    let got = world.call_iam("Action=GetUser&UserName=ann").await.result("GetUser");
    assert_eq!(got, whole);
    let listed = world.call_iam("Action=ListUsers&PathPrefix=/team").await.result("ListUsers");
    let expected = format!("<Users><member>{ANN}</member></Users><IsTruncated>false</IsTruncated>");
    assert_eq!(listed, expected, "lists leave tags and boundaries out");

    world.call_iam("Action=CreateUser&UserName=ben").await.result("CreateUser");
    let first = world.call_iam("Action=ListUsers&MaxItems=1").await.result("ListUsers");
    assert!(first.ends_with("<IsTruncated>true</IsTruncated><Marker>ann</Marker>"), "{first}");
    let second = world.call_iam("Action=ListUsers&MaxItems=1&Marker=ann").await;
    let second = second.result("ListUsers");
    assert!(second.contains("<UserName>ben</UserName>") && !second.contains("ann"), "{second}");
}

#[tokio::test]
async fn without_a_name_the_caller_is_meant() {
    let world = World::new().await;
    let root = world.call_iam("Action=GetUser").await.result("GetUser");
    assert_eq!(
        root,
        "<User><UserId>111122223333</UserId><Arn>arn:aws:iam::111122223333:root</Arn>\
         <CreateDate>2026-03-01T12:30:00Z</CreateDate></User>"
    );
    let own = "arn:aws:iam::111122223333:user/${aws:username}";
    let ann = world.user("ann", allow(&["iam:GetUser"], own)).await;
    let got = world.call_iam_as(&ann, "Action=GetUser").await.result("GetUser");
    assert!(got.contains("<UserName>ann</UserName>"), "{got}");
    let denied = world.call_iam_as(&ann, "Action=GetUser&UserName=ben").await;
    denied.failed(403, "AccessDenied");
}

#[tokio::test]
async fn a_user_is_renamed_by_who_may_do_so_to_both_names() {
    let world = World::new().await;
    world.call_iam("Action=CreateUser&UserName=ben&Path=/a/").await.result("CreateUser");
    let update = "Action=UpdateUser&UserName=ben&NewUserName=Ben";
    let one = allow(&["iam:UpdateUser"], "arn:aws:iam::111122223333:user/a/ben");
    let one = world.user("one", one).await;
    let denied = world.call_iam_as(&one, update).await.failed(403, "AccessDenied");
    assert!(denied.contains("resource: arn:aws:iam::111122223333:user/a/Ben "), "{denied}");
    let both = allow(&["iam:UpdateUser"], "arn:aws:iam::111122223333:user/a/?en");
    let both = world.user("both", both).await;
    world.call_iam_as(&both, update).await.done("UpdateUser");
    world.call_iam("Action=UpdateUser&UserName=Ben&NewPath=/b/").await.done("UpdateUser");
    let got = world.call_iam("Action=GetUser&UserName=Ben").await.result("GetUser");
    assert!(got.contains(":user/b/Ben</Arn>"), "{got}");
    let taken = world.call_iam("Action=UpdateUser&UserName=Ben&NewUserName=ONE").await;
    let taken = taken.failed(409, "EntityAlreadyExists");
    assert_eq!(taken, "User with name ONE already exists.");
}

#[tokio::test]
async fn a_user_is_deleted_once_it_has_nothing() {
    let world = World::new().await;
    world.user("dev", allow(&["ecr:*"], "*")).await;
    let refused = world.call_iam("Action=DeleteUser&UserName=dev").await;
    let refused = refused.failed(409, "DeleteConflict");
    assert_eq!(refused, "Cannot delete entity, must delete policies first.");
    create_ann(&world).await;
    world.call_iam("Action=DeleteUser&UserName=ann").await.done("DeleteUser");
    let gone = world.call_iam("Action=DeleteUser&UserName=ann").await;
    let gone = gone.failed(404, "NoSuchEntity");
    assert_eq!(gone, "The user with name ann cannot be found.");
}

#[tokio::test]
async fn tags_are_put_listed_and_taken_away() {
    let world = World::new().await;
    create_ann(&world).await;
    let tag = "Action=TagUser&UserName=ann&Tags.member.1.Key=env&Tags.member.1.Value=ci";
    world.call_iam(tag).await.done("TagUser");
    let first = world.call_iam("Action=ListUserTags&UserName=ann&MaxItems=1").await;
    assert_eq!(
        first.result("ListUserTags"),
        "<Tags><member><Key>env</Key><Value>ci</Value></member></Tags>\
         <IsTruncated>true</IsTruncated><Marker>1</Marker>"
    );
    let untag = "Action=UntagUser&UserName=ann&TagKeys.member.1=ENV";
    world.call_iam(untag).await.done("UntagUser");
    let left = world.call_iam("Action=ListUserTags&UserName=ann").await.result("ListUserTags");
    assert_eq!(
        left,
        "<Tags><member><Key>Team</Key><Value>a</Value></member></Tags>\
         <IsTruncated>false</IsTruncated>"
    );
    let reserved = "Action=TagUser&UserName=ann&Tags.member.1.Key=aws:x&Tags.member.1.Value=y";
    world.call_iam(reserved).await.failed(400, "InvalidInput");
}

#[tokio::test]
async fn policies_look_at_the_tags_that_are_there_and_that_are_asked_for() {
    let world = World::new().await;
    create_ann(&world).await;
    let condition = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:GetUser", "Resource": "*",
          "Condition": { "StringEquals": { "iam:ResourceTag/Team": "a" } } },
        { "Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:TagUser", "Resource": "*",
          "Condition": { "StringEquals": { "aws:RequestTag/Team": "b" } } },
    ] });
    let key = world.user("lead", condition).await;
    world.call_iam_as(&key, "Action=GetUser&UserName=ann").await.result("GetUser");
    world.call_iam_as(&key, "Action=GetUser&UserName=lead").await.failed(403, "AccessDenied");
    let create = |name: &str, value: &str| {
        format!(
            "Action=CreateUser&UserName={name}&Tags.member.1.Key=Team&Tags.member.1.Value={value}"
        )
    };
    world.call_iam_as(&key, &create("x", "b")).await.result("CreateUser");
    world.call_iam_as(&key, &create("y", "a")).await.failed(403, "AccessDenied");
    world.call_iam_as(&key, "Action=CreateUser&UserName=z").await.result("CreateUser");
}

#[tokio::test]
async fn who_may_not_learns_nothing_of_who_is_there() {
    let world = World::new().await;
    create_ann(&world).await;
    let key = world.user("nobody", allow(&["ecr:*"], "*")).await;
    for operation in [
        "GetUser&UserName=",
        "DeleteUser&UserName=",
        "UpdateUser&NewPath=/x/&UserName=",
        "ListUserTags&UserName=",
        "TagUser&Tags.member.1.Key=k&Tags.member.1.Value=v&UserName=",
        "UntagUser&TagKeys.member.1=k&UserName=",
        "ListGroupsForUser&UserName=",
        "ListAccessKeys&UserName=",
        "CreateAccessKey&UserName=",
    ] {
        let ask = |name: &str| format!("Action={operation}{name}");
        let there = world.call_iam_as(&key, &ask("ann")).await.failed(403, "AccessDenied");
        let absent = world.call_iam_as(&key, &ask("zoe")).await.failed(403, "AccessDenied");
        assert_eq!(there.replace("user/ann", "user/zoe"), absent, "{operation}");
    }
    let create = "Action=CreateUser&UserName=ann";
    world.call_iam_as(&key, create).await.failed(403, "AccessDenied");
    world.call_iam_as(&key, "Action=ListUsers").await.failed(403, "AccessDenied");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let world = World::new().await;
    create_ann(&world).await;
    let again = world.call_iam("Action=CreateUser&UserName=ANN").await;
    let again = again.failed(409, "EntityAlreadyExists");
    assert_eq!(again, "User with name ANN already exists.");
    let boundary = "Action=CreateUser&UserName=x\
                    &PermissionsBoundary=arn:aws:iam::111122223333:policy/none";
    world.call_iam(boundary).await.failed(404, "NoSuchEntity");
    for bad in [
        "Action=CreateUser",
        "Action=CreateUser&UserName=a%20b",
        "Action=CreateUser&UserName=x&Path=team",
        "Action=ListUsers&MaxItems=0",
        "Action=ListUsers&MaxItems=1001",
        "Action=ListUserTags&UserName=ann&Marker=x",
    ] {
        world.call_iam(bad).await.failed(400, "ValidationError");
    }
}
