//! What holds for a principal is kept in memory too, and never outlives a commit of any of it.

use wharfinger_core::Timestamp;
use wharfinger_metadata::group::{self, GroupRow};
use wharfinger_metadata::{account_guardrail, iam_tag, policy_attachment};

use super::holding::{ALL, NO_PULL, TOKENS};
use crate::{AccessKey, Fixture, fixture};

const NO_IDENTITY: &str = "because no identity-based policy allows the ecr:BatchGetImage action";
const DENIED: &str = "with an explicit deny in an identity-based policy";

impl Fixture {
    /// What comes of a pull, asked often enough that the answer comes from memory.
    async fn pulls(&self, key: &AccessKey) -> String {
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(self.pull(&self.sign_in(key).await.unwrap()).await);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    async fn detach(&self, principal_id: &str, arn: String) {
        let id = principal_id.to_owned();
        self.write(move |tx| {
            Box::pin(async move { policy_attachment::detach(tx, &id, &arn).await.map(|_| ()) })
        })
        .await;
    }
}

#[tokio::test]
async fn attachments_hold_from_the_next_request_on() {
    let fixture = fixture().await;
    let key = fixture.user("ann", TOKENS).await;
    let id = fixture.user_id("ann").await;
    fixture.managed("All", ALL).await;
    fixture.managed("NoPull", NO_PULL).await;
    assert_eq!(fixture.pulls(&key).await, NO_IDENTITY);
    fixture.attach(&id, fixture.policy_arn("All")).await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
    fixture.attach(&id, fixture.policy_arn("NoPull")).await;
    assert_eq!(fixture.pulls(&key).await, DENIED);
    fixture.detach(&id, fixture.policy_arn("NoPull")).await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
    fixture.detach(&id, fixture.policy_arn("All")).await;
    assert_eq!(fixture.pulls(&key).await, NO_IDENTITY);
}

#[tokio::test]
async fn groups_hold_from_the_next_request_on() {
    let fixture = fixture().await;
    let key = fixture.user("ann", TOKENS).await;
    let id = fixture.user_id("ann").await;
    fixture.managed("All", ALL).await;
    fixture.managed("NoPull", NO_PULL).await;
    let group = GroupRow {
        group_id: "AGPAx".into(),
        account: fixture.account,
        group_name: "devs".into(),
        path: "/".into(),
        created_at: Timestamp::from_seconds(1),
    };
    fixture.write(move |tx| Box::pin(async move { group::insert(tx, &group).await })).await;
    fixture.attach("AGPAx", fixture.policy_arn("All")).await;
    assert_eq!(fixture.pulls(&key).await, NO_IDENTITY, "the user is not in it");
    let now = Timestamp::from_seconds(1);
    fixture
        .write(move |tx| Box::pin(async move { group::add_member(tx, "AGPAx", &id, now).await }))
        .await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
    fixture.attach("AGPAx", fixture.policy_arn("NoPull")).await;
    assert_eq!(fixture.pulls(&key).await, DENIED);
    fixture.detach("AGPAx", fixture.policy_arn("NoPull")).await;
    fixture.detach("AGPAx", fixture.policy_arn("All")).await;
    assert_eq!(fixture.pulls(&key).await, NO_IDENTITY);
}

#[tokio::test]
async fn a_boundary_holds_from_the_next_request_on() {
    let fixture = fixture().await;
    let key = fixture.bounded_user("ann", Some(fixture.policy_arn("Bound"))).await;
    let bounded = "because no permissions boundary allows the ecr:BatchGetImage action";
    assert_eq!(fixture.pulls(&key).await, bounded, "there is no such policy");
    fixture.managed("Bound", ALL).await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
}

#[tokio::test]
async fn guardrails_hold_from_the_next_request_on() {
    let fixture = fixture().await;
    let key = fixture.user("ann", ALL).await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
    fixture.guardrail("rail", NO_PULL).await;
    let denied = "with an explicit deny in a service control policy";
    assert_eq!(fixture.pulls(&key).await, denied);
    assert_eq!(fixture.pulls(&fixture.root).await, denied);
    fixture.guardrail("rail", ALL).await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
    fixture.guardrail("rail", TOKENS).await;
    assert!(fixture.pulls(&key).await.contains("no service control policy"));
    let account = fixture.account;
    fixture
        .write(move |tx| {
            Box::pin(
                async move { account_guardrail::delete(tx, &account, "rail").await.map(|_| ()) },
            )
        })
        .await;
    assert_eq!(fixture.pulls(&key).await, "allowed");
    assert_eq!(fixture.pulls(&fixture.root).await, "allowed");
}

#[tokio::test]
async fn tags_of_a_user_hold_from_the_next_request_on() {
    let fixture = fixture().await;
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/may":"pull"}}}]}"#;
    let key = fixture.user("ann", text).await;
    let id = fixture.user_id("ann").await;
    assert_eq!(fixture.pulls(&key).await, NO_IDENTITY);
    for (value, outcome) in [("pull", "allowed"), ("push", NO_IDENTITY), ("pull", "allowed")] {
        let id = id.clone();
        fixture
            .write(move |tx| Box::pin(async move { iam_tag::put(tx, &id, "May", value).await }))
            .await;
        assert_eq!(fixture.pulls(&key).await, outcome, "{value}");
    }
    fixture
        .write(move |tx| Box::pin(async move { iam_tag::delete(tx, &id, "may").await.map(|_| ()) }))
        .await;
    assert_eq!(fixture.pulls(&key).await, NO_IDENTITY);
}
