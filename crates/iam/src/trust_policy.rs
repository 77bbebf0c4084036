//! Trust policies: who may assume a role.
//!
//! A trust policy names users and roles by ARN, and means the very ones that had those ARNs when it
//! was written. IAM keeps their unique ids in its stead. Here the text stays as it was given, a row
//! beside it says whom it names, and when one of them goes, its unique id takes the place of its ARN
//! in the text: what is trusted is nobody then, whoever is given the name later, and `GetRole` shows
//! what IAM shows.

use std::collections::BTreeSet;
use std::slice;

use serde_json::Value;
use wharfinger_core::limits::TRUST_POLICY_CHARS_MAX;
use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind, PrincipalName};
use wharfinger_metadata::{Tx, account, role, trusted_principal, user};

use crate::Error;

/// Roles whose trust policies are rewritten in one go.
const ROLES_AT_ONCE: u32 = 100;

/// Reads a trust policy: one with principals, without resources, about actions of STS alone.
///
/// # Errors
/// [`Error::MalformedPolicyDocument`]; [`Error::LimitExceeded`] for one that is too long.
pub(crate) fn check(text: &str) -> Result<PolicyDocument, Error> {
    let is_counted = |character: &char| !character.is_whitespace();
    if text.chars().filter(is_counted).count() > TRUST_POLICY_CHARS_MAX {
        let limit = TRUST_POLICY_CHARS_MAX.try_into().unwrap_or(u64::MAX);
        return Err(Error::LimitExceeded { quota: "ACLSizePerRole", limit });
    }
    Ok(PolicyDocument::parse_as(PolicyKind::Trust, text)?)
}

/// The unique ids of the users and roles that a trust policy names, as far as they are kept here.
///
/// # Errors
/// [`Error::MalformedPolicyDocument`] for one of an account that is kept here, and is not there.
pub(crate) async fn principal_ids(
    tx: &mut Tx,
    document: &PolicyDocument,
) -> Result<Vec<String>, Error> {
    let mut ids = BTreeSet::new();
    for principal in document.principals() {
        let PrincipalName::Arn(text) = principal else { continue };
        match resolve(tx, text).await? {
            Resolved::Id(id) => ids.extend([id]),
            Resolved::Foreign => {}
            Resolved::Absent => {
                let text = format!("Invalid principal in policy: \"AWS\":\"{text}\"");
                return Err(Error::MalformedPolicyDocument(text));
            }
        }
    }
    Ok(ids.into_iter().collect())
}

/// Whom the ARN of a principal means.
enum Resolved {
    /// The user or role of this unique id.
    Id(String),
    /// Somebody who is not kept here, and may exist.
    Foreign,
    /// Nobody.
    Absent,
}

async fn resolve(tx: &mut Tx, text: &str) -> Result<Resolved, Error> {
    // What is no ARN is the unique id of one that went.
    let Ok(arn) = text.parse::<Arn>() else { return Ok(Resolved::Absent) };
    let Ok(id) = arn.account().parse::<AccountId>() else { return Ok(Resolved::Absent) };
    if account::find(tx, &id).await?.is_none() {
        return Ok(Resolved::Foreign);
    }
    let (kind, rest) = arn.resource().split_once('/').unwrap_or((arn.resource(), ""));
    let name = rest.rsplit('/').next().unwrap_or_default();
    let found = match kind {
        "user" => user::find(tx, &id, name)
            .await?
            .map(|user| (user.user_id, Arn::user(&id, &user.path, name))),
        "role" => role::find(tx, &id, name)
            .await?
            .map(|role| (role.role_id, Arn::role(&id, &role.path, name))),
        "assumed-role" => {
            let role_name = rest.split('/').next().unwrap_or_default();
            let role = role::find(tx, &id, role_name).await?;
            role.map(|role| (role.role_id, Arn::assumed_role(&id, role_name, name)))
        }
        // Of federated users there are only sessions.
        _ => return Ok(Resolved::Foreign),
    };
    Ok(match found {
        Some((id, found)) if found == arn => Resolved::Id(id),
        _ => Resolved::Absent,
    })
}

/// What becomes of a user or a role that trust policies may name.
pub(crate) enum Fate<'a> {
    /// It is deleted.
    Goes,
    /// It has another ARN from now on.
    Becomes(&'a Arn),
}

/// Lets trust policies say of a user or role what is true from now on. To be called in the
/// transaction that deletes it, or changes its name or path.
pub(crate) async fn principal_changes(
    tx: &mut Tx,
    principal_id: &str,
    arn: &Arn,
    fate: Fate<'_>,
) -> Result<(), Error> {
    let rename = |name: &str| renamed(name, arn, principal_id, &fate);
    let mut after = String::new();
    loop {
        let role_ids = trusted_principal::roles(tx, principal_id, &after, ROLES_AT_ONCE).await?;
        let Some(last) = role_ids.last() else { break };
        after.clone_from(last);
        for role_id in &role_ids {
            let Some(role) = role::find_by_id(tx, role_id).await? else { continue };
            let rewritten = rewrite(&role.trust_policy, rename);
            // A longer name may make it too long: then it says the id, which is none.
            let whole = rewritten.filter(|text| check(text).is_ok());
            let gone = |name: &str| renamed(name, arn, principal_id, &Fate::Goes);
            let Some(text) = whole.or_else(|| rewrite(&role.trust_policy, gone)) else {
                return Err(Error::Internal(format!("unreadable trust policy of {role_id}")));
            };
            role::set_trust_policy(tx, role_id, &text).await?;
        }
    }
    if matches!(fate, Fate::Goes) {
        trusted_principal::delete(tx, principal_id).await?;
    }
    Ok(())
}

/// What a policy is to say in place of `name`, if that means the principal or a session of it.
fn renamed(name: &str, arn: &Arn, principal_id: &str, fate: &Fate<'_>) -> Option<String> {
    if name == arn.as_str() {
        return Some(match fate {
            Fate::Goes => principal_id.to_owned(),
            Fate::Becomes(new) => new.to_string(),
        });
    }
    let role_name = arn.resource().strip_prefix("role/")?.rsplit('/').next()?;
    let named: Arn = name.parse().ok()?;
    let (role, session) = named.resource().strip_prefix("assumed-role/")?.split_once('/')?;
    let is_session = role == role_name && named.account() == arn.account();
    (is_session && matches!(fate, Fate::Goes)).then(|| format!("{principal_id}:{session}"))
}

/// The policy with other names for some of its AWS principals.
fn rewrite(text: &str, rename: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut policy: Value = serde_json::from_str(text).ok()?;
    for statement in one_or_many(policy.get_mut("Statement")?) {
        let Some(names) = statement.pointer_mut("/Principal/AWS") else { continue };
        for name in one_or_many(names) {
            if let Some(new) = name.as_str().and_then(&rename) {
                *name = new.into();
            }
        }
    }
    Some(policy.to_string())
}

fn one_or_many(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Array(list) => list,
        one => slice::from_mut(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement":[
        {"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:user\/ann","*"]},"Action":"sts:*"},
        {"Effect":"Allow","Principal":"*","Action":"sts:*"},
        {"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"sts:*"}]}"#;

    fn rewritten(fate: &Fate<'_>) -> Value {
        let ann = Arn::user(&"111122223333".parse().unwrap(), "/", "ann");
        let text = rewrite(POLICY, |name| renamed(name, &ann, "AIDA1", fate)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn who_goes_leaves_its_unique_id_however_its_arn_was_written() {
        let policy = rewritten(&Fate::Goes);
        let names = policy["Statement"][0]["Principal"]["AWS"].clone();
        assert_eq!(names, serde_json::json!(["AIDA1", "*"]));
        assert_eq!(policy["Statement"][1]["Principal"], "*");
        assert_eq!(policy["Statement"][2]["Principal"]["AWS"], "AIDA1");
    }

    #[test]
    fn who_is_renamed_stays_trusted() {
        let eve = Arn::user(&"111122223333".parse().unwrap(), "/team/", "eve");
        let policy = rewritten(&Fate::Becomes(&eve));
        assert_eq!(policy["Statement"][2]["Principal"]["AWS"], eve.as_str());
    }
}
