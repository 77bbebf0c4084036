//! The errors that the model names, and the structures of those that carry more than a message.

use anyhow::Result;

use super::super::facts::{Error, Member, Shape};
use super::super::model::Model;
use super::{imports, structure};

pub fn render(model: &Model<'_>) -> Result<String> {
    let mut body = String::from(
        "/// Every error of the model, by name.\npub static ERRORS: &[ModelledError] = &[\n",
    );
    for Error { name, code, status, .. } in &model.facts.errors {
        body += &format!("ModelledError::new({name:?}, {code:?}, {status}),\n");
    }
    body += "];\n";
    for error in model.facts.errors.iter().filter(|error| !error.members.is_empty()) {
        let shape = Shape {
            name: error.name.clone(),
            kind: "structure".into(),
            members: error.members.iter().map(Member::clone).collect(),
            ..Shape::default()
        };
        let doc = format!("What `{}` carries besides its message.", error.name);
        body += &structure::declaration(model, &shape, &doc, true)?;
    }
    let imports = imports(
        &body,
        &[
            ("Serialize", "serde", "Serialize"),
            ("Secret<", "wharfinger_core", "Secret"),
            ("Timestamp", "wharfinger_core", "Timestamp"),
            ("ModelledError", "crate", "ModelledError"),
        ],
    );
    Ok(format!("//! Errors.\n\n{imports}\n{body}"))
}
