//! The facts, walked beside the generated code: for each member of each ECR input a good value is
//! taken, and every way of breaking one of its constraints is refused, at the right place and for
//! the right reason.

use serde_json::{Value, json};

use super::{decode, facts};
use crate::DecodeError;
use crate::ecr::Operation;

const UUID: &str = "6c3a2b10-0000-4000-8000-0123456789ab";

/// A good value for each shape with a pattern.
const SAMPLES: &[(&str, &str)] = &[
    (
        "CredentialArn",
        "arn:aws:secretsmanager:eu-west-1:012345678901:secret:ecr-pullthroughcache/x",
    ),
    ("ImageTagMutabilityExclusionFilterValue", "dev-*"),
    ("KmsKeyForRepositoryCreationTemplate", "arn:aws:kms:eu-west-1:012345678901:key/abc-1"),
    ("LayerDigest", "sha256:00ff"),
    ("Prefix", "team/app/"),
    ("PrincipalArn", "arn:aws:iam::012345678901:role/path/Reader"),
    ("PullThroughCacheRuleRepositoryPrefix", "ROOT"),
    ("Region", "eu-west-1"),
    ("RegistryId", "012345678901"),
    ("ReplicationBackfillId", UUID),
    ("RepositoryFilterValue", "team/"),
    ("RepositoryName", "team/app"),
    ("ScanningRepositoryFilterValue", "team/*"),
    ("SigningProfileArn", "arn:aws:signer:eu-west-1:012345678901:/signing-profiles/releases"),
    ("SigningRepositoryFilterValue", "team/*"),
    ("UploadId", UUID),
];

struct Shapes(Vec<Value>);

impl Shapes {
    fn get(&self, name: &Value) -> &Value {
        self.0.iter().find(|shape| shape["name"] == *name).unwrap()
    }

    /// A good value with every member present.
    fn sample(&self, name: &Value) -> Value {
        let shape = self.get(name);
        let sample = SAMPLES.iter().find(|(of, _)| name == of);
        match shape["type"].as_str().unwrap() {
            "structure" => members(shape)
                .map(|member| (text(&member["name"]), self.sample(&member["shape"])))
                .collect(),
            "list" => json!([self.sample(&shape["member"])]),
            "string" if shape["enum"].is_array() => shape["enum"][0].clone(),
            "string" => match sample {
                Some((_, text)) => json!(text),
                None => json!("a".repeat(shape["min"].as_u64().unwrap_or(1).max(1) as usize)),
            },
            "integer" | "long" => json!(shape["min"].as_i64().unwrap_or(7)),
            "boolean" => json!(true),
            "blob" => json!("aGk="),
            other => panic!("no sample of {other}"),
        }
    }
}

fn members(shape: &Value) -> impl Iterator<Item = &Value> {
    shape["members"].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A place in the body to break things at.
#[derive(Clone)]
struct Place {
    pointer: String,
    /// As errors name it.
    path: String,
    /// Plain elements are blamed on their list.
    list: Option<String>,
}

/// Bad values for a shape, each with what the reason must contain; `None` asks for a type error.
fn bad_values(shape: &Value) -> Vec<(Value, Option<String>)> {
    let mut bad = Vec::new();
    let kind = shape["type"].as_str().unwrap();
    bad.push((if kind == "list" { json!(7) } else { json!([7]) }, None));
    let of_length = |length: i64| match kind {
        "list" => json!(vec![Value::Null; length as usize]),
        // Four characters of base64 for three bytes; the last group holds the odd one.
        "blob" => json!("AAAA".repeat(length as usize / 3) + "AAA="),
        _ => json!("é".repeat(length as usize)),
    };
    let number = matches!(kind, "integer" | "long");
    let word = if number { "value" } else { "length" };
    if let Some(min) = shape["min"].as_i64().filter(|min| number || *min > 0) {
        let value = if number { json!(min - 1) } else { of_length(min - 1) };
        bad.push((value, Some(format!("{word} greater than or equal to {min}"))));
    }
    if let Some(max) = shape["max"].as_i64() {
        let value = if number { json!(max + 1) } else { of_length(max + 1) };
        bad.push((value, Some(format!("{word} less than or equal to {max}"))));
    }
    if let Some(pattern) = shape["pattern"].as_str() {
        let length = shape["min"].as_u64().unwrap_or(1).max(1) as usize;
        bad.push((json!("\u{7f}".repeat(length)), Some(pattern.to_owned())));
    }
    if let Some(values) = shape["enum"].as_array() {
        let set: Vec<String> = values.iter().map(text).collect();
        let reason = format!("Member must satisfy enum value set: [{}]", set.join(", "));
        bad.push((json!("nothing"), Some(reason)));
    }
    bad
}

/// Breaks the shape at `place` of a good `body` in every way, then what is within it.
fn walk(shapes: &Shapes, operation: Operation, body: &Value, name: &Value, place: &Place) -> usize {
    let shape = shapes.get(name);
    let mut checked = 0;
    if !place.pointer.is_empty() {
        for (value, reason) in bad_values(shape) {
            refused(operation, body, place, value, reason.as_deref());
            checked += 1;
        }
    }
    for member in members(shape) {
        let name = text(&member["name"]);
        let dot = if place.path.is_empty() { "" } else { "." };
        let within = Place {
            pointer: format!("{}/{name}", place.pointer),
            path: format!("{}{dot}{name}", place.path),
            list: None,
        };
        if member["required"] == true {
            refused(operation, body, &within, Value::Null, Some("Member must not be null"));
            checked += 1;
        }
        checked += walk(shapes, operation, body, &member["shape"], &within);
    }
    if shape["member"].is_string() {
        let plain = shapes.get(&shape["member"])["type"] != "structure";
        let within = Place {
            pointer: format!("{}/0", place.pointer),
            path: format!("{}.1.member", place.path),
            list: plain.then(|| place.path.clone()),
        };
        refused(operation, body, &within, Value::Null, Some("Member must not be null"));
        checked += 1 + walk(shapes, operation, body, &shape["member"], &within);
    }
    checked
}

fn refused(op: Operation, body: &Value, place: &Place, value: Value, reason: Option<&str>) {
    let mut body = body.clone();
    *body.pointer_mut(&place.pointer).unwrap() = value;
    match (decode(op, &body).unwrap_err(), reason) {
        (DecodeError::Constraint(error), Some(reason)) => {
            assert_eq!(error.member(), place.list.as_ref().unwrap_or(&place.path));
            assert!(error.reason().contains(reason), "{op}: {error}: {reason}");
        }
        (DecodeError::Serialization(message), None) => {
            assert!(message.contains(&format!("'{}", place.path)), "{op}: {message}");
        }
        (error, reason) => panic!("{op} {}: {error} instead of {reason:?}", place.path),
    }
}

#[test]
fn every_constraint_of_every_member_is_enforced() {
    let facts = facts("ecr");
    let shapes = Shapes(facts["shapes"].as_array().unwrap().clone());
    let mut checked = 0;
    for operation in Operation::ALL {
        let entry = facts["operations"].as_array().unwrap().iter();
        let input = &entry.clone().find(|it| it["name"] == operation.name()).unwrap()["input"];
        let body = shapes.sample(input);
        decode(operation, &body).unwrap_or_else(|error| panic!("{operation}: {error}"));
        let root = Place { pointer: String::new(), path: String::new(), list: None };
        checked += walk(&shapes, operation, &body, input, &root);
    }
    assert!(checked > 700, "only {checked} ways to break an input were tried");
}
