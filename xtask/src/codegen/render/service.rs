//! The service's own file: its constants and modules.

use super::super::facts::Facts;

pub fn render(facts: &Facts, modules: &[&str]) -> String {
    let service = &facts.service;
    let mut text = format!(
        "//! {} ({}), {} operations.\n//!\n//! Facts from {} {}, `{}`.\n\n",
        service.title,
        service.api_version,
        facts.operations.len(),
        facts.source.project,
        facts.source.version,
        facts.source.file,
    );
    for module in modules {
        let visibility = match *module {
            "limits" => "pub(crate) ",
            "operation" | "request" => "",
            _ => "pub ",
        };
        text += &format!("{visibility}mod {module};\n");
    }
    text += "\npub use operation::Operation;\npub use request::Request;\n\n";
    let constants = [
        ("API_VERSION", "The version of the API.", Some(&service.api_version)),
        ("SIGNING_NAME", "The service in a SigV4 scope.", Some(&service.signing_name)),
        (
            "TARGET_PREFIX",
            "What precedes the dot in `X-Amz-Target`.",
            service.target_prefix.as_ref(),
        ),
        ("XML_NAMESPACE", "The namespace of XML answers.", service.xml_namespace.as_ref()),
    ];
    for (name, doc, value) in constants {
        if let Some(value) = value {
            text += &format!("/// {doc}\npub const {name}: &str = {value:?};\n");
        }
    }
    text
}
