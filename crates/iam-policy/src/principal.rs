//! Principals as resource policies name them (IAM user guide, "AWS JSON policy elements:
//! Principal").

use wharfinger_core::AccountId;

use crate::document::{Effect, Selection};
use crate::request::PrincipalFacts;

/// A principal that a policy names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrincipalName<'a> {
    /// `*`
    Everyone,
    /// An account, by its id or as `arn:aws:iam::A:root`: all who are in it.
    Account(AccountId),
    /// The ARN of a user, of a role (all its sessions), or of one session; or the unique id that IAM
    /// puts in its place when the user or role is deleted, which nobody has.
    Arn(&'a str),
    /// A service, such as `lambda.amazonaws.com`.
    Service(&'a str),
    /// An identity provider, by its ARN or as `accounts.google.com`.
    Federated(&'a str),
    /// An S3 canonical user. No request comes from one here.
    CanonicalUser(&'a str),
}

/// An element of `Principal` or `NotPrincipal`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PrincipalPattern {
    Everyone,
    Account(AccountId),
    Arn(String),
    Service(String),
    Federated(String),
    CanonicalUser(String),
}

/// In which way a policy names who makes a request, the weakest first (IAM user guide, "Policy
/// evaluation logic", on resource-based policies and each kind of principal).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Naming {
    /// Only its account: what is allowed by that is for the account to pass on.
    Account,
    /// Everyone, or what the principal is a session of (a role, the user behind a federated one):
    /// what is allowed by that is still within boundary and session policies.
    Shared,
    /// The user, the session, the service or the provider itself: nothing bounds what is allowed by that.
    Itself,
}

impl PrincipalPattern {
    /// Reads one element of the list `kind`, such as `AWS`. The error is the reason to refuse the
    /// policy.
    pub(crate) fn parse(kind: &str, text: &str) -> Result<Self, String> {
        let parsed = match kind {
            "AWS" => aws(text),
            "Service" => is_service(text).then(|| Self::Service(text.to_owned())),
            "Federated" => is_name(text).then(|| Self::Federated(text.to_owned())),
            "CanonicalUser" => is_name(text).then(|| Self::CanonicalUser(text.to_owned())),
            _ => None,
        };
        parsed.ok_or_else(|| format!("Invalid principal in policy: \"{kind}\":\"{text}\""))
    }

    /// As the policy has it.
    pub(crate) fn name(&self) -> PrincipalName<'_> {
        match self {
            Self::Everyone => PrincipalName::Everyone,
            Self::Account(account) => PrincipalName::Account(*account),
            Self::Arn(arn) => PrincipalName::Arn(arn),
            Self::Service(service) => PrincipalName::Service(service),
            Self::Federated(provider) => PrincipalName::Federated(provider),
            Self::CanonicalUser(user) => PrincipalName::CanonicalUser(user),
        }
    }

    fn naming(&self, effect: Effect, facts: &PrincipalFacts) -> Option<Naming> {
        let itself = match (self, &facts.federated) {
            // Whom a provider vouches for is nobody's principal yet: only who names the provider
            // lets it in, and a denial to everyone keeps it out.
            (Self::Everyone, Some(_)) => return (effect == Effect::Deny).then_some(Naming::Shared),
            (Self::Federated(named), Some(provider)) => named == provider,
            (_, Some(_)) | (Self::Federated(_) | Self::CanonicalUser(_), None) => false,
            (Self::Everyone, None) => return Some(Naming::Shared),
            (Self::Account(account), None) => {
                return (*account == facts.account).then_some(Naming::Account);
            }
            (Self::Arn(arn), None) if facts.role_arn.as_ref() == Some(arn) => {
                return Some(Naming::Shared);
            }
            (Self::Arn(arn), None) => *arn == facts.arn,
            (Self::Service(service), None) => facts.service.as_ref() == Some(service),
        };
        itself.then_some(Naming::Itself)
    }
}

/// How `principals` name who makes a request, if they do.
///
/// In a `NotPrincipal` that denies, an account stands for its root only: IAM demands it beside
/// each user that is to be spared, and the others of the account are not. In one that allows, it
/// stands for all of the account, so that none of them is allowed by being left out.
pub(crate) fn naming(
    principals: &Selection<PrincipalPattern>,
    effect: Effect,
    facts: &PrincipalFacts,
) -> Option<Naming> {
    match principals {
        Selection::Of(patterns) => {
            patterns.iter().filter_map(|pattern| pattern.naming(effect, facts)).max()
        }
        Selection::AllBut(patterns) => {
            // What is spared is spared whatever the effect, so everyone is.
            let spared = |pattern: &PrincipalPattern| pattern.naming(Effect::Deny, facts);
            let spared = match (patterns.iter().filter_map(spared).max(), effect) {
                (Some(Naming::Account), Effect::Deny) => is_root(facts),
                (spared, _) => spared.is_some(),
            };
            let is_named = !spared && (facts.federated.is_none() || effect == Effect::Deny);
            is_named.then_some(Naming::Shared)
        }
    }
}

fn is_root(facts: &PrincipalFacts) -> bool {
    account_of(&facts.arn, "iam") == Some((facts.account, "root"))
}

/// `*`, an account id, the ARN of an account, a user, a role or a session, or a unique id.
fn aws(text: &str) -> Option<PrincipalPattern> {
    if text == "*" {
        return Some(PrincipalPattern::Everyone);
    }
    if let Ok(account) = text.parse() {
        return Some(PrincipalPattern::Account(account));
    }
    if !is_name(text) {
        return None;
    }
    if is_unique_id(text) {
        return Some(PrincipalPattern::Arn(text.to_owned()));
    }
    let is_arn = if let Some((account, resource)) = account_of(text, "iam") {
        if resource == "root" {
            return Some(PrincipalPattern::Account(account));
        }
        is_path(resource, "user/") || is_path(resource, "role/")
    } else {
        let (_, resource) = account_of(text, "sts")?;
        let is_session = |session: &str| {
            session.split_once('/').is_some_and(|(role, name)| {
                !role.is_empty() && !name.is_empty() && !name.contains('/')
            })
        };
        resource.strip_prefix("assumed-role/").is_some_and(is_session)
            || is_path(resource, "federated-user/")
    };
    is_arn.then(|| PrincipalPattern::Arn(text.to_owned()))
}

/// `AIDA…` or `AROA…`, which may be followed by `:` and the name of a session.
fn is_unique_id(text: &str) -> bool {
    let (id, session) = text.split_once(':').unwrap_or((text, "session"));
    let rest = id.strip_prefix("AIDA").or_else(|| id.strip_prefix("AROA")).unwrap_or_default();
    let is_upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    rest.len() >= 12 && rest.bytes().all(is_upper) && !session.is_empty()
}

/// The account and the resource of an ARN of `service`, which is in no region.
fn account_of<'a>(arn: &'a str, service: &str) -> Option<(AccountId, &'a str)> {
    let mut fields = arn.strip_prefix("arn:")?.splitn(5, ':');
    let partition = fields.next()?;
    let of_service =
        partition.starts_with("aws") && fields.next()? == service && fields.next()?.is_empty();
    let account = fields.next()?.parse().ok()?;
    of_service.then_some((account, fields.next()?))
}

/// Whether it is `prefix` and a name, perhaps with a path before it.
fn is_path(resource: &str, prefix: &str) -> bool {
    resource.strip_prefix(prefix).is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
}

/// Whether it has no wildcard, which names of principals cannot have, and no blank.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"*?".contains(&byte))
}

fn is_service(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    text.contains('.')
        && text.bytes().all(allowed)
        && text.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests;
