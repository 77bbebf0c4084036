//! When keys were used last is noted beside the requests.

use std::time::Duration;

use wharfinger_core::Timestamp;
use wharfinger_metadata::credential_use::{self, CredentialUse};
use wharfinger_metadata::{MetadataError, installation};

use crate::{Fixture, PULL, fixture};

impl Fixture {
    /// What is noted of a key, once everything is noted that was to be.
    async fn last_use(&self, id: &str) -> Option<CredentialUse> {
        // What was spawned asks for its turn first, and the writer takes turns.
        tokio::task::yield_now().await;
        let written: Result<bool, MetadataError> = self
            .metadata
            .write(|tx| Box::pin(async move { installation::insert(tx, "turn", "mine").await }))
            .await;
        written.unwrap();
        let id = id.to_owned();
        let found: Result<_, MetadataError> = self
            .metadata
            .read(move |tx| Box::pin(async move { credential_use::get(tx, &id).await }))
            .await;
        found.unwrap()
    }
}

#[tokio::test]
async fn a_signature_and_a_token_are_uses_of_their_key_noted_once_an_hour() {
    let fixture = fixture().await;
    let key = fixture.user("puller", PULL).await;
    assert_eq!(fixture.last_use(&key.access_key_id).await, None);
    let caller = fixture.sign_in(&key).await.unwrap();
    let first = Timestamp::from_seconds(1_800_000_000);
    let used =
        |used_at| CredentialUse { used_at, service: "ecr".into(), region: "eu-west-1".into() };
    assert_eq!(fixture.last_use(&key.access_key_id).await, Some(used(first)));

    let token = fixture.token_of(&caller).await;
    fixture.clock.advance(Duration::from_secs(3_599));
    fixture.by_token(&token).await.unwrap();
    assert_eq!(fixture.last_use(&key.access_key_id).await, Some(used(first)), "not due");
    fixture.clock.advance(Duration::from_secs(1));
    fixture.by_token(&token).await.unwrap();
    let later = first.plus(Duration::from_secs(3_600));
    assert_eq!(fixture.last_use(&key.access_key_id).await, Some(used(later)));
}

#[tokio::test]
async fn a_wrong_signature_is_no_use() {
    let fixture = fixture().await;
    let key = fixture.user("puller", PULL).await;
    fixture.sign_in_with(&key.access_key_id, "wrong").await.unwrap_err();
    assert_eq!(fixture.last_use(&key.access_key_id).await, None);
}
