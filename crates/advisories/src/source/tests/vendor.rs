//! Vendors of rpm distributions, and NVD.

use wharfinger_package::Severity;

use super::{Read, error_of, intervals, read_text};
use crate::source::Format;
use crate::{FixStatus, Record, Vulnerability};

const VEX: &str = r#"{"document":{"aggregate_severity":{"text":"Important"},"category":"csaf_vex","csaf_version":"2.0",
 "publisher":{"category":"vendor","name":"Red Hat Product Security","namespace":"https://www.redhat.com"},
 "title":"nodejs: a flaw","tracking":{"current_release_date":"2025-08-13T15:14:45+00:00","id":"CVE-2024-1","status":"final","version":"3"}},
 "product_tree":{"branches":[{"category":"vendor","name":"Red Hat","branches":[
  {"category":"product_name","name":"BaseOS 8","product":{"name":"x","product_id":"BaseOS-8.6.0.Z","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:8::baseos"}}},
  {"category":"product_name","name":"AppStream 8","product":{"name":"x","product_id":"AppStream-8.6.0.Z","product_identification_helper":{"cpe":"cpe:/a:redhat:enterprise_linux:8::appstream"}}},
  {"category":"product_name","name":"EUS","product":{"name":"x","product_id":"BaseOS-8.4.0.Z.EUS","product_identification_helper":{"cpe":"cpe:/o:redhat:rhel_eus:8.4::baseos"}}},
  {"category":"product_name","name":"RHEL 9","product":{"name":"x","product_id":"red_hat_enterprise_linux_9","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}},
  {"category":"product_version","name":"m","product":{"name":"m","product_id":"nodejs:12:8010020190612:cdc1202b","product_identification_helper":{"purl":"pkg:rpmmod/redhat/nodejs@12:8010020190612:cdc1202b"}}},
  {"category":"product_version","name":"n","product":{"name":"n","product_id":"npm-1:6.1-1.el8.x86_64","product_identification_helper":{"purl":"pkg:rpm/redhat/npm@6.1-1.el8?arch=x86_64&epoch=1"}}},
  {"category":"product_version","name":"o","product":{"name":"o","product_id":"openssl-libs-1:1.1.1k-6.el8.x86_64","product_identification_helper":{"purl":"pkg:rpm/redhat/openssl-libs@1.1.1k-6.el8?arch=x86_64&epoch=1"}}},
  {"category":"product_version","name":"o","product":{"name":"o","product_id":"openssl-libs-1:1.1.1k-6.el8.aarch64","product_identification_helper":{"purl":"pkg:rpm/redhat/openssl-libs@1.1.1k-6.el8?arch=aarch64&epoch=1"}}},
  {"category":"product_version","name":"o","product":{"name":"o","product_id":"openssl-libs-1:1.1.1g-3.el8.x86_64","product_identification_helper":{"purl":"pkg:rpm/redhat/openssl-libs@1.1.1g-3.el8?arch=x86_64&epoch=1"}}},
  {"category":"product_version","name":"b","product":{"name":"b","product_id":"bash","product_identification_helper":{"purl":"pkg:rpm/redhat/bash?arch=src"}}},
  {"category":"product_version","name":"c","product":{"name":"c","product_id":"curl","product_identification_helper":{"purl":"pkg:rpm/redhat/curl"}}},
  {"category":"product_version","name":"z","product":{"name":"z","product_id":"zlib"}},
  {"category":"product_version","name":"i","product":{"name":"i","product_id":"rhel9/buildah","product_identification_helper":{"purl":"pkg:oci/buildah?repository_url=x"}}}
 ]}],"relationships":[
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"AppStream-8.6.0.Z:nodejs:12"},"product_reference":"nodejs:12:8010020190612:cdc1202b","relates_to_product_reference":"AppStream-8.6.0.Z"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"A:npm"},"product_reference":"npm-1:6.1-1.el8.x86_64","relates_to_product_reference":"AppStream-8.6.0.Z:nodejs:12"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"B:ssl-x"},"product_reference":"openssl-libs-1:1.1.1k-6.el8.x86_64","relates_to_product_reference":"BaseOS-8.6.0.Z"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"B:ssl-a"},"product_reference":"openssl-libs-1:1.1.1k-6.el8.aarch64","relates_to_product_reference":"BaseOS-8.6.0.Z"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"B:ssl-old"},"product_reference":"openssl-libs-1:1.1.1g-3.el8.x86_64","relates_to_product_reference":"BaseOS-8.6.0.Z"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"E:ssl"},"product_reference":"openssl-libs-1:1.1.1g-3.el8.x86_64","relates_to_product_reference":"BaseOS-8.4.0.Z.EUS"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"9:bash"},"product_reference":"bash","relates_to_product_reference":"red_hat_enterprise_linux_9"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"9:curl"},"product_reference":"curl","relates_to_product_reference":"red_hat_enterprise_linux_9"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"9:zlib"},"product_reference":"zlib","relates_to_product_reference":"red_hat_enterprise_linux_9"},
  {"category":"default_component_of","full_product_name":{"name":"r","product_id":"9:image"},"product_reference":"rhel9/buildah","relates_to_product_reference":"red_hat_enterprise_linux_9"}
 ]},
 "vulnerabilities":[{"cve":"CVE-2024-1","notes":[{"category":"description","text":"A flaw was found."}],"release_date":"2024-03-05T00:00:00+00:00",
  "product_status":{"fixed":["A:npm","B:ssl-old","B:ssl-x","B:ssl-a","E:ssl"],"known_affected":["9:bash","9:image"],"known_not_affected":["9:curl"],"under_investigation":["9:zlib"]},
  "remediations":[{"category":"vendor_fix","details":"x","product_ids":["B:ssl-x","B:ssl-a"],"url":"https://access.redhat.com/errata/RHSA-2024:2"},
   {"category":"no_fix_planned","details":"Will not fix","product_ids":["9:bash"]}],
  "threats":[{"category":"impact","details":"Moderate","product_ids":["9:bash"]}],
  "scores":[{"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H","baseScore":5.9},"products":["A:npm"]}],
  "references":[{"category":"self","url":"https://access.redhat.com/security/cve/CVE-2024-1"}]}]}"#;

fn told(read: &Read) -> Vec<&Vulnerability> {
    let told = read.records.iter().filter_map(|record| match record {
        Record::Vulnerability(vulnerability) => Some(vulnerability),
        _ => None,
    });
    told.collect()
}

#[test]
fn vex_of_red_hat() {
    let read = read_text("cve-2024-1.json", VEX).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::Csaf, "redhat"));
    let mut covered = read.covers();
    covered.sort();
    assert_eq!(covered, ["redhat:8", "redhat:9"]);
    // The highest of two fixes counts, and what both architectures have is said once.
    let ssl = read.one("redhat:8", "openssl-libs", "CVE-2024-1");
    assert_eq!(intervals(ssl), "(, 1:1.1.1k-6.el8)");
    assert_eq!(ssl.architectures, ["aarch64", "x86_64"]);
    assert_eq!(ssl.advisory.as_deref(), Some("RHSA-2024:2"));
    assert_eq!(
        (ssl.severity, ssl.vendor_severity.as_deref()),
        (Some(Severity::High), Some("Important"))
    );
    let npm = read.one("redhat:8", "npm", "CVE-2024-1");
    assert_eq!(
        (intervals(npm).as_str(), npm.module.as_deref()),
        ("(, 1:6.1-1.el8)", Some("nodejs:12"))
    );
    // What is said of sources holds for what is built of them.
    let bash = read.of("redhat:9", "bash");
    assert!(bash.iter().all(|it| it.status == FixStatus::WillNotFix && intervals(it) == "(, )"));
    let architectures: Vec<_> = bash.iter().map(|it| it.architectures.join(" ")).collect();
    assert_eq!(
        (architectures, bash[0].severity),
        (vec!["".into(), "src".into()], Some(Severity::Medium))
    );
    assert_eq!(read.one("redhat:9", "curl", "CVE-2024-1").status, FixStatus::NotAffected);
    assert_eq!(read.one("redhat:9", "zlib", "CVE-2024-1").status, FixStatus::UnderInvestigation);
    assert_eq!(read.affected_count(), 6);
    let told = told(&read)[0];
    assert_eq!(told.cvss[0].source, "REDHAT");
    assert_eq!(told.modified_at.unwrap().iso8601(), "2025-08-13T15:14:45Z");
}

#[test]
fn an_archive_of_vex() {
    let deleted = VEX.replace("\"final\"", "\"deleted\"").replace("CVE-2024-1", "CVE-2024-2");
    let archive = tar_of(&[
        ("2024/cve-2024-1.json", VEX.as_bytes()),
        ("2024/README.txt", b"nothing"),
        ("2024/cve-2024-2.json", deleted.as_bytes()),
    ]);
    let packed = zstd::encode_all(archive.as_slice(), 1).unwrap();
    let read = read_text("csaf_vex.tar.zst", packed).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::CsafArchive, "redhat"));
    assert_eq!(read.affected_count(), 6);
    // What was deleted takes away what was said before.
    let gone = read.documents.iter().find(|it| it.id == "CVE-2024-2").unwrap();
    assert!(gone.records.is_empty());

    let wrong = VEX.replace("\"cve\":\"CVE-2024-1\"", "\"cve\":1");
    let archive = tar_of(&[("2024/cve-2024-1.json", wrong.as_bytes())]);
    let error = error_of("csaf.tar", archive);
    let expected =
        "2024/cve-2024-1.json, line 30, column 28: invalid type: integer `1`, expected a string";
    assert_eq!(error, expected);
    let error = error_of("csaf.tar", tar_of(&[("README.txt", b"nothing")]));
    assert_eq!(error, "the archive has no document");
    let archive = tar_of(&[("2024/cve-2024-1.json", VEX.as_bytes())]);
    let error = error_of("csaf.tar", &archive[..2000]);
    assert!(error.contains("EOF while parsing"), "{error}");
}

/// A tar of files.
pub(in crate::source) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in files {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(header);
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

const UPDATEINFO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<updates>
 <update author="linux-security@amazon.com" from="x" status="final" type="security" version="1.4">
  <id>ALAS2-2018-939</id><title>Amazon Linux 2 &lt;2018&gt;: medium priority</title>
  <issued date="2018-01-10 00:14"/><updated date="2018-01-11 00:14"/><severity>important</severity>
  <description>Package updates are available &amp; fix it.</description>
  <references><reference href="http://x" id="CVE-2017-5715" type="cve" title=""/>
   <reference href="http://x" id="CVE-2017-5753" type="cve"/></references>
  <pkglist><collection short="amazon-linux-2"><name>Amazon Linux 2</name>
   <package arch="x86_64" epoch="0" name="kernel" release="37.amzn2" version="4.9.76"><filename>Packages/kernel.rpm</filename></package>
   <package arch="aarch64" epoch="0" name="kernel" release="37.amzn2" version="4.9.76"/>
   <package arch="src" epoch="0" name="kernel" release="37.amzn2" version="4.9.76"/>
   <package arch="noarch" epoch="32" name="bind-license" release="2.amzn2" version="9.11.4"/>
  </collection></pkglist></update>
 <update type="security"><id>ALAS2PHP8.0-2022-001</id><title>t</title><severity>low</severity><description>d</description>
  <pkglist><collection><package arch="x86_64" epoch="0" name="php" release="1.amzn2" version="8.0.20"/></collection></pkglist></update>
 <update type="bugfix"><id>ALAS2-2018-940</id><title>t</title><severity>low</severity></update>
</updates>"#;

#[test]
fn advisories_of_amazon_linux() {
    let read = read_text("updateinfo.xml", UPDATEINFO).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::UpdateInfo, "amazon"));
    assert_eq!(read.covers(), ["amazon:2"]);
    let kernel = read.one("amazon:2", "kernel", "CVE-2017-5753");
    assert_eq!(
        (intervals(kernel).as_str(), kernel.severity),
        ("(, 4.9.76-37.amzn2)", Some(Severity::High))
    );
    assert_eq!(kernel.architectures, ["aarch64", "x86_64"]);
    assert_eq!(kernel.advisory.as_deref(), Some("ALAS2-2018-939"));
    let bind = read.one("amazon:2", "bind-license", "CVE-2017-5715");
    assert_eq!(intervals(bind), "(, 32:9.11.4-2.amzn2)");
    // A topic of the extras speaks of its own versions, not of those of the core repository.
    let php = read.one("amazon:2", "php", "ALAS2PHP8.0-2022-001");
    assert_eq!(intervals(php), "[8.0, 8.0.20-1.amzn2)");
    assert_eq!((read.affected_count(), read.documents.len()), (5, 3));
    assert_eq!(read.summary.updated_at.unwrap().iso8601(), "2018-01-11T00:14:00Z");
}

#[test]
fn advisories_of_oracle_linux() {
    let text = UPDATEINFO.replace("ALAS2-2018-939", "ELSA-2018-0007").replace("amzn2", "el7_4.1");
    let text = text.replace("ALAS2PHP8.0-2022-001", "ELSA-2022-001");
    let read = read_text("updateinfo.xml", text).unwrap();
    assert_eq!((read.name.as_str(), read.covers().join(" ")), ("oracle", "oracle:7".into()));
    let kernel = read.one("oracle:7", "kernel", "CVE-2017-5753");
    assert_eq!(intervals(kernel), "(, 4.9.76-37.el7_4.1)");
}

#[test]
fn an_updateinfo_that_is_wrong_is_refused() {
    for (from, to, expected) in [
        ("</updates>", "</update>", "ill-formed document"),
        ("ALAS2-2018-939", "XYZ-1", "XYZ-1: it does not say of which distribution it is"),
        (" version=\"4.9.76\"", "", "a package of ALAS2-2018-939 has no version"),
        ("&amp;", "&#xffffffff;", "character"),
    ] {
        let error = error_of("updateinfo.xml", UPDATEINFO.replace(from, to));
        assert!(error.contains(expected), "{from}: {error}");
    }
    let (cut, _) = UPDATEINFO.split_once("<pkglist>").unwrap();
    let error = error_of("updateinfo.xml", cut);
    assert!(error.contains("an update has no end"), "{error}");
}

#[test]
fn nvd() {
    let text = r#"{"resultsPerPage":2,"startIndex":0,"totalResults":2,"format":"NVD_CVE","version":"2.0","timestamp":"2024-05-17T00:00:00.000","vulnerabilities":[
     {"cve":{"id":"CVE-2021-44228","sourceIdentifier":"security@apache.org","published":"2021-12-10T10:15:09.143","lastModified":"2024-04-03T17:21:30.627","vulnStatus":"Analyzed",
      "descriptions":[{"lang":"es","value":"Log4j (es)"},{"lang":"en","value":"Apache Log4j2"}],
      "metrics":{"cvssMetricV31":[{"source":"nvd@nist.gov","type":"Primary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H","baseScore":10.0,"baseSeverity":"CRITICAL"}}],
       "cvssMetricV2":[{"source":"nvd@nist.gov","type":"Primary","cvssData":{"version":"2.0","vectorString":"AV:N/AC:M/Au:N/C:C/I:C/A:C","baseScore":9.3}}]},
      "references":[{"url":"https://logging.apache.org/log4j/2.x/security.html","source":"x"}]}},
     {"cve":{"id":"CVE-2021-4","published":"2021-12-10T10:15:09.143","lastModified":"2024-04-04T17:21:30.627","vulnStatus":"Rejected","descriptions":[],"metrics":{},"references":[]}}]}"#;
    let read = read_text("nvdcve-2.0-2021.json", text).unwrap();
    assert_eq!((read.format, read.name.as_str(), read.records.len()), (Format::Nvd, "nvd", 1));
    let log4shell = told(&read)[0];
    let ratings: Vec<_> = log4shell.cvss.iter().map(|it| (it.version.as_str(), it.score)).collect();
    assert_eq!(ratings, [("3.1", 10.0), ("2.0", 9.3)]);
    assert_eq!(
        (log4shell.severity, log4shell.cvss[0].source.as_str()),
        (Some(Severity::Critical), "NVD")
    );
    assert_eq!(log4shell.description.as_deref(), Some("Apache Log4j2"));
    assert_eq!(read.documents[1].id, "CVE-2021-4");
    assert_eq!(read.summary.updated_at.unwrap().iso8601(), "2024-04-04T17:21:30Z");
}
