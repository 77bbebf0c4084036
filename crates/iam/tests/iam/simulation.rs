//! The simulator: what policies would decide.

use std::sync::Arc;

use wharfinger_auth::{Action, Auth, AuthKeys, ContextKeys, IamResource, Permit};
use wharfinger_core::limits::SIMULATED_STATEMENTS_MAX;
use wharfinger_core::{
    AccountId, Arn, Clock, Entropy, ManualClock, Secret, SeededEntropy, Timestamp,
};
use wharfinger_iam::{
    Decision, Error, Evaluation, Exclusion, Iam, Page, PageRequest, PolicyType, Position,
    Simulation,
};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, inline_policy, policy_attachment};

const PULL: &str = r#"{"Version":"2012-10-17","Statement":[
 {"Sid":"Pull","Effect":"Allow","Action":"ecr:BatchGetImage","Resource":"*",
  "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}},
 {"Effect":"Deny","Action":"ecr:Delete*","Resource":"*"}]}"#;
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";

pub(super) struct Fixture {
    _folder: tempfile::TempDir,
    pub(super) iam: Iam,
    pub(super) account: AccountId,
    user: Arn,
}

impl Fixture {
    /// An account with a user `ann`, who may pull from one network, by two policies.
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.db");
        let metadata = Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let clock: Arc<dyn Clock> = clock;
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
        let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
        let auth = Auth::new(metadata.clone(), clock.clone(), entropy.clone(), &keys).unwrap();
        let account = auth.ensure_account(None).await.unwrap().account;
        let row = UserRow {
            user_id: "AIDAANN".into(),
            account,
            user_name: "ann".into(),
            path: "/".into(),
            boundary_arn: None,
            created_at: Timestamp::from_seconds(1),
        };
        let written: Result<(), MetadataError> = metadata
            .write(move |tx| {
                Box::pin(async move {
                    user::insert(tx, &row).await?;
                    inline_policy::put(tx, "AIDAANN", "pull", PULL).await?;
                    let now = Timestamp::from_seconds(1);
                    policy_attachment::attach(tx, "AIDAANN", PULL_ONLY, now).await
                })
            })
            .await;
        written.unwrap();
        let iam = Iam::new(metadata, Arc::new(auth), clock, entropy);
        Self { _folder: folder, iam, account, user: Arn::user(&account, "/", "ann") }
    }

    fn repository(&self) -> String {
        format!("arn:aws:ecr:eu-west-1:{}:repository/app", self.account)
    }

    fn permit<A: Action<Resource = IamResource>>(&self, arn: &Arn) -> Permit<A> {
        Permit::system(IamResource::new(self.account, arn))
    }

    async fn simulate(&self, simulation: &Simulation) -> Result<Vec<Evaluation>, Error> {
        let page = PageRequest::new(None, None).unwrap();
        let permit = self.permit(&self.user);
        Ok(self.iam.simulate_principal_policy(&permit, simulation, &page).await?.items)
    }

    async fn custom(&self, simulation: &Simulation) -> Result<Vec<Evaluation>, Error> {
        let page = PageRequest::new(None, None).unwrap();
        let permit = Permit::system(IamResource::account_wide(self.account));
        Ok(self.iam.simulate_custom_policy(&permit, simulation, &page).await?.items)
    }
}

fn asked(actions: &[&str], resource: &str) -> Simulation {
    Simulation {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: vec![resource.to_owned()],
        ..Simulation::default()
    }
}

fn decisions(evaluations: &[Evaluation]) -> Vec<Decision> {
    evaluations.iter().map(|evaluation| evaluation.explanation.decision).collect()
}

#[tokio::test]
async fn the_policies_of_a_user_decide() {
    let fixture = Fixture::new().await;
    let actions = ["ecr:BatchGetImage", "ecr:DeleteRepository", "ecr:PutImage"];
    let mut simulation = asked(&actions, &fixture.repository());
    simulation.excluded = vec![Exclusion::AwsManaged];
    let found = fixture.simulate(&simulation).await.unwrap();
    use Decision::{Allow, ExplicitDeny, ImplicitDeny};
    assert_eq!(decisions(&found), [ImplicitDeny, ExplicitDeny, ImplicitDeny]);
    assert_eq!(found[0].missing_keys, ["aws:SourceIp"]);
    let denied = &found[1].matched[0];
    assert_eq!(
        (denied.policy.policy.as_str(), denied.policy.kind),
        ("pull", PolicyType::IdentityBased)
    );
    let at = |line, column| Position { line, column };
    assert_eq!(denied.place, Some((at(4, 2), at(4, 57))));
    assert!(found[2].matched.is_empty());

    let mut keys = ContextKeys::new();
    keys.insert("aws:SourceIp", "192.0.2.1");
    simulation.keys = keys;
    let found = fixture.simulate(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Allow, ExplicitDeny, ImplicitDeny]);
    assert!(found[0].missing_keys.is_empty());
    simulation.excluded.clear();
    let found = fixture.simulate(&simulation).await.unwrap();
    let policies: Vec<_> = found[0].matched.iter().map(|it| it.policy.policy.as_str()).collect();
    assert_eq!(policies, ["pull", PULL_ONLY]);
    let inline =
        Exclusion::Named { policy: "pull".into(), holder_kind: "user".into(), holder: "a*".into() };
    simulation.excluded = vec![inline, Exclusion::Arn(PULL_ONLY.into())];
    let found = fixture.simulate(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [ImplicitDeny; 3]);
}

#[tokio::test]
async fn what_is_supposed_counts() {
    let fixture = Fixture::new().await;
    let mut simulation = asked(&["ecr:PutImage"], &fixture.repository());
    simulation.policies = vec![ALL.into()];
    let found = fixture.simulate(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Decision::Allow]);
    assert_eq!(found[0].matched[0].policy.policy, "PolicyInputList.1");
    simulation.boundary = vec![PULL.into()];
    let found = fixture.simulate(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Decision::ImplicitDeny]);
    let kinds = &found[0].explanation.kinds;
    assert!(
        kinds.contains(&(PolicyType::PermissionsBoundary, Decision::ImplicitDeny)),
        "{kinds:?}"
    );
    simulation.boundary.clear();
    simulation.guardrails = Some(vec![vec![ALL.into()], vec![PULL.into()]]);
    let found = fixture.simulate(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Decision::ImplicitDeny], "each level must allow");
}

#[tokio::test]
async fn a_resource_policy_counts_on_its_side() {
    let fixture = Fixture::new().await;
    let other = "arn:aws:ecr:eu-west-1:444455556666:repository/app";
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",
            "Principal":{{"AWS":"{}"}},"Action":"ecr:*"}}]}}"#,
        fixture.user
    );
    let mut simulation = asked(&["ecr:PutImage"], other);
    simulation.policies = vec![ALL.into()];
    simulation.caller_arn = Some(fixture.user.to_string());
    let found = fixture.custom(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Decision::ImplicitDeny]);
    assert!(found[0].is_cross_account);
    simulation.resource_policy = Some(policy);
    let found = fixture.custom(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Decision::Allow]);
    assert_eq!(found[0].matched.len(), 2);
    simulation.caller_arn = None;
    let refused = fixture.custom(&simulation).await.unwrap_err();
    assert!(matches!(refused, Error::InvalidInput(_)));
    simulation.caller_arn = Some("arn:aws:iam::444455556666:user/bob".into());
    let found = fixture.custom(&simulation).await.unwrap();
    assert_eq!(decisions(&found), [Decision::Allow], "in its own account bob's policies suffice");
}

#[tokio::test]
async fn results_come_in_pages() {
    let fixture = Fixture::new().await;
    let mut simulation = asked(&["ecr:PutImage", "ecr:ListImages"], &fixture.repository());
    simulation.resources.push("*".into());
    let mut marker = None;
    let mut found = Vec::new();
    loop {
        let page = PageRequest::new(marker.as_deref(), Some(3)).unwrap();
        let permit = fixture.permit(&fixture.user);
        let page: Page<Evaluation> =
            fixture.iam.simulate_principal_policy(&permit, &simulation, &page).await.unwrap();
        assert!(page.items.len() <= 3);
        found.extend(page.items.into_iter().map(|it| (it.action, it.resource)));
        let Some(next) = page.marker else { break };
        marker = Some(next);
    }
    let pair = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
    let repository = fixture.repository();
    assert_eq!(
        found,
        [
            pair("ecr:PutImage", &repository),
            pair("ecr:PutImage", "*"),
            pair("ecr:ListImages", &repository),
            pair("ecr:ListImages", "*"),
        ]
    );
}

#[tokio::test]
async fn a_page_holds_so_many_statements_and_no_more() {
    let fixture = Fixture::new().await;
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let policy =
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, vec![statement; 100].join(","));
    let actions: Vec<String> = (0..60).map(|number| format!("ecr:Action{number}")).collect();
    let names: Vec<&str> = actions.iter().map(String::as_str).collect();
    let simulation = Simulation { policies: vec![policy; 10], ..asked(&names, "*") };
    let permit = Permit::system(IamResource::account_wide(fixture.account));
    let (mut found, mut marker, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = PageRequest::new(marker.as_deref(), Some(1_000)).unwrap();
        let page = fixture.iam.simulate_custom_policy(&permit, &simulation, &page).await.unwrap();
        let matched: usize = page.items.iter().map(|item| item.matched.len()).sum();
        assert!(matched <= SIMULATED_STATEMENTS_MAX + 1_000, "{matched}");
        found.extend(page.items.into_iter().map(|item| item.action));
        (marker, pages) = (page.marker, pages + 1);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (actions, 6));
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused() {
    let fixture = Fixture::new().await;
    let good = asked(&["ecr:PutImage"], "*");
    for bad in [
        asked(&["PutImage"], "*"),
        asked(&["ecr:*"], "*"),
        asked(&["ecr:PutImage"], "app"),
        Simulation { policies: vec!["{}".into()], ..good.clone() },
        Simulation { boundary: vec![ALL.into(), ALL.into()], ..good.clone() },
        Simulation { resource_policy: Some(ALL.into()), ..good.clone() },
        Simulation { resource_owner: Some("me".into()), ..good.clone() },
        Simulation { caller_arn: Some("ann".into()), ..good.clone() },
        Simulation { caller_arn: Some(PULL_ONLY.into()), ..good.clone() },
    ] {
        let refused = fixture.simulate(&bad).await.unwrap_err();
        assert!(matches!(refused, Error::InvalidInput(_)), "{bad:?}: {refused}");
    }
    let page = PageRequest::new(Some("x"), None).unwrap();
    let permit = fixture.permit(&fixture.user);
    let refused = fixture.iam.simulate_principal_policy(&permit, &good, &page).await.unwrap_err();
    assert!(matches!(refused, Error::InvalidInput(_)));
    for absent in [Arn::user(&fixture.account, "/", "bob"), Arn::group(&fixture.account, "/", "x")]
    {
        let page = PageRequest::new(None, None).unwrap();
        let permit = fixture.permit(&absent);
        let refused = fixture.iam.simulate_principal_policy(&permit, &good, &page).await;
        assert!(matches!(refused, Err(Error::NoSuchEntity(_))), "{absent}");
    }
}

#[tokio::test]
async fn the_keys_that_policies_name_are_listed() {
    let fixture = Fixture::new().await;
    let variable = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*",
        "Resource":"arn:aws:ecr:*:*:repository/${aws:username}"}]}"#;
    let permit = Permit::system(IamResource::account_wide(fixture.account));
    let iam = &fixture.iam;
    let keys = iam.get_context_keys_for_custom_policy(&permit, &[variable.into(), PULL.into()]);
    assert_eq!(keys.unwrap(), ["aws:SourceIp", "aws:username"]);
    let bad = iam.get_context_keys_for_custom_policy(&permit, &["{}".into()]);
    assert!(matches!(bad, Err(Error::InvalidInput(_))));
    let permit = fixture.permit(&fixture.user);
    let keys = iam.get_context_keys_for_principal_policy(&permit, &[variable.into()]).await;
    assert_eq!(keys.unwrap(), ["aws:SourceIp", "aws:username"]);
}
