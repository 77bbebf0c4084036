//! Structures: the declaration, how it is read, how it is written.

use anyhow::{Result, ensure};

use super::super::facts::{Member, Shape};
use super::super::model::{Model, Module};
use super::super::names::{field, serde_camel, type_name};
use super::{Import, imports};

pub fn render(model: &Model<'_>, module: Module) -> Result<String> {
    let (title, doc) = match module {
        Module::Input => ("What operations take.", "Input of"),
        Module::Output => ("What operations answer.", "Output of"),
        Module::Types => ("Structures within inputs and outputs.", ""),
    };
    let mut body = String::new();
    for shape in model.structures(module) {
        let doc = match module {
            Module::Types => format!("`{}`.", shape.name),
            _ => format!("{doc} {}.", operations(model, shape)),
        };
        let as_json = model.is_written(shape) && !model.is_query();
        body += &declaration(model, shape, &doc, as_json)?;
        if model.is_read(shape) {
            body += &reading(model, shape, module)?;
        }
        if model.is_written(shape) && model.is_query() {
            body += &xml(shape);
        }
        body.push('\n');
    }
    if module == Module::Types {
        // Inside the module the structures stand beside one another.
        body = body.replace("types::", "");
    }
    let imports = imports(&body, IMPORTS);
    Ok(format!("//! {title}\n\n{imports}\n{body}"))
}

const IMPORTS: &[Import] = &[
    ("BTreeMap", "std::collections", "BTreeMap"),
    ("Serialize", "serde", "Serialize"),
    ("Secret<", "wharfinger_core", "Secret"),
    ("Timestamp", "wharfinger_core", "Timestamp"),
    ("enums::", "super", "enums"),
    ("&limits::", "super", "limits"),
    ("types::", "super", "types"),
    ("&Limits", "crate::constraint", "Limits"),
    ("impl Decode", "crate::decode", "Decode"),
    ("impl Decode", "crate::decode", "Node"),
    ("DecodeError", "crate", "DecodeError"),
    ("dyn QuerySource", "crate", "QuerySource"),
    (".element(", "crate", "ToXml"),
    ("XmlStructure", "crate", "XmlSink"),
    ("XmlStructure", "crate", "XmlStructure"),
];

/// The struct. `as_json` derives serde's `Serialize` with the wire names.
pub fn declaration(model: &Model<'_>, shape: &Shape, doc: &str, as_json: bool) -> Result<String> {
    let mut derives = vec!["Debug", "Clone"];
    derives.extend((!model.has_secret(shape)?).then_some("PartialEq"));
    derives.extend(model.has_default(shape)?.then_some("Default"));
    derives.extend(as_json.then_some("Serialize"));
    let camel = |member: &&Member| serde_camel(&field(&member.name)) == member.name;
    let rename_all = as_json && shape.members.iter().any(|member| camel(&member));
    let mut text = format!("/// {doc}\n#[derive({})]\n", derives.join(", "));
    if rename_all {
        text += "#[serde(rename_all = \"camelCase\")]\n";
    }
    text += &format!("pub struct {} {{\n", type_name(&shape.name));
    for member in &shape.members {
        let mut attributes = Vec::new();
        if !camel(&member) {
            attributes.push(format!("rename = {:?}", member.name));
        }
        if !member.required {
            attributes.push("skip_serializing_if = \"Option::is_none\"".into());
        }
        if model.has_wire_form(&member.shape)? {
            attributes.push("serialize_with = \"crate::encode::wire\"".into());
        }
        text += &format!("/// {}\n", member_doc(model, shape, member)?);
        if as_json && !attributes.is_empty() {
            text += &format!("#[serde({})]\n", attributes.join(", "));
        }
        let rust_type = model.rust_type(&member.shape)?;
        let rust_type = if member.required { rust_type } else { format!("Option<{rust_type}>") };
        text += &format!("pub {}: {rust_type},\n", field(&member.name));
    }
    Ok(text + "}\n")
}

/// `` `repositoryName`, 2 to 256 characters, of a pattern. ``
fn member_doc(model: &Model<'_>, shape: &Shape, member: &Member) -> Result<String> {
    let target = model.facts.shape(&member.shape)?;
    let unit = match target.kind.as_str() {
        "string" => " characters",
        "blob" => " bytes",
        "list" => " elements",
        _ => "",
    };
    let mut doc = format!("`{}`", member.name);
    if model.is_read(shape) {
        doc += &match (target.min, target.max) {
            (Some(min), Some(max)) if min == max => format!(", {min}{unit}"),
            (Some(min), Some(max)) => format!(", {min} to {max}{unit}"),
            (Some(min), None) => format!(", at least {min}{unit}"),
            (None, Some(max)) => format!(", at most {max}{unit}"),
            (None, None) => String::new(),
        };
        if target.pattern.is_some() {
            doc += ", of a pattern";
        }
    }
    Ok(doc + ".")
}

fn operations(model: &Model<'_>, shape: &Shape) -> String {
    let operations = model.facts.operations.iter();
    let named = operations.filter(|it| it.input == shape.name || it.output == shape.name);
    named.map(|operation| format!("`{}`", operation.name)).collect::<Vec<_>>().join(", ")
}

fn reading(model: &Model<'_>, shape: &Shape, module: Module) -> Result<String> {
    let mut fields = String::new();
    let mut presence = Vec::new();
    for Member { name, shape: target, required } in &shape.members {
        ensure!(
            model.facts.shape(target)?.kind != "map" || model.is_query(),
            "{}.{name} is a map within a JSON input, which has no decoder",
            shape.name
        );
        let method = if *required { "required" } else { "optional" };
        let (field, limits) = (field(name), model.limits(target)?);
        fields += &format!("{field}: it.{method}({name:?}, {limits})?,\n");
        let rust_type = model.rust_type(target)?;
        let rust_type = rust_type.replacen("Vec<", "Vec::<", 1).replacen("Map<", "Map::<", 1);
        presence.push(format!("{rust_type}::present(source, &format!(\"{{key}}.{name}\"))"));
    }
    let binding = if shape.members.is_empty() { "" } else { "let it = " };
    // A Query body shows that a nested structure is there only by its members.
    let presence = if model.is_query() && module == Module::Types {
        format!(
            "fn present(source: &dyn QuerySource, key: &str) -> bool {{ {} }}",
            presence.join(" || ")
        )
    } else {
        String::new()
    };
    Ok(format!(
        "
        impl Decode for {} {{
            fn decode(node: &Node<'_>, _limits: &Limits) -> Result<Self, DecodeError> {{
                {binding}node.structure()?;
                Ok(Self {{ {fields} }})
            }}
            {presence}
        }}
        ",
        type_name(&shape.name)
    ))
}

fn xml(shape: &Shape) -> String {
    let each =
        |Member { name, .. }: &Member| format!("self.{}.element({name:?}, sink);\n", field(name));
    let members: String = shape.members.iter().map(each).collect();
    let sink = if members.is_empty() { "_sink" } else { "sink" };
    format!(
        "
        impl XmlStructure for {} {{
            fn members(&self, {sink}: &mut dyn XmlSink) {{ {members} }}
        }}
        ",
        type_name(&shape.name)
    )
}
