//! Trivy's database, written here as bbolt writes it.

use std::collections::BTreeMap;

use wharfinger_package::Severity;

use super::super::tests::{corpus, error_of, intervals, read_text, tar_of, try_read};
use super::bolt::checksum;
use crate::source::Format;
use crate::{FixStatus, Record};

const PAGE: usize = 4096;

/// A value, or a bucket of such.
enum Node {
    Value(&'static str),
    Bucket(BTreeMap<&'static str, Node>),
}

fn bucket<const N: usize>(entries: [(&'static str, Node); N]) -> Node {
    Node::Bucket(entries.into_iter().collect())
}

/// A file under construction: its pages, the first two of which are written last.
struct File(Vec<Vec<u8>>);

impl File {
    /// A leaf with entries, as a page of its own or as a part of another.
    fn leaf(&mut self, entries: &BTreeMap<&'static str, Node>, inline: bool) -> Vec<u8> {
        let mut elements = Vec::new();
        let mut content = Vec::new();
        for (index, (key, node)) in entries.iter().enumerate() {
            let (flags, value) = match node {
                Node::Value(text) => (0_u32, text.as_bytes().to_vec()),
                // Small buckets are part of the page, as bbolt does it; others have their own.
                Node::Bucket(entries) if entries.len() < 3 => {
                    let mut value = vec![0; 16];
                    value.extend(self.leaf(entries, true));
                    (1, value)
                }
                Node::Bucket(entries) => {
                    let root = self.tree(entries);
                    let mut value = root.to_le_bytes().to_vec();
                    value.extend([0; 8]);
                    (1, value)
                }
            };
            let position = (entries.len() - index) * 16 + content.len();
            for number in [flags, position as u32, key.len() as u32, value.len() as u32] {
                elements.extend(number.to_le_bytes());
            }
            content.extend(key.as_bytes());
            content.extend(value);
        }
        let mut page = vec![0; 16];
        page[8] = 2;
        page[10..12].copy_from_slice(&(entries.len() as u16).to_le_bytes());
        page.extend(elements);
        page.extend(content);
        assert!(inline || page.len() <= PAGE);
        page
    }

    fn push(&mut self, mut page: Vec<u8>) -> u64 {
        let id = self.0.len() as u64;
        page[..8].copy_from_slice(&id.to_le_bytes());
        page.resize(PAGE, 0);
        self.0.push(page);
        id
    }

    /// A tree of two leaves under a branch.
    fn tree(&mut self, entries: &BTreeMap<&'static str, Node>) -> u64 {
        let mut branch = vec![0; 16];
        branch[8] = 1;
        branch[10] = 2;
        let half = entries.len() / 2;
        let keys: Vec<&'static str> = entries.keys().copied().collect();
        for part in [&keys[..half], &keys[half..]] {
            let part: BTreeMap<&'static str, Node> =
                part.iter().map(|key| (*key, copy(&entries[key]))).collect();
            let leaf = self.leaf(&part, false);
            let id = self.push(leaf);
            branch.extend([0; 8]);
            branch.extend(id.to_le_bytes());
        }
        self.push(branch)
    }
}

fn copy(node: &Node) -> Node {
    match node {
        Node::Value(text) => Node::Value(text),
        Node::Bucket(entries) => {
            Node::Bucket(entries.iter().map(|(key, it)| (*key, copy(it))).collect())
        }
    }
}

fn database(entries: &Node) -> Vec<u8> {
    let Node::Bucket(entries) = entries else { panic!("no bucket") };
    let mut file = File(vec![vec![0; PAGE], vec![0; PAGE]]);
    let root = file.tree(entries);
    for index in [0_usize, 1] {
        let mut meta = Vec::new();
        meta.extend(0xed0c_daed_u32.to_le_bytes());
        meta.extend(2_u32.to_le_bytes());
        meta.extend((PAGE as u32).to_le_bytes());
        meta.extend([0; 4]);
        // The older one of the two has no root that could be read.
        meta.extend(if index == 0 { 99_u64 } else { root }.to_le_bytes());
        meta.extend([0; 24]);
        meta.extend((index as u64).to_le_bytes());
        let sum = checksum(&meta);
        meta.extend(sum.to_le_bytes());
        file.0[index][8] = 4;
        file.0[index][16..16 + meta.len()].copy_from_slice(&meta);
    }
    file.0.concat()
}

fn sample() -> Vec<u8> {
    let value = Node::Value;
    database(&bucket([
        (
            "alpine 3.18",
            bucket([(
                "musl",
                bucket([("CVE-2019-14697", value(r#"{"FixedVersion":"1.1.20-r5"}"#))]),
            )]),
        ),
        (
            "debian 10",
            bucket([
                ("bash", bucket([("CVE-2019-18276", value(r#"{"Severity":1,"Status":7}"#))])),
                (
                    "libidn2",
                    bucket([(
                        "CVE-2019-18224",
                        value(r#"{"FixedVersion":"2.0.5-1+deb10u1","VendorIDs":["DSA-4613-1"]}"#),
                    )]),
                ),
                ("zlib", bucket([("CVE-2022-1", value("{}"))])),
            ]),
        ),
        (
            "Red Hat",
            bucket([
                (
                    "openssl",
                    bucket([(
                        "RHSA-2019:2304",
                        value(
                            r#"{"Entries":[{"Affected":[859,869],"Cves":[{"ID":"CVE-2018-0734","Severity":1},{"ID":"CVE-2019-1559","Severity":2}],"FixedVersion":"1:1.0.2k-19.el7"}]}"#,
                        ),
                    )]),
                ),
                (
                    "nodejs:12::npm",
                    bucket([(
                        "CVE-2020-1",
                        value(
                            r#"{"Entries":[{"Affected":[857],"Status":5,"Arches":["x86_64"],"Cves":[{"Severity":3}]}]}"#,
                        ),
                    )]),
                ),
            ]),
        ),
        (
            "Red Hat CPE",
            bucket([(
                "cpe",
                bucket([
                    ("857", value(r#""cpe:/o:redhat:enterprise_linux:6::server""#)),
                    ("859", value(r#""cpe:/o:redhat:rhel_eus:7.4""#)),
                    ("869", value(r#""cpe:/o:redhat:enterprise_linux:7::server""#)),
                ]),
            )]),
        ),
        (
            "SUSE Linux Enterprise 15-SP3",
            bucket([(
                "openssl-1_1",
                bucket([(
                    "SUSE-SU-2022:2251-1",
                    value(r#"{"FixedVersion":"1.1.1d-150200.11.48.1"}"#),
                )]),
            )]),
        ),
        (
            "k8s::Official Kubernetes CVE Feed",
            bucket([("k8s.io/api", bucket([("CVE-2023-1", value("{}"))]))]),
        ),
        (
            "pip::GitHub Security Advisory Pip",
            bucket([(
                "Django_x",
                bucket([(
                    "CVE-2021-1",
                    value(
                        r#"{"VulnerableVersions":[">= 2.0, < 2.2.16","< 1.11"],"PatchedVersions":["2.2.16"]}"#,
                    ),
                )]),
            )]),
        ),
        (
            "vulnerability",
            bucket([
                (
                    "CVE-2019-14697",
                    value(
                        r#"{"Title":"musl","Severity":"CRITICAL","VendorSeverity":{"nvd":4,"alpine":2}}"#,
                    ),
                ),
                (
                    "CVE-2021-1",
                    value(
                        r#"{"Description":"x","VendorSeverity":{"ghsa":3},"CVSS":{"ghsa":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N","V3Score":7.5}},"LastModifiedDate":"2022-09-21T11:15:00Z"}"#,
                    ),
                ),
            ]),
        ),
    ]))
}

#[test]
fn a_database_says_what_its_buckets_say() {
    let read = read_text("trivy.db", sample()).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::TrivyDb, "trivy-db"));
    let mut covered = read.covers();
    covered.sort();
    assert_eq!(covered, ["alpine:3.18", "debian:10", "pypi", "redhat:6", "redhat:7", "suse:15.3"]);
    let said = |ecosystem: &str, package: &str, id: &str| {
        let one = read.one(ecosystem, package, id);
        format!("{} {:?} {:?}", intervals(one), one.status, one.severity)
    };
    for (ecosystem, package, id, expected) in [
        ("alpine:3.18", "musl", "CVE-2019-14697", "(, 1.1.20-r5) Fixed Some(Medium)"),
        ("debian:10", "bash", "CVE-2019-18276", "(, ) EndOfLife Some(Low)"),
        ("debian:10", "libidn2", "CVE-2019-18224", "(, 2.0.5-1+deb10u1) Fixed None"),
        ("debian:10", "zlib", "CVE-2022-1", "(, ) Affected None"),
        ("redhat:7", "openssl", "CVE-2018-0734", "(, 1:1.0.2k-19.el7) Fixed Some(Low)"),
        ("redhat:6", "npm", "CVE-2020-1", "(, ) WillNotFix Some(High)"),
        ("suse:15.3", "openssl-1_1", "SUSE-SU-2022:2251-1", "(, 1.1.1d-150200.11.48.1) Fixed None"),
        ("pypi", "django-x", "CVE-2021-1", "[2.0, 2.2.16) (, 1.11) Fixed Some(High)"),
    ] {
        assert_eq!(said(ecosystem, package, id), expected, "{ecosystem} {package} {id}");
    }
    assert_eq!(read.one("redhat:6", "npm", "CVE-2020-1").module.as_deref(), Some("nodejs:12"));
    let advisory = read.one("redhat:7", "openssl", "CVE-2019-1559").advisory.clone();
    assert_eq!(advisory.as_deref(), Some("RHSA-2019:2304"));
    let told = read.records.iter().filter_map(|record| match record {
        Record::Vulnerability(told) => Some(told),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        (told[0].severity, told[1].cvss[0].source.as_str()),
        (Some(Severity::Critical), "GITHUB")
    );
    assert_eq!(read.of("debian:10", "bash")[0].status, FixStatus::EndOfLife);
}

#[test]
fn the_archive_it_is_published_in_is_read() {
    let archive = tar_of(&[("trivy.db", &sample()), ("metadata.json", b"{\"Version\":2}")]);
    let packed = zstd::encode_all(archive.as_slice(), 1).unwrap();
    let read = read_text("db.tar.zst", packed).unwrap();
    assert_eq!((read.format, read.affected_count()), (Format::TrivyDbArchive, 9));
    let without = tar_of(&[("metadata.json", b"{\"Version\":2}")]);
    assert_eq!(error_of("db.tar", without), "the archive has no trivy.db");
}

#[test]
fn a_file_of_bbolt_itself_is_read() {
    let read = try_read(&corpus("trivy/bbolt-normal.db")).unwrap();
    assert_eq!((read.format, read.records.len()), (Format::TrivyDb, 0));
}

#[test]
fn damaged_databases_are_refused() {
    let good = sample();
    let at = |at: usize, byte: u8| {
        let mut file = good.clone();
        file[at] = byte;
        error_of("trivy.db", file)
    };
    // A meta page whose sum is wrong does not count, and the other one has no root.
    assert_eq!(at(PAGE + 40, 1), "the file is damaged: a page is not in the file");
    assert_eq!(
        error_of("trivy.db", &good[..PAGE * 3]),
        "the file is damaged: a page is not in the file"
    );
    // No single byte makes it panic or run for ever.
    let mut ends = 0;
    for place in (2 * PAGE..good.len()).step_by(61) {
        for byte in [0, 0xff] {
            let mut file = good.clone();
            file[place] = byte;
            ends += usize::from(read_text("trivy.db", file).is_err());
        }
    }
    assert!(ends > 5, "{ends}");
    // A branch that leads back to itself.
    let root = good.len() / PAGE - 1;
    let mut file = good.clone();
    let own = (root as u64).to_le_bytes();
    for element in [24, 40] {
        file[root * PAGE + element..][..8].copy_from_slice(&own);
    }
    assert_eq!(error_of("trivy.db", file), "the file is damaged: its pages form a circle");
}
