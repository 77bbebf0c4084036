//! Which crate of the workspace may know which: the table of the design, held against what the
//! manifests say.
//!
//! Part of `cargo xtask lint`, and a test. Dependencies of tests are free.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::workspace;

/// A crate by the name of its folder, its tier, and the crates it may know.
struct Rule {
    name: &'static str,
    tier: Tier,
    may_know: &'static [&'static str],
}

/// The tiers of `ARCHITECTURE.md`. An arrow points to a lower one, or stays among the pure crates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Tier {
    /// Without input, output or a clock.
    Pure,
    Store,
    Engine,
    Domain,
    /// Protocols. They never know one another, and reach the stores through the domain only.
    Edge,
    Assembly,
    /// Builds before everything else, and so knows pure crates at the most.
    Tool,
}

/// Every arrow there is. A new one is a decision: it gets a line here and one in `docs/adr/`.
const RULES: [Rule; 24] = [
    Rule { name: "core", tier: Tier::Pure, may_know: &[] },
    Rule { name: "oci", tier: Tier::Pure, may_know: &["core"] },
    Rule { name: "aws-protocol", tier: Tier::Pure, may_know: &["core"] },
    Rule { name: "aws-model", tier: Tier::Pure, may_know: &["core"] },
    Rule { name: "iam-policy", tier: Tier::Pure, may_know: &["core"] },
    Rule { name: "lifecycle-policy", tier: Tier::Pure, may_know: &["core"] },
    Rule { name: "package", tier: Tier::Pure, may_know: &["core"] },
    Rule { name: "inventory", tier: Tier::Pure, may_know: &["core", "package"] },
    Rule { name: "advisories", tier: Tier::Store, may_know: &["core", "package"] },
    Rule { name: "audit", tier: Tier::Store, may_know: &["core"] },
    Rule { name: "metadata", tier: Tier::Store, may_know: &["core"] },
    Rule { name: "blobs", tier: Tier::Store, may_know: &["core"] },
    Rule {
        name: "auth",
        tier: Tier::Engine,
        may_know: &["audit", "aws-protocol", "core", "iam-policy", "metadata"],
    },
    Rule {
        name: "scanner",
        tier: Tier::Engine,
        may_know: &["advisories", "core", "inventory", "package"],
    },
    Rule { name: "iam", tier: Tier::Domain, may_know: &["auth", "core", "iam-policy", "metadata"] },
    Rule {
        name: "registry",
        tier: Tier::Domain,
        may_know: &[
            "advisories",
            "auth",
            "blobs",
            "core",
            "inventory",
            "lifecycle-policy",
            "metadata",
            "oci",
            "package",
            "scanner",
        ],
    },
    Rule {
        name: "api-oci",
        tier: Tier::Edge,
        may_know: &["audit", "auth", "aws-protocol", "core", "oci", "registry"],
    },
    Rule {
        name: "api-aws",
        tier: Tier::Edge,
        may_know: &["audit", "auth", "aws-model", "aws-protocol", "core", "iam", "oci", "registry"],
    },
    Rule { name: "workers", tier: Tier::Edge, may_know: &["audit", "core", "registry"] },
    Rule {
        name: "server",
        tier: Tier::Assembly,
        may_know: &[
            "advisories",
            "api-aws",
            "api-oci",
            "audit",
            "auth",
            "blobs",
            "core",
            "iam",
            "metadata",
            "registry",
            "workers",
        ],
    },
    Rule {
        name: "cli",
        tier: Tier::Assembly,
        may_know: &[
            "advisories",
            "audit",
            "auth",
            "core",
            "iam",
            "iam-policy",
            "inventory",
            "oci",
            "package",
            "registry",
            "scanner",
            "server",
        ],
    },
    Rule { name: "e2e", tier: Tier::Assembly, may_know: &["aws-protocol", "core"] },
    Rule {
        name: "bench",
        tier: Tier::Assembly,
        may_know: &[
            "advisories",
            "aws-protocol",
            "core",
            "inventory",
            "metadata",
            "package",
            "scanner",
        ],
    },
    Rule { name: "xtask", tier: Tier::Tool, may_know: &[] },
];

/// Crates that bring I/O or a runtime, which no pure crate may reach, however indirectly.
const IMPURE: [&str; 5] = ["hyper", "mio", "rusqlite", "socket2", "tokio"];
/// Words of a pure crate's sources that would be I/O. Addresses as values are none.
const IMPURE_PATHS: [&str; 6] =
    ["std::fs", "std::process::Command", "TcpStream", "TcpListener", "UdpSocket", "tokio::"];

/// What a crate depends on, by folder name, for its own code and its build script.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Holds the workspace against the table.
///
/// # Errors
/// If there is an arrow that is not in the table, or a pure crate that is not pure.
pub fn check() -> Result<()> {
    check_table()?;
    check_arrows(&arrows()?)?;
    for rule in RULES.iter().filter(|rule| rule.tier == Tier::Pure) {
        check_pure(rule.name)?;
    }
    Ok(())
}

/// The table must itself be what the tiers allow.
fn check_table() -> Result<()> {
    for rule in &RULES {
        for known in rule.may_know {
            let known = find(known)?;
            let allowed = match rule.tier {
                Tier::Pure | Tier::Tool => known.tier == Tier::Pure,
                // What happened at the edge is recorded there: no rule stands behind the audit log.
                Tier::Edge if known.name == "audit" => true,
                Tier::Edge => known.tier < Tier::Edge && known.tier != Tier::Store,
                // Made of everything below, and of one another: the program is made of the server.
                Tier::Assembly => true,
                tier => known.tier < tier,
            };
            ensure!(allowed, "the table lets {} know {}: against the tiers", rule.name, known.name);
        }
    }
    Ok(())
}

fn check_arrows(arrows: &Arrows) -> Result<()> {
    for (name, known) in arrows {
        let rule = find(name)?;
        for known in known {
            ensure!(
                rule.may_know.contains(&known.as_str()),
                "{name} depends on {known}, which is not in the table of xtask/src/arrows.rs; if \
                 it should, add it there and say why in docs/adr/"
            );
        }
    }
    Ok(())
}

fn find(name: &str) -> Result<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name).with_context(|| {
        format!("{name} has no line in xtask/src/arrows.rs; add it there and in ARCHITECTURE.md")
    })
}

fn check_pure(name: &str) -> Result<()> {
    let package = format!("wharfinger-{name}");
    let arguments = ["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{lib}"];
    let known = cargo(arguments.into_iter().chain(["--package", &package]))?;
    for known in known.lines() {
        ensure!(!IMPURE.contains(&known), "{name} is pure, and reaches {known}");
    }
    check_pure_sources(&workspace::root().join("crates").join(name).join("src"))
}

fn check_pure_sources(folder: &Path) -> Result<()> {
    for file in crate::tidy::rust_files(folder)? {
        // A module of tests, declared behind `cfg(test)`.
        if file.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        // Tests stand at the end of a file, and may do more.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for path in IMPURE_PATHS {
            ensure!(!text.contains(path), "{} is pure, and uses {path}", file.display());
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for what the code itself needs.
    kind: Option<String>,
    /// Of dependencies within the workspace.
    path: Option<String>,
}

fn arrows() -> Result<Arrows> {
    let text = cargo(["metadata", "--format-version", "1", "--no-deps"])?;
    read(&text)
}

fn read(text: &str) -> Result<Arrows> {
    let metadata: Metadata = serde_json::from_str(text).context("reading cargo metadata")?;
    let folder = |package: &str| package.trim_start_matches("wharfinger-").to_owned();
    let known = |package: &Package| {
        let own = package.dependencies.iter().filter(|dependency| {
            dependency.path.is_some() && dependency.kind.as_deref() != Some("dev")
        });
        own.map(|dependency| folder(&dependency.name)).collect()
    };
    Ok(metadata.packages.iter().map(|package| (folder(&package.name), known(package))).collect())
}

/// What cargo prints.
fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace::root()).stderr(Stdio::inherit());
    let output = command.output().context("cargo could not be started")?;
    if !output.status.success() {
        bail!("{command:?} failed");
    }
    String::from_utf8(output.stdout).context("cargo prints UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_has_only_the_arrows_of_the_table() {
        check().unwrap();
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_refused() {
        let metadata = |kind: &str| {
            format!(
                r#"{{"packages": [{{"name": "wharfinger-api-oci", "dependencies": [
                    {{"name": "serde", "kind": null}},
                    {{"name": "wharfinger-blobs", "kind": {kind}, "path": "/x"}}]}}]}}"#
            )
        };
        assert!(check_arrows(&read(&metadata("null")).unwrap()).is_err());
        assert!(check_arrows(&read(&metadata("\"build\"")).unwrap()).is_err());
        assert!(check_arrows(&read(&metadata("\"dev\"")).unwrap()).is_ok());
    }

    #[test]
    fn a_crate_that_is_not_in_the_table_is_refused() {
        let text = r#"{"packages": [{"name": "wharfinger-util", "dependencies": []}]}"#;
        assert!(check_arrows(&read(text).unwrap()).is_err());
    }
}
