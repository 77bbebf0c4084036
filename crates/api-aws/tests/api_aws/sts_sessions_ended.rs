//! Sessions that are over: by their time, by their user, by their role.

use std::time::Duration;

use serde_json::json;
use wharfinger_metadata::session;

use crate::sts_sessions::{allow, arn, trust, user};
use crate::temporary::Session;
use crate::world::{ACCOUNT, World};

#[tokio::test]
async fn a_session_ends_with_its_time_its_user_and_its_role() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let policy = allow(json!("ecr:DescribeRepositories"), "*");
    let role = world.role(ACCOUNT, "r", trust(&arn("ci")), policy).await;
    let session = world.assume(&key, &role).await;
    world.clock.advance(Duration::from_secs(3_599));
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    world.clock.advance(Duration::from_secs(1));
    let over = world.call_in(&session, "DescribeRepositories", json!({})).await;
    let message = over.refused("ExpiredTokenException");
    assert_eq!(message, "The security token included in the request is expired");
    let over = world.sts_in(&session, "Action=GetCallerIdentity").await;
    assert_eq!(over.refused_query(403, "ExpiredToken"), message);
    // The user who assumed a role may go; what it has is the role's.
    let session = world.assume(&key, &role).await;
    world.people.delete_user(ACCOUNT.parse().unwrap(), "ci").await.unwrap();
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    let dev = world.user("dev", allow(json!("ecr:*"), "*")).await;
    let session = Session::of(&world.sts_as(&dev, "Action=GetSessionToken").await);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    world.people.delete_user_policy(ACCOUNT.parse().unwrap(), "dev", "test").await.unwrap();
    let denied = world.call_in(&session, "DescribeRepositories", json!({})).await;
    denied.refused("AccessDeniedException");
    world.people.delete_user(ACCOUNT.parse().unwrap(), "dev").await.unwrap();
    let gone = world.call_in(&session, "DescribeRepositories", json!({})).await;
    gone.refused("UnrecognizedClientException");
}

#[tokio::test]
async fn rows_of_sessions_go_some_time_after_their_end() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let role = world.role(ACCOUNT, "r", trust(&arn("ci")), allow(json!("ecr:*"), "*")).await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(world.assume(&key, &role).await.key.access_key_id);
    }
    let left = async || {
        let ids = ids.clone();
        let found: Vec<bool> = world
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let mut found = Vec::new();
                    for id in &ids {
                        found.push(session::find(tx, id).await?.is_some());
                    }
                    Ok::<_, wharfinger_metadata::MetadataError>(found)
                })
            })
            .await
            .unwrap();
        found.into_iter().filter(|found| *found).count()
    };
    world.clock.advance(Duration::from_secs(3_600 + 36 * 3_600));
    world.assume(&key, &role).await;
    assert_eq!(left().await, 12, "they are kept for what was begun with them");
    world.clock.advance(Duration::from_secs(1));
    world.assume(&key, &role).await;
    assert_eq!(left().await, 2, "each new one deletes a few");
    world.assume(&key, &role).await;
    assert_eq!(left().await, 0);
}
