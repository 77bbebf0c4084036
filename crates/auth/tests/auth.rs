//! From credentials to callers, and from callers to permits, over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tempfile::TempDir;
use wharfinger_auth::{
    AccessKey, Auth, AuthKeys, Caller, CredentialError, Permit, RegistryResource,
    RepositoryResource, TokenError, actions,
};
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer, body_sha256};
use wharfinger_core::{
    AccountId, Clock, Entropy, ManualClock, RegistryId, RequestContext, RequestId, Secret,
    SeededEntropy, Timestamp,
};
use wharfinger_iam::{Iam, KeyOwner};
use wharfinger_metadata::{Metadata, OpenMode};

use people::People;

mod auth {
    mod caching;
    mod caching_identity;
    mod conditions;
    mod decision;
    mod holding;
    mod last_used;
    mod sessions;
    mod speed;
    mod trust;
}
#[path = "../../iam/tests/iam/people.rs"]
mod people;

struct Fixture {
    folder: TempDir,
    metadata: Metadata,
    clock: Arc<ManualClock>,
    auth: Arc<Auth>,
    people: People,
    account: AccountId,
    root: AccessKey,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let metadata =
        Metadata::open(&folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap();
    let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    let time = clock.clone() as Arc<dyn Clock>;
    let auth = Auth::new(metadata.clone(), Arc::clone(&time), Arc::clone(&entropy), &keys);
    let auth = Arc::new(auth.unwrap());
    let people = People(Arc::new(Iam::new(metadata.clone(), Arc::clone(&auth), time, entropy)));
    let made = auth.ensure_account(None).await.unwrap();
    let root = made.new_key.unwrap();
    Fixture { folder, metadata, clock, auth, people, account: made.account, root }
}

impl Fixture {
    fn registry(&self) -> RegistryId {
        RegistryId::new(self.account, "eu-west-1".parse().unwrap())
    }

    fn repository(&self, name: &str) -> RepositoryResource {
        RepositoryResource { registry: self.registry(), name: name.parse().unwrap() }
    }

    fn context(&self) -> RequestContext {
        RequestContext {
            request_id: RequestId::random(&SeededEntropy::new(1)),
            received_at: self.clock.now(),
            host: "localhost:4566".into(),
            secure_transport: false,
            source_ip: [192, 0, 2, 7].into(),
            user_agent: Some("docker/29".into()),
            referer: None,
        }
    }

    async fn sign_in(&self, key: &AccessKey) -> Result<Caller, CredentialError> {
        self.sign_in_with(&key.access_key_id, key.secret_access_key.expose()).await
    }

    async fn sign_in_with(&self, id: &str, secret: &str) -> Result<Caller, CredentialError> {
        self.sign_in_from(&self.context(), id, secret).await
    }

    async fn sign_in_from(
        &self,
        context: &RequestContext,
        id: &str,
        secret: &str,
    ) -> Result<Caller, CredentialError> {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:4566".parse().unwrap());
        let region = "eu-west-1".parse().unwrap();
        let hash = body_sha256(b"{}");
        let signer = Signer {
            access_key_id: id,
            secret_access_key: secret,
            session_token: None,
            region: &region,
            service: "ecr",
        };
        let parts = RequestParts { method: "POST", path: "/", query: None, headers: &headers };
        let signature = signer.sign(&parts, &hash, self.clock.now()).unwrap();
        let mut signed = headers.clone();
        signed.extend(signature);
        let parts = RequestParts { headers: &signed, ..parts };
        let signed = self.auth.authenticate_signature(context, &parts, &hash, "ecr");
        let (caller, signed_for) = signed.await?;
        assert_eq!(signed_for, region);
        Ok(caller)
    }

    async fn user(&self, name: &str, policy: &str) -> AccessKey {
        self.people.create_user(self.account, name).await.unwrap();
        self.people.put_user_policy(self.account, name, "inline", policy).await.unwrap();
        self.people.create_access_key(self.account, &KeyOwner::User(name.into())).await.unwrap()
    }

    async fn by_token(&self, token: &str) -> Result<(Caller, RegistryId), TokenError> {
        self.auth.authenticate_token(&self.context(), token).await
    }

    async fn token_of(&self, caller: &Caller) -> String {
        let permit: Permit<actions::GetAuthorizationToken> =
            caller.authorize(RegistryResource { registry: self.registry() }).await.unwrap();
        let token = self.auth.issue_token(&permit, &self.registry()).unwrap();
        token.password.expose().clone()
    }
}

const PULL: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},
    {"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],
     "Resource":"arn:aws:ecr:*:*:repository/team/*"},
    {"Effect":"Deny","Action":"ecr:*","Resource":"arn:aws:ecr:*:*:repository/team/secret"}]}"#;

#[tokio::test]
async fn the_root_of_an_account_may_do_everything_in_it_and_nothing_elsewhere() {
    let fixture = fixture().await;
    let caller = fixture.sign_in(&fixture.root).await.unwrap();
    assert_eq!(
        caller.principal().arn().to_string(),
        format!("arn:aws:iam::{}:root", fixture.account)
    );
    assert_eq!(caller.principal().unique_id(), fixture.account.as_str());
    caller.authorize::<actions::PutImage>(fixture.repository("app")).await.unwrap();
    let mut foreign = fixture.repository("app");
    foreign.registry.account = "999988887777".parse().unwrap();
    let denied = caller.authorize::<actions::PutImage>(foreign).await.unwrap_err();
    assert_eq!(
        denied.to_string(),
        format!(
            "User: arn:aws:iam::{}:root is not authorized to perform: ecr:PutImage on resource: \
             arn:aws:ecr:eu-west-1:999988887777:repository/app because no resource-based policy \
             allows the ecr:PutImage action",
            fixture.account
        )
    );
}

#[tokio::test]
async fn a_user_may_do_what_policies_allow_and_none_denies() {
    let fixture = fixture().await;
    let key = fixture.user("puller", PULL).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    caller.authorize::<actions::BatchGetImage>(fixture.repository("team/app")).await.unwrap();
    let denied =
        caller.authorize::<actions::PutImage>(fixture.repository("team/app")).await.unwrap_err();
    assert_eq!(
        denied.to_string(),
        format!(
            "User: arn:aws:iam::{0}:user/puller is not authorized to perform: ecr:PutImage on \
             resource: arn:aws:ecr:eu-west-1:{0}:repository/team/app because no identity-based \
             policy allows the ecr:PutImage action",
            fixture.account
        )
    );
    let denied = caller
        .authorize::<actions::BatchGetImage>(fixture.repository("team/secret"))
        .await
        .unwrap_err();
    assert!(denied.to_string().ends_with("with an explicit deny in an identity-based policy"));
    assert!(caller.authorize::<actions::BatchGetImage>(fixture.repository("other")).await.is_err());
}

#[tokio::test]
async fn a_user_without_policies_may_do_nothing() {
    let fixture = fixture().await;
    fixture.people.create_user(fixture.account, "new").await.unwrap();
    let owner = KeyOwner::User("new".into());
    let key = fixture.people.create_access_key(fixture.account, &owner).await.unwrap();
    let caller = fixture.sign_in(&key).await.unwrap();
    let resource = RegistryResource { registry: fixture.registry() };
    assert!(caller.authorize::<actions::GetAuthorizationToken>(resource).await.is_err());
}

#[tokio::test]
async fn wrong_unknown_and_disabled_keys_do_not_sign_in() {
    let fixture = fixture().await;
    let key = fixture.user("someone", PULL).await;
    let wrong = fixture.sign_in_with(&key.access_key_id, "wrong").await;
    assert!(matches!(wrong, Err(CredentialError::Signature(_))));
    let unknown = fixture.sign_in_with("AKIAUNKNOWN", "wrong").await.unwrap_err();
    assert_eq!(unknown.to_string(), "The security token included in the request is invalid.");
    let id = &key.access_key_id;
    fixture.people.set_access_key_active(fixture.account, id, false).await.unwrap();
    let disabled = fixture.sign_in(&key).await;
    assert!(matches!(disabled, Err(CredentialError::UnrecognizedClient)));
    fixture.people.set_access_key_active(fixture.account, id, true).await.unwrap();
    fixture.sign_in(&key).await.unwrap();
    fixture.people.delete_access_key(fixture.account, id).await.unwrap();
    assert!(fixture.sign_in(&key).await.is_err());
}

#[tokio::test]
async fn a_token_lives_twelve_hours_and_no_longer_than_its_key() {
    let fixture = fixture().await;
    let key = fixture.user("puller", PULL).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    let token = fixture.token_of(&caller).await;
    let (again, registry) = fixture.by_token(&token).await.unwrap();
    assert_eq!(again.principal(), caller.principal());
    assert_eq!(registry, fixture.registry());
    let id = &key.access_key_id;
    fixture.people.set_access_key_active(fixture.account, id, false).await.unwrap();
    let refused = fixture.by_token(&token).await;
    assert_eq!(refused.unwrap_err(), TokenError::Invalid);
    fixture.people.set_access_key_active(fixture.account, id, true).await.unwrap();
    fixture.by_token(&token).await.unwrap();
    fixture.clock.advance(Duration::from_secs(43_200));
    let expired = fixture.by_token(&token).await;
    assert_eq!(expired.unwrap_err(), TokenError::Expired);
}

#[tokio::test]
async fn a_policy_change_holds_from_the_next_request_on() {
    let fixture = fixture().await;
    let key = fixture.user("puller", PULL).await;
    let token = fixture.token_of(&fixture.sign_in(&key).await.unwrap()).await;
    fixture.people.delete_user_policy(fixture.account, "puller", "inline").await.unwrap();
    let (caller, _) = fixture.by_token(&token).await.unwrap();
    assert!(
        caller.authorize::<actions::BatchGetImage>(fixture.repository("team/app")).await.is_err()
    );
    fixture.people.delete_user(fixture.account, "puller").await.unwrap();
    let gone = fixture.by_token(&token).await;
    assert_eq!(gone.unwrap_err(), TokenError::Invalid);
}

#[tokio::test]
async fn the_first_account_is_made_once() {
    let fixture = fixture().await;
    let again = fixture.auth.ensure_account(None).await.unwrap();
    assert!(again.new_key.is_none() && again.account == fixture.account);
    assert_eq!(fixture.auth.first_account().await.unwrap(), Some(fixture.account));
}

#[test]
fn secrets_do_not_show_in_debug_texts() {
    let key = AccessKey {
        access_key_id: "AKIAEXAMPLE".into(),
        secret_access_key: Secret::new("very secret".into()),
    };
    assert!(!format!("{key:?}").contains("very secret"));
}
