//! Which package an archive is, from what is known of it.

use super::group::known_group;
use super::manifest::Attributes;

/// How Maven names a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

/// The packages of an archive: `parts` are what Maven left in it. Where none of them is the archive itself,
/// as its name calls it, another tool may have built it of them, and it is one more: surely if they are
/// several, and if its manifest says the version that its name says.
pub(super) fn identify(
    file_name: &str,
    parts: Vec<Coordinates>,
    attributes: &Attributes,
) -> Vec<Coordinates> {
    let named = Named::parse(file_name, attributes);
    let itself = |part: &Coordinates| {
        let is = |it: &Named<'_>| it.artifact == part.artifact || it.version == part.version;
        named.as_ref().is_none_or(is)
    };
    let sure = parts.len() != 1 || named.as_ref().is_some_and(|it| attributes.say(it.version));
    let mut packages = parts;
    if sure && !packages.iter().any(itself) {
        packages.extend(described(named, attributes));
    }
    packages
}

/// The package that manifest and name describe.
fn described(named: Option<Named<'_>>, attributes: &Attributes) -> Option<Coordinates> {
    let one_word = |text: &str| !text.is_empty() && !text.contains([' ', '/', ':']);
    let titles = [&attributes.extension, &attributes.short_name, &attributes.title];
    let titled = || titles.into_iter().find(|title| one_word(title)).map(String::as_str);
    let bundle = attributes.bundle.as_str();
    let last = bundle.rsplit('.').next().filter(|last| one_word(last));
    let artifact = match &named {
        Some(named) => named.artifact,
        None => titled().or(last)?,
    };
    let versions =
        [&attributes.version, &attributes.bundle_version, &attributes.specification_version];
    let version = match &named {
        Some(named) => named.version,
        None => versions.into_iter().find(|version| !version.is_empty())?,
    };
    // The first word: some add when it was built.
    let version = version.split_whitespace().next()?;
    let group = group(artifact, version, attributes);
    Some(Coordinates { group, artifact: artifact.to_owned(), version: version.to_owned() })
}

/// The group of an artifact: as the manifest says, else the name of the bundle (without its last part,
/// if that is of the artifact), else that of old packages, whose group and artifact are one.
fn group(artifact: &str, version: &str, attributes: &Attributes) -> String {
    let is_group = |text: &&str| !text.is_empty() && !text.contains([' ', '/', ':', ',']);
    let bundle = match attributes.bundle.rsplit_once('.') {
        Some((before, last)) if artifact.ends_with(last) => Some(before),
        _ => Some(attributes.bundle.as_str()),
    };
    let group = Some(attributes.group.as_str())
        .filter(is_group)
        .or_else(|| known_group(artifact, version))
        .or_else(|| Some(attributes.vendor.as_str()).filter(is_group))
        .or_else(|| bundle.filter(is_group).filter(|bundle| bundle.contains('.')));
    group.unwrap_or(artifact).to_owned()
}

/// What the name of a file says: `artifact-version.jar`.
struct Named<'a> {
    artifact: &'a str,
    version: &'a str,
}

/// What may follow a version in a name without being part of it.
const CLASSIFIERS: [&str; 12] = [
    "-all",
    "-bundle",
    "-exec",
    "-executable",
    "-fat",
    "-jar-with-dependencies",
    "-no-deps",
    "-no_aop",
    "-shaded",
    "-sources",
    "-standalone",
    "-uber",
];
/// Words that are part of a version, although digits follow.
const QUALIFIERS: [&str; 13] = [
    "alpha",
    "atlassian",
    "b",
    "beta",
    "build",
    "cr",
    "jre",
    "m",
    "milestone",
    "rc",
    "rev",
    "sp",
    "v",
];

impl<'a> Named<'a> {
    fn parse(file_name: &'a str, attributes: &Attributes) -> Option<Self> {
        let (stem, _) = file_name.rsplit_once('.')?;
        let stem = CLASSIFIERS.iter().find_map(|it| stem.strip_suffix(it)).unwrap_or(stem);
        let splits = stem.match_indices('-').filter_map(|(at, _)| {
            let (artifact, version) = (stem.get(..at)?, stem.get(at.checked_add(1)?..)?);
            let numbered = version.starts_with(|it: char| it.is_ascii_digit());
            (numbered && !artifact.is_empty()).then_some(Self { artifact, version })
        });
        let said = splits.clone().find(|it| attributes.say(it.version));
        said.or_else(|| splits.clone().find(|it| is_version(it.version)))
    }
}

/// Whether a text is a version throughout: the `1.2-api-2.17.1` of `log4j-1.2-api-2.17.1.jar` is none.
fn is_version(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    words.windows(2).all(|pair| match pair {
        [word, next] if next.starts_with(|it: char| it.is_ascii_digit()) => {
            let numbered = word.starts_with(|it: char| it.is_ascii_digit());
            numbered || QUALIFIERS.iter().any(|it| word.eq_ignore_ascii_case(it))
        }
        _ => true,
    })
}
