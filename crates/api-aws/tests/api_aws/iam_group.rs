//! Groups over the Query protocol.

use crate::iam_answers::allow;
use crate::world::World;

const DEV: &str = "<Path>/</Path><GroupName>dev</GroupName><GroupId>AGPA</GroupId>\
                   <Arn>arn:aws:iam::111122223333:group/dev</Arn>\
                   <CreateDate>2026-03-01T12:30:00Z</CreateDate>";

#[tokio::test]
async fn a_group_lives_through_all_its_operations() {
    let world = World::new().await;
    let created = world.call_iam("Action=CreateGroup&GroupName=dev").await.result("CreateGroup");
    assert_eq!(created, format!("<Group>{DEV}</Group>"));
    world.call_iam("Action=CreateUser&UserName=ann").await.result("CreateUser");
    let add = "Action=AddUserToGroup&GroupName=dev&UserName=ann";
    world.call_iam(add).await.done("AddUserToGroup");
    let got = world.call_iam("Action=GetGroup&GroupName=dev").await.result("GetGroup");
    assert_eq!(
        got,
        format!(
            "<Group>{DEV}</Group><Users><member><Path>/</Path><UserName>ann</UserName>\
             <UserId>AIDA</UserId><Arn>arn:aws:iam::111122223333:user/ann</Arn>\
             <CreateDate>2026-03-01T12:30:00Z</CreateDate></member></Users>\
             <IsTruncated>false</IsTruncated>"
        )
    );
    let of_ann = world.call_iam("Action=ListGroupsForUser&UserName=ann").await;
    let listed = format!("<Groups><member>{DEV}</member></Groups><IsTruncated>false</IsTruncated>");
    assert_eq!(of_ann.result("ListGroupsForUser"), listed);
    assert_eq!(world.call_iam("Action=ListGroups").await.result("ListGroups"), listed);
    let delete = "Action=DeleteGroup&GroupName=dev";
    let conflict = world.call_iam(delete).await.failed(409, "DeleteConflict");
    assert_eq!(conflict, "Cannot delete entity, must remove users from group first.");
    let remove = "Action=RemoveUserFromGroup&GroupName=dev&UserName=ann";
    world.call_iam(remove).await.done("RemoveUserFromGroup");
    world.call_iam(remove).await.failed(404, "NoSuchEntity");
    let update = "Action=UpdateGroup&GroupName=dev&NewGroupName=ops&NewPath=/t/";
    world.call_iam(update).await.done("UpdateGroup");
    world.call_iam(delete).await.failed(404, "NoSuchEntity");
    world.call_iam("Action=DeleteGroup&GroupName=ops").await.done("DeleteGroup");
}

#[tokio::test]
async fn groups_are_listed_page_by_page_and_by_path() {
    let world = World::new().await;
    for (name, path) in [("a", "/x/"), ("b", "/y/"), ("c", "/x/")] {
        let form = format!("Action=CreateGroup&GroupName={name}&Path={path}");
        world.call_iam(&form).await.result("CreateGroup");
    }
    let first = world.call_iam("Action=ListGroups&PathPrefix=/x/&MaxItems=1").await;
    let first = first.result("ListGroups");
    assert!(first.ends_with("<IsTruncated>true</IsTruncated><Marker>a</Marker>"), "{first}");
    let second = world.call_iam("Action=ListGroups&PathPrefix=/x/&Marker=a").await;
    let second = second.result("ListGroups");
    assert!(second.contains("<GroupName>c<") && !second.contains("<GroupName>b<"), "{second}");
    let again = world.call_iam("Action=CreateGroup&GroupName=A").await;
    again.failed(409, "EntityAlreadyExists");
}

#[tokio::test]
async fn a_group_is_for_those_who_may() {
    let world = World::new().await;
    let create = "Action=CreateGroup&GroupName=dev&Path=/team/";
    world.call_iam(create).await.result("CreateGroup");
    let nobody = world.user("nobody", allow(&["ecr:*"], "*")).await;
    for operation in [
        "GetGroup&GroupName=",
        "DeleteGroup&GroupName=",
        "UpdateGroup&NewPath=/x/&GroupName=",
        "AddUserToGroup&UserName=nobody&GroupName=",
        "RemoveUserFromGroup&UserName=nobody&GroupName=",
    ] {
        let ask = |name: &str| format!("Action={operation}{name}");
        let there = world.call_iam_as(&nobody, &ask("dev")).await.failed(403, "AccessDenied");
        let absent = world.call_iam_as(&nobody, &ask("zzz")).await.failed(403, "AccessDenied");
        assert_eq!(there.replace("group/dev", "group/zzz"), absent, "{operation}");
    }
    world.call_iam_as(&nobody, "Action=ListGroups").await.failed(403, "AccessDenied");
    world.call_iam_as(&nobody, create).await.failed(403, "AccessDenied");
    let team = allow(&["iam:GetGroup"], "arn:aws:iam::111122223333:group/team/*");
    let lead = world.user("lead", team).await;
    let got = world.call_iam_as(&lead, "Action=GetGroup&GroupName=dev").await;
    assert!(got.result("GetGroup").contains(":group/team/dev</Arn>"));
}
