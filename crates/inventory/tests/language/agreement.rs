//! Lists of packages and findings of Trivy's reports, for the files that they are about.

use std::collections::BTreeSet;

use serde_json::Value;
use wharfinger_inventory::language::kind;

use crate::corpus;

/// Reports with a list of packages, the file that they are about, and where ours differs, why.
const LISTS: [(&str, &str, &[&str]); 11] = [
    ("bun", "bun/bun.lock", &[]),
    // Only `Cargo.toml` says that these three are for tests; a lock file is read alone.
    (
        "cargo.lock",
        "cargo/Cargo.lock",
        &["winapi 0.3.9", "winapi-i686-pc-windows-gnu 0.4.0", "winapi-x86_64-pc-windows-gnu 0.4.0"],
    ),
    ("composer.vendor", "composer-vendor/installed.json", &[]),
    ("dotnet", "dotnet/datacollector.deps.json", &[]),
    ("npm", "npm/package-lock.json", &[]),
    ("packagesprops", "packagesprops/Directory.Packages.props", &[]),
    ("pip", "pip/requirements.txt", &[]),
    ("pipenv", "pipenv/Pipfile.lock", &[]),
    ("pnpm", "pnpm/pnpm-lock.yaml", &[]),
    ("pylock", "pylock/pylock.toml", &[]),
    ("uv", "uv/uv.lock", &[]),
];

/// Reports with findings, and for each of their targets the file that it is about.
const FINDINGS: [(&str, &str, &str, usize); 23] = [
    ("bun", "bun.lock", "bun/bun.lock", 1),
    ("busybox-with-lockfile", "Cargo.lock", "trivy-ci-test/Cargo.lock", 2),
    ("composer.vendor", "installed.json", "composer-vendor/installed.json", 1),
    ("dotnet", "datacollector.deps.json", "dotnet/datacollector.deps.json", 1),
    ("gomod", "go.mod", "gomod/go.mod", 3),
    ("gomod", "submod/go.mod", "gomod/submod/go.mod", 1),
    ("gomod-skip", "go.mod", "gomod/go.mod", 3),
    ("gomod-skip", "submod/go.mod", "gomod/submod/go.mod", 1),
    ("gomod-vex", "go.mod", "gomod/go.mod", 2),
    ("gomod-vex", "submod/go.mod", "gomod/submod/go.mod", 1),
    ("npm", "package-lock.json", "npm/package-lock.json", 1),
    ("npm-ubuntu-severity", "package-lock.json", "npm/package-lock.json", 1),
    ("npm-with-dev", "package-lock.json", "npm/package-lock.json", 1),
    ("packagesprops", "Directory.Packages.props", "packagesprops/Directory.Packages.props", 1),
    ("pip", "requirements.txt", "pip/requirements.txt", 2),
    ("pipenv", "Pipfile.lock", "pipenv/Pipfile.lock", 2),
    ("pnpm", "pnpm-lock.yaml", "pnpm/pnpm-lock.yaml", 2),
    ("pom", "pom.xml", "pom/pom.xml", 2),
    ("pylock", "pylock.toml", "pylock/pylock.toml", 2),
    ("sbt", "build.sbt.lock", "sbt/build.sbt.lock", 2),
    ("test-repo", "Cargo.lock", "trivy-ci-test/Cargo.lock", 2),
    ("test-repo", "Pipfile.lock", "trivy-ci-test/Pipfile.lock", 0),
    ("uv", "uv.lock", "uv/uv.lock", 2),
];

fn report(name: &str) -> Value {
    let file = corpus::file(&format!("trivy/reports/{name}.json.golden"));
    serde_json::from_slice(&file).unwrap()
}

fn read(path: &str) -> BTreeSet<String> {
    // The corpus has the file of a vendor folder in another one.
    let seen = path.replace("composer-vendor/", "vendor/composer/");
    corpus::names(&seen, &corpus::file(&format!("trivy/repo/{path}"))).into_iter().collect()
}

/// Names of reports are not normalised: `Flask`, `Newtonsoft.Json`.
fn as_ours(path: &str, name: &Value, version: &Value) -> String {
    let (name, version) = (name.as_str().unwrap(), version.as_str().unwrap());
    let folds = ["dotnet/", "packagesprops/", "pip/", "pipenv/"];
    if folds.iter().any(|it| path.starts_with(it)) {
        return format!("{} {version}", name.to_lowercase());
    }
    format!("{name} {version}")
}

#[test]
fn lists_are_exactly_theirs() {
    for (name, path, more) in LISTS {
        let report = report(name);
        let results = report["Results"].as_array().unwrap();
        let theirs: BTreeSet<String> = results
            .iter()
            .flat_map(|it| it["Packages"].as_array().unwrap())
            .map(|it| as_ours(path, &it["Name"], &it["Version"]))
            .chain(more.iter().map(|it| (*it).to_owned()))
            .collect();
        assert!(!theirs.is_empty(), "{name}");
        assert_eq!(read(path), theirs, "{name}");
    }
}

#[test]
fn what_they_find_something_in_is_listed() {
    let mut found = 0;
    for (name, target, path, count) in FINDINGS {
        let report = report(name);
        let results = report["Results"].as_array().unwrap();
        let result = results.iter().find(|it| it["Target"] == target).unwrap();
        let findings = result["Vulnerabilities"].as_array().cloned().unwrap_or_default();
        assert_eq!(findings.len(), count, "{name}");
        let ours = read(path);
        for finding in findings {
            let package = as_ours(path, &finding["PkgName"], &finding["InstalledVersion"]);
            assert!(ours.contains(&package), "{name}: {package}");
            found += 1;
        }
    }
    assert_eq!(found, 36);
}

/// The two reports that name a module for the third file of Go had it from `go.sum`, which names
/// everything that was ever considered: `go.mod` of Go 1.15 lists direct modules only.
#[test]
fn an_old_go_mod_lists_direct_modules() {
    assert_eq!(
        read("gomod/submod2/go.mod").into_iter().collect::<Vec<_>>(),
        ["github.com/davecgh/go-spew v1.1.0"]
    );
}

/// Ecosystems of which nobody here has advisories: their files are nobody's.
#[test]
fn other_ecosystems_are_not_read() {
    for path in ["Podfile.lock", "conan.lock", "mix.lock", "pubspec.lock", "Package.resolved"] {
        assert_eq!(kind(path, false), None, "{path}");
    }
}
