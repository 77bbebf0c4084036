//! What a file is, by its first bytes.

use super::Format;

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

impl Format {
    /// What a file is that begins like that, unpacked; `None` if it is nothing known. Some tens of KiB
    /// are enough.
    pub fn of(head: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        format(&Head { text, bytes: head })
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
        () if is_debian_list(head) => Some(Format::DebianList),
        () => None,
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

/// Whether a file is one of Debian's lists, by its first entry.
fn is_debian_list(head: &Head<'_>) -> bool {
    let Some(line) = head.text.lines().next() else { return false };
    let id = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_, id)) => id,
        None => line,
    };
    ["DSA-", "DLA-", "CVE-"].iter().any(|prefix| id.starts_with(prefix)) && head.has("\n\t")
}
