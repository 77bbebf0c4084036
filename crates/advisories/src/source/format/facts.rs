//! What people are told of a format.

use super::Format;

/// What a format is called, and under which licence what it says may be passed on.
struct Facts(Format, &'static str, &'static str);

const FACTS: [Facts; 18] = [
    Facts(Format::Csaf, "CSAF-VEX of Red Hat or SUSE", "CC-BY-4.0"),
    Facts(Format::CsafArchive, "an archive (tar) of CSAF-VEX", "CC-BY-4.0"),
    Facts(Format::DebianList, "the lists of the Debian security tracker", ""),
    Facts(Format::DebianTracker, "the JSON of the Debian security tracker", ""),
    Facts(Format::Epss, "EPSS scores (CSV)", ""),
    Facts(Format::FriendsOfPhp, "FriendsOfPHP advisories", "Unlicense"),
    Facts(Format::Kev, "CISA's KEV catalog (JSON)", "CC0-1.0"),
    Facts(Format::KevLines, "entries of CISA's KEV catalog", "CC0-1.0"),
    Facts(Format::NodeJs, "Node.js security-wg advisories", "MIT"),
    Facts(Format::Nvd, "NVD 2.0 (JSON)", "LicenseRef-public-domain"),
    Facts(Format::RubySec, "ruby-advisory-db advisories", "LicenseRef-public-domain"),
    Facts(Format::RustSec, "RustSec advisories (JSON)", "CC0-1.0"),
    Facts(Format::RustSecMarkdown, "a RustSec advisory (Markdown)", "CC0-1.0"),
    Facts(Format::Secdb, "secdb of Alpine, Wolfi or Chainguard (JSON)", ""),
    Facts(Format::TrivyDb, "the database of Trivy (trivy.db)", ""),
    Facts(Format::TrivyDbArchive, "the archive of Trivy's database", ""),
    Facts(Format::Ubuntu, "entries of the Ubuntu CVE tracker", "CC-BY-SA-4.0"),
    Facts(Format::UpdateInfo, "updateinfo.xml of an rpm distribution", ""),
];

impl Format {
    /// What it is called.
    pub fn title(self) -> &'static str {
        self.facts().map_or("", |facts| facts.1)
    }

    /// Under which licence what it says may be passed on, as SPDX writes it; empty if its publisher
    /// does not say, so that it should not be.
    pub fn license(self) -> &'static str {
        self.facts().map_or("", |facts| facts.2)
    }

    /// All that are known, for a message.
    pub(in crate::source) fn known() -> String {
        FACTS.iter().map(|facts| facts.1).collect::<Vec<_>>().join(", ")
    }

    fn facts(self) -> Option<&'static Facts> {
        FACTS.iter().find(|facts| facts.0 == self)
    }
}
