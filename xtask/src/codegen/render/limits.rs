//! The bounds of the shapes within inputs. Outputs are never checked, so theirs are left out.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::facts::Shape;
use super::super::model::Model;
use super::super::names::constant;
use super::imports;

pub fn render(model: &Model<'_>) -> Result<String> {
    let mut patterns: BTreeMap<&str, String> = BTreeMap::new();
    let mut limits = String::new();
    for shape in model.facts.shapes.iter().filter(|shape| model.is_read(shape)) {
        if !model.has_limits(&shape.name)? {
            continue;
        }
        if let Some(pattern) = &shape.pattern {
            // Shapes with the same pattern share it under the name of the first.
            patterns.entry(pattern).or_insert_with(|| format!("{}_PATTERN", constant(&shape.name)));
        }
        let name = constant(&shape.name);
        let bounds = bounds(model, shape, &patterns)?;
        limits += &format!("pub(super) static {name}: Limits = Limits::NONE{bounds};\n");
    }
    let mut statics: Vec<_> = patterns.iter().collect();
    statics.sort_by_key(|(_, name)| *name);
    let statics: String = statics
        .iter()
        .map(|(pattern, name)| {
            format!("static {name}: Pattern = Pattern::new({});\n", raw(pattern))
        })
        .collect();
    let all: String = patterns.values().map(|name| format!("&{name},")).collect();
    let body = format!(
        "{statics}\n{limits}\n#[cfg(test)]\npub(crate) static PATTERNS: &[&Pattern] = &[{all}];\n"
    );
    let imports = imports(
        &body,
        &[("Limits::", "crate::constraint", "Limits"), ("Pattern", "crate::pattern", "Pattern")],
    );
    Ok(format!("//! Bounds of the shapes within inputs.\n\n{imports}\n{body}"))
}

fn bounds(model: &Model<'_>, shape: &Shape, patterns: &BTreeMap<&str, String>) -> Result<String> {
    let mut bounds = String::new();
    if let Some(min) = shape.min {
        bounds += &format!(".min({min})");
    }
    if let Some(max) = shape.max {
        bounds += &format!(".max({max})");
    }
    if let Some(pattern) = shape.pattern.as_deref().and_then(|pattern| patterns.get(pattern)) {
        bounds += &format!(".pattern(&{pattern})");
    }
    for (part, method) in [(&shape.key, "key"), (&shape.member, "member"), (&shape.value, "member")]
    {
        if let Some(part) = part
            && model.has_limits(part)?
        {
            bounds += &format!(".{method}(&{})", constant(part));
        }
    }
    Ok(bounds)
}

/// A raw string literal; only as many `#` as it takes.
fn raw(text: &str) -> String {
    let hashes = if text.contains('"') { "#" } else { "" };
    format!("r{hashes}\"{text}\"{hashes}")
}
