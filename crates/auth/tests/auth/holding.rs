//! What holds for a principal: policies of all kinds and whose they are, and what they come to.

use wharfinger_auth::{
    AccessKey, AuthorizeError, Caller, ContextKeys, Explanation, RegistryResource, actions,
};
use wharfinger_core::{Arn, Timestamp};
use wharfinger_iam_policy::{Decision, PolicyType};
use wharfinger_metadata::group::{self, GroupRow};
use wharfinger_metadata::managed_policy::{self, ManagedPolicyRow};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{
    BoxFuture, MetadataError, Tx, account_guardrail, iam_tag, inline_policy, policy_attachment,
    user,
};

use crate::{Fixture, fixture};

pub(super) const ALL: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Everything","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
pub(super) const NO_PULL: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"*","Resource":"*"},
    {"Sid":"NoPull","Effect":"Deny","Action":"ecr:BatchGetImage","Resource":"*"}]}"#;
pub(super) const TOKENS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"}]}"#;

impl Fixture {
    pub(super) async fn write<F>(&self, body: F)
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), MetadataError>> + Send + 'static,
    {
        self.metadata.write(body).await.unwrap();
    }

    pub(super) fn policy_arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:policy/{name}", self.account)
    }

    /// A managed policy of the account.
    pub(super) async fn managed(&self, name: &'static str, text: &'static str) {
        let row = ManagedPolicyRow {
            policy_id: format!("ANPA{name}"),
            policy_arn: self.policy_arn(name),
            account: self.account,
            policy_name: name.into(),
            path: "/".into(),
            description: String::new(),
            default_version: 1,
            last_version: 1,
            created_at: Timestamp::from_seconds(1),
            updated_at: Timestamp::from_seconds(1),
        };
        self.write(move |tx| {
            Box::pin(async move {
                managed_policy::insert(tx, &row).await?;
                let now = Timestamp::from_seconds(1);
                managed_policy::insert_version(tx, &row.policy_id, 1, text, now).await
            })
        })
        .await;
    }

    pub(super) async fn attach(&self, principal_id: &str, arn: String) {
        let (id, now) = (principal_id.to_owned(), Timestamp::from_seconds(1));
        self.write(move |tx| {
            Box::pin(async move { policy_attachment::attach(tx, &id, &arn, now).await })
        })
        .await;
    }

    /// Bounds a user by a managed policy, or by nothing, as one who is made again.
    pub(super) async fn bounded_user(
        &self,
        name: &'static str,
        boundary: Option<String>,
    ) -> AccessKey {
        let key = self.user(name, ALL).await;
        let id = self.user_id(name).await;
        self.write(move |tx| {
            Box::pin(async move {
                let account = user::find_by_id(tx, &id).await?.unwrap().account;
                let row = user::find(tx, &account, name).await?.unwrap();
                user::delete(tx, &account, name).await?;
                user::insert(tx, &user::UserRow { boundary_arn: boundary, ..row }).await?;
                inline_policy::put(tx, &id, "inline", ALL).await
            })
        })
        .await;
        drop(key);
        let owner = wharfinger_iam::KeyOwner::User(name.into());
        self.people.create_access_key(self.account, &owner).await.unwrap()
    }

    pub(super) async fn user_id(&self, name: &str) -> String {
        let (account, name) = (self.account, name.to_owned());
        let row: Result<_, MetadataError> = self
            .metadata
            .read(move |tx| Box::pin(async move { user::find(tx, &account, &name).await }))
            .await;
        row.unwrap().unwrap().user_id
    }

    pub(super) async fn guardrail(&self, name: &'static str, text: &'static str) {
        let account = self.account;
        self.write(move |tx| {
            Box::pin(async move { account_guardrail::put(tx, &account, name, text).await })
        })
        .await;
    }

    /// A role with an inline policy, named by its ARN.
    pub(super) async fn role(&self, name: &'static str, text: &'static str, trust: &str) -> Arn {
        let row = RoleRow {
            role_id: format!("AROA{name}"),
            account: self.account,
            role_name: name.into(),
            path: "/team/".into(),
            description: String::new(),
            session_seconds_max: 3600,
            trust_policy: trust.into(),
            boundary_arn: None,
            created_at: Timestamp::from_seconds(1),
        };
        self.write(move |tx| {
            Box::pin(async move {
                role::insert(tx, &row).await?;
                inline_policy::put(tx, &row.role_id, "inline", text).await
            })
        })
        .await;
        Arn::role(&self.account, "/team/", name)
    }

    /// What comes of a pull from `team/app`: `allowed`, or the end of the sentence.
    pub(super) async fn pull(&self, caller: &Caller) -> String {
        match caller.authorize::<actions::BatchGetImage>(self.repository("team/app")).await {
            Ok(_) => "allowed".into(),
            Err(AuthorizeError::Denied(denied)) => {
                let text = denied.to_string();
                let (_, end) = text.split_once("team/app ").unwrap();
                end.to_owned()
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn explain(&self, caller: &Caller, keys: &ContextKeys) -> Explanation {
        let arn = format!("arn:aws:ecr:eu-west-1:{}:repository/team/app", self.account);
        caller.explain("ecr:BatchGetImage", &arn, keys).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_attached_to_a_user_and_its_groups_holds() {
    let fixture = fixture().await;
    let key = fixture.user("ann", TOKENS).await;
    let id = fixture.user_id("ann").await;
    let pull = async || fixture.pull(&fixture.sign_in(&key).await.unwrap()).await;
    let no_identity = "because no identity-based policy allows the ecr:BatchGetImage action";
    assert_eq!(pull().await, no_identity);
    let aws = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly".to_owned();
    fixture.attach(&id, aws).await;
    assert_eq!(pull().await, "allowed");
    let group = GroupRow {
        group_id: "AGPAx".into(),
        account: fixture.account,
        group_name: "devs".into(),
        path: "/".into(),
        created_at: Timestamp::from_seconds(1),
    };
    fixture.managed("NoPull", NO_PULL).await;
    let arn = fixture.policy_arn("NoPull");
    fixture
        .write(move |tx| {
            Box::pin(async move {
                let now = Timestamp::from_seconds(1);
                group::insert(tx, &group).await?;
                group::add_member(tx, "AGPAx", &id, now).await?;
                policy_attachment::attach(tx, "AGPAx", &arn, now).await
            })
        })
        .await;
    assert_eq!(pull().await, "with an explicit deny in an identity-based policy");
    let caller = fixture.sign_in(&key).await.unwrap();
    let denied = caller.authorize::<actions::BatchGetImage>(fixture.repository("team/app")).await;
    let Err(AuthorizeError::Denied(denied)) = denied else { panic!("allowed") };
    let decided = denied.explanation().unwrap().decided_by().unwrap();
    assert_eq!(decided.policy.policy, fixture.policy_arn("NoPull"));
    assert_eq!(decided.policy.holder, format!("arn:aws:iam::{}:group/devs", fixture.account));
    assert_eq!((decided.index, decided.sid.as_deref()), (1, Some("NoPull")));
    assert!(!denied.to_string().contains("NoPull"), "that is for the log alone");
}

#[tokio::test]
async fn a_boundary_bounds_what_policies_allow() {
    let fixture = fixture().await;
    fixture.managed("Tokens", TOKENS).await;
    let key = fixture.bounded_user("ann", Some(fixture.policy_arn("Tokens"))).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    let no_boundary = "because no permissions boundary allows the ecr:BatchGetImage action";
    assert_eq!(fixture.pull(&caller).await, no_boundary);
    let whole = RegistryResource { registry: fixture.registry() };
    caller.authorize::<actions::GetAuthorizationToken>(whole).await.unwrap();
    // A policy of the repository that names the user itself is not bounded; one that names everyone is.
    fixture.create_repository("team/app").await;
    let policy = |principal: &str| {
        Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},
                "Action":"ecr:BatchGetImage"}}]}}"#
        ))
    };
    fixture.set_repository_policy(policy(r#""*""#)).await;
    assert_eq!(fixture.pull(&caller).await, no_boundary);
    let arn = format!(r#"{{"AWS":"arn:aws:iam::{}:user/ann"}}"#, fixture.account);
    fixture.set_repository_policy(policy(&arn)).await;
    assert_eq!(fixture.pull(&caller).await, "allowed");
    let gone = fixture.bounded_user("bob", Some(fixture.policy_arn("Gone"))).await;
    fixture.set_repository_policy(None).await;
    assert_eq!(fixture.pull(&fixture.sign_in(&gone).await.unwrap()).await, no_boundary);
}

#[tokio::test]
async fn guardrails_bind_the_root_as_well() {
    let fixture = fixture().await;
    let user = fixture.user("ann", ALL).await;
    fixture.guardrail("tokens", TOKENS).await;
    for key in [&fixture.root, &user] {
        let caller = fixture.sign_in(key).await.unwrap();
        assert_eq!(
            fixture.pull(&caller).await,
            "because no service control policy allows the ecr:BatchGetImage action"
        );
    }
    fixture.guardrail("rest", NO_PULL).await;
    let root = fixture.sign_in(&fixture.root).await.unwrap();
    let denied = "with an explicit deny in a service control policy";
    assert_eq!(fixture.pull(&root).await, denied);
    root.authorize::<actions::PutImage>(fixture.repository("team/app")).await.unwrap();
    fixture.guardrail("rest", ALL).await;
    let root = fixture.sign_in(&fixture.root).await.unwrap();
    assert_eq!(fixture.pull(&root).await, "allowed");
    // What no policy of a resource may deny to the root, a guardrail may.
    fixture.guardrail("rest", TOKENS).await;
    let root = fixture.sign_in(&fixture.root).await.unwrap();
    let policy =
        root.authorize::<actions::SetRepositoryPolicy>(fixture.repository("team/app")).await;
    assert!(policy.unwrap_err().to_string().contains("no service control policy"));
}

#[tokio::test]
async fn principals_are_asked_about_by_their_names() {
    let fixture = fixture().await;
    let key = fixture.user("ann", NO_PULL).await;
    let role = fixture.role("ci", ALL, "{}").await;
    let account = fixture.account;
    let named = async |arn: &str| fixture.auth.caller_named(&arn.parse().unwrap()).await.unwrap();
    let none = ContextKeys::new();
    for (arn, decision) in [
        (format!("arn:aws:iam::{account}:root"), Decision::Allow),
        (format!("arn:aws:iam::{account}:user/ann"), Decision::ExplicitDeny),
        (role.to_string(), Decision::Allow),
        (format!("arn:aws:sts::{account}:assumed-role/ci/build"), Decision::Allow),
    ] {
        let caller = named(&arn).await.unwrap();
        let explanation = fixture.explain(&caller, &none).await;
        assert_eq!(explanation.decision, decision, "{arn}");
        assert_eq!(explanation.refusal().is_none(), decision == Decision::Allow);
    }
    for absent in ["user/bob", "user/x/ann", "role/ci", "group/devs", "policy/x", "user"] {
        assert!(named(&format!("arn:aws:iam::{account}:{absent}")).await.is_none(), "{absent}");
    }
    // The explanation is that of the refusal.
    let signed_in = fixture.sign_in(&key).await.unwrap();
    let refused = signed_in.authorize::<actions::BatchGetImage>(fixture.repository("team/app"));
    let Err(AuthorizeError::Denied(denied)) = refused.await else { panic!("allowed") };
    let explanation = fixture.explain(&signed_in, &none).await;
    assert_eq!(denied.explanation(), Some(&explanation));
    assert_eq!(explanation.refusal(), Some(denied.to_string()));
    assert_eq!(explanation.kinds, [(PolicyType::IdentityBased, Decision::ExplicitDeny)]);
}

#[tokio::test]
async fn a_principal_has_its_tags_and_its_organization() {
    let fixture = fixture().await;
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*",
        "Resource":"arn:aws:ecr:*:*:repository/${aws:PrincipalTag/Team}/*",
        "Condition":{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"},
            "ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-*/"},
            "Null":{"aws:TokenIssueTime":"true","aws:MultiFactorAuthPresent":"true"}}}]}"#;
    let key = fixture.user("ann", text).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    assert!(fixture.pull(&caller).await.contains("no identity-based policy"));
    let id = fixture.user_id("ann").await;
    fixture
        .write(move |tx| Box::pin(async move { iam_tag::put(tx, &id, "team", "team").await }))
        .await;
    let caller = fixture.sign_in(&key).await.unwrap();
    assert_eq!(fixture.pull(&caller).await, "allowed");
}

#[tokio::test]
async fn a_supposed_key_counts_for_the_supposition() {
    let fixture = fixture().await;
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}]}"#;
    let key = fixture.user("ann", text).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    let mut keys = ContextKeys::new();
    assert_eq!(fixture.explain(&caller, &keys).await.decision, Decision::ImplicitDeny);
    keys.insert("aws:SourceIp", "198.51.100.7");
    let explanation = fixture.explain(&caller, &keys).await;
    assert_eq!(explanation.decision, Decision::Allow);
    let decided = explanation.decided_by().unwrap();
    assert_eq!((decided.policy.policy.as_str(), decided.index), ("inline", 0));
}
