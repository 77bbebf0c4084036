//! Package URLs, as far as statements need them: <https://github.com/package-url/purl-spec>.

use std::collections::BTreeMap;

/// A package URL in its parts, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PackageUrl {
    /// `deb`, `oci`, in lower case.
    pub(super) kind: String,
    /// Empty if there is none.
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// By their keys in lower case.
    pub(super) qualifiers: BTreeMap<String, String>,
}

impl PackageUrl {
    /// Reads a package URL; `None` for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) = rest.split_once('/')?;
        let path = path.trim_matches('/');
        // A scope of npm begins with the sign that otherwise begins the version.
        let at = path.rfind('@').filter(|at| *at > path.rfind('/').map_or(0, |slash| slash + 1));
        let (path, version) = match at {
            Some(at) => (path.get(..at)?, path.get(at + 1..)),
            None => (path, None),
        };
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let version = version.filter(|it| !it.is_empty()).map(decoded);
        let qualifiers = qualifiers.split('&').filter(|it| !it.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((key.to_ascii_lowercase(), decoded(value)?))
        });
        let read = Self {
            kind: kind.to_ascii_lowercase(),
            namespace: decoded(namespace)?,
            name: decoded(name)?,
            version: match version {
                Some(version) => Some(version?),
                None => None,
            },
            qualifiers: qualifiers.collect::<Option<_>>()?,
        };
        (!read.kind.is_empty() && !read.name.is_empty()).then_some(read)
    }
}

/// Without percent signs; `None` if they stand before anything but two hex digits.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_found() {
        let read = |text: &str| PackageUrl::parse(text).unwrap();
        let url = read("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12#x");
        assert_eq!((url.kind.as_str(), url.namespace.as_str()), ("deb", "debian"));
        assert_eq!(url.version.as_deref(), Some("3.0.11-1~deb12u2"));
        assert_eq!(url.qualifiers.get("distro").map(String::as_str), Some("debian-12"));
        let url = read("pkg:npm/%40angular/core@12.3.1");
        assert_eq!((url.namespace.as_str(), url.name.as_str()), ("@angular", "core"));
        let url = read("pkg:npm/@angular/core");
        assert_eq!((url.namespace.as_str(), url.version), ("@angular", None));
        let url = read("pkg:oci/app@sha256%3Aabc?repository_url=localhost:4566/app");
        assert_eq!(url.version.as_deref(), Some("sha256:abc"));
        assert_eq!(read("pkg:golang/github.com/a/b@v1").namespace, "github.com/a");
        for wrong in
            ["", "pkg:", "pkg:deb", "pkg:/x", "pkg:deb/", "deb/x", "pkg:a/b%4", "pkg:a/%zz"]
        {
            assert_eq!(PackageUrl::parse(wrong), None, "{wrong}");
        }
    }
}
