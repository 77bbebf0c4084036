//! As much of JSON Schema (draft 7) as the schema of CycloneDX needs, for checking what is written.

use regex::Regex;
use serde_json::Value;

/// What `value` does wrong by `schema`, a part of `root`.
pub fn violations(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        // Other files define signatures and identifiers of licences, which are not written.
        return match reference.strip_prefix('#') {
            Some(pointer) => violations(root, root.pointer(pointer).unwrap(), value, at),
            None => vec![format!("{at}: {reference} cannot be checked")],
        };
    }
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{at}: {what}: {value}"));
        }
    };
    if let Some(kind) = schema.get("type") {
        check(has_type(value, kind), &format!("type {kind}"));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        check(allowed.contains(value), "enum");
    }
    if let Some(text) = value.as_str() {
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            check(Regex::new(pattern).unwrap().is_match(text), pattern);
        }
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or_default();
        check(text.chars().count() as u64 >= least, "minLength");
    }
    if let (Some(number), Some(least)) = (value.as_f64(), schema.get("minimum")) {
        check(number >= least.as_f64().unwrap(), "minimum");
    }
    for (keyword, most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
        if let Some(choices) = schema.get(keyword).and_then(Value::as_array) {
            let fits = |choice: &&Value| violations(root, choice, value, at).is_empty();
            check((1..=most).contains(&choices.iter().filter(fits).count()), keyword);
        }
    }
    wrong.extend(in_object(root, schema, value, at));
    wrong.extend(in_list(root, schema, value, at));
    wrong
}

fn in_object(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(members) = value.as_object() else { return Vec::new() };
    let mut wrong = Vec::new();
    for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        if !members.contains_key(required.as_str().unwrap()) {
            wrong.push(format!("{at}: {required} is missing"));
        }
    }
    let known = schema.get("properties");
    for (name, member) in members {
        let at = format!("{at}/{name}");
        match known.and_then(|known| known.get(name)) {
            Some(schema) => wrong.extend(violations(root, schema, member, &at)),
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                wrong.push(format!("{at} is not known"));
            }
            None => {}
        }
    }
    wrong
}

fn in_list(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(items) = value.as_array() else { return Vec::new() };
    let mut wrong = Vec::new();
    if let Some(schema) = schema.get("items").filter(|it| it.is_object()) {
        for (index, item) in items.iter().enumerate() {
            wrong.extend(violations(root, schema, item, &format!("{at}/{index}")));
        }
    }
    if let Some(positions) = schema.get("items").and_then(Value::as_array) {
        for (index, (item, schema)) in items.iter().zip(positions).enumerate() {
            wrong.extend(violations(root, schema, item, &format!("{at}/{index}")));
        }
    }
    let count = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let (least, most) = (count("minItems").unwrap_or(0), count("maxItems").unwrap_or(u64::MAX));
    if !(least..=most).contains(&(items.len() as u64)) {
        wrong.push(format!("{at}: {} items", items.len()));
    }
    let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
    if unique && items.iter().enumerate().any(|(index, item)| items[..index].contains(item)) {
        wrong.push(format!("{at}: not unique"));
    }
    wrong
}

fn has_type(value: &Value, kind: &Value) -> bool {
    if let Some(kinds) = kind.as_array() {
        return kinds.iter().any(|kind| has_type(value, kind));
    }
    match kind.as_str().unwrap() {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("{other}"),
    }
}
