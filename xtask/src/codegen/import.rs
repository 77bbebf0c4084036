//! From botocore's `service-2.json` to our facts: keeps what a server must know, drops the prose
//! and every shape that no operation reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::facts::{Error, Facts, Member, Operation, Protocol, Service, Shape, Source};
use super::ordered::Ordered;

/// Shapes that the model does not mark as sensitive although they hold a bearer secret.
const SENSITIVE_BESIDES: &[(&str, &str)] = &[
    ("ecr", "Base64"), // AuthorizationData.authorizationToken
    ("ecr_public", "Base64"),
    ("iam", "BootstrapDatum"),
    ("sts", "tokenType"),
    ("sts", "tokenCodeType"),
];

#[derive(Deserialize)]
struct Model {
    metadata: Metadata,
    operations: BTreeMap<String, ModelOperation>,
    shapes: BTreeMap<String, ModelShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    api_version: String,
    endpoint_prefix: String,
    protocol: String,
    service_full_name: String,
    json_version: Option<String>,
    signing_name: Option<String>,
    target_prefix: Option<String>,
    timestamp_format: Option<String>,
    xml_namespace: Option<String>,
}

#[derive(Deserialize)]
struct ModelOperation {
    input: Option<Reference>,
    output: Option<Reference>,
    #[serde(default)]
    errors: Vec<Reference>,
    authtype: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    shape: String,
    result_wrapper: Option<String>,
    /// Where a member stands if not in the body; neither service has one.
    location: Option<String>,
    location_name: Option<String>,
    timestamp_format: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ModelShape {
    #[serde(rename = "type")]
    kind: String,
    min: Option<serde_json::Number>,
    max: Option<serde_json::Number>,
    pattern: Option<String>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    #[serde(default)]
    sensitive: bool,
    member: Option<Reference>,
    key: Option<Reference>,
    value: Option<Reference>,
    #[serde(default)]
    members: Ordered<Reference>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    exception: bool,
    #[serde(default)]
    fault: bool,
    #[serde(default)]
    flattened: bool,
    timestamp_format: Option<String>,
    error: Option<ModelError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelError {
    code: Option<String>,
    http_status_code: Option<u16>,
}

/// The facts of the model in the text of `file`, which is botocore `version`'s.
pub fn import(text: &str, file: &Path, name: &str, version: &str) -> Result<Facts> {
    let mut model: Model = serde_json::from_str(text).context("not a service-2.json")?;
    let operations = operations(&mut model)?;
    let errors = errors(&model)?;
    let roots = operations.iter().flat_map(|operation| [&operation.input, &operation.output]);
    let extras = errors.iter().flat_map(|error| error.members.iter().map(|member| &member.shape));
    let reached = reach(&model, roots.chain(extras))?;
    let shapes = reached.into_iter().map(|shape| facts_of(&model, name, shape));
    let shapes = shapes.collect::<Result<_>>()?;
    let service = service(model.metadata, name)?;
    let source =
        Source { project: "botocore".into(), version: version.into(), file: short_path(file) };
    Ok(Facts { source, service, operations, errors, shapes })
}

fn service(metadata: Metadata, name: &str) -> Result<Service> {
    let (protocol, timestamp_format) = match metadata.protocol.as_str() {
        "json" => (Protocol::Json, "unixTimestamp"),
        "query" => (Protocol::Query, "iso8601"),
        other => bail!("the protocol {other} has no generator"),
    };
    ensure!(metadata.timestamp_format.is_none(), "a timestamp format for the whole service");
    Ok(Service {
        name: name.into(),
        title: metadata.service_full_name,
        protocol,
        json_version: metadata.json_version,
        timestamp_format: timestamp_format.into(),
        api_version: metadata.api_version,
        signing_name: metadata.signing_name.unwrap_or(metadata.endpoint_prefix),
        target_prefix: metadata.target_prefix,
        xml_namespace: metadata.xml_namespace,
    })
}

/// The operations. One without an input or an output gets an empty structure of its own name.
fn operations(model: &mut Model) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for (name, operation) in &model.operations {
        let wrapper = operation.output.as_ref().and_then(|output| output.result_wrapper.as_ref());
        ensure!(
            wrapper.is_none_or(|wrapper| *wrapper == format!("{name}Result")),
            "{name} wraps its result in an element of another name"
        );
        let mut shape_of = |reference: &Option<Reference>, ending: &str| match reference {
            Some(reference) => Ok(reference.shape.clone()),
            None => {
                let shape = format!("{name}{ending}");
                let taken = model.shapes.insert(shape.clone(), ModelShape::structure());
                ensure!(taken.is_none(), "{name} has no shape of its own, but {shape} exists");
                Ok(shape)
            }
        };
        operations.push(Operation {
            name: name.clone(),
            input: shape_of(&operation.input, "Request")?,
            output: shape_of(&operation.output, "Response")?,
            errors: operation.errors.iter().map(|error| error.shape.clone()).collect(),
            unsigned: operation.authtype.as_deref() == Some("none"),
            resultless: operation.output.is_none(),
        });
    }
    Ok(operations)
}

impl ModelShape {
    /// A structure without members.
    fn structure() -> Self {
        Self { kind: "structure".into(), ..Self::default() }
    }
}

fn errors(model: &Model) -> Result<Vec<Error>> {
    let mut errors = Vec::new();
    for (name, shape) in model.shapes.iter().filter(|(_, shape)| shape.exception) {
        let error = shape.error.as_ref();
        let status = error.and_then(|error| error.http_status_code);
        let members = members_of(name, shape)?;
        errors.push(Error {
            name: name.clone(),
            code: error.and_then(|error| error.code.clone()).unwrap_or_else(|| name.clone()),
            status: status.unwrap_or(if shape.fault { 500 } else { 400 }),
            members: members.into_iter().filter(|member| member.name != "message").collect(),
        });
    }
    Ok(errors)
}

/// The names of all shapes that can be reached from `roots`.
fn reach<'a>(
    model: &'a Model,
    roots: impl Iterator<Item = &'a String>,
) -> Result<BTreeSet<&'a String>> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&String> = roots.collect();
    while let Some(name) = waiting.pop() {
        if reached.insert(name) {
            let shape = shape(model, name)?;
            let members = shape.members.0.iter().map(|(_, reference)| reference);
            let parts = members.chain(&shape.member).chain(&shape.key).chain(&shape.value);
            waiting.extend(parts.map(|reference| &reference.shape));
        }
    }
    Ok(reached)
}

fn facts_of(model: &Model, service: &str, name: &str) -> Result<Shape> {
    let shape = shape(model, name)?;
    ensure!(!shape.flattened, "{name} is a flattened list");
    ensure!(shape.timestamp_format.is_none(), "{name} has a timestamp format of its own");
    let target = |reference: &Option<Reference>| reference.as_ref().map(|to| to.shape.clone());
    Ok(Shape {
        name: name.into(),
        kind: shape.kind.clone(),
        min: bound(name, shape.min.as_ref())?,
        max: bound(name, shape.max.as_ref())?,
        pattern: shape.pattern.clone(),
        values: shape.values.clone(),
        sensitive: shape.sensitive || SENSITIVE_BESIDES.contains(&(service, name)),
        member: target(&shape.member),
        key: target(&shape.key),
        value: target(&shape.value),
        members: members_of(name, shape)?,
    })
}

fn members_of(shape_name: &str, shape: &ModelShape) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for (name, reference) in &shape.members.0 {
        let Reference { shape: target, location, location_name, timestamp_format, .. } = reference;
        ensure!(
            location.is_none() && location_name.is_none() && timestamp_format.is_none(),
            "{shape_name}.{name} stands elsewhere than under its own name, or has a format"
        );
        let required = shape.required.contains(name);
        members.push(Member { name: name.clone(), shape: target.clone(), required });
    }
    Ok(members)
}

fn shape<'a>(model: &'a Model, name: &str) -> Result<&'a ModelShape> {
    model.shapes.get(name).with_context(|| format!("the model has no shape {name}"))
}

fn bound(name: &str, number: Option<&serde_json::Number>) -> Result<Option<i64>> {
    number
        .map(|n| n.as_i64().with_context(|| format!("{name} has a bound that is not whole")))
        .transpose()
}

/// `ecr/2015-09-21/service-2.json`: what says the same on every machine.
fn short_path(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(member: &str, extra_shape: &str) -> String {
        format!(
            r#"{{
            "metadata": {{"apiVersion": "2000-01-01", "endpointPrefix": "api.x", "protocol": "json",
                "serviceFullName": "X", "signingName": "x"}},
            "operations": {{"Get": {{"input": {{"shape": "GetRequest"}},
                "output": {{"shape": "GetResponse"}}, "errors": [{{"shape": "Gone"}}],
                "documentation": "<p>prose</p>"}}}},
            "shapes": {{
                "GetRequest": {{"type": "structure", "required": ["zeta"],
                    "members": {{"zeta": {member}, "alpha": {{"shape": "Name"}}}}}},
                "GetResponse": {{"type": "structure", "members": {{}}}},
                "Gone": {{"type": "structure", "exception": true, "fault": true,
                    "members": {{"message": {{"shape": "Name"}}}}}},
                "Name": {{"type": "string", "min": 1, "documentation": "<p>prose</p>"}},
                "Unused": {{"type": "string"}} {extra_shape}
            }}}}"#
        )
    }

    #[test]
    fn facts_are_what_operations_reach_without_prose() {
        let text = model(r#"{"shape": "Name"}"#, "");
        let facts = import(&text, Path::new("/data/x/2000-01-01/service-2.json"), "x", "1.2.3");
        let facts = facts.unwrap();
        assert_eq!(facts.source.file, "x/2000-01-01/service-2.json");
        let shapes: Vec<_> = facts.shapes.iter().map(|shape| shape.name.as_str()).collect();
        assert_eq!(shapes, ["GetRequest", "GetResponse", "Name"]);
        let members: Vec<_> =
            facts.shapes[0].members.iter().map(|it| (it.name.as_str(), it.required)).collect();
        assert_eq!(members, [("zeta", true), ("alpha", false)], "in the model's order");
        assert_eq!((facts.errors[0].status, facts.errors[0].members.len()), (500, 0));
        assert!(!facts.render().unwrap().contains("prose"));
    }

    #[test]
    fn what_the_generator_does_not_know_is_refused() {
        let import = |text: &str| import(text, Path::new("x"), "x", "1").map(|_| ()).unwrap_err();
        let header = model(r#"{"shape": "Name", "location": "header"}"#, "");
        assert!(import(&header).to_string().contains("GetRequest.zeta"));
        let absent = model(r#"{"shape": "Nowhere"}"#, "");
        assert!(import(&absent).to_string().contains("Nowhere"));
        let flattened = model(
            r#"{"shape": "Names"}"#,
            r#", "Names": {"type": "list", "flattened": true, "member": {"shape": "Name"}}"#,
        );
        assert!(import(&flattened).to_string().contains("flattened"));
    }
}
