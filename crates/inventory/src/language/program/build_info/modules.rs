//! The text of the build information: a line for each module, then the settings of the build.
//! <https://pkg.go.dev/runtime/debug#BuildInfo>

use wharfinger_package::Family;

use super::super::super::listing::Listing;
use crate::PackageManager;
use crate::found::FileError;

const GO: (Family, PackageManager) = (Family::Go, PackageManager::Gobinary);
/// How advisories name the standard library.
const STANDARD_LIBRARY: &str = "stdlib";

/// A module and its version.
type Module<'a> = (&'a str, &'a str);

/// Adds the standard library, the main module if its version is known, and the modules that were built
/// in: the one that replaces another in its place. A replacement by a folder has no version.
pub(super) fn add(version: &[u8], text: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    if let Some(version) = release(&String::from_utf8_lossy(version)) {
        into.add(GO, STANDARD_LIBRARY, &version)?;
    }
    let text = String::from_utf8_lossy(text);
    let mut main = None;
    let mut link_flags = None;
    let mut last: Option<Module<'_>> = None;
    for line in text.lines() {
        let (kind, rest) = line.split_once('\t').unwrap_or((line, ""));
        match kind {
            "mod" => main = Some(module(rest)),
            "dep" => add_module(last.replace(module(rest)), into)?,
            "=>" if last.is_some() => last = Some(module(rest)),
            "=>" => main = Some(module(rest)),
            "build" => link_flags = link_flags.or_else(|| rest.strip_prefix("-ldflags=")),
            _ => {}
        }
    }
    add_module(last, into)?;
    let Some((name, version)) = main else { return Ok(()) };
    if matches!(version, "" | "(devel)") {
        let version = link_flags.and_then(|flags| stamped(name, flags));
        return version.map_or(Ok(()), |version| into.add(GO, name, &version));
    }
    into.add(GO, name, version)
}

fn add_module(module: Option<Module<'_>>, into: &mut Listing<'_>) -> Result<(), FileError> {
    match module {
        Some((_, "" | "(devel)")) | None => Ok(()),
        Some((name, version)) => into.add(GO, name, version),
    }
}

fn module(line: &str) -> Module<'_> {
    let mut parts = line.split('\t');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// The release of Go as advisories write it: `1.22.3` of `go1.22.3 X:boringcrypto`, `1.21.0-rc.2` of
/// `go1.21rc2`. None of a version under development.
fn release(version: &str) -> Option<String> {
    let version = version.strip_prefix("go")?.split_whitespace().next()?;
    let end = version.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let dots = numbers.matches('.').count();
    if !numbers.starts_with(|it: char| it.is_ascii_digit()) || dots > 2 || dots == 0 {
        return None;
    }
    let zeros = if dots == 1 { ".0" } else { "" };
    let pre_release =
        ["rc", "beta"].into_iter().find_map(|kind| Some((kind, rest.strip_prefix(kind)?)));
    Some(match pre_release {
        Some((kind, number)) => format!("{numbers}{zeros}-{kind}.{number}"),
        // What a vendor appends (`-fips`, `-asan`) is the release itself.
        None => format!("{numbers}{zeros}"),
    })
}

/// The version of the main module that the linker was told to put into it: `-X main.version=1.2.3`.
/// None if it was told several.
fn stamped(module: &str, flags: &str) -> Option<String> {
    let inner = flags.strip_prefix('"').and_then(|flags| flags.strip_suffix('"'));
    let flags = inner.unwrap_or(flags).replace("\\\"", "\"");
    let words = flags.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let mut versions = words
        .filter_map(|word| word.strip_prefix("-X=").unwrap_or(word).split_once('='))
        .filter(|(variable, _)| names_version(module, variable))
        .map(|(_, value)| value.trim_matches(['"', '\'']))
        .map(|value| value.strip_prefix('v').unwrap_or(value))
        .filter(|value| value.starts_with(|it: char| it.is_ascii_digit()) && value.contains('.'));
    let version = versions.next()?;
    versions.all(|other| other == version).then(|| format!("v{version}"))
}

/// Whether a variable holds the version of a module: `main.version`, or one of its packages' own.
fn names_version(module: &str, variable: &str) -> bool {
    let variable = variable.trim_matches(['"', '\'']);
    let Some((package, name)) = variable.rsplit_once('.') else { return false };
    let own = package == "main" || package.starts_with(module);
    own && ["version", "gitversion", "ver"].iter().any(|it| name.eq_ignore_ascii_case(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_go() {
        for (version, expected) in [
            ("go1.22.3", Some("1.22.3")),
            ("go1.22.3 X:boringcrypto", Some("1.22.3")),
            ("go1.20", Some("1.20.0")),
            ("go1.21rc2", Some("1.21.0-rc.2")),
            ("go1.18beta1", Some("1.18.0-beta.1")),
            ("go1.20.4-fips", Some("1.20.4")),
            ("go1.20.3 (Red Hat 1.20.3-1.el9)", Some("1.20.3")),
            ("devel go1.23-9ce47e66e8 Wed Mar 6", None),
            ("go1", None),
            ("go", None),
            ("goose.1", None),
        ] {
            assert_eq!(release(version).as_deref(), expected, "{version}");
        }
    }

    #[test]
    fn versions_that_the_linker_put_in() {
        let of = |flags| stamped("example.com/tool", flags);
        assert_eq!(of(r#""-s -w -X main.version=1.2.3""#).as_deref(), Some("v1.2.3"));
        assert_eq!(
            of(r#""-X 'main.Version=v1.2.3' -X main.commit=4.5""#).as_deref(),
            Some("v1.2.3")
        );
        assert_eq!(of("-X=example.com/tool/cmd.version=v0.1.0").as_deref(), Some("v0.1.0"));
        assert_eq!(of(r#""-X \"main.version=v2.0\"""#).as_deref(), Some("v2.0"));
        assert_eq!(of(r#""-X main.version=1.0 -X example.com/tool/a.Version=2.0""#), None);
        assert_eq!(of("-X example.com/other.version=1.2.3"), None);
        assert_eq!(of("-X main.version=unknown"), None);
        assert_eq!(of("-s -w"), None);
    }
}
