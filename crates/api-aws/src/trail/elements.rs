//! `requestParameters`, `responseElements` and `resources`, as CloudTrail has them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use wharfinger_audit::{HIDDEN, Resource};
use wharfinger_aws_protocol::query::Params;
use wharfinger_core::limits::{AUDIT_MEMBER_BYTES_MAX, AUDIT_TEXT_BYTES_MAX};
use wharfinger_core::{Arn, RegistryId, Timestamp};

use super::redaction::{human_time, is_secret, redacted, too_large};

/// How deep the names of a form are followed; none of IAM or STS is deeper.
const DEPTH_MAX: usize = 8;
/// Resources of one call that are listed.
const RESOURCES_MAX: usize = 100;
/// Parameters that are numbers in CloudTrail's records.
const NUMBERS: [&str; 3] = ["durationSeconds", "maxItems", "maxSessionDuration"];

/// The parameters of a form, `{"tags":[{"key":…}]}` for `Tags.member.1.Key=…`, without its secrets
/// and without what every call has.
pub(super) fn of_form(params: &Params) -> Option<Box<RawValue>> {
    let own = params
        .iter()
        .filter(|(name, _)| !matches!(*name, "Action" | "Version") && !name.starts_with("X-Amz-"));
    let own = own.map(|(name, value)| (name.split('.').collect::<Vec<_>>(), value)).collect();
    bounded(&object(own, 0))
}

fn bounded(value: &Value) -> Option<Box<RawValue>> {
    let text = value.to_string();
    match text.len() <= AUDIT_MEMBER_BYTES_MAX {
        true => RawValue::from_string(text).ok(),
        false => RawValue::from_string(too_large(text.len())).ok(),
    }
}

/// Parameters by the parts of their names that are left.
type Parts<'a> = Vec<(Vec<&'a str>, &'a str)>;

fn object(pairs: Parts<'_>, depth: usize) -> Value {
    let mut groups: BTreeMap<&str, Parts<'_>> = BTreeMap::new();
    for (mut name, value) in pairs {
        let rest = if name.len() > 1 { name.split_off(1) } else { Vec::new() };
        groups.entry(name.first().copied().unwrap_or_default()).or_default().push((rest, value));
    }
    if let (true, Some(list)) = (groups.len() == 1, groups.get("member").or(groups.get("entry"))) {
        return elements(list.clone(), depth);
    }
    let member = |(name, values)| {
        let name = lower_first(name);
        let value = match is_secret(&name) {
            true => HIDDEN.into(),
            false => value(&name, values, depth),
        };
        (name, value)
    };
    Value::Object(groups.into_iter().map(member).collect())
}

fn elements(pairs: Parts<'_>, depth: usize) -> Value {
    let mut numbered: BTreeMap<u32, Parts<'_>> = BTreeMap::new();
    for (mut name, value) in pairs {
        let rest = if name.len() > 1 { name.split_off(1) } else { Vec::new() };
        let number = name.first().and_then(|number| number.parse().ok()).unwrap_or_default();
        numbered.entry(number).or_default().push((rest, value));
    }
    Value::Array(numbered.into_values().map(|values| value("", values, depth)).collect())
}

fn value(name: &str, values: Parts<'_>, depth: usize) -> Value {
    let deeper = values.iter().any(|(rest, _)| !rest.is_empty());
    if deeper && depth < DEPTH_MAX {
        return object(values, depth + 1);
    }
    let text = values.first().map_or("", |(_, value)| value);
    match text.parse::<i64>() {
        Ok(number) if NUMBERS.contains(&name) => number.into(),
        _ => text.into(),
    }
}

/// What a call was answered, without its secrets: the result of an XML answer, or a JSON answer as
/// it is. None if there is nothing in it.
pub(super) fn of_answer(is_query: bool, body: &[u8]) -> Option<Box<RawValue>> {
    if !is_query {
        return redacted(body).filter(|elements| elements.get() != "{}");
    }
    bounded(&result_of_xml(body)?)
}

/// The members of `<OpResult>`.
fn result_of_xml(body: &[u8]) -> Option<Value> {
    let mut reader = Reader::from_reader(body);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.name().as_ref().ends_with(b"Result") => break,
            Event::Eof => return None,
            _ => {}
        }
    }
    let members = children(&mut reader, 0)?;
    Some(members).filter(Value::is_object)
}

/// What is in an element, up to its end: its members, its list, or its text.
fn children(reader: &mut Reader<&[u8]>, depth: usize) -> Option<Value> {
    let (mut members, mut list, mut text) = (Map::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                if depth > 2 * DEPTH_MAX {
                    return None;
                }
                let child = children(reader, depth + 1)?;
                match name.as_str() {
                    "member" | "entry" => list.push(child),
                    _ => {
                        let name = lower_first(&name);
                        let child = of_member(&name, child);
                        members.insert(name, child);
                    }
                }
            }
            Event::Empty(empty) => {
                let name = String::from_utf8_lossy(empty.name().as_ref()).into_owned();
                members.insert(lower_first(&name), Value::Null);
            }
            Event::Text(piece) => text.push_str(&piece.xml_content(XmlVersion::Implicit1_0).ok()?),
            Event::GeneralRef(reference) => {
                let name = reference.decode().ok()?;
                match reference.resolve_char_ref().ok()? {
                    Some(character) => text.push(character),
                    None => text.push_str(quick_xml::escape::resolve_xml_entity(&name)?),
                }
            }
            Event::End(_) => break,
            Event::Eof => return None,
            _ => {}
        }
    }
    Some(match (members.is_empty(), list.is_empty()) {
        (false, _) => Value::Object(members),
        (true, false) => Value::Array(list),
        (true, true) => text.into(),
    })
}

fn of_member(name: &str, value: Value) -> Value {
    if is_secret(name) {
        return HIDDEN.into();
    }
    let is_time = name.ends_with("Date") || name == "expiration";
    match value.as_str().filter(|_| is_time).and_then(Timestamp::parse_http_date) {
        Some(time) => human_time(time).into(),
        None => value,
    }
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// What parameters name.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Named<'a> {
    #[serde(borrow)]
    registry_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    repository_name: Option<Cow<'a, str>>,
    repository_names: Option<Vec<String>>,
    #[serde(borrow)]
    resource_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    role_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    policy_arn: Option<Cow<'a, str>>,
}

/// The resources that parameters name: repositories of the account, or of the one they name, and
/// whatever they name by its ARN.
pub(super) fn resources<'a>(
    parameters: Option<&RawValue>,
    account: &'a str,
    region: &str,
) -> Vec<Resource<'a>> {
    let named = parameters.and_then(|text| serde_json::from_str(text.get()).ok());
    let Named {
        registry_id,
        repository_name,
        repository_names,
        resource_arn,
        role_arn,
        policy_arn,
    } = named.unwrap_or_default();
    let account = match registry_id {
        Some(other) => Cow::Owned(other.into_owned()),
        None => Cow::Borrowed(account),
    };
    let registry = account.parse().ok().zip(region.parse().ok());
    let registry = registry.map(|(account, region)| RegistryId::new(account, region));
    let names =
        repository_name.into_iter().chain(repository_names.into_iter().flatten().map(Cow::Owned));
    let repository = |name: Cow<'_, str>| {
        let arn = Arn::repository(registry.as_ref()?, &name.parse().ok()?).into_string();
        let account_id = Cow::Owned(account.clone().into_owned());
        Some(Resource { arn: arn.into(), account_id, kind: "AWS::ECR::Repository" })
    };
    let by_arn = |arn: Option<Cow<'_, str>>, kind| {
        let arn: Arn = arn.filter(|arn| arn.len() <= AUDIT_TEXT_BYTES_MAX)?.parse().ok()?;
        let account_id = Cow::Owned(arn.account().to_owned());
        Some(Resource { arn: arn.into_string().into(), account_id, kind })
    };
    let of_arns = [
        by_arn(resource_arn, "AWS::ECR::Repository"),
        by_arn(role_arn, "AWS::IAM::Role"),
        by_arn(policy_arn, "AWS::IAM::Policy"),
    ];
    names.filter_map(repository).chain(of_arns.into_iter().flatten()).take(RESOURCES_MAX).collect()
}

#[cfg(test)]
mod tests;
