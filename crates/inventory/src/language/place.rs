//! Which files tell of packages, by where they are and what they are called.

use super::LanguageFile;

/// Folders of things that others made: a lock file there says how a dependency was developed.
const FOREIGN: [&str; 9] = [
    ".bundle",
    ".cargo",
    "bower_components",
    "dist-packages",
    "gems",
    "node_modules",
    "site-packages",
    "testdata",
    "vendor",
];

/// Folders of samples for tests, whatever is in them.
const SAMPLES: [&str; 5] = ["__fixtures__", "__tests__", "fixtures", "test-fixtures", "testdata"];

/// Folders of tests, within what somebody else made.
const TESTS: [&str; 2] = ["test", "tests"];

/// Folders whose children are packages, so that a folder of tests cannot be meant by their names.
const ROOTS: [&str; 3] = ["dist-packages", "node_modules", "site-packages"];

/// Which reader a file is for, if its path says so.
pub(super) fn of(path: &str) -> Option<LanguageFile> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let found = installed(folders, name).or_else(|| lock(folders, name))?;
    (found == LanguageFile::JavaArchive || !is_sample(folders)).then_some(found)
}

/// What an installer leaves beside what it installed.
fn installed(folders: &str, name: &str) -> Option<LanguageFile> {
    let parent = folders.rsplit('/').next().unwrap_or_default();
    match name {
        "package.json" => has(folders, &["node_modules"]).then_some(LanguageFile::NodePackage),
        "METADATA" => parent.ends_with(".dist-info").then_some(LanguageFile::PythonMetadata),
        "PKG-INFO" => (parent.ends_with(".egg-info") || parent == "EGG-INFO")
            .then_some(LanguageFile::PythonMetadata),
        "installed.json" => (parent == "composer").then_some(LanguageFile::ComposerInstalled),
        _ if name.ends_with(".egg-info") => Some(LanguageFile::PythonMetadata),
        _ if name.ends_with(".gemspec") => {
            has(folders, &["specifications"]).then_some(LanguageFile::Gemspec)
        }
        _ if name.ends_with(".deps.json") => Some(LanguageFile::DotnetDeps),
        _ => is_java_archive(name).then_some(LanguageFile::JavaArchive),
    }
}

/// What a resolver wrote down.
fn lock(folders: &str, name: &str) -> Option<LanguageFile> {
    let kind = match name {
        "bun.lock" => LanguageFile::BunLock,
        "Cargo.lock" => LanguageFile::CargoLock,
        "composer.lock" => LanguageFile::ComposerLock,
        "Directory.Packages.props" => LanguageFile::DotnetProps,
        "Gemfile.lock" | "gems.locked" => LanguageFile::GemfileLock,
        "go.mod" => LanguageFile::GoMod,
        "gradle.lockfile" | "buildscript-gradle.lockfile" => LanguageFile::GradleLock,
        "package-lock.json" | "npm-shrinkwrap.json" => LanguageFile::NpmLock,
        "packages.config" => LanguageFile::NugetConfig,
        "packages.lock.json" => LanguageFile::NugetLock,
        "Pipfile.lock" => LanguageFile::PipfileLock,
        "pnpm-lock.yaml" => LanguageFile::PnpmLock,
        "poetry.lock" => LanguageFile::PoetryLock,
        "pom.xml" => LanguageFile::Pom,
        "pylock.toml" => LanguageFile::Pylock,
        "requirements.txt" => LanguageFile::Requirements,
        "build.sbt.lock" => LanguageFile::SbtLock,
        "uv.lock" => LanguageFile::UvLock,
        "yarn.lock" => LanguageFile::YarnLock,
        _ => return None,
    };
    let in_module_cache = format!("/{folders}/").contains("/pkg/mod/");
    (!has(folders, &FOREIGN) && !in_module_cache).then_some(kind)
}

/// Whether a name is that of a Java archive.
pub(super) fn is_java_archive(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    ["ear", "jar", "par", "war"].iter().any(|it| extension.eq_ignore_ascii_case(it))
}

/// Whether one of the folders has one of the names.
fn has(folders: &str, names: &[&str]) -> bool {
    folders.split('/').any(|folder| names.contains(&folder))
}

/// Whether a file is there for tests of what it is within. A folder that is a package itself (npm has
/// packages called `fixtures` and `test`) is none.
fn is_sample(folders: &str) -> bool {
    let mut foreign = false;
    let mut before = "";
    for folder in folders.split('/') {
        let is_package = ROOTS.contains(&before) || before.starts_with('@');
        let is_sample = SAMPLES.contains(&folder) || (foreign && TESTS.contains(&folder));
        if is_sample && !is_package {
            return true;
        }
        foreign |= FOREIGN.contains(&folder);
        before = folder;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_place() {
        for (path, kind) in [
            ("app/node_modules/@a/b/package.json", LanguageFile::NodePackage),
            ("usr/lib/python3/dist-packages/a-1.dist-info/METADATA", LanguageFile::PythonMetadata),
            ("usr/lib/python3/dist-packages/a-1.egg-info", LanguageFile::PythonMetadata),
            ("opt/a.egg/EGG-INFO/PKG-INFO", LanguageFile::PythonMetadata),
            ("usr/lib/ruby/3/specifications/default/json-2.gemspec", LanguageFile::Gemspec),
            ("app/vendor/composer/installed.json", LanguageFile::ComposerInstalled),
            ("app/web.deps.json", LanguageFile::DotnetDeps),
            ("Cargo.lock", LanguageFile::CargoLock),
            ("src/go.mod", LanguageFile::GoMod),
            ("opt/app.WAR", LanguageFile::JavaArchive),
            ("app/test/app.jar", LanguageFile::JavaArchive),
            ("app/tests/yarn.lock", LanguageFile::YarnLock),
        ] {
            assert_eq!(of(path), Some(kind), "{path}");
        }
    }

    #[test]
    fn what_came_with_a_package_is_no_lock_file_of_the_image() {
        for path in [
            "app/package.json",
            "app/node_modules/a/yarn.lock",
            "go/pkg/mod/golang.org/x/text@v0.3.6/go.mod",
            "root/.cargo/registry/src/a-1/Cargo.lock",
            "usr/lib/python3/site-packages/a/requirements.txt",
            "app/vendor/a/b/composer.lock",
            "usr/lib/ruby/gems/3/gems/a-1/Gemfile.lock",
            "usr/lib/ruby/gems/3/gems/a-1/a.gemspec",
            "etc/METADATA",
            "var/installed.json",
            "",
            "/",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn samples_of_tests_are_none() {
        for path in [
            "app/node_modules/resolve/test/resolver/malformed_package_json/package.json",
            "app/node_modules/a/__fixtures__/node_modules/b/package.json",
            "src/testdata/go.mod",
            "app/fixtures/package-lock.json",
            "usr/lib/python3/site-packages/a/tests/b.egg-info/PKG-INFO",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
        for path in [
            "app/node_modules/test/package.json",
            "app/node_modules/fixtures/package.json",
            "app/node_modules/@jest/__tests__/package.json",
            "test/app/node_modules/b/package.json",
        ] {
            assert_eq!(of(path), Some(LanguageFile::NodePackage), "{path}");
        }
    }
}
