//! What installers leave beside what they installed.

use wharfinger_inventory::language::LanguageFile;
use wharfinger_inventory::{FileError, PackageManager};
use wharfinger_package::Family;

use crate::corpus;

/// `name version` and the licences.
fn licensed(kind: LanguageFile, path: &str) -> Vec<(String, String)> {
    let packages =
        corpus::packages(kind, path, &corpus::file(&format!("pkgdb/lang/{path}"))).unwrap();
    let names = corpus::named(&packages).into_iter();
    names.zip(packages.iter().map(|it| it.licenses.join(", "))).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn distributions_of_python() {
    for (path, name, license) in [
        ("asyncssh-2.14.2.METADATA", "asyncssh 2.14.2", "Eclipse Public License v2.0"),
        ("distlib-0.3.1-py3.9.egg-info", "distlib 0.3.1", "Python license"),
        ("distlib-0.3.1.METADATA", "distlib 0.3.1", "Python license"),
        ("iniconfig-2.0.0.METADATA", "iniconfig 2.0.0", "MIT"),
        ("networkx-3.0.METADATA", "networkx 3.0", ""),
        (
            "pyphen-0.14.0.METADATA",
            "pyphen 0.14.0",
            "GNU General Public License v2 or later (GPLv2+), GNU Lesser General Public License v2 \
             or later (LGPLv2+), Mozilla Public License 1.1 (MPL 1.1)",
        ),
        ("setuptools-51.3.3-py3.8.egg-info.PKG-INFO", "setuptools 51.3.3", ""),
        ("simple-0.1.0.METADATA", "simple 0.1.0", ""),
        ("unidecode-egg-info.PKG-INFO", "unidecode 0.4.1", ""),
        ("zipp-3.12.1.METADATA", "zipp 3.12.1", "MIT License"),
    ] {
        let found = licensed(LanguageFile::PythonMetadata, &format!("python/{path}"));
        assert_eq!(found, pairs(&[(name, license)]), "{path}");
    }
}

#[test]
fn packages_of_node() {
    for (path, expected) in [
        ("empty_array_license_package.json", Some(("empty-array-license 1.0.0", ""))),
        ("invalid_license_package.json", Some(("weird-license 1.0.0", ""))),
        ("invalid_name.json", None),
        ("invalid_package.json", None),
        ("legacy_array_package.json", Some(("tv4 1.3.0", "Public Domain, MIT"))),
        ("legacy_package.json", Some(("angular 4.1.2", "ISC"))),
        ("mixed_array_license_package.json", Some(("mixed-array-license 1.0.0", "MIT"))),
        ("null_license_package.json", Some(("null-license 1.0.0", ""))),
        ("package.json", Some(("bootstrap 5.0.2", "MIT"))),
        ("unknown_license_object_package.json", Some(("unknown-license-object 1.0.0", ""))),
        ("without_name_and_version_package.json", None),
        ("without_version_package.json", None),
        ("workspace_as_map_package.json", Some(("example 1.0.0", ""))),
    ] {
        let found = licensed(LanguageFile::NodePackage, &format!("package-json/{path}"));
        assert_eq!(found, expected.map(|it| pairs(&[it])).unwrap_or_default(), "{path}");
    }
}

#[test]
fn gems() {
    for (path, expected) in [
        ("license.gemspec", Some(("async 1.25.0", "MIT"))),
        ("malformed00.gemspec", None),
        ("malformed01.gemspec", None),
        ("multiple_licenses.gemspec", Some(("test-unit 3.3.7", "Ruby, BSDL, PSFL"))),
        ("normal00.gemspec", Some(("rake 13.0.3", "MIT"))),
        ("normal01.gemspec", Some(("async 1.25.0", ""))),
    ] {
        let found = licensed(LanguageFile::Gemspec, &format!("gemspec/{path}"));
        assert_eq!(found, expected.map(|it| pairs(&[it])).unwrap_or_default(), "{path}");
    }
}

#[test]
fn libraries_of_dotnet() {
    let names = |path: &str| {
        let found = licensed(LanguageFile::DotnetDeps, &format!("dotnet/{path}.deps.json"));
        found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names("happy"), ["exampleapp1 1.0.0", "newtonsoft.json 13.0.1"]);
    assert_eq!(names("missing-target"), ["exampleapp1 1.0.0", "newtonsoft.json 13.0.1"]);
    assert_eq!(names("no-libraries"), [""; 0]);
    assert_eq!(
        names("multi-project"),
        ["api 1.0.0", "data 1.0.0", "newtonsoft.json 13.0.3", "web 1.0.0"]
    );
    assert_eq!(names("ambiguous-root"), ["newtonsoft.json 13.0.3", "web 1.0.0", "worker 1.0.0"]);
    assert_eq!(
        names("self-contained"),
        [
            "exampleapp1 1.0.0",
            "microsoft.aspnetcore.app.runtime.linux-x64 8.0.0",
            "microsoft.netcore.app.runtime.linux-x64 8.0.0",
            "newtonsoft.json 13.0.1"
        ]
    );
    assert_eq!(
        names("without-runtime"),
        [
            "hello2 1.0.0",
            "jsondiffpatch 2.0.61",
            "libuv 1.9.1",
            "system.collections.immutable 1.3.0"
        ]
    );
    let invalid = corpus::file("pkgdb/lang/dotnet/invalid.deps.json");
    let error = corpus::packages(LanguageFile::DotnetDeps, "a.deps.json", &invalid).unwrap_err();
    assert!(matches!(error, FileError::Malformed(_)), "{error}");
}

#[test]
fn packages_of_composer() {
    let one = br#"[{"name": "Vendor/Name", "version": "v1.2.0", "license": "MIT"}]"#;
    let two =
        br#"{"packages": [{"name": "vendor/name", "version": "v1.2.0", "license": ["MIT"]}]}"#;
    for file in [one.as_slice(), two] {
        let found = corpus::packages(
            LanguageFile::ComposerInstalled,
            "vendor/composer/installed.json",
            file,
        )
        .unwrap();
        let [package] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(package.identity.name, "vendor/name");
        assert_eq!(package.identity.version, "v1.2.0");
        assert_eq!(package.identity.ecosystem.family, Family::Packagist);
        assert_eq!(package.manager, PackageManager::Composer);
        assert_eq!(package.path, "vendor/composer/installed.json");
        assert_eq!(package.licenses, ["MIT"]);
    }
}
