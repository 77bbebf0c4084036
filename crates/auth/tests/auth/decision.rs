//! The decision table: principal × identity policy × repository policy × registry policy × scope.

use std::future::poll_fn;
use std::io::Write;
use std::pin::pin;
use std::sync::LazyLock;

use wharfinger_auth::{
    AccessKey, Action, AuthorizeError, Caller, RegistryResource, RepositoriesResource,
    RepositoryResource, ResourcePolicy, actions,
};
use wharfinger_core::{AccountId, SeededEntropy, Timestamp};
use wharfinger_iam::KeyOwner;
use wharfinger_metadata::registry_setting::{self, REGISTRY_POLICY, REGISTRY_POLICY_SCOPE};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{MetadataError, RepositoryId, repository_policy};

use crate::{Fixture, fixture};

const OTHER: &str = "999999999999";
/// The id of the one repository there is.
pub(super) static REPOSITORY: LazyLock<RepositoryId> =
    LazyLock::new(|| RepositoryId::new(Timestamp::from_seconds(1), &SeededEntropy::new(1)));

/// What a policy says of `ecr:BatchGetImage` and `ecr:CreateRepository`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Policy {
    None,
    Deny,
    /// Allows the principal itself.
    Allow,
    /// Allows the principal's account (resource policies only).
    AllowAccount,
    /// Allows everybody (resource policies only).
    AllowAll,
    /// Allows somebody else (resource policies only).
    AllowOther,
}

const IDENTITY: [Policy; 3] = [Policy::None, Policy::Allow, Policy::Deny];
const RESOURCE: [Policy; 6] = [
    Policy::None,
    Policy::Allow,
    Policy::AllowAccount,
    Policy::AllowAll,
    Policy::AllowOther,
    Policy::Deny,
];

impl Policy {
    fn identity(self) -> String {
        let effect = if self == Self::Deny { "Deny" } else { "Allow" };
        let action = if self == Self::None { "s3:GetObject" } else { "ecr:*" };
        format!(
            r#"{{"Version":"2012-10-17","Statement":[
                {{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
        )
    }

    /// As a policy of a resource, with `"Resource"` where it must have one.
    fn resource(self, principal: &str, account: &str, resource: &str) -> Option<String> {
        let (effect, principal) = match self {
            Self::None => return None,
            Self::Deny => ("Deny", r#""*""#.to_owned()),
            Self::Allow => ("Allow", format!(r#"{{"AWS":"{principal}"}}"#)),
            Self::AllowAccount => ("Allow", format!(r#"{{"AWS":"{account}"}}"#)),
            Self::AllowAll => ("Allow", r#""*""#.to_owned()),
            Self::AllowOther => ("Allow", r#"{"AWS":"123456789012"}"#.to_owned()),
        };
        Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",
                "Principal":{principal},"Action":"ecr:*"{resource}}}]}}"#
        ))
    }
}

impl Fixture {
    pub(super) async fn create_repository(&self, name: &str) {
        let row = RepositoryRow {
            id: *REPOSITORY,
            registry: self.registry(),
            name: name.parse().unwrap(),
            created_at: Timestamp::from_seconds(1),
            tag_mutability: "MUTABLE".into(),
            exclusion_filters: "[]".into(),
            scan_on_push: false,
            encryption_type: "AES256".into(),
            kms_key: None,
            key_domain: "domain".into(),
            image_count: 0,
        };
        let made: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| Box::pin(async move { repository::insert(tx, &row).await }))
            .await;
        made.unwrap();
    }

    pub(super) async fn set_repository_policy(&self, text: Option<String>) {
        let now = Timestamp::from_seconds(2);
        let done: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    match text {
                        Some(text) => repository_policy::put(tx, *REPOSITORY, &text, now).await,
                        None => repository_policy::delete(tx, *REPOSITORY).await.map(|_| ()),
                    }
                })
            })
            .await;
        done.unwrap();
    }

    pub(super) async fn set_setting(&self, name: &'static str, value: Option<String>) {
        let (registry, now) = (self.registry(), Timestamp::from_seconds(2));
        let done: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    match value {
                        Some(value) => {
                            registry_setting::put(tx, &registry, name, &value, now).await
                        }
                        None => registry_setting::delete(tx, &registry, name).await.map(|_| ()),
                    }
                })
            })
            .await;
        done.unwrap();
    }

    pub(super) async fn root_of(&self, account: AccountId) -> AccessKey {
        self.people.create_access_key(account, &KeyOwner::Root).await.unwrap()
    }

    pub(super) async fn user_of(&self, account: AccountId, name: &str, policy: &str) -> AccessKey {
        self.people.create_user(account, name).await.unwrap();
        self.people.put_user_policy(account, name, "inline", policy).await.unwrap();
        self.people.create_access_key(account, &KeyOwner::User(name.into())).await.unwrap()
    }
}

/// The end of the message of a denial, or `allowed`.
fn outcome<T>(authorized: Result<T, AuthorizeError>) -> String {
    match authorized {
        Ok(_) => "allowed".into(),
        Err(AuthorizeError::Denied(denied)) => {
            let message = denied.to_string();
            let at = message.find(" with an ").or_else(|| message.find(" because ")).unwrap();
            message[at + 1..].to_owned()
        }
        Err(error) => panic!("{error}"),
    }
}

/// The rule of the contract, written down the long way round.
fn expected(
    (root, foreign): (bool, bool),
    identity: Policy,
    repository: Policy,
    registry: Policy,
    action: &str,
) -> String {
    let identity = if root { Policy::Allow } else { identity };
    let lets_in = |policy: Policy| match policy {
        Policy::Allow | Policy::AllowAll => true,
        Policy::AllowAccount => foreign,
        Policy::None | Policy::Deny | Policy::AllowOther => false,
    };
    let resource = [repository, registry];
    if identity == Policy::Deny {
        return "with an explicit deny in an identity-based policy".into();
    }
    if resource.contains(&Policy::Deny) {
        return "with an explicit deny in a resource-based policy".into();
    }
    let from_identity = identity == Policy::Allow;
    let from_resource = resource.into_iter().any(lets_in);
    match (foreign, from_identity, from_resource) {
        (false, true, _) | (false, _, true) | (true, true, true) => "allowed".into(),
        (_, false, _) => {
            format!("because no identity-based policy allows the ecr:{action} action")
        }
        (true, true, false) => {
            format!("because no resource-based policy allows the ecr:{action} action")
        }
    }
}

async fn asked<A: Action<Resource = RepositoryResource>>(
    fixture: &Fixture,
    caller: &Caller,
) -> String {
    outcome(caller.authorize::<A>(fixture.repository("app")).await)
}

#[tokio::test]
async fn the_whole_table() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let other: AccountId = OTHER.parse().unwrap();
    let mut combinations = 0;
    for (account, root) in
        [(fixture.account, true), (fixture.account, false), (other, true), (other, false)]
    {
        let key = match root {
            true if account == fixture.account => fixture.root.clone(),
            true => fixture.root_of(account).await,
            false => fixture.user_of(account, "ann", &Policy::Allow.identity()).await,
        };
        let identities = if root { &IDENTITY[..1] } else { &IDENTITY[..] };
        for identity in identities {
            if !root {
                let policy = identity.identity();
                fixture.people.put_user_policy(account, "ann", "inline", &policy).await.unwrap();
            }
            let caller = fixture.sign_in(&key).await.unwrap();
            let arn = caller.principal().arn().to_string();
            for repository in RESOURCE {
                fixture
                    .set_repository_policy(repository.resource(&arn, account.as_str(), ""))
                    .await;
                for registry in RESOURCE {
                    let text = registry.resource(&arn, account.as_str(), r#","Resource":"*""#);
                    fixture.set_setting(REGISTRY_POLICY, text).await;
                    for scope in [None, Some("V1"), Some("V2")] {
                        let value = scope.map(str::to_owned);
                        fixture.set_setting(REGISTRY_POLICY_SCOPE, value).await;
                        let who = (root, account == other);
                        let line = format!(
                            "{arn} identity {identity:?} repository {repository:?} registry \
                             {registry:?} scope {scope:?}"
                        );
                        // A registry policy of the old scope is asked about creation only.
                        let pulling = if scope == Some("V1") { Policy::None } else { registry };
                        assert_eq!(
                            asked::<actions::BatchGetImage>(&fixture, &caller).await,
                            expected(who, *identity, repository, pulling, "BatchGetImage"),
                            "{line}"
                        );
                        assert_eq!(
                            asked::<actions::CreateRepository>(&fixture, &caller).await,
                            expected(who, *identity, repository, registry, "CreateRepository"),
                            "{line}"
                        );
                        combinations += 1;
                    }
                }
            }
        }
    }
    assert_eq!(combinations, (1 + 3 + 1 + 3) * 6 * 6 * 3);
}

#[tokio::test]
async fn a_token_is_for_identity_policies_alone() {
    let fixture = fixture().await;
    let everything = Policy::Deny.resource("", "", r#","Resource":"*""#);
    fixture.set_setting(REGISTRY_POLICY, everything).await;
    let resource = || RegistryResource { registry: fixture.registry() };
    let root = fixture.sign_in(&fixture.root).await.unwrap();
    root.authorize::<actions::GetAuthorizationToken>(resource()).await.unwrap();
    let stranger = fixture.root_of(OTHER.parse().unwrap()).await;
    let stranger = fixture.sign_in(&stranger).await.unwrap();
    stranger.authorize::<actions::GetAuthorizationToken>(resource()).await.unwrap();
    let denied = outcome(root.authorize::<actions::DescribeRegistry>(resource()).await);
    assert_eq!(denied, "with an explicit deny in a resource-based policy");

    fixture.people.create_user(fixture.account, "ann").await.unwrap();
    let owner = KeyOwner::User("ann".into());
    let key = fixture.people.create_access_key(fixture.account, &owner).await.unwrap();
    let caller = fixture.sign_in(&key).await.unwrap();
    let all = Policy::AllowAll.resource("", "", r#","Resource":"*""#);
    fixture.set_setting(REGISTRY_POLICY, all).await;
    caller.authorize::<actions::DescribeRegistry>(resource()).await.unwrap();
    let denied = outcome(caller.authorize::<actions::GetAuthorizationToken>(resource()).await);
    assert!(denied.starts_with("because no identity-based policy"), "{denied}");
}

#[tokio::test]
async fn each_repository_that_is_named_is_asked() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let all = Policy::AllowAll.resource("", "", "");
    fixture.set_repository_policy(all).await;
    let stranger = fixture.root_of(OTHER.parse().unwrap()).await;
    let caller = fixture.sign_in(&stranger).await.unwrap();
    let described = async |names: &[&str]| {
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        let resource = RepositoriesResource { registry: fixture.registry(), names };
        outcome(caller.authorize::<actions::DescribeRepositories>(resource).await)
    };
    assert_eq!(described(&["app"]).await, "allowed");
    let silent = "because no resource-based policy allows the ecr:DescribeRepositories action";
    for names in [&["app", "absent"][..], &["absent", "app"], &[]] {
        assert_eq!(described(names).await, silent, "{names:?}");
    }
}

/// Nothing but the policies themselves is exempt, and nobody but the root of the owner.
#[tokio::test]
async fn no_policy_locks_the_root_out_for_good() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let nothing = Policy::Deny.resource("", "", "");
    fixture.set_repository_policy(nothing).await;
    fixture.set_setting(REGISTRY_POLICY, Policy::Deny.resource("", "", r#","Resource":"*""#)).await;
    let app = || fixture.repository("app");
    let whole = || RegistryResource { registry: fixture.registry() };
    let root = fixture.sign_in(&fixture.root).await.unwrap();
    root.authorize::<actions::GetRepositoryPolicy>(app()).await.unwrap();
    root.authorize::<actions::SetRepositoryPolicy>(app()).await.unwrap();
    root.authorize::<actions::DeleteRepositoryPolicy>(app()).await.unwrap();
    root.authorize::<actions::GetRegistryPolicy>(whole()).await.unwrap();
    root.authorize::<actions::PutRegistryPolicy>(whole()).await.unwrap();
    root.authorize::<actions::DeleteRegistryPolicy>(whole()).await.unwrap();
    let denied = "with an explicit deny in a resource-based policy";
    assert_eq!(outcome(root.authorize::<actions::DeleteRepository>(app()).await), denied);
    let admin = fixture.user_of(fixture.account, "admin", &Policy::Allow.identity()).await;
    let stranger = fixture.root_of(OTHER.parse().unwrap()).await;
    for key in [admin, stranger] {
        let caller = fixture.sign_in(&key).await.unwrap();
        let outcome = outcome(caller.authorize::<actions::SetRepositoryPolicy>(app()).await);
        assert_eq!(outcome, denied);
    }
}

#[tokio::test]
async fn a_lock_out_is_foreseen() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let could = async |caller: &Caller, text: &str| {
        let policy = ResourcePolicy::repository(text, &fixture.registry()).unwrap();
        let app = fixture.repository("app");
        caller.could_under::<actions::SetRepositoryPolicy>(&app, &policy).await.unwrap()
    };
    let denies = Policy::Deny.resource("", "", "").unwrap();
    let allows = Policy::AllowAll.resource("", "", "").unwrap();
    let silent = Policy::AllowOther.resource("", "", "").unwrap();
    let root = fixture.sign_in(&fixture.root).await.unwrap();
    let stranger = fixture.root_of(OTHER.parse().unwrap()).await;
    let stranger = fixture.sign_in(&stranger).await.unwrap();
    assert!(!could(&root, &denies).await);
    assert!(could(&root, &allows).await);
    assert!(could(&root, &silent).await, "the root needs no policy");
    assert!(could(&stranger, &allows).await);
    assert!(!could(&stranger, &silent).await, "a stranger does");
}

#[tokio::test]
async fn a_broken_store_is_no_denial() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let caller = fixture.sign_in(&fixture.root).await.unwrap();
    fixture.set_repository_policy(Some("no policy".into())).await;
    let app = || fixture.repository("app");
    let unreadable = caller.authorize::<actions::BatchGetImage>(app()).await;
    assert!(matches!(unreadable, Err(AuthorizeError::PolicyUnreadable(_))));
    fixture.set_repository_policy(None).await;
    for name in ["metadata.db", "metadata.db-wal"] {
        let file = fixture.folder.path().join(name);
        let length = std::fs::metadata(&file).unwrap().len();
        let mut file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
        file.write_all(&vec![0xff; usize::try_from(length).unwrap()]).unwrap();
    }
    let broken = caller.authorize::<actions::BatchGetImage>(app()).await;
    assert!(matches!(broken, Err(AuthorizeError::Store(_))));
}

/// A request may name a hundred repositories, each with a policy that takes its time.
#[tokio::test]
async fn other_tasks_have_their_turn_between_two_repositories() {
    let fixture = fixture().await;
    let caller = fixture.sign_in(&fixture.root).await.unwrap();
    let names = (0..100).map(|n| format!("app{n}").parse().unwrap()).collect();
    let resource = RepositoriesResource { registry: fixture.registry(), names };
    let mut decision = pin!(caller.authorize::<actions::DescribeRepositories>(resource));
    let mut turns = 0;
    let permit = poll_fn(|context| {
        turns += 1;
        decision.as_mut().poll(context)
    });
    assert_eq!(permit.await.unwrap().resource().names.len(), 100);
    assert!(turns >= 100, "{turns}");
}
