//! Package URLs, which name a package in bills of materials and in VEX:
//! <https://github.com/package-url/purl-spec>.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use wharfinger_core::ParseError;

mod distribution;
mod identity;

/// What the specification leaves as it is in every part of a package URL.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

/// A package URL, its parts decoded: `pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12`.
///
/// [`crate::PackageIdentity::package_url`] makes one, [`PackageUrl::identity`] is the way back. Reading
/// one takes any that keeps to the specification, and writing gives the canonical text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageUrl {
    /// The type, in lower case: `deb`, `npm`, `golang`.
    pub kind: String,
    /// The namespace; its segments are separated by `/`.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// The qualifiers, keys in lower case; none is empty.
    pub qualifiers: BTreeMap<String, String>,
    /// The path within the package.
    pub subpath: Option<String>,
}

impl PackageUrl {
    /// Whether `other` is a package that this one speaks of, as VEX has it: type, namespace and name
    /// are equal, and so are the version and the qualifiers that are given here.
    pub fn covers(&self, other: &Self) -> bool {
        let equal_or_absent = |mine: &Option<String>, its: &Option<String>| {
            mine.is_none() || mine.as_deref() == its.as_deref()
        };
        self.kind == other.kind
            && self.namespace == other.namespace
            && self.name == other.name
            && equal_or_absent(&self.version, &other.version)
            && equal_or_absent(&self.subpath, &other.subpath)
            && self.qualifiers.iter().all(|(key, value)| other.qualifiers.get(key) == Some(value))
    }

    /// A qualifier.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.get(key).map(String::as_str)
    }
}

impl fmt::Display for PackageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        for segment in segments(self.namespace.as_deref()) {
            write!(f, "{}/", encode(segment))?;
        }
        write!(f, "{}", encode(&self.name))?;
        if let Some(version) = &self.version {
            write!(f, "@{}", encode(version))?;
        }
        let mut separator = '?';
        for (key, value) in self.qualifiers.iter().filter(|(_, value)| !value.is_empty()) {
            write!(f, "{separator}{key}={}", encode(value))?;
            separator = '&';
        }
        let mut separator = '#';
        for segment in segments(self.subpath.as_deref()) {
            write!(f, "{separator}{}", encode(segment))?;
            separator = '/';
        }
        Ok(())
    }
}

impl FromStr for PackageUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or(ParseError::new("a package URL, such as pkg:npm/%40angular/core@16.0.0"))
    }
}

fn parse(text: &str) -> Option<PackageUrl> {
    let (scheme, rest) = text.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("pkg") {
        return None;
    }
    let (rest, subpath) = split_last(rest, '#');
    let (rest, qualifiers) = split_last(rest, '?');
    let (kind, rest) = rest.trim_start_matches('/').split_once('/')?;
    let rest = rest.trim_end_matches('/');
    // The `@` of a scope that nobody encoded begins a segment; that of a version does not.
    let (path, version) = match rest.rsplit_once('@') {
        Some((path, version)) if !path.is_empty() && !path.ends_with('/') => (path, Some(version)),
        _ => (rest, None),
    };
    let mut parts = path.split('/').filter(|it| !it.is_empty()).map(decode);
    let name = parts.next_back()??;
    let namespace = parts.collect::<Option<Vec<_>>>()?.join("/");
    let subpath = subpath.unwrap_or_default().split('/');
    let subpath = subpath.map(decode).collect::<Option<Vec<_>>>()?;
    let subpath: Vec<_> =
        subpath.into_iter().filter(|it| !matches!(it.as_str(), "" | "." | "..")).collect();
    Some(PackageUrl {
        kind: valid_kind(kind)?,
        namespace: Some(namespace).filter(|it| !it.is_empty()),
        name: Some(name).filter(|it| !it.is_empty())?,
        version: match version {
            Some(version) => Some(decode(version)?).filter(|it| !it.is_empty()),
            None => None,
        },
        qualifiers: parse_qualifiers(qualifiers.unwrap_or_default())?,
        subpath: Some(subpath.join("/")).filter(|it| !it.is_empty()),
    })
}

fn parse_qualifiers(text: &str) -> Option<BTreeMap<String, String>> {
    let mut qualifiers = BTreeMap::new();
    for pair in text.split('&').filter(|it| !it.is_empty()) {
        let (key, value) = pair.split_once('=')?;
        let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
        if key.is_empty() || !key.chars().all(allowed) {
            return None;
        }
        let value = decode(value)?;
        let known =
            !value.is_empty() && qualifiers.insert(key.to_ascii_lowercase(), value).is_some();
        if known {
            return None;
        }
    }
    Some(qualifiers)
}

fn valid_kind(kind: &str) -> Option<String> {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '+');
    let begins = kind.starts_with(|it: char| it.is_ascii_alphabetic());
    (begins && kind.chars().all(allowed)).then(|| kind.to_ascii_lowercase())
}

fn split_last(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.rsplit_once(separator) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn segments(path: Option<&str>) -> impl Iterator<Item = &str> {
    path.unwrap_or_default().split('/').filter(|it| !it.is_empty())
}

fn encode(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, ENCODED)
}

fn decode(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}
