//! What VEX documents come to for a vulnerability of a package.

use wharfinger_core::limits::VEX_DOCUMENT_BYTES_MAX;
use wharfinger_package::{Ecosystem, Family, PackageIdentity};
use wharfinger_scanner::suppression::{
    Document, ImageProduct, Justification, StatementStatus, Statements, Verdict,
};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn image() -> ImageProduct {
    ImageProduct {
        digests: vec![DIGEST.parse().expect("a digest")],
        repository: "localhost:4566/team/app".into(),
        tags: vec!["v1".into()],
    }
}

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> PackageIdentity {
    let (name, version) = (name.into(), version.into());
    let architecture = ecosystem.family.is_distribution().then(|| "amd64".into());
    PackageIdentity {
        ecosystem,
        name,
        version,
        architecture,
        source: None,
        module: None,
        vendor: None,
    }
}

fn openssl() -> PackageIdentity {
    package(Ecosystem::released(Family::Debian, "12"), "openssl", "1:3.0.11-1~deb12u2")
}

fn document(statements: &str) -> String {
    format!(
        r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://vex.test/1", "author": "A",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": [{statements}]}}"#
    )
}

fn not_affected(product: &str) -> String {
    let status = r#""status": "not_affected", "justification": "vulnerable_code_not_present""#;
    document(&format!(
        r#"{{"vulnerability": {{"name": "CVE-2026-1"}}, "products": [{product}], {status}}}"#
    ))
}

fn verdict(text: &str, package: &PackageIdentity) -> Option<Verdict> {
    let mut statements = Statements::default();
    statements.add(Document::parse(text.as_bytes()).expect("a document"), false);
    statements.verdict(&image(), package, &[], ["CVE-2026-1"])
}

#[test]
fn a_real_document_suppresses_a_part_of_a_program() {
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/trivy/vex/file/openvex.json");
    let text = std::fs::read(text).unwrap();
    let mut statements = Statements::default();
    statements.add(Document::parse(&text).unwrap(), false);
    let go = || Ecosystem::rolling(Family::Go);
    let opa = package(go(), "github.com/open-policy-agent/opa", "v0.35.0");
    let main = package(go(), "github.com/testdata/testdata", "v1.0.0");
    let ask = |package, beside: &[&PackageIdentity]| {
        statements.verdict(&image(), package, beside, ["cve-2022-23628"])
    };
    let found = ask(&opa, &[&main]).unwrap();
    assert!(found.suppresses());
    assert_eq!(found.status, StatementStatus::NotAffected);
    assert_eq!(found.justification, Some(Justification::VulnerableCodeNotInExecutePath));
    assert_eq!(
        found.reason,
        "vulnerable_code_not_in_execute_path: The vulnerable code isn't called"
    );
    assert_eq!(found.stated_at.to_string(), "2024-07-09T07:38:00Z");
    // In another program, in another version, or another vulnerability of it.
    assert_eq!(ask(&opa, &[]), None);
    let newer = package(go(), "github.com/open-policy-agent/opa", "v0.36.0");
    assert_eq!(ask(&newer, &[&main]), None);
    assert_eq!(statements.verdict(&image(), &opa, &[&main], ["CVE-2022-23629"]), None);
}

#[test]
fn products_are_images_or_packages() {
    let package = openssl();
    for product in [
        format!(r#"{{"@id": "{DIGEST}"}}"#),
        format!(r#"{{"@id": "registry.test/x@{DIGEST}"}}"#),
        format!(r#"{{"@id": "x", "hashes": {{"sha-256": "{}"}}}}"#, &DIGEST[7..]),
        format!(r#"{{"@id": "pkg:oci/other@{}?arch=amd64"}}"#, DIGEST.replace(':', "%3A")),
        r#"{"@id": "pkg:oci/app"}"#.into(),
        r#"{"@id": "pkg:oci/app?repository_url=localhost:4566/team/app&tag=v1"}"#.into(),
        r#"{"@id": "pkg:oci/app?repository_url=team/app"}"#.into(),
        r#"{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}"#.into(),
        r#"{"identifiers": {"purl": "pkg:deb/debian/openssl@1:3.0.11-1~deb12u2"}}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl@3.0.11-1~deb12u2?epoch=1&arch=amd64"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl?distro=debian-12.5"}"#.into(),
    ] {
        assert!(verdict(&not_affected(&product), &package).is_some(), "{product}");
    }
    for product in [
        format!(r#"{{"@id": "{}"}}"#, DIGEST.replace('a', "b")),
        format!(r#"{{"@id": "pkg:oci/app@{}"}}"#, DIGEST.replace('a', "b")),
        r#"{"@id": "pkg:oci/ap"}"#.into(),
        r#"{"@id": "pkg:oci/app?tag=v2"}"#.into(),
        r#"{"@id": "pkg:oci/app?arch=arm64"}"#.into(),
        r#"{"@id": "pkg:oci/app?repository_url=localhost:4566/app"}"#.into(),
        r#"{"@id": "pkg:oci/app?repository_url=am/app"}"#.into(),
        r#"{"@id": "pkg:oci/app?repository_url=app"}"#.into(),
        r#"{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/curl"}]}"#.into(),
        r#"{"@id": "pkg:deb/ubuntu/openssl"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl@3.0.11-1"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl@3.0.11-1~deb12u2?epoch=2"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl?arch=arm64"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl?distro=debian-11"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl?distro=debian-120"}"#.into(),
        r#"{"@id": "pkg:deb/debian/openssl?flavour=x"}"#.into(),
        r#"{"@id": "https://example.test/product"}"#.into(),
    ] {
        assert_eq!(verdict(&not_affected(&product), &package), None, "{product}");
    }
}

#[test]
fn languages_are_named_as_their_package_urls_are() {
    for (family, name, product) in [
        (Family::Maven, "org.x:core", "pkg:maven/org.x/core@1.0?type=jar"),
        (Family::Npm, "@angular/core", "pkg:npm/%40angular/core@1.0"),
        (Family::PyPi, "a-b-c", "pkg:pypi/A_B.c"),
        (Family::Packagist, "symfony/http", "pkg:composer/symfony/http"),
        (Family::Go, "github.com/a/b", "pkg:golang/github.com/a/b@v1.0"),
        (Family::CratesIo, "smallvec", "pkg:cargo/smallvec@1.0"),
    ] {
        let package = package(Ecosystem::rolling(family), name, "1.0");
        let text = not_affected(&format!(r#"{{"@id": "{product}"}}"#));
        assert!(verdict(&text, &package).is_some(), "{product}");
    }
}

#[test]
fn the_newest_statement_wins() {
    let statement = |status: &str, at: &str| {
        let why = match status {
            "not_affected" => r#", "impact_statement": "not\n called ""#,
            _ => "",
        };
        format!(
            r#"{{"vulnerability": {{"name": "GHSA-x", "aliases": ["CVE-2026-1"]}},
            "products": [{{"@id": "pkg:oci/app"}}], "status": "{status}"{why}{at}}}"#
        )
    };
    let later = r#", "timestamp": "2026-02-01T00:00:00Z""#;
    let updated =
        r#", "timestamp": "2025-02-01T00:00:00Z", "last_updated": "2026-03-01T00:00:00Z""#;
    for (first, second, status) in [
        (statement("not_affected", later), statement("affected", ""), "not_affected"),
        (statement("not_affected", ""), statement("affected", ""), "affected"),
        (statement("affected", ""), statement("fixed", ""), "fixed"),
        (
            statement("under_investigation", updated),
            statement("fixed", later),
            "under_investigation",
        ),
    ] {
        let found = verdict(&document(&format!("{first}, {second}")), &openssl()).unwrap();
        assert_eq!(found.status.as_str(), status);
        assert_eq!(found.suppresses(), matches!(status, "not_affected" | "fixed"));
    }
    let found = verdict(&document(&statement("not_affected", "")), &openssl()).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.document.as_str()),
        ("not called", "https://vex.test/1")
    );
}

#[test]
fn a_statement_without_products_is_about_what_its_document_is_attached_to() {
    let text =
        document(r#"{"vulnerability": {"@id": "https://nvd.test/CVE-2026-1"}, "status": "fixed"}"#);
    assert_eq!(verdict(&text, &openssl()), None);
    let mut statements = Statements::default();
    assert!(statements.is_empty());
    statements.add(Document::parse(text.as_bytes()).unwrap(), true);
    let found = statements.verdict(&image(), &openssl(), &[], ["CVE-2026-1"]).unwrap();
    assert_eq!((found.status, found.reason.as_str()), (StatementStatus::Fixed, "fixed"));
}

#[test]
fn what_the_specification_does_not_allow_is_refused() {
    let good = not_affected(r#"{"@id": "pkg:oci/app"}"#);
    Document::parse(good.as_bytes()).unwrap();
    for (what, by) in [
        ("ns/v0.2.0", "ns/v0.3.0"),
        ("openvex.dev", "example.test"),
        ("https://vex.test/1", " "),
        (r#""author": "A""#, r#""author": """#),
        (r#""version": 1"#, r#""version": 0"#),
        (r#""version": 1"#, r#""version": -1"#),
        ("2026-01-01T00:00:00Z", "yesterday"),
        (r#""name": "CVE-2026-1""#, r#""name": " ""#),
        (r#", "justification": "vulnerable_code_not_present""#, ""),
        ("vulnerable_code_not_present", "because"),
        ("not_affected", "affected"),
        ("not_affected", "perhaps"),
        (r#"{"@id": "pkg:oci/app"}"#, "{}"),
        ("pkg:oci/app", "pkg:oci"),
        (r#"{"@id": "pkg:oci/app"}"#, r#"{"hashes": {"sha-256": "12"}}"#),
        (r#""version": 1"#, r#""version": 1, "version": 2"#),
        (r#""version": 1,"#, ""),
    ] {
        let wrong = good.replacen(what, by, 1);
        assert_ne!(wrong, good, "{what}");
        assert!(Document::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Document::parse(document("").as_bytes()).is_err());
    let large = vec![b' '; VEX_DOCUMENT_BYTES_MAX + 1];
    assert!(Document::parse(&large).unwrap_err().to_string().contains("1048576"));
    let deep = "[".repeat(100_000);
    assert!(Document::parse(deep.as_bytes()).is_err());
}
