//! The databases of languages, as they are in the corpus.

use super::{Read, corpus, error_of, intervals, read_text, try_read};
use crate::FixStatus;
use crate::source::Format;

fn of_corpus(name: &str) -> Read {
    try_read(&corpus(&format!("advisories/{name}.jsonl.zst")))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn rustsec() {
    let read = of_corpus("crates.io/rustsec");
    assert_eq!((read.format, read.name.as_str()), (Format::RustSec, "rustsec"));
    assert_eq!(read.covers(), ["crates.io"]);
    let one = read.one("crates.io", "abi_stable", "CVE-2020-36212");
    assert_eq!((intervals(one).as_str(), one.status), ("(, 0.9.1)", FixStatus::Fixed));
    assert_eq!(one.advisory.as_deref(), Some("RUSTSEC-2020-0105"));
    // Each advisory is a document, of which those that were withdrawn say nothing.
    assert_eq!(read.documents.len(), 1225 + 1);
    assert_eq!(read.affected_count(), 1212);
}

#[test]
fn a_file_of_rustsec() {
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2021-0001\"\npackage = \"mdbook\"\naliases = [\"CVE-2020-26297\"]\n\
        cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:L/A:L\"\ndate = \"2021-01-04\"\n\n[versions]\npatched = [\">= 0.4.5\"]\n\
        unaffected = [\"< 0.1.4\"]\n```\n\n# XSS in mdBook's search page\n\nThe search feature was affected.\n";
    let read = read_text("RUSTSEC-2021-0001.md", text).unwrap();
    let one = read.one("crates.io", "mdbook", "CVE-2020-26297");
    assert_eq!(intervals(one), "[0.1.4, 0.4.5)");
    assert_eq!(one.severity, Some(wharfinger_package::Severity::High));
    let wrong = text.replace("\">= 0.4.5\"", "7");
    let error = error_of("RUSTSEC-2021-0001.md", wrong);
    assert!(error.contains("invalid type: integer `7`"), "{error}");
    let wrong = text.replace(">= 0.4.5", ">> 0.4.5");
    let expected = "RUSTSEC-2021-0001: `>>` is no comparison";
    assert_eq!(error_of("RUSTSEC-2021-0001.md", wrong), expected);
}

#[test]
fn ruby_advisory_db() {
    let read = of_corpus("rubygems/ruby-advisory-db");
    assert_eq!((read.format, read.name.as_str()), (Format::RubySec, "rubysec"));
    assert_eq!((read.covers(), read.affected_count()), (vec!["rubygems".to_owned()], 1234));
    let one = read.one("rubygems", "RedCloth", "CVE-2023-31606");
    assert_eq!(intervals(one), "[4.0.0, 4.3.3)");
    let never = read.one("rubygems", "Arabic-Prawn", "CVE-2014-2322");
    assert_eq!((intervals(never).as_str(), never.status), ("(, )", FixStatus::Affected));
}

#[test]
fn friends_of_php() {
    let read = of_corpus("packagist/friendsofphp");
    assert_eq!((read.format, read.name.as_str()), (Format::FriendsOfPhp, "friendsofphp"));
    assert_eq!((read.covers(), read.affected_count()), (vec!["packagist".to_owned()], 1592));
    let one = read.one("packagist", "adodb/adodb-php", "CVE-2016-4855");
    assert_eq!((intervals(one).as_str(), one.status), ("(, 5.20.6)", FixStatus::Fixed));
}

#[test]
fn nodejs_security_wg() {
    let read = of_corpus("npm/nodejs-security-wg");
    assert_eq!((read.format, read.name.as_str()), (Format::NodeJs, "nodejs"));
    assert_eq!(read.covers(), ["npm"]);
    // It is told twice: by itself and in the index, which is a document of the corpus as well.
    let one = read.of("npm", "bassmaster")[0];
    assert_eq!(
        (intervals(one).as_str(), one.advisory.as_deref()),
        ("(, 1.5.1]", Some("NSWG-ECO-1"))
    );
    assert_eq!(intervals(read.of("npm", "uri-js")[0]), "(, 2.1.1]");
}

#[test]
fn the_tracker_of_ubuntu() {
    let read = of_corpus("ubuntu/uct-2020-06");
    assert_eq!((read.format, read.name.as_str()), (Format::Ubuntu, "ubuntu"));
    let covered = read.covers();
    for release in ["ubuntu:14.04", "ubuntu:16.04", "ubuntu:18.04", "ubuntu:19.10"] {
        assert!(covered.contains(&release.to_owned()), "{release}");
    }
    let in_bionic = read.one("ubuntu:18.04", "gcc-4.8", "CVE-2002-2439");
    assert_eq!((in_bionic.intervals.len(), in_bionic.status), (0, FixStatus::NotAffected));
    let one = read.one("ubuntu:16.04", "xine-ui", "CVE-2007-0255");
    assert_eq!((intervals(one).as_str(), one.status), ("(, )", FixStatus::Affected));
    assert_eq!(read.documents.len(), 32_746 + covered.len());
}
