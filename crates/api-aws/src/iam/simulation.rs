//! What policies would decide: the simulator.

use std::collections::BTreeMap;

use wharfinger_auth::{ContextKeys, PolicySource, iam_actions};
use wharfinger_aws_model::iam::enums::{
    PolicyEvaluationDecisionType as DecisionType, PolicyIdentifierPolicyType as ExcludedType,
    PolicySourceType,
};
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{
    Decision, Error, Evaluation, Exclusion, MatchedStatement, Page, PageRequest, PolicyType,
    Position, Simulation,
};

use super::{Call, Outcome, not_implemented};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::GetContextKeysForCustomPolicy,
    Operation::GetContextKeysForPrincipalPolicy,
    Operation::SimulateCustomPolicy,
    Operation::SimulatePrincipalPolicy,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::GetContextKeysForCustomPolicy(input) => custom_keys(call, input).await,
        Request::GetContextKeysForPrincipalPolicy(input) => principal_keys(call, input).await,
        Request::SimulateCustomPolicy(input) => simulate_custom(call, input).await,
        Request::SimulatePrincipalPolicy(input) => simulate_principal(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

async fn custom_keys(
    call: &Call<'_>,
    input: input::GetContextKeysForCustomPolicyRequest,
) -> Outcome {
    let permit = call.authorize_account::<iam_actions::GetContextKeysForCustomPolicy>().await?;
    let iam = call.iam();
    let keys = iam.get_context_keys_for_custom_policy(&permit, &input.policy_input_list)?;
    Ok(Box::new(output::GetContextKeysForPolicyResponse { context_key_names: Some(keys) }))
}

async fn principal_keys(
    call: &Call<'_>,
    input: input::GetContextKeysForPrincipalPolicyRequest,
) -> Outcome {
    let arn = entity(&input.policy_source_arn)?;
    let permit = call.authorize::<iam_actions::GetContextKeysForPrincipalPolicy>(&arn).await?;
    let policies = input.policy_input_list.unwrap_or_default();
    let keys = call.iam().get_context_keys_for_principal_policy(&permit, &policies).await?;
    Ok(Box::new(output::GetContextKeysForPolicyResponse { context_key_names: Some(keys) }))
}

async fn simulate_custom(call: &Call<'_>, input: input::SimulateCustomPolicyRequest) -> Outcome {
    let permit = call.authorize_account::<iam_actions::SimulateCustomPolicy>().await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let levels = input.ordered_organization_policy_input_list.map(|levels| {
        let levels = levels.into_iter();
        levels.map(|level| level.service_control_policy_input_list.unwrap_or_default()).collect()
    });
    let simulation = Simulation {
        actions: input.action_names,
        resources: input.resource_arns.unwrap_or_default(),
        keys: keys(input.context_entries),
        policies: input.policy_input_list,
        boundary: input.permissions_boundary_policy_input_list.unwrap_or_default(),
        guardrails: levels,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller_arn: input.caller_arn,
        excluded: Vec::new(),
    };
    respond(call.iam().simulate_custom_policy(&permit, &simulation, &page).await?)
}

async fn simulate_principal(
    call: &Call<'_>,
    input: input::SimulatePrincipalPolicyRequest,
) -> Outcome {
    let arn = entity(&input.policy_source_arn)?;
    let permit = call.authorize::<iam_actions::SimulatePrincipalPolicy>(&arn).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let excluded = input.policy_exclusion_list.unwrap_or_default();
    let simulation = Simulation {
        actions: input.action_names,
        resources: input.resource_arns.unwrap_or_default(),
        keys: keys(input.context_entries),
        policies: input.policy_input_list.unwrap_or_default(),
        boundary: input.permissions_boundary_policy_input_list.unwrap_or_default(),
        guardrails: None,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller_arn: input.caller_arn,
        excluded: excluded.into_iter().flat_map(exclusions).collect(),
    };
    respond(call.iam().simulate_principal_policy(&permit, &simulation, &page).await?)
}

fn entity(text: &str) -> Result<Arn, CallError> {
    let invalid = || Error::InvalidInput(format!("Invalid Entity Arn: {text}"));
    Ok(text.parse().map_err(|_| invalid())?)
}

fn keys(entries: Option<Vec<types::ContextEntry>>) -> ContextKeys {
    let mut keys = ContextKeys::new();
    for entry in entries.unwrap_or_default() {
        if let Some(name) = entry.context_key_name {
            keys.insert_all(&name, entry.context_key_values.unwrap_or_default());
        }
    }
    keys
}

fn exclusions(excluded: types::PolicyIdentifier) -> Vec<Exclusion> {
    let of_type = excluded.policy_type.and_then(|kind| match kind {
        ExcludedType::Inline => Some(Exclusion::Inline),
        ExcludedType::AwsManaged => Some(Exclusion::AwsManaged),
        ExcludedType::UserManaged => Some(Exclusion::UserManaged),
        ExcludedType::PermissionBoundary => Some(Exclusion::Boundary),
        ExcludedType::Scp => Some(Exclusion::Guardrails),
        ExcludedType::Rcp => None,
    });
    let named = excluded.inline_policy_identifier.map(|inline| Exclusion::Named {
        policy: inline.policy_name,
        holder_kind: inline.attachment_type.as_str().to_owned(),
        holder: inline.attachment_name,
    });
    of_type.into_iter().chain(excluded.policy_arn.map(Exclusion::Arn)).chain(named).collect()
}

fn respond(page: Page<Evaluation>) -> Outcome {
    Ok(Box::new(output::SimulatePolicyResponse {
        evaluation_results: Some(page.items.into_iter().map(to_wire).collect()),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

fn to_wire(evaluation: Evaluation) -> types::EvaluationResult {
    let Evaluation { action, resource, explanation, matched, missing_keys, .. } = evaluation;
    let allows = |kind: PolicyType| {
        let found = explanation.kinds.iter().find(|(found, _)| *found == kind);
        found.map(|(_, decision)| decision.is_allowed())
    };
    let boundary = allows(PolicyType::PermissionsBoundary).map(|allowed| {
        types::PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) }
    });
    let organizations = allows(PolicyType::ServiceControl).map(|allowed| {
        types::OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }
    });
    let details = evaluation.is_cross_account.then(|| details(&explanation.kinds));
    let decision = decision(explanation.decision);
    let matched: Vec<_> = matched.iter().map(statement).collect();
    let specific = types::ResourceSpecificResult {
        eval_resource_name: resource.clone(),
        eval_resource_decision: decision,
        matched_statements: Some(matched.clone()),
        missing_context_values: Some(missing_keys.clone()),
        eval_decision_details: details.clone(),
        permissions_boundary_decision_detail: boundary.clone(),
    };
    types::EvaluationResult {
        eval_action_name: action,
        resource_specific_results: (resource != "*").then(|| vec![specific]),
        eval_resource_name: Some(resource),
        eval_decision: decision,
        matched_statements: Some(matched),
        missing_context_values: Some(missing_keys),
        organizations_decision_detail: organizations,
        permissions_boundary_decision_detail: boundary,
        eval_decision_details: details,
    }
}

fn decision(decision: Decision) -> DecisionType {
    match decision {
        Decision::Allow => DecisionType::Allowed,
        Decision::ExplicitDeny => DecisionType::Explicitdeny,
        Decision::ImplicitDeny => DecisionType::Implicitdeny,
    }
}

fn details(kinds: &[(PolicyType, Decision)]) -> BTreeMap<String, DecisionType> {
    let name = |kind| match kind {
        PolicyType::IdentityBased => Some("IAM Policy"),
        PolicyType::ResourceBased => Some("Resource Policy"),
        PolicyType::PermissionsBoundary => Some("Permissions Boundary Policy"),
        PolicyType::Session | PolicyType::ServiceControl | PolicyType::RoleTrust => None,
    };
    let named = kinds.iter().filter_map(|(kind, said)| Some((name(*kind)?, decision(*said))));
    named.map(|(name, said)| (name.to_owned(), said)).collect()
}

fn statement(matched: &MatchedStatement) -> types::Statement {
    let (id, kind) = source(&matched.policy);
    let number = |value: usize| Some(i32::try_from(value).unwrap_or(i32::MAX));
    let position =
        |it: Position| types::Position { line: number(it.line), column: number(it.column) };
    types::Statement {
        source_policy_id: Some(id),
        source_policy_type: Some(kind),
        start_position: matched.place.map(|(start, _)| position(start)),
        end_position: matched.place.map(|(_, end)| position(end)),
    }
}

/// What the simulator calls a policy: a managed one by its name, one of a user, group or role with that.
fn source(policy: &PolicySource) -> (String, PolicySourceType) {
    if policy.kind == PolicyType::ResourceBased {
        return ("ResourcePolicy".to_owned(), PolicySourceType::Resource);
    }
    if let Some(name) =
        policy.policy.rsplit('/').next().filter(|_| policy.policy.starts_with("arn:"))
    {
        let kind = match policy.policy.starts_with("arn:aws:iam::aws:") {
            true => PolicySourceType::AwsManaged,
            false => PolicySourceType::UserManaged,
        };
        return (name.to_owned(), kind);
    }
    let holder: Option<Arn> = policy.holder.parse().ok();
    let path = holder.as_ref().and_then(|arn| arn.resource().split_once('/'));
    let kind = match path.map(|(kind, _)| kind) {
        Some("user") => PolicySourceType::User,
        Some("group") => PolicySourceType::Group,
        Some("role") => PolicySourceType::Role,
        _ => return (policy.policy.clone(), PolicySourceType::None),
    };
    let name = path.and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default();
    (format!("{}_{name}_{}", kind.as_str(), policy.policy), kind)
}
