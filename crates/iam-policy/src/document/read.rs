//! From JSON to compiled policies.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::source::Source;
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
    let id = raw.id.map(|id| source.string(id, "Id")).transpose()?;
    let statements = raw
        .statement
        .ok_or_else(|| source.malformed(source.text(), "Missing required field Statement."))?;
    let mut sids = HashSet::new();
    let statements = source
        .one_or_many(statements, "Statement")?
        .into_iter()
        .map(|raw| {
            let statement = statement(source, raw.get(), kind, version)?;
            // Other policies may have any Sid any number of times, as ECR takes them.
            let unique = kind == PolicyKind::Identity;
            if unique && statement.sid.as_ref().is_some_and(|sid| !sids.insert(sid.clone())) {
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
        _ => Err(source.malformed(raw.get(), "Version must be 2012-10-17 or 2008-10-17.")),
    }
}

fn statement<'a>(
    source: Source<'a>,
    part: &'a str,
    kind: PolicyKind,
    version: Version,
) -> Result<Statement, MalformedPolicy> {
    let raw: RawStatement<'a> = source.object(part, "A statement")?;
    let principals =
        Named { this: ("Principal", raw.principal), not: ("NotPrincipal", raw.not_principal) };
    let actions = Named { this: ("Action", raw.action), not: ("NotAction", raw.not_action) };
    let resources =
        Named { this: ("Resource", raw.resource), not: ("NotResource", raw.not_resource) };
    if kind == PolicyKind::Identity
        && let Some(principal) = principals.any()
    {
        let reason = "Policy document should not specify a principal.";
        return Err(source.malformed(principal.get(), reason));
    }
    let effect =
        raw.effect.ok_or_else(|| source.malformed(part, "Missing required field Effect."))?;
    let any_resource = kind == PolicyKind::Repository && resources.any().is_none();
    Ok(Statement {
        sid: raw.sid.map(|raw| sid(source, raw, kind)).transpose()?.flatten(),
        effect: effect_of(source, effect)?,
        principals: match kind {
            PolicyKind::Identity => None,
            PolicyKind::Repository | PolicyKind::Registry => {
                Some(principals.read(source, part, |_, raw| principal::principals(source, raw))?)
            }
        },
        actions: actions.read(source, part, |name, raw| {
            patterns(source, name, raw, |text| ActionPattern::parse(text).map_err(str::to_owned))
        })?,
        resources: if any_resource {
            None
        } else {
            Some(resources.read(source, part, |name, raw| {
                patterns(source, name, raw, |text| ResourcePattern::parse(text, version))
            })?)
        },
        conditions: match raw.condition {
            None => Vec::new(),
            Some(raw) => condition::conditions(source, raw, version)?,
        },
    })
}

/// `None` for the empty id, of which a policy may have many.
fn sid<'a>(
    source: Source<'a>,
    raw: &'a RawValue,
    kind: PolicyKind,
) -> Result<Option<String>, MalformedPolicy> {
    let sid = source.string(raw, "Sid")?;
    if kind == PolicyKind::Identity && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
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

/// The patterns of the member `name`: one, or a list of them.
fn patterns<'a, P>(
    source: Source<'a>,
    name: &str,
    raw: &'a RawValue,
    pattern: impl Fn(&str) -> Result<P, String>,
) -> Result<Vec<P>, MalformedPolicy> {
    let compiled = source.one_or_many(raw, name)?.into_iter().map(|item| {
        let text = source.string(item, name)?;
        pattern(&text).map_err(|reason| source.malformed(item.get(), &reason))
    });
    compiled.collect()
}

/// A member and its opposite, of which a statement has exactly one.
struct Named<'a> {
    this: (&'static str, Option<&'a RawValue>),
    not: (&'static str, Option<&'a RawValue>),
}

impl<'a> Named<'a> {
    /// Either of them.
    fn any(&self) -> Option<&'a RawValue> {
        self.this.1.or(self.not.1)
    }

    fn read<P>(
        self,
        source: Source<'a>,
        statement: &str,
        read: impl Fn(&str, &'a RawValue) -> Result<Vec<P>, MalformedPolicy>,
    ) -> Result<Selection<P>, MalformedPolicy> {
        match (self.this, self.not) {
            ((name, Some(raw)), (_, None)) => read(name, raw).map(Selection::Of),
            ((_, None), (name, Some(raw))) => read(name, raw).map(Selection::AllBut),
            ((this, _), (not, _)) => {
                let reason = format!("A statement must have exactly one of {this} and {not}.");
                Err(source.malformed(statement, &reason))
            }
        }
    }
}
