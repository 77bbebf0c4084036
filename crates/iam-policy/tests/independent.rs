//! The evaluator against a second one, which was written from the IAM user guide alone ("Policy
//! evaluation logic", "Condition operators", "Multivalued context keys", "Variables and tags",
//! "Resource", "Principal") and shares no code with it: a million random policies and requests, on
//! which both must agree.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "independent/condition.rs"]
mod condition;
#[path = "independent/evaluator.rs"]
mod evaluator;
#[path = "independent/generator.rs"]
mod generator;

use serde_json::Value;
use wharfinger_iam_policy::{
    ContextKeys, Decision, PolicyDocument, PolicyKind, PrincipalFacts, Request, ResourceDecision,
    evaluate, evaluate_resource_policy,
};

use evaluator::{Asked, Verdict};
use generator::Generator;

/// Requests that each set of policies is asked.
const REQUESTS_PER_POLICY: usize = 5;
/// Sets of policies of each test. There are four tests of as many cases.
const POLICIES_PER_TEST: usize = 51_000;

/// What both evaluators said, how often.
#[derive(Default)]
struct Tally {
    allowed: usize,
    denied: usize,
    neither: usize,
}

impl Tally {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Allow => self.allowed += 1,
            Verdict::ExplicitDeny => self.denied += 1,
            Verdict::ImplicitDeny => self.neither += 1,
        }
    }

    /// A comparison that nearly always says the same compares little.
    fn require_variety(&self) {
        let all = self.allowed + self.denied + self.neither;
        assert!(all >= 250_000, "{all} cases");
        for part in [self.allowed, self.denied, self.neither] {
            assert!(part * 12 > all, "{} {} {}", self.allowed, self.denied, self.neither);
        }
    }
}

fn parse(kind: PolicyKind, document: &Value) -> PolicyDocument {
    let text = document.to_string();
    PolicyDocument::parse_as(kind, &text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn facts(asked: &Asked) -> PrincipalFacts {
    PrincipalFacts {
        account: asked.account.parse().unwrap(),
        arn: asked.principal.to_owned(),
        role_arn: asked.role.map(str::to_owned),
        service: asked.service.map(str::to_owned),
        federated: None,
    }
}

fn keys(asked: &Asked) -> ContextKeys {
    let mut keys = ContextKeys::new();
    for (name, values) in &asked.keys {
        keys.insert_all(name, values.iter().map(|value| (*value).to_owned()));
    }
    keys
}

/// Policies of an identity, one to three of them.
fn compare_identity_policies(seed: u64) {
    let mut generator = Generator::new(seed);
    let mut tally = Tally::default();
    for _ in 0..POLICIES_PER_TEST {
        let documents: Vec<Value> =
            (0..1 + generator.below(3)).map(|_| generator.identity_policy()).collect();
        let parsed: Vec<PolicyDocument> =
            documents.iter().map(|document| parse(PolicyKind::Identity, document)).collect();
        for _ in 0..REQUESTS_PER_POLICY {
            let asked = generator.asked();
            let (principal, keys) = (facts(&asked), keys(&asked));
            let request = Request {
                action: asked.action,
                resource: asked.resource,
                principal: &principal,
                keys: &keys,
            };
            let found = match evaluate(&parsed, &request) {
                Decision::Allow => Verdict::Allow,
                Decision::ExplicitDeny => Verdict::ExplicitDeny,
                Decision::ImplicitDeny => Verdict::ImplicitDeny,
            };
            let expected = evaluator::identity(&documents, &asked);
            assert_eq!(found, expected, "{documents:#?}\n{asked:#?}");
            tally.count(found);
        }
    }
    tally.require_variety();
}

/// Policies of resources, whose statements name principals.
fn compare_resource_policies(seed: u64) {
    let mut generator = Generator::new(seed);
    let mut tally = Tally::default();
    for _ in 0..POLICIES_PER_TEST {
        let document = generator.resource_policy();
        let parsed = parse(PolicyKind::Repository, &document);
        for _ in 0..REQUESTS_PER_POLICY {
            let asked = generator.asked();
            let (principal, keys) = (facts(&asked), keys(&asked));
            let request = Request {
                action: asked.action,
                resource: asked.resource,
                principal: &principal,
                keys: &keys,
            };
            let found = match evaluate_resource_policy(&parsed, &request) {
                ResourceDecision::Allow { .. } => Verdict::Allow,
                ResourceDecision::ExplicitDeny => Verdict::ExplicitDeny,
                ResourceDecision::ImplicitDeny => Verdict::ImplicitDeny,
            };
            let expected = evaluator::resource(&document, &asked);
            assert_eq!(found, expected, "{document:#}\n{asked:#?}");
            tally.count(found);
        }
    }
    tally.require_variety();
}

#[test]
fn both_agree_on_a_quarter_of_a_million_requests() {
    compare_identity_policies(1);
}

#[test]
fn both_agree_on_another_quarter_of_a_million() {
    compare_identity_policies(2);
}

#[test]
fn both_agree_on_policies_of_resources() {
    compare_resource_policies(3);
}

#[test]
fn both_agree_on_other_policies_of_resources() {
    compare_resource_policies(4);
}
