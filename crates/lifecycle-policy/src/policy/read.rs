//! From JSON to rules, each valid in itself. The order of the checks is that of the document.

use serde_json::{Map, Value};
use wharfinger_core::limits::{
    LIFECYCLE_ARCHIVED_DAYS_MIN, LIFECYCLE_PATTERN_WILDCARDS_MAX, LIFECYCLE_RULES_MAX,
};

use super::{Action, Count, Rule, Selection, StorageClass, TagSelection};
use crate::{InvalidPolicy, TagPattern};

type Object = Map<String, Value>;

pub(super) fn rules(text: &str) -> Result<Vec<Rule>, InvalidPolicy> {
    let document: Value = serde_json::from_str(text).map_err(|_| InvalidPolicy::NotAPolicy)?;
    let document = document.as_object().ok_or(InvalidPolicy::NotAPolicy)?;
    check_properties(document, &["rules"], &[])?;
    let rules = array(document.get("rules"))?;
    match rules.len() {
        0 => Err(InvalidPolicy::NoRules),
        1..=LIFECYCLE_RULES_MAX => rules.iter().map(rule).collect(),
        found => Err(InvalidPolicy::TooManyRules { max: LIFECYCLE_RULES_MAX, found }),
    }
}

fn rule(value: &Value) -> Result<Rule, InvalidPolicy> {
    let rule = object(Some(value))?;
    check_properties(rule, &["action", "rulePriority", "selection"], &["description"])?;
    let priority = integer(rule.get("rulePriority"), 1)?;
    let description = rule.get("description").map(string).transpose()?.map(str::to_owned);
    let action = action(object(rule.get("action"))?)?;
    let selection = selection(object(rule.get("selection"))?, action)?;
    Ok(Rule { priority, description, selection, action })
}

fn action(action: &Object) -> Result<Action, InvalidPolicy> {
    check_properties(action, &["type"], &["targetStorageClass"])?;
    let target = match action.get("targetStorageClass") {
        Some(Value::Null) => return Err(InvalidPolicy::NoSchemaMatches),
        Some(target) => Some(one_of(target, &["archive"])?),
        None => None,
    };
    let kind = action.get("type").unwrap_or(&Value::Null);
    match (one_of(kind, &["expire", "transition"])?, target) {
        ("expire", None) => Ok(Action::Expire),
        ("transition", Some(_)) => Ok(Action::Archive),
        _ => Err(InvalidPolicy::NoSchemaMatches),
    }
}

fn selection(selection: &Object, action: Action) -> Result<Selection, InvalidPolicy> {
    check_properties(
        selection,
        &["countNumber", "countType", "tagStatus"],
        &["countUnit", "storageClass", "tagPatternList", "tagPrefixList"],
    )?;
    if selection.values().any(Value::is_null) {
        return Err(InvalidPolicy::NoSchemaMatches);
    }
    let status = selection.get("tagStatus").unwrap_or(&Value::Null);
    let status = one_of(status, &["any", "tagged", "untagged"])?;
    let prefixes = tag_list(selection.get("tagPrefixList"), prefix)?;
    let patterns = tag_list(selection.get("tagPatternList"), pattern)?;
    let storage_class = match selection.get("storageClass") {
        None => StorageClass::Standard,
        Some(class) => match one_of(class, &["archive", "standard"])? {
            "archive" => StorageClass::Archive,
            _ => StorageClass::Standard,
        },
    };
    let count = count(selection, storage_class, action)?;
    let tags = match (status, prefixes.is_empty(), patterns.is_empty()) {
        ("tagged", true, true) => return Err(InvalidPolicy::NoTagList),
        ("tagged", false, false) => return Err(InvalidPolicy::TwoTagLists),
        ("tagged", false, true) => TagSelection::Tagged(prefixes),
        ("tagged", true, false) => TagSelection::Tagged(patterns),
        ("untagged", true, true) => TagSelection::Untagged,
        (_, true, true) => TagSelection::Any,
        _ => return Err(InvalidPolicy::UnusedTagList),
    };
    Ok(Selection { tags, storage_class, count })
}

/// The table of what goes together (user guide, "Lifecycle policy properties").
fn count(
    selection: &Object,
    storage_class: StorageClass,
    action: Action,
) -> Result<Count, InvalidPolicy> {
    use StorageClass::{Archive, Standard};
    let number = integer(selection.get("countNumber"), 1)?;
    let kind = selection.get("countType").and_then(Value::as_str).unwrap_or_default();
    let unit = selection.get("countUnit").map(|unit| unit.as_str().unwrap_or_default());
    match (kind, unit, storage_class, action) {
        ("imageCountMoreThan", None, Standard, _) => Ok(Count::ImagesMoreThan(number)),
        ("sinceImagePushed", Some("days"), Standard, _) => Ok(Count::DaysSincePushed(number)),
        ("sinceImagePulled", Some("days"), Standard, Action::Archive) => {
            Ok(Count::DaysSincePulled(number))
        }
        ("sinceImageTransitioned", Some("days"), Archive, Action::Expire) => {
            let minimum = LIFECYCLE_ARCHIVED_DAYS_MIN;
            if number < minimum {
                return Err(InvalidPolicy::BelowMinimum { minimum, found: number.into() });
            }
            Ok(Count::DaysSinceTransitioned(number))
        }
        _ => Err(InvalidPolicy::NoSchemaMatches),
    }
}

/// A list of tags; an empty one says as much as none.
fn tag_list(
    value: Option<&Value>,
    entry: impl Fn(&str) -> Result<TagPattern, InvalidPolicy>,
) -> Result<Vec<TagPattern>, InvalidPolicy> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let entries = array(Some(value))?.iter();
    entries
        .map(|value| match string(value)? {
            "" => Err(InvalidPolicy::EmptyPattern),
            text => entry(text),
        })
        .collect()
}

fn prefix(text: &str) -> Result<TagPattern, InvalidPolicy> {
    Ok(TagPattern::Prefix(text.to_owned()))
}

fn pattern(text: &str) -> Result<TagPattern, InvalidPolicy> {
    let max = LIFECYCLE_PATTERN_WILDCARDS_MAX;
    if text.matches('*').count() > max {
        let pattern = Value::from(text).to_string();
        return Err(InvalidPolicy::TooManyWildcards { pattern, max });
    }
    Ok(TagPattern::Pattern(text.to_owned()))
}

/// Both lists of names are sorted.
fn check_properties(
    object: &Object,
    required: &[&str],
    optional: &[&str],
) -> Result<(), InvalidPolicy> {
    let missing = required.iter().filter(|name| !object.contains_key(**name));
    let missing: Vec<String> = missing.map(|name| (*name).to_owned()).collect();
    if !missing.is_empty() {
        return Err(InvalidPolicy::MissingProperties(missing));
    }
    let known = |name: &str| required.contains(&name) || optional.contains(&name);
    let mut unknown: Vec<String> = object.keys().filter(|name| !known(name)).cloned().collect();
    if unknown.is_empty() {
        return Ok(());
    }
    unknown.sort_unstable();
    Err(InvalidPolicy::UnknownProperties(unknown))
}

fn one_of(value: &Value, possible: &'static [&'static str]) -> Result<&'static str, InvalidPolicy> {
    let found = value.as_str();
    let known = possible.iter().find(|text| Some(**text) == found);
    known.copied().ok_or_else(|| InvalidPolicy::NotInEnum { found: value.to_string(), possible })
}

fn array(value: Option<&Value>) -> Result<&Vec<Value>, InvalidPolicy> {
    value.and_then(Value::as_array).ok_or_else(|| wrong_type(value, "array"))
}

fn object(value: Option<&Value>) -> Result<&Object, InvalidPolicy> {
    value.and_then(Value::as_object).ok_or_else(|| wrong_type(value, "object"))
}

fn string(value: &Value) -> Result<&str, InvalidPolicy> {
    value.as_str().ok_or_else(|| wrong_type(Some(value), "string"))
}

/// A whole number, which JSON Schema lets be written as `1.0` too. What does not fit the 32 bits of
/// the service model is refused as a whole.
fn integer(value: Option<&Value>, minimum: u32) -> Result<u32, InvalidPolicy> {
    let not_integer = || wrong_type(value, "integer");
    let number = value.and_then(Value::as_number).ok_or_else(not_integer)?;
    let found = match number.as_i64() {
        Some(found) => found,
        None => {
            let float = number.as_f64().ok_or_else(not_integer)?;
            if float.fract() != 0.0 {
                return Err(not_integer());
            }
            // Too large or too small ends at the bounds, which are refused below.
            float as i64
        }
    };
    if found < i64::from(minimum) {
        return Err(InvalidPolicy::BelowMinimum { minimum, found });
    }
    i32::try_from(found).map(i32::unsigned_abs).map_err(|_| InvalidPolicy::NotAPolicy)
}

fn wrong_type(value: Option<&Value>, allowed: &'static str) -> InvalidPolicy {
    let found = match value {
        None | Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(number)) if number.is_f64() => "number",
        Some(Value::Number(_)) => "integer",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    };
    InvalidPolicy::WrongType { found, allowed }
}
