//! What policies would decide: IAM's simulator. The decisions are `auth`'s own, asked about rather
//! than made.

mod exclusion;

use std::collections::HashMap;

use wharfinger_auth::iam_actions::{
    GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy, SimulateCustomPolicy,
    SimulatePrincipalPolicy,
};
use wharfinger_auth::{
    AuthorizeError, Caller, ContextKeys, Explanation, Permit, PolicySource, Resource, Supposition,
};
use wharfinger_core::limits::SIMULATED_STATEMENTS_MAX;
use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{Outline, PolicyDocument, PolicyKind, PolicyType, Position};

pub use exclusion::Exclusion;

use crate::{Error, Iam, Page, PageRequest};

/// What is to be simulated. Policies are texts.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// The actions, such as `ecr:PutImage`.
    pub actions: Vec<String>,
    /// The resources by ARN; none means `*`.
    pub resources: Vec<String>,
    /// The condition keys of the requests.
    pub keys: ContextKeys,
    /// Identity policies beside those of the principal.
    pub policies: Vec<String>,
    /// The boundary in place of the principal's: one at the most.
    pub boundary: Vec<String>,
    /// Guardrails in place of the account's, level by level.
    pub guardrails: Option<Vec<Vec<String>>>,
    /// The policy of each of the resources.
    pub resource_policy: Option<String>,
    /// Whose resources are that do not say so: an account, or its ARN.
    pub resource_owner: Option<String>,
    /// Who calls, with the policies of the principal: a user, a group or a role by ARN.
    pub caller_arn: Option<String>,
    /// Which policies of the principal do not count.
    pub excluded: Vec<Exclusion>,
}

/// What was decided about one action on one resource.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The action.
    pub action: String,
    /// The resource, or `*`.
    pub resource: String,
    /// The decision.
    pub explanation: Explanation,
    /// The statements that decided.
    pub matched: Vec<MatchedStatement>,
    /// Keys that policies ask for and nobody gave.
    pub missing_keys: Vec<String>,
    /// Whether the resource is in another account than the caller.
    pub is_cross_account: bool,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedStatement {
    /// The policy it is in.
    pub policy: PolicySource,
    /// Where it begins and ends in its text.
    pub place: Option<(Position, Position)>,
}

impl Iam {
    /// Simulates with the policies that hold for a user, a group or a role.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], and [`Error::InvalidInput`] for what cannot be simulated.
    pub async fn simulate_principal_policy(
        &self,
        permit: &Permit<SimulatePrincipalPolicy>,
        simulation: &Simulation,
        page: &PageRequest,
    ) -> Result<Page<Evaluation>, Error> {
        let caller = self.named(permit.resource().account(), permit.resource().arn()).await?;
        simulate(&caller, simulation, page).await
    }

    /// Simulates with given policies only.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for what cannot be simulated.
    pub async fn simulate_custom_policy(
        &self,
        permit: &Permit<SimulateCustomPolicy>,
        simulation: &Simulation,
        page: &PageRequest,
    ) -> Result<Page<Evaluation>, Error> {
        if simulation.resource_policy.is_some() && simulation.caller_arn.is_none() {
            let text = "You must specify a CallerArn if you include a ResourcePolicy.";
            return Err(Error::InvalidInput(text.into()));
        }
        let caller = self.auth().caller_of_nothing(*permit.resource().account());
        simulate(&caller, simulation, page).await
    }

    /// The condition keys that policies name.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a text that is no policy.
    pub fn get_context_keys_for_custom_policy(
        &self,
        _permit: &Permit<GetContextKeysForCustomPolicy>,
        policies: &[String],
    ) -> Result<Vec<String>, Error> {
        for text in policies {
            PolicyDocument::parse(text).map_err(malformed)?;
        }
        Ok(keys_of(policies.iter().map(String::as_str)))
    }

    /// The condition keys that the policies of a user, a group or a role name, and others beside them.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], and [`Error::InvalidInput`] for a text that is no policy.
    pub async fn get_context_keys_for_principal_policy(
        &self,
        permit: &Permit<GetContextKeysForPrincipalPolicy>,
        policies: &[String],
    ) -> Result<Vec<String>, Error> {
        let caller = self.named(permit.resource().account(), permit.resource().arn()).await?;
        for text in policies {
            PolicyDocument::parse(text).map_err(malformed)?;
        }
        let own = caller.texts().filter(|(source, _)| source.kind == PolicyType::IdentityBased);
        Ok(keys_of(own.map(|(_, text)| text).chain(policies.iter().map(String::as_str))))
    }

    /// The user, group or role of that ARN.
    async fn named(&self, account: &AccountId, arn: &str) -> Result<Caller, Error> {
        let absent = || Error::NoSuchEntity(format!("The entity with ARN {arn} cannot be found."));
        let parsed: Arn = arn.parse().map_err(|_| invalid_arn(arn))?;
        if !is_entity(&parsed) {
            return Err(invalid_arn(arn));
        }
        if parsed.account() != account.as_str() {
            return Err(absent());
        }
        self.auth().caller_named(&parsed).await?.ok_or_else(absent)
    }
}

async fn simulate(
    caller: &Caller,
    simulation: &Simulation,
    page: &PageRequest,
) -> Result<Page<Evaluation>, Error> {
    let caller = caller
        .without(|source| simulation.excluded.iter().any(|excluded| excluded.picks(source)))
        .supposing(&simulation.supposition()?)
        .map_err(malformed)?;
    let policy = simulation.resource_policy.as_deref();
    let policy = policy.map(|text| PolicyDocument::parse_as(PolicyKind::Repository, text));
    let policy = policy.transpose().map_err(malformed)?;
    let owner = simulation.resource_owner.as_deref().map(owner).transpose()?;
    let names =
        keys_of(caller.texts().map(|(_, text)| text).chain(simulation.resource_policy.as_deref()));
    let places = Places::of(&caller, simulation.resource_policy.as_deref());
    simulation.check()?;
    let first: usize = match page.after.as_str() {
        "" => 0,
        marker => marker.parse().map_err(|_| Error::InvalidInput("Invalid Marker.".into()))?,
    };
    let shown = usize::try_from(page.max_items).unwrap_or(usize::MAX);
    let mut items: Vec<Evaluation> = Vec::new();
    let (mut next, mut statements) = (first, 0);
    while let Some((action, resource)) = simulation.pair(next) {
        // What is asked about may be thousands of statements, each of which matches everything.
        if items.len() >= shown || statements >= SIMULATED_STATEMENTS_MAX {
            break;
        }
        if next > first {
            tokio::task::yield_now().await;
        }
        next += 1;
        let asked =
            caller.explain_under(action, resource, policy.as_ref(), owner, &simulation.keys);
        let explanation = asked.await.map_err(failed)?;
        statements += explanation.statements.len();
        items.push(Evaluation {
            action: action.to_owned(),
            resource: resource.to_owned(),
            matched: places.matched(&explanation),
            missing_keys: caller.missing_keys(names.clone(), action, resource, &simulation.keys),
            is_cross_account: is_elsewhere(&caller, resource, owner),
            explanation,
        });
    }
    let marker = simulation.pair(next).map(|_| next.to_string());
    Ok(Page { items, marker })
}

impl Simulation {
    fn supposition(&self) -> Result<Supposition, Error> {
        let named = |list: &str, texts: &[String]| -> Vec<(String, String)> {
            let texts = texts.iter().enumerate();
            texts.map(|(at, text)| (format!("{list}.{}", at + 1), text.clone())).collect()
        };
        if self.boundary.len() > 1 {
            let text = "You can specify only one permissions boundary policy.";
            return Err(Error::InvalidInput(text.into()));
        }
        let caller = match self.caller_arn.as_deref() {
            None => None,
            Some(text) => {
                let arn: Option<Arn> = text.parse().ok();
                Some(arn.filter(is_entity).ok_or_else(|| invalid_arn(text))?)
            }
        };
        let boundary = named("PermissionsBoundaryPolicyInputList", &self.boundary);
        let guardrails = self.guardrails.as_ref().map(|levels| {
            let levels = levels.iter().enumerate();
            let list = |at| format!("OrderedOrganizationPolicyInputList.{}", at + 1);
            levels.map(|(at, level)| named(&list(at), level)).collect()
        });
        Ok(Supposition {
            policies: named("PolicyInputList", &self.policies),
            boundary: (!boundary.is_empty()).then_some(boundary),
            guardrails,
            caller,
        })
    }

    /// Whether its actions and resources are such.
    fn check(&self) -> Result<(), Error> {
        for action in &self.actions {
            let names = action.split_once(':');
            let fits = |name: &str| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            if !names.is_some_and(|(service, name)| fits(service) && fits(name)) {
                return Err(Error::InvalidInput(format!("Invalid Action name: {action}")));
            }
        }
        for resource in &self.resources {
            if resource != "*" && resource.parse::<Arn>().is_err() {
                return Err(invalid_arn(resource));
            }
        }
        Ok(())
    }

    /// The pair at a place of all pairs: each action with each resource.
    fn pair(&self, at: usize) -> Option<(&str, &str)> {
        let resources = self.resources.len().max(1);
        let action = self.actions.get(at / resources)?;
        let resource = self.resources.get(at % resources).map_or("*", String::as_str);
        Some((action, resource))
    }
}

/// Where statements are in the texts of policies.
struct Places<'a>(HashMap<&'a PolicySource, Outline>, Option<Outline>);

impl<'a> Places<'a> {
    fn of(caller: &'a Caller, resource_policy: Option<&str>) -> Self {
        let texts = caller.texts().map(|(source, text)| (source, Outline::of(text)));
        Self(texts.collect(), resource_policy.map(Outline::of))
    }

    fn matched(&self, explanation: &Explanation) -> Vec<MatchedStatement> {
        let matched = explanation.statements.iter().map(|statement| {
            let outline = match statement.policy.kind {
                PolicyType::ResourceBased => self.1.as_ref(),
                _ => self.0.get(&statement.policy),
            };
            let place = outline.and_then(|outline| outline.statements.get(statement.index));
            MatchedStatement { policy: statement.policy.clone(), place: place.copied() }
        });
        matched.collect()
    }
}

fn keys_of<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut keys: Vec<String> = texts.flat_map(|text| Outline::of(text).keys).collect();
    keys.sort_by_cached_key(|key| key.to_lowercase());
    keys.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    keys
}

fn is_entity(arn: &Arn) -> bool {
    let kind = arn.resource().split_once('/').map(|(kind, _)| kind);
    arn.service() == "iam" && matches!(kind, Some("user" | "group" | "role"))
}

fn is_elsewhere(caller: &Caller, resource: &str, owner: Option<AccountId>) -> bool {
    let own = caller.principal().account;
    let arn: Option<Arn> = resource.parse().ok();
    let named = arn.and_then(|arn| arn.account().parse().ok());
    named.or(owner).unwrap_or(own) != own
}

/// An account, by its id or its ARN.
fn owner(text: &str) -> Result<AccountId, Error> {
    let account = match text.parse::<Arn>() {
        Ok(arn) => arn.account().parse(),
        Err(_) => text.parse(),
    };
    account.map_err(|_| Error::InvalidInput(format!("Invalid ResourceOwner: {text}")))
}

fn invalid_arn(text: &str) -> Error {
    Error::InvalidInput(format!("Invalid Entity Arn: {text}"))
}

fn malformed(error: impl ToString) -> Error {
    Error::InvalidInput(format!("Invalid policy: {}", error.to_string()))
}

fn failed(error: AuthorizeError) -> Error {
    match error {
        AuthorizeError::Store(error) => Error::Store(error),
        AuthorizeError::Denied(denied) => Error::AccessDenied(denied.to_string()),
        AuthorizeError::PolicyUnreadable(_) => Error::Internal(error.to_string()),
    }
}
