//! From JSON to compiled policies.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::kind::Presence;
use super::source::{SYNTAX, Source};
use super::{Effect, PolicyDocument, PolicyKind, Selection, Statement, Version};
use super::{condition, principal};
use crate::action::ActionPattern;
use crate::malformed::MalformedPolicy;
use crate::resource::ResourcePattern;

/// The members of a policy. Serde refuses unknown and repeated ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RawDocument<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    version: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    statement: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RawStatement<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    sid: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    effect: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    action: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    not_action: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    not_resource: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    condition: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    principal: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    not_principal: Option<&'a RawValue>,
}

/// A member that is there, be it `null`: IAM does not take that for absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

pub(super) fn document(
    kind: PolicyKind,
    source: Source<'_>,
) -> Result<PolicyDocument, MalformedPolicy> {
    let raw: RawDocument<'_> = source.object(source.text(), "A policy")?;
    let version = raw.version.map_or(Ok(Version::default()), |raw| version(source, raw))?;
    if kind == PolicyKind::Managed && version != Version::V2012 {
        let reason = "Policy document must be version 2012-10-17 or greater.";
        return Err(source.malformed(raw.version.map_or(source.text(), RawValue::get), reason));
    }
    let id = raw.id.map(|id| source.string(id, "Id")).transpose()?;
    let statements = raw
        .statement
        .ok_or_else(|| source.malformed(source.text(), "Missing required field Statement"))?;
    let mut sids = HashSet::new();
    let statements = source
        .one_or_many(statements, "Statement")?
        .into_iter()
        .map(|raw| {
            let statement = statement(source, raw.get(), kind, version)?;
            // Other policies may have any Sid any number of times, as ECR takes them.
            if kind.is_of_iam()
                && statement.sid.as_ref().is_some_and(|sid| !sids.insert(sid.clone()))
            {
                let reason = "Statement IDs (SID) in a single policy must be unique.";
                return Err(source.malformed(raw.get(), reason));
            }
            Ok(statement)
        })
        .collect::<Result<_, _>>()?;
    Ok(PolicyDocument { version, id, statements })
}

fn version(source: Source<'_>, raw: &RawValue) -> Result<Version, MalformedPolicy> {
    match raw.get() {
        r#""2012-10-17""# => Ok(Version::V2012),
        r#""2008-10-17""# => Ok(Version::V2008),
        _ => Err(source.malformed(raw.get(), "The policy must contain a valid version string")),
    }
}

fn statement<'a>(
    source: Source<'a>,
    part: &'a str,
    kind: PolicyKind,
    version: Version,
) -> Result<Statement, MalformedPolicy> {
    let raw: RawStatement<'a> = source.object(part, "A statement")?;
    let principals = Named::new("Principal", raw.principal, raw.not_principal);
    let actions = Named::new("Action", raw.action, raw.not_action);
    let resources = Named::new("Resource", raw.resource, raw.not_resource);
    for (named, presence) in [(&principals, kind.principals()), (&resources, kind.resources())] {
        if let (Presence::Prohibited, Some((name, raw))) = (presence, named.any()) {
            return Err(source.malformed(raw.get(), &prohibited(kind, &name)));
        }
    }
    if let (PolicyKind::Trust, Some(raw)) = (kind, raw.not_principal) {
        let reason = "AssumeRole policy must not contain NotPrincipal field.";
        return Err(source.malformed(raw.get(), reason));
    }
    let effect =
        raw.effect.ok_or_else(|| source.malformed(part, "Missing required field Effect"))?;
    let reading = Reading { source, part, kind };
    Ok(Statement {
        sid: raw.sid.map(|raw| sid(source, raw, kind)).transpose()?.flatten(),
        effect: effect_of(source, effect)?,
        principals: reading
            .read(principals, kind.principals(), |_, raw| principal::principals(source, raw))?,
        actions: reading
            .read(actions, Presence::Required, |name, raw| {
                reading.patterns(name, raw, |text| action(kind, text))
            })?
            .ok_or_else(|| source.malformed(part, &missing(kind, "Action")))?,
        resources: reading.read(resources, kind.resources(), |name, raw| {
            reading.patterns(name, raw, |text| ResourcePattern::parse(text, version))
        })?,
        conditions: match raw.condition {
            None => Vec::new(),
            Some(raw) => condition::conditions(source, raw, version)?,
        },
    })
}

/// An element of `Action` or `NotAction`. Who trusts somebody lets it assume the role, and do what
/// belongs to that.
fn action(kind: PolicyKind, text: &str) -> Result<ActionPattern, String> {
    let pattern = ActionPattern::parse(text)?;
    let is_of_sts = text.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts:"));
    if kind == PolicyKind::Trust && !is_of_sts {
        return Err("AssumeRole policy may only specify STS AssumeRole actions.".into());
    }
    Ok(pattern)
}

/// What IAM says of an element that statements of a kind do not have.
fn prohibited(kind: PolicyKind, name: &str) -> String {
    match kind.principals() {
        Presence::Prohibited => "Policy document should not specify a principal.".into(),
        _ => format!("Has prohibited field {name}"),
    }
}

/// What IAM says of an element that statements of a kind must have.
fn missing(kind: PolicyKind, name: &str) -> String {
    match (kind.principals(), name) {
        (Presence::Prohibited, "Action") => "Policy statement must contain actions.".into(),
        (Presence::Prohibited, "Resource") => "Policy statement must contain resources.".into(),
        _ => format!("Missing required field {name}"),
    }
}

/// `None` for the empty id, of which a policy may have many.
fn sid<'a>(
    source: Source<'a>,
    raw: &'a RawValue,
    kind: PolicyKind,
) -> Result<Option<String>, MalformedPolicy> {
    let sid = source.string(raw, "Sid")?;
    if kind.is_of_iam() && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let reason = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies \
                      the regular expression [0-9A-Za-z]*";
        return Err(source.malformed(raw.get(), reason));
    }
    Ok(Some(sid).filter(|sid| !sid.is_empty()))
}

fn effect_of<'a>(source: Source<'a>, raw: &'a RawValue) -> Result<Effect, MalformedPolicy> {
    match source.string(raw, "Effect")?.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(source.malformed(raw.get(), &format!("Invalid effect: {other}"))),
    }
}

/// A member and its opposite, of which a statement has one at the most.
struct Named<'a> {
    name: &'static str,
    this: Option<&'a RawValue>,
    not: Option<&'a RawValue>,
}

impl<'a> Named<'a> {
    fn new(name: &'static str, this: Option<&'a RawValue>, not: Option<&'a RawValue>) -> Self {
        Self { name, this, not }
    }

    /// Either of them, with its name.
    fn any(&self) -> Option<(String, &'a RawValue)> {
        let this = self.this.map(|raw| (self.name.to_owned(), raw));
        this.or_else(|| Some((format!("Not{}", self.name), self.not?)))
    }
}

/// A statement while it is read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    source: Source<'a>,
    part: &'a str,
    kind: PolicyKind,
}

impl<'a> Reading<'a> {
    fn read<P>(
        self,
        named: Named<'a>,
        presence: Presence,
        read: impl Fn(&str, &'a RawValue) -> Result<Vec<P>, MalformedPolicy>,
    ) -> Result<Option<Selection<P>>, MalformedPolicy> {
        let name = named.name;
        match (named.this, named.not) {
            (Some(raw), None) => Ok(Some(Selection::Of(read(name, raw)?))),
            (None, Some(raw)) => Ok(Some(Selection::AllBut(read(&format!("Not{name}"), raw)?))),
            (None, None) if presence == Presence::Required => {
                Err(self.source.malformed(self.part, &missing(self.kind, name)))
            }
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                let reason =
                    format!("{SYNTAX} A statement must have exactly one of {name} and Not{name}.");
                Err(self.source.malformed(self.part, &reason))
            }
        }
    }

    /// The patterns of the member `name`: one, or a list of them.
    fn patterns<P>(
        self,
        name: &str,
        raw: &'a RawValue,
        pattern: impl Fn(&str) -> Result<P, String>,
    ) -> Result<Vec<P>, MalformedPolicy> {
        let source = self.source;
        let is_empty = raw.get().starts_with('[') && raw.get()[1..].trim_start().starts_with(']');
        if is_empty && self.kind.is_of_iam() {
            let name = name.strip_prefix("Not").unwrap_or(name);
            return Err(source.malformed(raw.get(), &missing(self.kind, name)));
        }
        let compiled = source.one_or_many(raw, name)?.into_iter().map(|item| {
            let text = source.string(item, name)?;
            pattern(&text).map_err(|reason| source.malformed(item.get(), &reason))
        });
        compiled.collect()
    }
}
