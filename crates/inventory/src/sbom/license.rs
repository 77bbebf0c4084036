//! Licences in SPDX documents, where each is an identifier of SPDX's list or is defined by the document.

use std::collections::BTreeMap;

/// Identifiers that packages often declare: <https://spdx.org/licenses/>.
const LISTED: [&str; 36] = [
    "0BSD",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "OpenSSL",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Ruby",
    "Unicode-3.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// Nothing is stated.
pub(super) const NO_ASSERTION: &str = "NOASSERTION";

/// The licences of a document that SPDX does not list, each with the identifier it has there.
#[derive(Default)]
pub(super) struct Defined {
    by_text: BTreeMap<String, usize>,
}

impl Defined {
    /// The licences of `all`, numbered in the order of their texts.
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a String>) -> Self {
        let mut by_text: BTreeMap<String, usize> =
            all.filter(|it| !LISTED.contains(&it.as_str())).map(|it| (it.clone(), 0)).collect();
        for (number, entry) in by_text.values_mut().enumerate() {
            *entry = number;
        }
        Self { by_text }
    }

    /// What a package with these licences declares.
    pub(super) fn expression(&self, licenses: &[String]) -> String {
        let ids = licenses.iter().map(|text| match self.by_text.get(text) {
            Some(number) => reference(*number),
            None => text.clone(),
        });
        let ids: Vec<String> = ids.collect();
        if ids.is_empty() { NO_ASSERTION.to_owned() } else { ids.join(" AND ") }
    }

    /// Each with its identifier.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, &str)> {
        self.by_text.iter().map(|(text, number)| (reference(*number), text.as_str()))
    }
}

fn reference(number: usize) -> String {
    format!("LicenseRef-{number}")
}

/// The licences that an expression names, those that the document defines by their text. An expression
/// that is more than a list is one licence.
pub(super) fn read(expression: &str, defined: &BTreeMap<&str, &str>) -> Vec<String> {
    if matches!(expression, "" | "NOASSERTION" | "NONE") {
        return Vec::new();
    }
    if expression.contains(" OR ") || expression.contains(['(', ')']) {
        return vec![expression.to_owned()];
    }
    let named = expression.split(" AND ").map(str::trim);
    named.map(|id| (*defined.get(id).unwrap_or(&id)).to_owned()).take(16).collect()
}
