//! The enum of operations.

use anyhow::{Context as _, Result};

use super::super::facts::{Facts, Operation};

pub fn render(facts: &Facts) -> Result<String> {
    let operations = &facts.operations;
    let each = |line: &dyn Fn(&str) -> String| -> String {
        operations.iter().map(|operation| line(&operation.name)).collect()
    };
    let variants = each(&|name| format!("/// `{name}`.\n{name},\n"));
    let all = each(&|name| format!("Self::{name},"));
    let names = each(&|name| format!("Self::{name} => \"{name}\",\n"));
    let errors: String =
        operations.iter().map(|operation| errors_arm(facts, operation)).collect::<Result<_>>()?;
    Ok(format!(
        "//! The operations of the service.

        /// An operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {{ {variants} }}

        impl Operation {{
            /// Every operation, by name.
            pub const ALL: [Self; {count}] = [{all}];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {{ match self {{ {names} }} }}

            /// The operation of this name; case matters.
            pub fn from_name(name: &str) -> Option<Self> {{
                Self::ALL.into_iter().find(|operation| operation.name() == name)
            }}

            /// The wire codes of the errors that the model lists for the operation.
            pub const fn errors(self) -> &'static [&'static str] {{ match self {{ {errors} }} }}
            {unsigned}
            {resultless}
        }}

        impl std::fmt::Display for Operation {{
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
                f.write_str(self.name())
            }}
        }}
        ",
        count = operations.len(),
        unsigned = marked(
            operations,
            |operation| operation.unsigned,
            "/// Whether the operation is called without a signature.
            pub const fn is_unsigned",
        ),
        resultless = marked(
            operations,
            |operation| operation.resultless,
            "/// Whether the operation answers nothing, not even an empty result.
            pub const fn is_resultless",
        ),
    ))
}

fn errors_arm(facts: &Facts, operation: &Operation) -> Result<String> {
    let mut codes = String::new();
    for name in &operation.errors {
        let error = facts.errors.iter().find(|error| error.name == *name);
        let error = error.with_context(|| format!("the facts have no error {name}"))?;
        codes += &format!("{:?},", error.code);
    }
    Ok(format!("Self::{} => &[{codes}],\n", operation.name))
}

/// The function `head`, which is true of the operations that `is_marked`; nothing if there are none.
fn marked(operations: &[Operation], is_marked: fn(&&Operation) -> bool, head: &str) -> String {
    let marked: Vec<String> = operations
        .iter()
        .filter(is_marked)
        .map(|operation| format!("Self::{}", operation.name))
        .collect();
    if marked.is_empty() {
        return String::new();
    }
    format!("\n{head}(self) -> bool {{ matches!(self, {}) }}", marked.join(" | "))
}
