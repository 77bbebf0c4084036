//! The programs of `crates/e2e/sdk`, which tell the story of ECR through the AWS SDKs for Rust, Java
//! and JavaScript, and the CDK's publisher of assets: each from its own package registry, at the
//! versions that its own files pin.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::{find, folder};
use crate::workspace;

/// A folder of `crates/e2e/sdk`, and how what is in it is built.
struct Sdk {
    name: &'static str,
    /// What builds it, and the Debian packages of that.
    program: (&'static str, &'static str),
    /// Adds the arguments that build the sources of the first folder into the second.
    build: fn(&mut Command, &Path, &Path) -> Result<()>,
}

const SDKS: [Sdk; 3] = [
    Sdk { name: "js", program: ("npm", "nodejs npm"), build: install_packages },
    Sdk { name: "java", program: ("mvn", "maven default-jdk-headless"), build: compile_java },
    Sdk { name: "rust", program: ("cargo", "cargo"), build: compile_rust },
];

/// Builds all, unless they are there as their sources are now.
///
/// # Errors
/// With all that cannot be built: one that cannot does not keep the others away.
pub fn install() -> Result<()> {
    let failures: Vec<String> =
        SDKS.iter().filter_map(|sdk| Some(format!("{:#}", sdk.install().err()?))).collect();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

impl Sdk {
    fn install(&self) -> Result<()> {
        let sources = workspace::root().join("crates/e2e/sdk").join(self.name);
        let made = folder().join(self.name);
        let mut wanted = Vec::new();
        read(&sources, &mut wanted).with_context(|| format!("reading {}", sources.display()))?;
        let stamp = made.join("built.txt");
        if fs::read(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        let (program, packages) = self.program;
        if find(program).is_none() {
            bail!("missing: {program}; as root, run: apt-get install {packages}");
        }
        println!("Building the {} program of the AWS SDKs into {}", self.name, made.display());
        fs::create_dir_all(&made)?;
        let mut command = Command::new(program);
        (self.build)(&mut command, &sources, &made)?;
        workspace::run(&mut command)?;
        fs::write(stamp, wanted).context("what was built could not be noted")
    }
}

/// The packages go where the program is not, which `NODE_PATH` tells it.
fn install_packages(npm: &mut Command, sources: &Path, made: &Path) -> Result<()> {
    for file in [".npmrc", "package.json", "package-lock.json"] {
        fs::copy(sources.join(file), made.join(file))?;
    }
    // Nothing of theirs is run, but what the tests run.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(made);
    Ok(())
}

fn compile_java(mvn: &mut Command, sources: &Path, made: &Path) -> Result<()> {
    // Classes of files that are gone, and libraries of other versions.
    for folder in ["classes", "lib"].map(|name| made.join(name)) {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    mvn.args(["-q", "-B", "--file"]).arg(sources.join("pom.xml"));
    mvn.arg(format!("-Dmade={}", made.display()));
    mvn.args(["compiler:compile", "dependency:copy-dependencies"]);
    Ok(())
}

fn compile_rust(cargo: &mut Command, sources: &Path, made: &Path) -> Result<()> {
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]);
    cargo.arg(sources.join("Cargo.toml")).arg("--target-dir").arg(made);
    Ok(())
}

/// The names and bytes of all files below a folder, in order.
fn read(folder: &Path, into: &mut Vec<u8>) -> Result<()> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    for path in paths {
        // What the tools make if they are run by hand.
        if path.ends_with("target") || path.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() {
            read(&path, into)?;
        } else {
            into.extend(path.as_os_str().as_encoded_bytes());
            into.extend(fs::read(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_known_by_names_and_bytes() {
        let sources = workspace::root().join("crates/e2e/sdk/rust");
        let mut found = Vec::new();
        read(&sources, &mut found).expect("the sources can be read");
        let text = String::from_utf8(found).expect("text");
        assert!(text.contains("sdk/rust/src/main.rs//! The story of private ECR"));
        assert!(text.contains("name = \"aws-sdk-ecr\""));
    }
}
