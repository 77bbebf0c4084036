//! What policies say to a request, by the tables of the IAM user guide, straight from their JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::condition;

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub action: &'static str,
    pub resource: &'static str,
    pub account: &'static str,
    pub principal: &'static str,
    pub role: Option<&'static str>,
    pub service: Option<&'static str>,
    /// Condition keys by their names in small letters.
    pub keys: BTreeMap<&'static str, Vec<&'static str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// "A request results in an explicit deny if an applicable policy includes a Deny statement",
/// an allow overrides the default, and the default is to deny.
pub fn identity(documents: &[Value], asked: &Asked) -> Verdict {
    let applicable = documents.iter().flat_map(|document| {
        let variables = document["Version"] == "2012-10-17";
        list(&document["Statement"]).iter().filter(move |it| applies(it, asked, variables))
    });
    verdict(applicable)
}

/// The same of a policy whose statements say to whom they apply.
pub fn resource(document: &Value, asked: &Asked) -> Verdict {
    let variables = document["Version"] == "2012-10-17";
    let statements = list(&document["Statement"]);
    verdict(statements.iter().filter(|it| names(it, asked) && applies(it, asked, variables)))
}

fn verdict<'a>(applicable: impl Iterator<Item = &'a Value>) -> Verdict {
    let effects: Vec<&str> = applicable.filter_map(|it| it["Effect"].as_str()).collect();
    if effects.contains(&"Deny") {
        Verdict::ExplicitDeny
    } else if effects.contains(&"Allow") {
        Verdict::Allow
    } else {
        Verdict::ImplicitDeny
    }
}

/// One element, or a list of them.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn applies(statement: &Value, asked: &Asked, variables: bool) -> bool {
    let action = |pattern: &Value| {
        let pattern = pattern.as_str().unwrap().to_ascii_lowercase();
        glob(&literal(&pattern), &asked.action.to_ascii_lowercase())
    };
    let resource = |pattern: &Value| arn_matches(pattern.as_str().unwrap(), asked, variables);
    let action_fits = match statement.get("Action") {
        Some(actions) => list(actions).iter().any(action),
        None => !list(&statement["NotAction"]).iter().any(action),
    };
    let resource_fits = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(resources), _) => list(resources).iter().any(resource),
        (None, Some(resources)) => !list(resources).iter().any(resource),
        (None, None) => true,
    };
    action_fits && resource_fits && condition::all_hold(statement, asked, variables)
}

/// ARNs are compared part by part; parts that are left out are wildcards.
fn arn_matches(pattern: &str, asked: &Asked, variables: bool) -> bool {
    if pattern == "*" {
        return true;
    }
    let found: Vec<&str> = asked.resource.splitn(6, ':').collect();
    if found.len() < 6 {
        return false;
    }
    // A colon inside a variable separates nothing.
    let mut parts: Vec<&str> = pattern.splitn(6, ':').collect();
    parts.resize(6, "*");
    parts.iter().zip(found).all(|(part, found)| {
        substitute(part, asked, variables).is_some_and(|part| glob(&part, found))
    })
}

/// A character of a pattern: one that stands for itself, or a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Itself(char),
    One,
    Many,
}

/// A text in which only `*` and `?` have a meaning.
pub fn literal(text: &str) -> Vec<Sign> {
    let sign = |character| match character {
        '*' => Sign::Many,
        '?' => Sign::One,
        other => Sign::Itself(other),
    };
    text.chars().map(sign).collect()
}

/// Puts values in the place of policy variables: what they bring stands for itself. `None` when one
/// has neither a value nor a default.
pub fn substitute(text: &str, asked: &Asked, variables: bool) -> Option<Vec<Sign>> {
    if !variables {
        return Some(literal(text));
    }
    let mut signs = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        signs.extend(literal(&rest[..start]));
        let length = rest[start..].find('}').unwrap();
        let inside = &rest[start + 2..start + length];
        rest = &rest[start + length + 1..];
        if ["*", "?", "$"].contains(&inside) {
            signs.extend(inside.chars().map(Sign::Itself));
            continue;
        }
        let (name, default) = match inside.split_once(", '") {
            Some((name, default)) => (name, default.strip_suffix('\'')),
            None => (inside, None),
        };
        let value = match asked.keys.get(name.to_lowercase().as_str()).map(Vec::as_slice) {
            Some([value]) => Some(*value),
            _ => default,
        };
        signs.extend(value?.chars().map(Sign::Itself));
    }
    signs.extend(literal(rest));
    Some(signs)
}

/// Whether a pattern matches the whole of a text: which beginnings of the text each beginning of the
/// pattern matches, one after the other.
pub fn glob(pattern: &[Sign], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for sign in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match sign {
                Sign::Many => reached[at] || (at > 0 && next[at - 1]),
                Sign::One => at > 0 && reached[at - 1],
                Sign::Itself(character) => at > 0 && reached[at - 1] && text[at - 1] == *character,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

/// How somebody is named.
#[derive(PartialEq, Eq)]
enum Named {
    No,
    ByAccount,
    Itself,
}

fn names(statement: &Value, asked: &Asked) -> bool {
    if let Some(principal) = statement.get("Principal") {
        return named(principal, asked) != Named::No;
    }
    let is_root = asked.principal.ends_with(":root");
    match (named(&statement["NotPrincipal"], asked), statement["Effect"].as_str().unwrap()) {
        (Named::No, _) => true,
        (Named::Itself, _) => false,
        // An account that is listed to spare one of its users spares its root, not all of it.
        (Named::ByAccount, "Deny") => !is_root,
        (Named::ByAccount, _) => false,
    }
}

fn named(principal: &Value, asked: &Asked) -> Named {
    if principal == "*" {
        return Named::Itself;
    }
    let mut found = Named::No;
    for (kind, names) in principal.as_object().unwrap() {
        for name in list(names).iter().map(|name| name.as_str().unwrap()) {
            let is_itself = match kind.as_str() {
                "AWS" => {
                    name == "*"
                        || name == asked.principal && !name.ends_with(":root")
                        || Some(name) == asked.role
                }
                "Service" => Some(name) == asked.service,
                _ => false,
            };
            let root = format!("arn:aws:iam::{}:root", asked.account);
            if is_itself {
                return Named::Itself;
            }
            if kind == "AWS" && (name == asked.account || name == root) {
                found = Named::ByAccount;
            }
        }
    }
    found
}
