//! `wharfinger explain`: whether somebody may do something, and which statement decides.

use anyhow::{anyhow, bail};
use clap::Args;
use serde::Serialize;
use wharfinger_auth::{ContextKeys, DecidingStatement, Explanation};
use wharfinger_core::Arn;
use wharfinger_iam::Decision;
use wharfinger_server::Installation;

use crate::arguments::DirectoryArguments;
use crate::print;

#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    /// Who: the ARN of a root, a user, a role, a group, or a session of a role
    #[arg(long, value_name = "ARN")]
    principal: Arn,
    /// What, such as ecr:PutImage
    #[arg(long, value_name = "SERVICE:ACTION")]
    action: String,
    /// To what: an ARN, or * for what is of a registry or an account as a whole
    #[arg(long, value_name = "ARN")]
    resource: String,
    /// A condition key of the request, such as aws:SourceIp=192.0.2.7; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a refusal as a message that STS DecodeAuthorizationMessage decodes, for those who may
    #[arg(long, conflicts_with = "json")]
    encoded: bool,
    #[command(flatten)]
    directory: DirectoryArguments,
}

pub(crate) async fn run(arguments: ExplainArguments) -> anyhow::Result<()> {
    let ExplainArguments { principal, action, resource, context, json, encoded, directory } =
        arguments;
    if resource != "*" && resource.parse::<Arn>().is_err() {
        bail!("{resource} is neither an ARN nor *");
    }
    if action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
        bail!("{action} is not an action: it begins with its service, as ecr:PutImage does");
    }
    let keys = keys(&context)?;
    let installation = Installation::existing(&directory.resolve()?).await?;
    let caller = installation.auth().caller_named(&principal).await?;
    let caller = caller.ok_or_else(|| anyhow!("there is nobody of the name {principal}"))?;
    let explanation = caller.explain(&action, &resource, &keys).await?;
    let shown = Shown::of(&explanation);
    if encoded {
        if explanation.decision == Decision::Allow {
            bail!("{action} is allowed, and there is no refusal to encode");
        }
        let message = shown.message_of(&principal, &action, &resource).to_string();
        let account = caller.principal().account;
        let message = installation.auth().encode_authorization_message(&account, &message);
        return Ok(print::line(&message.ok_or_else(|| anyhow!("the message is too long"))?)?);
    }
    if json { print::json(&shown) } else { shown.print() }
}

fn keys(context: &[String]) -> anyhow::Result<ContextKeys> {
    let mut keys = ContextKeys::new();
    for text in context {
        let pair = text.split_once('=').filter(|(key, _)| key.contains(':'));
        let (key, value) =
            pair.ok_or_else(|| anyhow!("{text} is not a condition key with a value"))?;
        keys.insert(key, value);
    }
    Ok(keys)
}

/// An explanation as `--json` shows it.
#[derive(Serialize)]
struct Shown<'a> {
    decision: &'static str,
    /// The statement that decided; `null` when none applies, and of a root, who needs none.
    decided_by: Option<ShownStatement<'a>>,
    statements: Vec<ShownStatement<'a>>,
    /// What each kind of policy says by itself.
    kinds: Vec<ShownKind>,
    /// What a client would be told; `null` if it is allowed.
    message: Option<String>,
}

#[derive(Serialize)]
struct ShownStatement<'a> {
    kind: &'static str,
    policy: &'a str,
    holder: &'a str,
    /// Its place in the policy, from 1.
    statement: usize,
    sid: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownKind {
    kind: &'static str,
    decision: &'static str,
}

impl<'a> Shown<'a> {
    fn of(explanation: &'a Explanation) -> Self {
        let kinds = explanation.kinds.iter();
        Self {
            decision: name(explanation.decision),
            decided_by: explanation.decided_by().map(ShownStatement::of),
            statements: explanation.statements.iter().map(ShownStatement::of).collect(),
            kinds: kinds
                .map(|(kind, said)| ShownKind { kind: kind.name(), decision: name(*said) })
                .collect(),
            message: explanation.refusal(),
        }
    }

    /// The message in the form in which EC2 encodes it.
    fn message_of(&self, principal: &Arn, action: &str, resource: &str) -> serde_json::Value {
        let statements = self.statements.iter().map(|statement| {
            serde_json::json!({
                "statementId": statement.sid.unwrap_or_default(), "effect": "DENY",
                "policyType": statement.kind, "policy": statement.policy,
                "holder": statement.holder,
            })
        });
        serde_json::json!({
            "allowed": false,
            "explicitDeny": self.decision == name(Decision::ExplicitDeny),
            "matchedStatements": { "items": statements.collect::<Vec<_>>() },
            "failures": { "items": [] },
            "context": {
                "principal": { "arn": principal.as_str() },
                "action": action,
                "resource": resource,
                "conditions": { "items": [] },
            },
        })
    }

    fn print(&self) -> anyhow::Result<()> {
        print::line(self.decision)?;
        for kind in &self.kinds {
            print::line(&format!("  {}: {}", kind.kind, kind.decision))?;
        }
        match &self.decided_by {
            Some(statement) => print::line(&format!("Decided by {}", statement.words()))?,
            None => print::line("No statement decides.")?,
        }
        for statement in self.statements.iter().skip(1) {
            print::line(&format!("  and by {}", statement.words()))?;
        }
        if let Some(message) = &self.message {
            print::line(message)?;
        }
        Ok(())
    }
}

impl<'a> ShownStatement<'a> {
    fn of(statement: &'a DecidingStatement) -> Self {
        Self {
            kind: statement.policy.kind.name(),
            policy: &statement.policy.policy,
            holder: &statement.policy.holder,
            statement: statement.index + 1,
            sid: statement.sid.as_deref(),
        }
    }

    fn words(&self) -> String {
        let Self { kind, policy, holder, statement, sid } = self;
        let sid = sid.map(|sid| format!(" ({sid})")).unwrap_or_default();
        let name = if policy.is_empty() { String::new() } else { format!(" {policy}") };
        format!("statement {statement}{sid} of the {kind}{name} of {holder}")
    }
}

/// As IAM's simulator calls it.
fn name(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allowed",
        Decision::ExplicitDeny => "explicitDeny",
        Decision::ImplicitDeny => "implicitDeny",
    }
}
