//! The enum of decoded requests.

use super::super::facts::Operation;
use super::super::model::Model;

pub fn render(model: &Model<'_>) -> String {
    let each = |line: &dyn Fn(&Operation) -> String| -> String {
        model.facts.operations.iter().map(line).collect()
    };
    let variants = each(&|Operation { name, input, .. }| {
        format!("/// Of `{name}`.\n{name}(input::{input}),\n")
    });
    let operations =
        each(&|Operation { name, .. }| format!("Self::{name}(_) => Operation::{name},\n"));
    let decode = each(&|Operation { name, .. }| {
        format!("Operation::{name} => Decode::decode(node, none).map(Self::{name}),\n")
    });
    let (entry, imports) =
        if model.is_query() { (QUERY, QUERY_IMPORTS) } else { (JSON, JSON_IMPORTS) };
    let secret = model.facts.operations.iter().any(|operation| {
        model
            .facts
            .shape(&operation.input)
            .and_then(|shape| model.has_secret(shape))
            .unwrap_or(true)
    });
    let comparison = if secret { "" } else { ", PartialEq" };
    format!(
        "//! Requests with their inputs decoded.

        use super::{{Operation, input}};
        {imports}

        /// An operation with its input, which satisfies every constraint of the model.
        #[derive(Debug, Clone{comparison})]
        pub enum Request {{ {variants} }}

        impl Request {{
            /// Which operation is asked for.
            pub const fn operation(&self) -> Operation {{ match self {{ {operations} }} }}

            {entry}

            fn from_node(operation: Operation, node: &Node<'_>) -> Result<Self, DecodeError> {{
                let none = &Limits::NONE;
                match operation {{ {decode} }}
            }}
        }}
        "
    )
}

const JSON: &str = "
    /// Decodes the body of an AWS JSON request: one JSON object, or nothing at all.
    pub fn decode(operation: Operation, body: &[u8]) -> Result<Self, DecodeError> {
        let body = json_body(body)?;
        Self::from_node(operation, &Node::json(&body))
    }";

const JSON_IMPORTS: &str = "
    use crate::DecodeError;
    use crate::constraint::Limits;
    use crate::decode::{Decode, Node, json_body};";

const QUERY: &str = "
    /// Decodes the parameters of a Query request.
    pub fn decode(operation: Operation, source: &dyn QuerySource) -> Result<Self, DecodeError> {
        Self::from_node(operation, &Node::query(source))
    }";

const QUERY_IMPORTS: &str = "
    use crate::constraint::Limits;
    use crate::decode::{Decode, Node};
    use crate::{DecodeError, QuerySource};";
