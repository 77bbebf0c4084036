//! Who may do what, all of it: every operation of ECR and every route of `/v2`, by every kind of
//! principal, on repositories in every state.
//!
//! The principals are made with the operations of IAM and STS; what ought to come out is a table of
//! its own (`oracle`), which shares nothing with the evaluator. An operation or a route that is new
//! does not compile here, or fails, until it is classified.

mod oracle;
mod principals;
mod route;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wharfinger_aws_model::ecr::Operation;

use crate::every_operation::minimal_input_of;
use crate::world::{ACCOUNT, Reply, World};
use oracle::{CLOSED, OTHER, SHARED, State};
use principals::{Login, Principal};

/// How a request ended, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was let in; what it asked for may have failed.
    Allowed,
    /// Its policies do not let it.
    Denied,
    /// Nobody knows who it is.
    Unknown,
    /// Its credentials are too old.
    Expired,
}

/// The cells there must be at the least.
const CELLS_MIN: usize = 6_000;

#[tokio::test]
async fn every_cell_is_what_the_table_says() {
    let world = World::new().await;
    prepare(&world).await;
    let principals = principals::make(&world).await;
    for state in State::ALL {
        set_policy(&world, state).await;
    }
    let mut cells = Cells::default();
    for principal in &principals {
        for state in State::ALL {
            for operation in Operation::ALL {
                let (found, told) = call(&world, principal, operation, state).await;
                let expected = expected(principal, operation, state);
                cells.check(principal, operation.name(), state, expected, found);
                cells.compare(principal, operation.name(), state, found, &told);
                restore(&world, operation, state, found).await;
            }
            for probe in route::probes(state.repository()) {
                let (found, told) = probe.send(&world, principal).await;
                let expected = probe.expected(principal, state);
                cells.check(principal, &probe.to_string(), state, expected, found);
                cells.compare(principal, &probe.to_string(), state, found, &told);
            }
        }
    }
    assert!(cells.mismatches.is_empty(), "{:#?}", cells.mismatches);
    assert!(cells.count >= CELLS_MIN, "{} cells", cells.count);
}

#[derive(Default)]
struct Cells {
    count: usize,
    mismatches: Vec<String>,
    /// What those who are denied were told of a repository that is there.
    denials: BTreeMap<(&'static str, String), String>,
}

impl Cells {
    fn check(
        &mut self,
        principal: &Principal,
        what: &str,
        state: State,
        expected: Outcome,
        found: Outcome,
    ) {
        self.count += 1;
        if expected != found {
            let name = principal.name;
            let text = format!("{name}: {what} on {state:?}: {found:?} instead of {expected:?}");
            self.mismatches.push(text);
        }
    }
}

impl Cells {
    /// Who is denied hears the same of a repository that is there and of one that is not.
    fn compare(
        &mut self,
        principal: &Principal,
        what: &str,
        state: State,
        found: Outcome,
        told: &str,
    ) {
        if found != Outcome::Denied {
            return;
        }
        let told = told.replace(state.repository(), "<name>");
        let key = (principal.name, what.to_owned());
        match state {
            State::Plain => drop(self.denials.insert(key, told)),
            State::Absent => match self.denials.get(&key) {
                Some(before) if *before == told => {}
                before => self.mismatches.push(format!("{key:?}: {before:?} but {told}")),
            },
            State::Shared | State::Closed => {}
        }
    }
}

/// The repositories of every state, each with an image, so that none can be deleted.
async fn prepare(world: &World) {
    for state in State::ALL.into_iter().filter(|state| *state != State::Absent) {
        world.create_repository(state.repository()).await;
        world.push_image(state.repository(), "a", Some("v1")).await;
        world.push_image(state.repository(), "b", None).await;
    }
}

/// Gives the repositories their policies, once those are there whom they name.
async fn set_policy(world: &World, state: State) {
    let repository = state.repository();
    let actions =
        |names: &[&str]| -> Value { names.iter().map(|name| format!("ecr:{name}")).collect() };
    let statement = match state {
        State::Shared => json!({
            "Effect": "Allow", "Action": actions(SHARED), "Principal": { "AWS": [
                format!("arn:aws:iam::{OTHER}:root"),
                format!("arn:aws:iam::{ACCOUNT}:user/named"),
            ] },
        }),
        State::Closed => json!({
            "Effect": "Deny", "Action": actions(CLOSED), "Principal": "*",
        }),
        State::Plain => {
            let input = json!({ "repositoryName": repository });
            let reply = world.call("DeleteRepositoryPolicy", input).await;
            if reply.status != 200 {
                reply.refused("RepositoryPolicyNotFoundException");
            }
            return;
        }
        State::Absent => return,
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let input = json!({ "repositoryName": repository, "policyText": policy.to_string() });
    world.call("SetRepositoryPolicy", input).await.ok();
}

/// Puts back what an operation that was let in has changed of what decides.
async fn restore(world: &World, operation: Operation, state: State, found: Outcome) {
    if found != Outcome::Allowed {
        return;
    }
    match operation {
        Operation::CreateRepository if state == State::Absent => {
            let input = json!({ "repositoryName": state.repository() });
            let reply = world.call("DeleteRepository", input).await;
            // Another account made it in its own registry.
            if reply.status != 200 {
                reply.refused("RepositoryNotFoundException");
            }
        }
        Operation::SetRepositoryPolicy | Operation::DeleteRepositoryPolicy => {
            set_policy(world, state).await;
        }
        _ => {}
    }
}

/// What an operation of another registry's is asked for with.
fn input(principal: &Principal, operation: Operation, state: State) -> Value {
    let mut input = minimal_input_of(operation, state.repository());
    if operation == Operation::DescribeRepositories {
        input["repositoryNames"] = json!([state.repository()]);
    }
    if principal.asker.account != ACCOUNT && takes_registry(operation) {
        input["registryId"] = ACCOUNT.into();
    }
    input
}

/// Whether an operation can be about the registry of another account.
fn takes_registry(operation: Operation) -> bool {
    let facts: Value = serde_json::from_str(include_str!("../../../../models/ecr.json")).unwrap();
    let of = |list: &str, key: &str, value: &str| -> Value {
        let all = facts[list].as_array().unwrap();
        all.iter().find(|it| it[key] == value).unwrap().clone()
    };
    let input = of("operations", "name", operation.name())["input"].clone();
    let shape = of("shapes", "name", input.as_str().unwrap());
    let members = shape["members"].as_array().into_iter().flatten();
    members.clone().any(|member| member["name"] == "registryId")
        || members.clone().any(|member| member["name"] == "resourceArn")
}

fn expected(principal: &Principal, operation: Operation, state: State) -> Outcome {
    if let Some(outcome) = principal.login.outcome() {
        return outcome;
    }
    // The one operation without an action of its own.
    let action = match operation {
        Operation::ListImageReferrers => "BatchGetImage",
        operation => operation.name(),
    };
    let in_own_registry = !takes_registry(operation);
    allowed_if(oracle::allows(principal.asker, action, state, in_own_registry))
}

fn allowed_if(is_allowed: bool) -> Outcome {
    if is_allowed { Outcome::Allowed } else { Outcome::Denied }
}

impl Login {
    /// How every request ends, whatever it asks for; `None` if that is for policies to say.
    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Valid => None,
            Self::Expired => Some(Outcome::Expired),
            Self::None | Self::Refused => Some(Outcome::Unknown),
        }
    }
}

async fn call(
    world: &World,
    principal: &Principal,
    operation: Operation,
    state: State,
) -> (Outcome, String) {
    let body = input(principal, operation, state).to_string();
    let draft = world.ecr(operation.name(), body);
    let request = match &principal.credentials {
        Some(credentials) => credentials.sign(draft),
        None => draft.unsigned(),
    };
    let reply = world.send(request).await;
    (outcome(operation, &reply), reply.text().to_owned())
}

fn outcome(operation: Operation, reply: &Reply) -> Outcome {
    if reply.status == 200 {
        return Outcome::Allowed;
    }
    let body = reply.json();
    match body["__type"].as_str().unwrap() {
        "AccessDeniedException" => {
            let message = body["message"].as_str().unwrap();
            assert!(message.contains(" is not authorized to perform: ecr:"), "{message}");
            Outcome::Denied
        }
        "ExpiredTokenException" => Outcome::Expired,
        "MissingAuthenticationTokenException" | "UnrecognizedClientException" => Outcome::Unknown,
        code => {
            let known = operation.errors().contains(&code) || code == "InvalidParameterException";
            assert!(known && reply.status == 400, "{operation}: {body}");
            Outcome::Allowed
        }
    }
}
