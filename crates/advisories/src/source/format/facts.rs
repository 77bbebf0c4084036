//! What people are told of a format.

use super::Format;

/// A format, and what it is called.
struct Facts(Format, &'static str);

const FACTS: [Facts; 18] = [
    Facts(Format::Csaf, "CSAF-VEX of Red Hat or SUSE"),
    Facts(Format::CsafArchive, "an archive (tar) of CSAF-VEX"),
    Facts(Format::DebianList, "the lists of the Debian security tracker"),
    Facts(Format::DebianTracker, "the JSON of the Debian security tracker"),
    Facts(Format::Epss, "EPSS scores (CSV)"),
    Facts(Format::FriendsOfPhp, "FriendsOfPHP advisories"),
    Facts(Format::Kev, "CISA's KEV catalog (JSON)"),
    Facts(Format::KevLines, "entries of CISA's KEV catalog"),
    Facts(Format::NodeJs, "Node.js security-wg advisories"),
    Facts(Format::Nvd, "NVD 2.0 (JSON)"),
    Facts(Format::RubySec, "ruby-advisory-db advisories"),
    Facts(Format::RustSec, "RustSec advisories (JSON)"),
    Facts(Format::RustSecMarkdown, "a RustSec advisory (Markdown)"),
    Facts(Format::Secdb, "secdb of Alpine, Wolfi or Chainguard (JSON)"),
    Facts(Format::TrivyDb, "the database of Trivy (trivy.db)"),
    Facts(Format::TrivyDbArchive, "the archive of Trivy's database"),
    Facts(Format::Ubuntu, "entries of the Ubuntu CVE tracker"),
    Facts(Format::UpdateInfo, "updateinfo.xml of an rpm distribution"),
];

impl Format {
    /// What it is called.
    pub fn title(self) -> &'static str {
        FACTS.iter().find(|facts| facts.0 == self).map_or("", |facts| facts.1)
    }

    /// All that are known, for a message.
    pub(in crate::source) fn known() -> String {
        let own = ["records of OSV (JSON, or a zip of them)", "a bundle of advisories"];
        own.into_iter().chain(FACTS.iter().map(|facts| facts.1)).collect::<Vec<_>>().join(", ")
    }
}
