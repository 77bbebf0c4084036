//! What cargo-audit reports on real lock files, with the same revision of RustSec.

use std::collections::BTreeSet;

use serde_json::Value;

use super::comparison::compare;
use super::database::{Built, package};
use super::osv::names;
use super::{CORPUS, documents};

#[test]
fn lock_files_have_what_cargo_audit_finds() {
    let built = Built::of(documents("advisories/crates.io/rustsec.jsonl.zst"));
    let folder = format!("{CORPUS}/crates-cargo-audit");
    let rows = std::fs::read_to_string(format!("{folder}/expected.jsonl")).expect("the list");
    let rows: Vec<Value> = rows.lines().map(|it| serde_json::from_str(it).expect(it)).collect();
    let (mut expected, mut found) = (BTreeSet::new(), BTreeSet::new());
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    // Its warnings (crates that nobody maintains) are findings that inform.
    for row in &rows {
        let [lock, id, name, version] =
            ["lock", "id", "package", "version"].map(|key| text(row, key));
        let ids = names(&built.database, &id);
        expected.extend(ids.iter().map(|id| format!("{id} {name}@{version} in {lock}")));
    }
    for file in std::fs::read_dir(&folder).expect("the folder").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(lock) = name.strip_suffix(".Cargo.lock") else { continue };
        let content = std::fs::read_to_string(file.path()).expect(lock);
        let content: toml::Table = content.parse().expect(lock);
        for row in content["package"].as_array().into_iter().flatten() {
            let text = |key: &str| row.get(key).and_then(|it| it.as_str()).unwrap_or_default();
            // What is no package of crates.io has no advisories there.
            if !text("source").contains("crates.io-index") && !text("source").contains("example") {
                continue;
            }
            let (name, version) = (text("name"), text("version"));
            let matches = built.matches(&package("crates.io", name, version));
            found.extend(
                matches.iter().map(|it| format!("{} {name}@{version} in {lock}", it.vulnerability)),
            );
        }
    }
    let vulnerabilities = rows.iter().filter(|row| row["kind"] == "vulnerability").count();
    assert_eq!((rows.len(), vulnerabilities), (64, 39));
    compare("cargo-audit", &expected, &found);
}
