//! The service's enums.

use super::super::model::Model;
use super::super::names::{type_name, variant};

pub fn render(model: &Model<'_>) -> String {
    let mut text = String::from(
        "//! Values that are one of a fixed set.\n\nuse crate::wire_enum::wire_enum;\n\nwire_enum! {\n",
    );
    // rustfmt leaves the inside of a macro alone: it is indented here.
    for shape in model.enums() {
        text += &format!("    {} {{\n", type_name(&shape.name));
        for value in &shape.values {
            text += &format!("        {} = {value:?},\n", variant(value));
        }
        text += "    }\n";
    }
    text + "}\n"
}
