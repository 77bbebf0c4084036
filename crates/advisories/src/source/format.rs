//! What files there are, how they are told apart, and what is known of their publishers.

mod facts;
mod recognition;

use std::io::Read;

use super::fault::{Fault, Outlet};
use super::input::Input;
use super::language::{friendsofphp, nodejs, rubysec, rustsec};
use super::secdb::Secdb;
use super::{csaf, debian, epss, json, kev, nvd, tar, trivy, ubuntu, updateinfo};
use crate::ImportMode;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// CSAF-VEX of Red Hat or SUSE: a document of a CVE.
    Csaf,
    /// An archive (tar) of such documents.
    CsafArchive,
    /// A list of the repository of Debian's tracker: DSAs, DLAs or CVEs.
    DebianList,
    /// The JSON of Debian's tracker.
    DebianTracker,
    /// The scores of EPSS of a day.
    Epss,
    /// FriendsOfPHP, an advisory in a line.
    FriendsOfPhp,
    /// CISA's catalog of known exploited vulnerabilities.
    Kev,
    /// The same, an entry in a line.
    KevLines,
    /// The Node.js security working group, an advisory in a document.
    NodeJs,
    /// NVD, format 2.0.
    Nvd,
    /// ruby-advisory-db, an advisory in a line.
    RubySec,
    /// RustSec, an advisory in a line.
    RustSec,
    /// RustSec, a file of its repository.
    RustSecMarkdown,
    /// secdb of Alpine, Wolfi or Chainguard.
    Secdb,
    /// The database of Trivy: a bbolt file.
    TrivyDb,
    /// The same in the archive it is published in.
    TrivyDbArchive,
    /// The CVE tracker of Ubuntu, a CVE in a line.
    Ubuntu,
    /// `updateinfo.xml` of Amazon Linux, Oracle Linux, Rocky, AlmaLinux or Fedora.
    UpdateInfo,
}

impl Format {
    /// What becomes of what the source said before: a file that has all of it replaces that.
    pub fn mode(self) -> ImportMode {
        match self {
            Self::DebianTracker
            | Self::Epss
            | Self::FriendsOfPhp
            | Self::Kev
            | Self::KevLines
            | Self::RubySec
            | Self::RustSec
            | Self::TrivyDb
            | Self::TrivyDbArchive
            | Self::Ubuntu => ImportMode::Replace,
            Self::Csaf
            | Self::CsafArchive
            | Self::DebianList
            | Self::NodeJs
            | Self::Nvd
            | Self::RustSecMarkdown
            | Self::Secdb
            | Self::UpdateInfo => ImportMode::Update,
        }
    }

    pub(super) fn read(self, input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        match self {
            Self::Csaf => csaf::read_one(input, outlet),
            Self::CsafArchive => csaf_archive(input, outlet),
            Self::DebianList => debian::list::read(input, outlet),
            Self::DebianTracker => debian::tracker(input, outlet),
            Self::Epss => epss::read(input, outlet),
            Self::FriendsOfPhp => {
                json::documents(input, &mut |it: friendsofphp::Advisory| it.give(outlet))
            }
            Self::Kev => kev::read(input, outlet),
            Self::KevLines => kev::read_lines(input, outlet),
            Self::NodeJs => json::documents(input, &mut |it| nodejs::give(it, outlet)),
            Self::Nvd => nvd::read(input, outlet),
            Self::RubySec => json::documents(input, &mut |it: rubysec::Advisory| it.give(outlet)),
            Self::RustSec => json::documents(input, &mut |it: rustsec::Advisory| it.give(outlet)),
            Self::RustSecMarkdown => rustsec::Advisory::of_markdown(&text(input)?)?.give(outlet),
            Self::Secdb => json::document::<Secdb>(input)?.give(outlet),
            Self::TrivyDb => trivy::read(input, outlet),
            Self::TrivyDbArchive => trivy::read_archive(input, outlet),
            Self::Ubuntu => ubuntu::read(input, outlet),
            Self::UpdateInfo => updateinfo::read(input, outlet),
        }
    }
}

fn text(mut input: Input<'_>) -> Result<String, Fault> {
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    Ok(text)
}

fn csaf_archive(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let meter = input.meter();
    let (mut content, mut count) = (Vec::new(), 0_u64);
    tar::each_file(input, &mut |name, file| {
        meter.next_record();
        if !name.ends_with(".json") {
            return Ok(());
        }
        content.clear();
        file.read_to_end(&mut content)?;
        count += 1;
        csaf::read(&content, outlet)
    })?;
    match count {
        0 => Err(Fault::malformed("", "the archive has no document")),
        _ => Ok(()),
    }
}
