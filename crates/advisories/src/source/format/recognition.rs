//! What a file is, by its name and its first bytes.

use super::super::{debian, updateinfo};
use super::{Format, Recognised};

/// The first bytes of a file, looked through for what only one format has.
struct Head<'a> {
    text: &'a str,
    bytes: &'a [u8],
}

/// The mark of a bbolt file, in its first page after the header of the page.
const BBOLT: [u8; 4] = [0xed, 0xda, 0x0c, 0xed];

impl Head<'_> {
    fn has(&self, word: &str) -> bool {
        self.text.contains(word)
    }

    /// Whether all of these are keys of JSON in it.
    fn has_keys(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(&format!("\"{key}\"")))
    }

    fn begins(&self, text: &str) -> bool {
        self.text.starts_with(text)
    }

    /// The text of the first member of that name.
    fn member(&self, key: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("\"{key}\""))?;
        let text = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        text.split_once('"').map(|(text, _)| text)
    }

    /// The name of the first entry, if it is a tar.
    fn tar_entry(&self) -> Option<String> {
        let name = self.bytes.get(..100)?;
        (self.bytes.get(257..262)? == b"ustar").then(|| {
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned()
        })
    }
}

impl Recognised {
    /// What a file of this name is that begins like that, unpacked; `None` if it is nothing known.
    /// Some tens of KiB are enough.
    pub fn of(file_name: &str, head: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let head = Head { text, bytes: head };
        let format = format(&head)?;
        Some(Self { format, name: name(format, file_name, &head) })
    }
}

fn format(head: &Head<'_>) -> Option<Format> {
    if head.bytes.get(16..20) == Some(&BBOLT) {
        return Some(Format::TrivyDb);
    }
    if let Some(entry) = head.tar_entry() {
        let is_trivy = entry.ends_with("trivy.db") || entry.ends_with("metadata.json");
        return Some(if is_trivy { Format::TrivyDbArchive } else { Format::CsafArchive });
    }
    let is_epss = head.begins("cve,epss,") || (head.begins("#") && head.has("score_date:"));
    match () {
        () if head.begins("{") => json_format(head),
        () if head.begins("<") && head.has("<updates") => Some(Format::UpdateInfo),
        () if head.begins("```toml") && head.has("RUSTSEC-") => Some(Format::RustSecMarkdown),
        () if is_epss => Some(Format::Epss),
        () => debian_list(head).map(|_| Format::DebianList),
    }
}

fn json_format(head: &Head<'_>) -> Option<Format> {
    // What a format has and no other does; those come first whose texts may speak of others.
    let known: [(Format, &[&str]); 12] = [
        (Format::Csaf, &["csaf_version", "document"]),
        (Format::Nvd, &["resultsPerPage", "vulnerabilities"]),
        (Format::Kev, &["catalogVersion", "vulnerabilities"]),
        (Format::KevLines, &["cveID", "dateAdded"]),
        (Format::Secdb, &["packages", "pkg", "secfixes"]),
        (Format::DebianTracker, &["releases", "repositories", "status"]),
        (Format::Ubuntu, &["cve", "priority", "pkgs"]),
        (Format::NodeJs, &["module_name", "vulnerable_versions"]),
        (Format::RubySec, &["gem", "url", "title"]),
        (Format::FriendsOfPhp, &["reference", "branches", "link"]),
        (Format::RustSec, &["package", "date", "id"]),
        // Its list of packages may be empty.
        (Format::Secdb, &["apkurl", "archs", "packages"]),
    ];
    let (format, _) = known.into_iter().find(|(_, keys)| head.has_keys(keys))?;
    let is_it = match format {
        Format::RustSec => head.member("id").is_some_and(|id| id.starts_with("RUSTSEC-")),
        Format::FriendsOfPhp => head.has("composer://"),
        _ => true,
    };
    is_it.then_some(format)
}

/// Which of the lists of Debian a file is, by its first entry.
fn debian_list(head: &Head<'_>) -> Option<&'static str> {
    let line = head.text.lines().next()?;
    let id = match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ")?.1,
        None => line,
    };
    let lists = [("DSA-", "debian-dsa"), ("DLA-", "debian-dla"), ("CVE-", "debian-cve")];
    let (_, name) = lists.into_iter().find(|(prefix, _)| id.starts_with(prefix))?;
    head.has("\n\t").then_some(name)
}

fn name(format: Format, file_name: &str, head: &Head<'_>) -> String {
    let vendor = || {
        let is_suse = head.has("suse.com") || file_name.contains("suse");
        if is_suse { "suse" } else { "redhat" }
    };
    match format {
        // A document of its own stands beside the archive, or the folder, of all of them.
        Format::Csaf => {
            let id = head.text.split_once("\"tracking\"").and_then(|(_, rest)| {
                Head { text: rest, bytes: &[] }.member("id").map(str::to_ascii_lowercase)
            });
            format!("{}-{}", vendor(), id.as_deref().unwrap_or("document"))
        }
        Format::CsafArchive => vendor().into(),
        Format::DebianList => debian_list(head).unwrap_or("debian-list").into(),
        Format::DebianTracker => debian::NAME.into(),
        Format::Epss => "epss".into(),
        Format::FriendsOfPhp => "friendsofphp".into(),
        Format::Kev | Format::KevLines => "kev".into(),
        Format::NodeJs => "nodejs".into(),
        Format::Nvd => nvd_name(file_name),
        Format::RubySec => "ruby-advisory-db".into(),
        Format::RustSec => "rustsec".into(),
        Format::RustSecMarkdown => {
            let id = head.text.split('"').find(|text| text.starts_with("RUSTSEC-"));
            id.map_or("rustsec".into(), str::to_ascii_lowercase)
        }
        Format::Secdb => secdb_name(head),
        Format::TrivyDb | Format::TrivyDbArchive => "trivy".into(),
        Format::Ubuntu => "ubuntu".into(),
        Format::UpdateInfo => updateinfo_name(head),
    }
}

/// NVD comes in files of years, and one of what changed last.
fn nvd_name(file_name: &str) -> String {
    let part = file_name.strip_prefix("nvdcve-2.0-").and_then(|rest| rest.split('.').next());
    match part.map(str::to_ascii_lowercase) {
        Some(part) if part.chars().all(|c| c.is_ascii_alphanumeric()) => format!("nvd-{part}"),
        _ => "nvd".into(),
    }
}

fn secdb_name(head: &Head<'_>) -> String {
    let repository = head.member("reponame").unwrap_or("main");
    match head.member("distroversion").filter(|text| !text.is_empty()) {
        Some(release) => safe(&format!("alpine-{}-{repository}", release.trim_start_matches('v'))),
        None if head.member("urlprefix").is_some_and(|url| url.contains("wolfi")) => "wolfi".into(),
        None => "chainguard".into(),
    }
}

/// Distribution, release and topic of the first advisory.
fn updateinfo_name(head: &Head<'_>) -> String {
    let id = head.text.split_once("<id>").and_then(|(_, rest)| rest.split_once("</id>"));
    let id = id.map(|(id, _)| id.trim()).unwrap_or_default();
    if let Some((release, topic)) = updateinfo::amazon(id) {
        let topic = if topic.is_empty() { "core" } else { topic };
        return safe(&format!("amazon-{release}-{}", topic.to_ascii_lowercase()));
    }
    let name = match id.split('-').next().unwrap_or_default() {
        "ELSA" | "ELBA" => "oracle",
        "RLSA" | "RLBA" => "rocky",
        "ALSA" | "ALBA" => "alma",
        "FEDORA" => "fedora",
        _ => return "updateinfo".into(),
    };
    let mark = if name == "fedora" { ".fc" } else { ".el" };
    let release = head.text.split_once(mark).map(|(_, rest)| {
        rest.chars().take_while(char::is_ascii_digit).collect::<String>()
    });
    match release.filter(|release| !release.is_empty()) {
        Some(release) => format!("{name}-{release}"),
        None => name.into(),
    }
}

/// Only what may be part of a file's name.
fn safe(name: &str) -> String {
    let is_safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    name.chars().filter(is_safe).take(80).collect()
}
