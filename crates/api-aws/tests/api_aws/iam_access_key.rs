//! Access keys over the Query protocol.

use wharfinger_auth::AccessKey;
use wharfinger_core::Secret;

use crate::iam_answers::{allow, between};
use crate::world::World;

/// The key that a call answered.
fn key_of(text: &str) -> AccessKey {
    AccessKey {
        access_key_id: between(text, "<AccessKeyId>", "</AccessKeyId>"),
        secret_access_key: Secret::new(between(text, "<SecretAccessKey>", "</SecretAccessKey>")),
    }
}

#[tokio::test]
async fn a_key_works_until_it_is_switched_off() {
    let world = World::new().await;
    world.call_iam("Action=CreateUser&UserName=ann").await.result("CreateUser");
    let created = world.call_iam("Action=CreateAccessKey&UserName=ann").await;
    let key = key_of(created.text());
    let secret = key.secret_access_key.expose();
    assert_eq!(
        created.result("CreateAccessKey"),
        format!(
            "<AccessKey><UserName>ann</UserName><AccessKeyId>AKIA</AccessKeyId>\
             <Status>Active</Status><SecretAccessKey>{secret}</SecretAccessKey>\
             <CreateDate>2026-03-01T12:30:00Z</CreateDate></AccessKey>"
        )
    );
    let listed = world.call_iam("Action=ListAccessKeys&UserName=ann").await;
    assert_eq!(
        listed.result("ListAccessKeys"),
        "<AccessKeyMetadata><member><UserName>ann</UserName><AccessKeyId>AKIA</AccessKeyId>\
         <Status>Active</Status><CreateDate>2026-03-01T12:30:00Z</CreateDate></member>\
         </AccessKeyMetadata><IsTruncated>false</IsTruncated>"
    );
    world.call_iam_as(&key, "Action=GetUser").await.failed(403, "AccessDenied");
    let id = &key.access_key_id;
    let update = |status: &str| {
        format!("Action=UpdateAccessKey&UserName=ann&AccessKeyId={id}&Status={status}")
    };
    world.call_iam(&update("Inactive")).await.done("UpdateAccessKey");
    world.call_iam_as(&key, "Action=GetUser").await.failed(403, "InvalidClientTokenId");
    world.call_iam(&update("Active")).await.done("UpdateAccessKey");
    world.call_iam_as(&key, "Action=GetUser").await.failed(403, "AccessDenied");
    world.call_iam(&update("Expired")).await.failed(400, "InvalidInput");
    let delete = format!("Action=DeleteAccessKey&UserName=ann&AccessKeyId={id}");
    world.call_iam(&delete).await.done("DeleteAccessKey");
    let gone = world.call_iam(&delete).await.failed(404, "NoSuchEntity");
    assert_eq!(gone, format!("The Access Key with id {id} cannot be found."));
}

#[tokio::test]
async fn without_a_name_the_keys_are_the_callers() {
    let world = World::new().await;
    let root = world.call_iam("Action=ListAccessKeys").await.result("ListAccessKeys");
    assert!(root.contains("<member><AccessKeyId>AKIA</AccessKeyId>"), "{root}");
    let own = "arn:aws:iam::111122223333:user/${aws:username}";
    let ann = world.user("ann", allow(&["iam:*AccessKey*"], own)).await;
    let second = world.call_iam_as(&ann, "Action=CreateAccessKey").await;
    let second = key_of(second.text());
    let third = world.call_iam_as(&ann, "Action=CreateAccessKey").await;
    let third = third.failed(409, "LimitExceeded");
    assert_eq!(third, "Cannot exceed quota for AccessKeysPerUser: 2");
    let first = world.call_iam_as(&ann, "Action=ListAccessKeys&MaxItems=1").await;
    let marker = between(&first.text().replace(' ', ""), "<Marker>", "</Marker>");
    let rest = format!("Action=ListAccessKeys&Marker={marker}");
    let rest = world.call_iam_as(&ann, &rest).await.result("ListAccessKeys");
    assert_eq!(rest.matches("<member>").count(), 1);
    let delete = format!("Action=DeleteAccessKey&AccessKeyId={}", second.access_key_id);
    world.call_iam_as(&ann, &delete).await.done("DeleteAccessKey");
    let roots = format!("Action=DeleteAccessKey&AccessKeyId={}", world.root.access_key_id);
    world.call_iam_as(&ann, &roots).await.failed(404, "NoSuchEntity");
    let last = world.call_iam(&roots).await.failed(409, "DeleteConflict");
    assert!(last.contains("is the last active key of the root user"), "{last}");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_known() {
    let world = World::new().await;
    let ann = world.user("ann", allow(&["ecr:*"], "*")).await;
    let form = format!("Action=GetAccessKeyLastUsed&AccessKeyId={}", ann.access_key_id);
    assert_eq!(
        world.call_iam(&form).await.result("GetAccessKeyLastUsed"),
        "<UserName>ann</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName>\
         <Region>N/A</Region></AccessKeyLastUsed>"
    );
    world.call_as(&ann, "DescribeRepositories", serde_json::json!({})).await.ok();
    // What was noted beside the request is written before whatever is asked for next.
    tokio::task::yield_now().await;
    world.call_iam("Action=CreateUser&UserName=ben").await.result("CreateUser");
    assert_eq!(
        world.call_iam(&form).await.result("GetAccessKeyLastUsed"),
        "<UserName>ann</UserName><AccessKeyLastUsed>\
         <LastUsedDate>2026-03-01T12:30:00Z</LastUsedDate><ServiceName>ecr</ServiceName>\
         <Region>eu-west-1</Region></AccessKeyLastUsed>"
    );
    let absent = "Action=GetAccessKeyLastUsed&AccessKeyId=AKIAAAAAAAAAAAAAAAAA";
    world.call_iam(absent).await.failed(404, "NoSuchEntity");
    let there = world.call_iam_as(&ann, &form).await.failed(403, "AccessDenied");
    let absent = world.call_iam_as(&ann, absent).await.failed(403, "AccessDenied");
    assert_eq!(there, absent, "who may not does not learn whose key it is");
}
