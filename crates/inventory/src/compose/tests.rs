//! Layers laid on one another, by their facts.

use wharfinger_package::{Ecosystem, Family};

use super::*;

fn system(names: &[&str]) -> FileFacts {
    let packages = names.iter().map(|name| SystemPackage {
        name: (*name).to_owned(),
        version: "1".to_owned(),
        ..SystemPackage::default()
    });
    let packages =
        crate::found::SystemPackages { packages: packages.collect(), owned_paths: Vec::new() };
    FileFacts::System { manager: SystemManager::Rpm, packages, foreign: BTreeSet::new() }
}

fn gem(path: &str, name: &str) -> FileFacts {
    let identity = PackageIdentity {
        ecosystem: Ecosystem::rolling(Family::RubyGems),
        name: name.to_owned(),
        version: "1".to_owned(),
        architecture: None,
        source: None,
        module: None,
        vendor: None,
    };
    let (path, manager) = (path.to_owned(), PackageManager::Gemspec);
    FileFacts::Packages(vec![LanguagePackage { identity, manager, path, licenses: Vec::new() }])
}

fn layer(files: &[(&str, FileFacts)]) -> LayerFacts {
    let files = files.iter().map(|(path, facts)| ((*path).to_owned(), facts.clone()));
    LayerFacts { files: files.collect(), ..LayerFacts::default() }
}

/// `name @layer` of each package.
fn composed(layers: &[LayerFacts]) -> Vec<String> {
    let digest = |index: usize| Digest::Sha256([u8::try_from(index).unwrap(); 32]);
    let layers = layers.iter().enumerate().map(|(index, facts)| (digest(index), facts.clone()));
    let layers: Vec<_> = layers.collect();
    let name = |package: &Package| {
        let layer = layers.iter().position(|(digest, _)| *digest == package.layer).unwrap();
        format!("{} @{layer}", package.identity.name)
    };
    compose(&layers).packages.iter().map(name).collect()
}

#[test]
fn a_database_behind_a_link_is_found() {
    let mut base = layer(&[("opt/db/Packages", system(&["a", "b"]))]);
    assert!(composed(std::slice::from_ref(&base)).is_empty());
    base.links.insert("var/lib/rpm".to_owned(), "../../opt/db".to_owned());
    assert_eq!(composed(std::slice::from_ref(&base)), ["a @0", "b @0"]);
    // Through the link, and in place of it.
    let above = layer(&[("var/lib/rpm/Packages", system(&["b", "c"]))]);
    assert_eq!(composed(&[base.clone(), above.clone()]), ["b @0", "c @1"]);
    let mut instead = above;
    instead.directories.insert("var/lib/rpm".to_owned());
    assert_eq!(composed(&[base, instead]), ["b @0", "c @1"]);
}

#[test]
fn one_database_with_two_ways_to_it_counts_once() {
    let mut base = layer(&[("usr/lib/sysimage/rpm/rpmdb.sqlite", system(&["a"]))]);
    base.links.insert("var/lib/rpm".to_owned(), "../../usr/lib/sysimage/rpm".to_owned());
    assert_eq!(composed(&[base]), ["a @0"]);
}

#[test]
fn what_a_link_replaces_is_gone() {
    let base = layer(&[("app/specifications/a.gemspec", gem("app/specifications/a.gemspec", "a"))]);
    let link = LayerFacts { replaced: ["app".to_owned()].into(), ..LayerFacts::default() };
    assert_eq!(composed(std::slice::from_ref(&base)), ["a @0"]);
    assert!(composed(&[base, link]).is_empty());
}

#[test]
fn links_in_a_circle_lead_nowhere() {
    let mut base = layer(&[("a/specifications/x.gemspec", gem("a/specifications/x.gemspec", "x"))]);
    base.links.insert("var".to_owned(), "run".to_owned());
    base.links.insert("run".to_owned(), "var".to_owned());
    base.removed.insert("var/x".to_owned());
    assert_eq!(composed(&[base]), ["x @0"]);
}

#[test]
fn a_package_that_came_back_is_of_the_layer_that_brought_it_back() {
    let path = "var/lib/rpm/Packages";
    let with = layer(&[(path, system(&["a", "b"]))]);
    let without = layer(&[(path, system(&["b"]))]);
    let again = layer(&[(path, system(&["a", "b"]))]);
    let nothing = LayerFacts::default();
    assert_eq!(composed(&[with, without, nothing, again]), ["a @3", "b @0"]);
}

#[test]
fn bytes_that_are_no_text_are_shown() {
    let path = "app\0ff/specifications/a.gemspec";
    let base = layer(&[(path, gem(path, "a"))]);
    let inventory = compose(&[(Digest::Sha256([0; 32]), base)]);
    let paths: Vec<_> = inventory.packages.iter().filter_map(|it| it.path.as_deref()).collect();
    assert_eq!(paths, ["app\\xff/specifications/a.gemspec"]);
}
