//! What single files say of a distribution, and by which release its advisories are kept.

use std::collections::BTreeMap;

use wharfinger_package::{Ecosystem, Family, debian_release};

use super::Distribution;

/// Bytes of a field that is kept.
const FIELD_BYTES_MAX: usize = 256;
/// How the text of an older file begins, and whose it is.
const NAMES: [(&str, &str); 9] = [
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("AlmaLinux", "almalinux"),
    ("Rocky Linux", "rocky"),
    ("Oracle Linux", "ol"),
    ("Fedora", "fedora"),
    ("Amazon Linux", "amzn"),
    ("SUSE Linux Enterprise", "sles"),
    ("openSUSE", "opensuse"),
];

/// The fields of os-release or lsb-release: assignments as of a shell, of which the last counts.
pub(super) fn fields(text: &str) -> BTreeMap<&str, String> {
    let mut fields = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            fields.insert(key.trim(), unquoted(value.trim()));
        }
    }
    fields
}

fn unquoted(value: &str) -> String {
    let single = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let double = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut text = String::new();
    let mut escaped = false;
    for character in single.or(double).unwrap_or(value).chars() {
        if character == '\\' && single.is_none() && !escaped {
            escaped = true;
        } else if text.len() < FIELD_BYTES_MAX {
            escaped = false;
            text.extend((!character.is_control()).then_some(character));
        }
    }
    text
}

/// The distribution of an image without os-release.
pub(super) fn by_older_files<'a>(text: &dyn Fn(&str) -> Option<&'a str>) -> Option<Distribution> {
    let named = |id: &str, version: &str, pretty_name: &str| Distribution {
        id: id.to_owned(),
        version: version.to_owned(),
        pretty_name: pretty_name.chars().take(FIELD_BYTES_MAX).collect(),
        ecosystem: None,
    };
    if let Some(version) = text("etc/alpine-release").map(first_line).filter(|it| !it.is_empty()) {
        return Some(named("alpine", version, &format!("Alpine Linux {version}")));
    }
    if let Some(lsb) = text("etc/lsb-release").map(fields) {
        let field = |name: &str| lsb.get(name).cloned().unwrap_or_default();
        if field("DISTRIB_ID") == "Ubuntu" {
            let pretty_name = field("DISTRIB_DESCRIPTION");
            return Some(named("ubuntu", &field("DISTRIB_RELEASE"), &pretty_name));
        }
    }
    let files = [
        "etc/almalinux-release",
        "etc/rocky-release",
        "etc/oracle-release",
        "etc/centos-release",
        "etc/fedora-release",
        "etc/redhat-release",
        "etc/system-release",
        "etc/SuSE-release",
    ];
    let lines = files.into_iter().filter_map(|path| text(path).map(first_line));
    for line in lines {
        if let Some((_, id)) = NAMES.iter().find(|(name, _)| line.starts_with(name)) {
            return Some(named(id, &number_in(line), line));
        }
    }
    let version = text("etc/debian_version").map(first_line).filter(|it| !it.is_empty())?;
    Some(named("debian", version, &format!("Debian GNU/Linux {version}")))
}

/// The version of a distribution whose os-release has none: testing and unstable of Debian, distroless,
/// some derivatives.
pub(super) fn version_by_older_files<'a>(
    id: &str,
    text: &dyn Fn(&str) -> Option<&'a str>,
    fields: &BTreeMap<&str, String>,
) -> String {
    let line = |path: &str| text(path).map(first_line).filter(|it| !it.is_empty());
    let codename = fields.get("VERSION_CODENAME").map(String::as_str).filter(|it| !it.is_empty());
    let found = match id {
        "debian" => line("etc/debian_version").or(codename),
        "alpine" => line("etc/alpine-release"),
        "ubuntu" => {
            let lsb = text("etc/lsb-release").map(self::fields).unwrap_or_default();
            return lsb.get("DISTRIB_RELEASE").cloned().unwrap_or_default();
        }
        "centos" => return line("etc/centos-release").map(number_in).unwrap_or_default(),
        "rhel" => return line("etc/redhat-release").map(number_in).unwrap_or_default(),
        "amzn" => return line("etc/system-release").map(number_in).unwrap_or_default(),
        _ => None,
    };
    found.unwrap_or_default().chars().take(FIELD_BYTES_MAX).collect()
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim()
}

/// The first number of a line: `CentOS release 6.10 (Final)`.
fn number_in(line: &str) -> String {
    let number =
        line.split_ascii_whitespace().find(|word| word.starts_with(|it: char| it.is_ascii_digit()));
    number.unwrap_or_default().to_owned()
}

/// By which ecosystem the advisories of a distribution are kept.
pub(super) fn ecosystem(of: &Distribution, repositories: Option<&str>) -> Option<Ecosystem> {
    let major = || parts(&of.version, 1);
    let minor = || parts(&of.version, 2);
    let released = |family, release: Option<String>| {
        release.map(|release| Ecosystem::released(family, release))
    };
    match of.id.as_str() {
        "almalinux" => released(Family::Alma, major()),
        "alpine" => {
            let branch = repositories.and_then(alpine_branch);
            released(Family::Alpine, branch.or_else(|| alpine_release(&of.version)))
        }
        "amzn" => released(Family::Amazon, major().map(amazon_release)),
        "azurelinux" => released(Family::AzureLinux, minor()),
        "centos" => released(Family::CentOs, major()),
        "chainguard" => Some(Ecosystem::rolling(Family::Chainguard)),
        "debian" => released(Family::Debian, numbered_debian(&of.version)),
        "fedora" => released(Family::Fedora, major()),
        "mariner" => released(Family::CblMariner, minor()),
        "ol" => released(Family::Oracle, major()),
        "opensuse" | "opensuse-leap" => released(Family::OpenSuseLeap, minor()),
        "opensuse-tumbleweed" => Some(Ecosystem::rolling(Family::OpenSuseTumbleweed)),
        "photon" => released(Family::Photon, minor()),
        "rhel" => released(Family::RedHat, major()),
        "rocky" => released(Family::Rocky, major()),
        "sled" | "sles" | "sles_sap" | "sle_hpc" => released(Family::Suse, minor()),
        "ubuntu" => released(Family::Ubuntu, minor()),
        "wolfi" => Some(Ecosystem::rolling(Family::Wolfi)),
        _ => None,
    }
}

/// The first numbers of a version; none if it begins with something else.
fn parts(version: &str, count: usize) -> Option<String> {
    let numbers = version.split(['.', '-', ' ', '_']).take(count);
    let numbers: Vec<&str> = numbers.take_while(|part| is_number(part)).collect();
    (!numbers.is_empty()).then(|| numbers.join("."))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.len() <= 8 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Amazon Linux 1 was numbered by its month: `2018.03`.
fn amazon_release(major: String) -> String {
    let number = major.parse::<u32>().unwrap_or_default();
    if (2010..=2019).contains(&number) { "1".to_owned() } else { major }
}

/// A number, a name, or testing and unstable, which call themselves `forky/sid`.
fn numbered_debian(version: &str) -> Option<String> {
    if version.ends_with("/sid") {
        return Some("sid".to_owned());
    }
    debian_release(version).map(str::to_owned).or_else(|| parts(version, 1))
}

/// `3.18`; what is not yet a release (`3.22_alpha20250108`) is edge.
fn alpine_release(version: &str) -> Option<String> {
    if version.contains("_alpha") || version == "edge" {
        return Some("edge".to_owned());
    }
    parts(version, 2).filter(|release| release.contains('.'))
}

/// The branch of the repositories that packages come from: of `main` if it is there, edge before any
/// number, and the highest number. Lines with a tag (`@edge`) hold only for packages that ask for it.
fn alpine_branch(repositories: &str) -> Option<String> {
    let mut best: Option<(bool, Option<(u32, u32)>)> = None;
    for line in repositories.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '@']) {
            continue;
        }
        let mut parts = line.trim_end_matches('/').rsplit('/');
        let main = parts.next() == Some("main");
        let branch = match parts.next() {
            Some("edge") => None,
            Some(branch) => match branch_number(branch) {
                Some(number) => Some(number),
                None => continue,
            },
            None => continue,
        };
        // Edge is no number: it sorts before numbers, and counts for more.
        let better = match &best {
            None => true,
            Some((was_main, was)) if *was_main == main => {
                was.is_some() && (branch.is_none() || branch > *was)
            }
            Some((was_main, _)) => !was_main,
        };
        if better {
            best = Some((main, branch));
        }
    }
    best.map(|(_, branch)| match branch {
        Some((major, minor)) => format!("{major}.{minor}"),
        None => "edge".to_owned(),
    })
}

fn branch_number(branch: &str) -> Option<(u32, u32)> {
    let (major, minor) = branch.strip_prefix('v')?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
