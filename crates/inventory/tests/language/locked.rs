//! Lock files of which no report of another scanner is at hand.

use wharfinger_inventory::FileError;
use wharfinger_inventory::language::LanguageFile;

use crate::corpus;

fn repo(path: &str) -> Vec<String> {
    corpus::names(path, &corpus::file(&format!("trivy/repo/{path}")))
}

#[test]
fn files_of_the_corpus() {
    assert_eq!(repo("yarn/yarn.lock"), ["asap 2.0.6", "jquery 3.2.1", "promise 8.0.3"]);
    assert_eq!(repo("poetry/poetry.lock"), ["click 8.1.3", "colorama 0.4.6", "werkzeug 0.14"]);
    assert_eq!(
        repo("nuget/packages.lock.json"),
        ["newtonsoft.json 12.0.3", "nuget.frameworks 5.7.0"]
    );
    assert_eq!(
        repo("gradle/gradle.lockfile"),
        ["com.fasterxml.jackson.core:jackson-databind 2.9.1"]
    );
    assert_eq!(
        repo("pom/pom.xml"),
        ["com.example:log4shell 1.0-SNAPSHOT", "com.fasterxml.jackson.core:jackson-databind 2.9.1"]
    );
    let composer = repo("composer/composer.lock");
    assert!(composer.contains(&"guzzlehttp/guzzle 7.4.4".to_owned()), "{composer:?}");
    // Of four real projects, every `[[package]]`.
    for path in [
        "deuxfleurs-org_garage",
        "element-hq_matrix-authentication-service",
        "linkerd_linkerd2-proxy",
        "trivy-ci-test",
    ] {
        let file = corpus::file(&format!("crates-cargo-audit/{path}.Cargo.lock"));
        let count = String::from_utf8_lossy(&file).matches("[[package]]").count();
        assert_eq!(corpus::names("Cargo.lock", &file).len(), count, "{path}");
    }
}

#[test]
fn npm_of_each_version() {
    let one = r#"{"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}},
        "c": {"version": "npm:d@3.0.0"}, "e": {"version": "4.0.0", "dev": true},
        "f": {"version": "git+ssh://git@example.org/f.git#0"}, "g": {"version": "file:g"}}}"#;
    assert_eq!(
        corpus::names("package-lock.json", one.as_bytes()),
        ["a 1.0.0", "b 2.0.0", "d 3.0.0"]
    );
    let three = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app", "version": "0.1.0"},
        "node_modules/a": {"version": "1.0.0"}, "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
        "node_modules/c": {"name": "d", "version": "3.0.0"}, "node_modules/w": {"link": true},
        "node_modules/e": {"version": "4.0.0", "dev": true}, "w": {"name": "w", "version": "1.0.0"}},
        "dependencies": {"old": {"version": "1.0.0"}}}"#;
    for name in ["package-lock.json", "npm-shrinkwrap.json"] {
        assert_eq!(corpus::names(name, three.as_bytes()), ["@s/b 2.0.0", "a 1.0.0", "d 3.0.0"]);
    }
}

#[test]
fn yarn_of_each_version() {
    let classic = "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.2.0\"\n  \
                   resolved \"https://registry.example/a.tgz#0\"\n  dependencies:\n    version \"^9\"\n\n\
                   \"b@npm:c@2\":\n  version \"2.0.0\"\n";
    assert_eq!(corpus::names("yarn.lock", classic.as_bytes()), ["@s/a 1.2.0", "c 2.0.0"]);
    let modern = "# yarn\n\n__metadata:\n  version: 8\n  cacheKey: 10\n\n\"a@npm:^1.0.0, a@npm:^1.1.0\":\n  \
                  version: 1.2.0\n  resolution: \"a@npm:1.2.0\"\n  dependencies:\n    b: \"npm:^1\"\n  \
                  languageName: node\n  linkType: hard\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  \
                  resolution: \"app@workspace:.\"\n  languageName: unknown\n  linkType: soft\n\n\
                  \"ts@patch:ts@npm%3A5.0.4#x\":\n  version: 5.0.4\n  resolution: \
                  \"ts@patch:ts@npm%3A5.0.4#x::version=5.0.4\"\n  linkType: hard\n";
    assert_eq!(corpus::names("yarn.lock", modern.as_bytes()), ["a 1.2.0", "ts 5.0.4"]);
}

#[test]
fn groups_of_python() {
    let poetry = "[[package]]\nname = \"A_b\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\n\
                  [[package]]\nname = \"c\"\nversion = \"1\"\ngroups = [\"dev\"]\n\
                  [[package]]\nname = \"d\"\nversion = \"1\"\ncategory = \"dev\"\n";
    assert_eq!(corpus::names("poetry.lock", poetry.as_bytes()), ["a-b 1"]);
    let pipfile = br#"{"default": {"a": {"version": "==1.0"}, "b": {"path": "."}},
        "develop": {"c": {"version": "==1.0"}}}"#;
    assert_eq!(corpus::names("Pipfile.lock", pipfile), ["a 1.0"]);
    let uv = "[[package]]\nname = \"app\"\nversion = \"0\"\nsource = { editable = \".\" }\n\
              dependencies = [{ name = \"a\", version = \"1\" }]\n\
              [package.optional-dependencies]\nx = [{ name = \"b\" }]\n\
              [package.dev-dependencies]\ndev = [{ name = \"c\" }]\n\
              [[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"a\"\nversion = \"2\"\n\
              [[package]]\nname = \"b\"\nversion = \"1\"\ndependencies = [{ name = \"b\" }]\n\
              [[package]]\nname = \"c\"\nversion = \"1\"\n";
    assert_eq!(corpus::names("uv.lock", uv.as_bytes()), ["a 1", "app 0", "b 1"]);
}

#[test]
fn dotnet_and_java() {
    let config = "\u{feff}<?xml version=\"1.0\"?><packages><package id=\"A\" version=\"1.0\"/>\
                  <package id=\"B\" version=\"1.0\" developmentDependency=\"true\"/></packages>";
    assert_eq!(corpus::names("packages.config", config.as_bytes()), ["a 1.0"]);
    let props = "<Project><ItemGroup><PackageVersion Include=\"A\" Version=\"1.0\"/>\
                 <PackageVersion Update=\"B&amp;C\" Version=\"2.0\"/>\
                 <PackageVersion Include=\"D\" Version=\"$(D)\"/></ItemGroup></Project>";
    assert_eq!(corpus::names("Directory.Packages.props", props.as_bytes()), ["a 1.0", "b&c 2.0"]);
    let lock = br#"{"dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "1.0"},
        "b": {"type": "Project"}}}}"#;
    assert_eq!(corpus::names("packages.lock.json", lock), ["a 1.0"]);
    let gradle =
        b"# x\ng:a:1=compileClasspath,testRuntimeClasspath\ng:b:1=testCompileClasspath\nempty=\n";
    assert_eq!(corpus::names("gradle.lockfile", gradle), ["g:a 1"]);
}

#[test]
fn damaged_files_are_errors_and_empty_ones_are_not() {
    for (kind, file) in [
        (LanguageFile::BunLock, "{\"packages\": [1]}"),
        (LanguageFile::CargoLock, "[[package]"),
        (LanguageFile::ComposerLock, "{\"packages\": 1}"),
        (LanguageFile::NpmLock, "<<<<<<< HEAD"),
        (LanguageFile::PipfileLock, "{"),
        (LanguageFile::PnpmLock, "packages: {a: b}"),
        (LanguageFile::PoetryLock, "[[package]]\nname = 1"),
        (LanguageFile::YarnLock, "{}"),
    ] {
        let found = corpus::packages(kind, "file", file.as_bytes());
        assert!(matches!(found, Err(FileError::Malformed(_))), "{kind:?}: {found:?}");
    }
    // What people write, and templates of it.
    for (kind, file) in [
        (LanguageFile::DotnetProps, "<a></b>"),
        (LanguageFile::NodePackage, "{{name}}"),
        (LanguageFile::Pom, "<project><a></project>"),
        (LanguageFile::Requirements, "a==\u{0}"),
    ] {
        assert_eq!(corpus::packages(kind, "file", file.as_bytes()).unwrap(), [], "{kind:?}");
    }
    for kind in LanguageFile::ALL {
        if !matches!(kind, LanguageFile::JavaArchive | LanguageFile::Program) {
            assert_eq!(corpus::packages(kind, "file", b" \n").unwrap(), [], "{kind:?}");
        }
    }
}
