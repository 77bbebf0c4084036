//! The rules of matching, one by one.

use wharfinger_advisories::{
    Affected, Cvss, Document, FixStatus, Interval, Record, VersionEnd, Vulnerability,
};
use wharfinger_package::{Ecosystem, PackageIdentity, Severity, SourcePackage};
use wharfinger_scanner::match_package;

use super::database::{Built, affected, document, package, says};

/// A document of `source` that says `statements` of one package.
fn of(source: &str, ecosystem: &str, name: &str, statements: Vec<Affected>) -> Document {
    let ecosystem: Ecosystem = ecosystem.parse().expect(ecosystem);
    let records = statements.into_iter().map(|it| says(&ecosystem, name, it)).collect();
    document(source, &format!("{ecosystem}/{name}"), records)
}

fn told(source: &str, vulnerability: Vulnerability) -> Document {
    let id = format!("told:{}", vulnerability.id);
    document(source, &id, vec![Record::Vulnerability(vulnerability)])
}

/// What is found, as `id fixed severity status source`.
fn found(documents: Vec<Document>, package: &PackageIdentity) -> Vec<String> {
    let row = |it: wharfinger_scanner::PackageVulnerability| {
        let fixed = it.fixed_version.unwrap_or_else(|| "-".into());
        format!("{} {fixed} {} {:?} {}", it.vulnerability, it.severity, it.status, it.source)
    };
    Built::of(documents).matches(package).into_iter().map(row).collect()
}

fn interval(introduced: Option<&str>, end: VersionEnd) -> Interval {
    Interval { introduced: introduced.map(str::to_owned), end }
}

#[test]
fn the_source_package_is_compared() {
    let documents = || {
        vec![of("debian", "debian:12", "curl", vec![affected("CVE-1", Some("7.88.1-10+deb12u5"))])]
    };
    let of_source = |version: &str| PackageIdentity {
        source: Some(SourcePackage { name: "curl".into(), version: version.into() }),
        ..package("debian:12", "libcurl4", "7.88.1-10+deb12u5+b1")
    };
    let row = "CVE-1 7.88.1-10+deb12u5 UNDEFINED Fixed debian";
    assert_eq!(found(documents(), &of_source("7.88.1-10+deb12u4")), [row]);
    assert!(found(documents(), &of_source("7.88.1-10+deb12u5")).is_empty());
    assert!(found(documents(), &package("debian:12", "libcurl4", "1")).is_empty());
    assert!(found(documents(), &package("debian:11", "curl", "1")).is_empty());
}

#[test]
fn what_is_said_of_red_hats_sources_holds_for_what_was_built_of_them() {
    let of_sources = |vulnerability: &str, status| Affected {
        vulnerability: vulnerability.into(),
        intervals: vec![interval(None, VersionEnd::Open)],
        architectures: vec!["src".into()],
        status,
        ..Affected::default()
    };
    let documents = || {
        let said = vec![
            of_sources("CVE-1", FixStatus::Affected),
            of_sources("CVE-2", FixStatus::NotAffected),
            affected("CVE-3", Some("1:1.1.1k-5.el8_5")),
        ];
        vec![of("redhat", "redhat:8", "openssl", said)]
    };
    let built = PackageIdentity {
        architecture: Some("x86_64".into()),
        source: Some(SourcePackage { name: "openssl".into(), version: "1:1.1.1k-4.el8".into() }),
        ..package("redhat:8", "openssl-libs", "1:1.1.1k-4.el8")
    };
    assert_eq!(found(documents(), &built), ["CVE-1 - UNDEFINED Affected redhat"]);
    let other = PackageIdentity { source: None, ..built };
    assert!(found(documents(), &other).is_empty());
}

#[test]
fn the_fix_is_that_of_the_line() {
    let lines = || {
        let intervals = vec![
            interval(Some("1.0.0"), VersionEnd::Fixed("1.4.2".into())),
            interval(Some("2.0.0"), VersionEnd::Fixed("2.1.0".into())),
            interval(Some("3.0.0"), VersionEnd::LastAffected("3.0.5".into())),
            interval(Some("4.0.0"), VersionEnd::Open),
        ];
        let statement =
            Affected { intervals, versions: vec!["0.9".into()], ..affected("CVE-1", None) };
        vec![of("ghsa", "npm", "a", vec![statement])]
    };
    for (version, fixed) in [
        ("0.9", Some("1.4.2 UNDEFINED Fixed")),
        ("0.9.1", None),
        ("1.0.0", Some("1.4.2 UNDEFINED Fixed")),
        ("1.4.2", None),
        ("2.0.9", Some("2.1.0 UNDEFINED Fixed")),
        ("3.0.5", Some("- UNDEFINED Affected")),
        ("3.0.6", None),
        ("5.0.0", Some("- UNDEFINED Affected")),
        ("latest", None),
    ] {
        let row = fixed.map(|it| format!("CVE-1 {it} ghsa"));
        assert_eq!(found(lines(), &package("npm", "a", version)), Vec::from_iter(row), "{version}");
    }
}

#[test]
fn of_several_advisories_the_last_fix_counts() {
    let row = |advisory: &str, fixed| Affected {
        advisory: Some(advisory.into()),
        ..affected("CVE-1", Some(fixed))
    };
    let rows = vec![
        row("RHSA-1", "0:1.0-3.el8"),
        row("RHSA-2", "0:1.0-10.el8"),
        row("RHSA-0", "0:0.9-1.el8"),
    ];
    let built = Built::of([of("redhat", "redhat:8", "a", rows)]);
    let matches = built.matches(&package("centos:8", "a", "1.0-1.el8"));
    let [only] = &matches[..] else { panic!("{matches:?}") };
    assert_eq!(only.fixed_version.as_deref(), Some("1.0-10.el8"));
    assert_eq!(only.advisory.as_deref(), Some("RHSA-2"));
    let later = built.matches(&package("centos:8", "a", "1.0-10.el8"));
    assert!(later.is_empty());
}

#[test]
fn what_a_vendor_denies_is_silent_in_its_ecosystem() {
    let not = |intervals| Affected {
        intervals,
        status: FixStatus::NotAffected,
        ..affected("CVE-1", None)
    };
    let others =
        || of("osv", "debian:12", "a", vec![affected("CVE-1", None), affected("CVE-2", None)]);
    let always = of("debian", "debian:12", "a", vec![not(vec![])]);
    let rows = found(vec![others(), always], &package("debian:12", "a", "1"));
    assert_eq!(rows, ["CVE-2 - UNDEFINED Affected osv"]);
    let early = not(vec![interval(None, VersionEnd::Fixed("1".into()))]);
    let early = of("debian", "debian:12", "a", vec![early]);
    assert_eq!(found(vec![others(), early], &package("debian:12", "a", "1")).len(), 2);
    // Wolfi's denial is of Wolfi's package.
    let wolfi = of("wolfi", "wolfi", "a", vec![not(vec![])]);
    let chainguard = of("chainguard", "chainguard", "a", vec![affected("CVE-1", Some("2"))]);
    let rows = found(vec![wolfi, chainguard], &package("chainguard", "a", "1"));
    assert_eq!(rows, ["CVE-1 2 UNDEFINED Fixed chainguard"]);
}

#[test]
fn one_thing_of_many_ids_is_one_finding() {
    let alias = |source, id: &str, aliases: &[&str], severity| {
        let aliases = aliases.iter().map(|it| (*it).to_owned()).collect();
        told(source, Vulnerability { id: id.into(), aliases, severity, ..Vulnerability::default() })
    };
    let documents = vec![
        of(
            "pypa",
            "pypi",
            "a",
            vec![affected("PYSEC-1", Some("1.5")), affected("PYSEC-2", Some("1.1"))],
        ),
        of(
            "ghsa",
            "pypi",
            "a",
            vec![affected("GHSA-1", Some("1.4")), affected("GHSA-2", Some("1.1"))],
        ),
        of("osv", "pypi", "a", vec![affected("CVE-1", None), affected("MAL-1", Some("1.2"))]),
        alias("pypa", "PYSEC-1", &["CVE-1", "GHSA-1"], None),
        alias("pypa", "PYSEC-2", &["GHSA-2"], None),
        alias("ghsa", "GHSA-1", &["CVE-1"], Some(Severity::High)),
        alias("ghsa", "GHSA-2", &[], Some(Severity::Low)),
        alias("osv", "MAL-1", &["CVE-8", "CVE-9"], None),
    ];
    let rows = found(documents, &package("pypi", "a", "1.0"));
    assert_eq!(
        rows,
        [
            "CVE-1 1.5 HIGH Fixed pypa",
            "CVE-8 1.2 UNDEFINED Fixed osv",
            "CVE-9 1.2 UNDEFINED Fixed osv",
            "GHSA-2 1.1 LOW Fixed pypa",
        ]
    );
}

#[test]
fn the_vendor_rates_before_cvss() {
    let cvss = |source: &str, vector: &str| Cvss {
        version: "3.1".into(),
        vector: format!("CVSS:3.1/{vector}"),
        score: 0.0,
        source: source.into(),
    };
    let (critical, low) =
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N");
    let rating = |source, severity, vectors| {
        told(
            source,
            Vulnerability {
                id: "CVE-1".into(),
                severity,
                cvss: vectors,
                ..Vulnerability::default()
            },
        )
    };
    let statement = |severity| {
        of("debian", "debian:12", "a", vec![Affected { severity, ..affected("CVE-1", None) }])
    };
    let nvd = || rating("nvd", None, vec![cvss("NVD", critical)]);
    let github = || rating("ghsa", Some(Severity::Medium), vec![]);
    let anybody = || rating("osv", None, vec![cvss("SOMEONE", low)]);
    let vendor = || rating("debian", Some(Severity::Low), vec![]);
    for (documents, severity) in [
        (vec![statement(Some(Severity::Informational)), vendor(), nvd()], "INFORMATIONAL"),
        (vec![statement(None), vendor(), nvd(), github(), anybody()], "LOW"),
        (vec![statement(None), nvd(), github(), anybody()], "CRITICAL"),
        (vec![statement(None), github(), anybody()], "MEDIUM"),
        (vec![statement(None), anybody()], "LOW"),
        (
            vec![statement(None), rating("osv", None, vec![cvss("NVD", critical), cvss("X", low)])],
            "CRITICAL",
        ),
        (vec![statement(None)], "UNDEFINED"),
    ] {
        let rows = found(documents, &package("debian:12", "a", "1"));
        assert_eq!(rows, [format!("CVE-1 - {severity} Affected debian")]);
    }
}

#[test]
fn builds_that_are_not_meant_are_left_out() {
    let row = |module: Option<&str>, architectures: &[&str], fixed| Affected {
        module: module.map(str::to_owned),
        architectures: architectures.iter().map(|it| (*it).to_owned()).collect(),
        ..affected("CVE-1", Some(fixed))
    };
    let plain = "2-1.el8";
    let stream = "2-1.module_el8.1.0+1";
    for (statement, module, architecture, version, meant) in [
        (row(None, &["x86_64"], plain), None, "x86_64", "1-1.el8", true),
        (row(None, &["x86_64"], plain), None, "aarch64", "1-1.el8", false),
        (row(None, &["x86_64"], plain), None, "noarch", "1-1.el8", true),
        (row(None, &["noarch"], plain), None, "aarch64", "1-1.el8", true),
        (row(Some("nodejs:12"), &[], stream), Some("nodejs:12"), "x86_64", "1-1.module_el8", true),
        (row(Some("nodejs:12"), &[], stream), Some("nodejs:14"), "x86_64", "1-1.module_el8", false),
        (row(Some("nodejs:12"), &[], stream), None, "x86_64", "1-1.el8", false),
        (row(None, &[], plain), Some("nodejs:12"), "x86_64", "1-1.module_el8", false),
        (row(None, &[], stream), None, "x86_64", "1-1.el8", false),
        (row(None, &[], stream), Some("nodejs:12"), "x86_64", "1-1.module_el8", true),
    ] {
        let installed = PackageIdentity {
            module: module.map(str::to_owned),
            architecture: Some(architecture.into()),
            ..package("alma:8", "a", version)
        };
        let what = format!("{statement:?} {installed:?}");
        let rows = found(vec![of("alma", "alma:8", "a", vec![statement])], &installed);
        assert_eq!(rows.len(), usize::from(meant), "{what}");
    }
    for (fixed, version, meant) in [
        ("10:1.1-2.ksplice1.el8", "10:1.1-1.el8", false),
        ("10:1.1-2.ksplice1.el8", "10:1.1-1.ksplice1.el8", true),
        ("10:1.1-2.el8_fips", "10:1.1-1.el8", false),
        ("10:1.1-2.el8", "10:1.1-1.el8", true),
    ] {
        let documents = vec![of("oracle", "oracle:8", "a", vec![affected("CVE-1", Some(fixed))])];
        let rows = found(documents, &package("oracle:8", "a", version));
        assert_eq!(rows.len(), usize::from(meant), "{fixed} {version}");
    }
}

#[test]
fn what_others_built_is_not_the_distributions() {
    let documents = || vec![of("redhat", "redhat:8", "a", vec![affected("CVE-1", Some("2-1"))])];
    for (vendor, version, meant) in [
        (None, "1-1.el8", true),
        (Some(""), "1-1.el8", true),
        (Some("Red Hat, Inc."), "1-1.el8", true),
        (Some("CentOS"), "1-1.el8", true),
        (Some("Fedora Project"), "1-1.el8", false),
        (Some("NodeSource"), "1-1", false),
        (Some("Remi's RPM repository"), "1-1.el8.remi", false),
        (None, "1-1.el8.remi", false),
    ] {
        let installed = PackageIdentity {
            vendor: vendor.map(str::to_owned),
            ..package("redhat:8", "a", version)
        };
        assert_eq!(
            found(documents(), &installed).len(),
            usize::from(meant),
            "{vendor:?} {version}"
        );
    }
}

#[test]
fn a_package_of_which_too_much_is_said_is_told_damaged() {
    let aliases: Vec<_> = (0..128).map(|n| format!("CVE-{n}")).collect();
    let one = Vulnerability { id: "OSV-1".into(), aliases, ..Vulnerability::default() };
    let rows = |count: u32| {
        let row = |n| Affected {
            severity: Some(Severity::Low),
            ..affected("OSV-1", Some(&format!("2.{n}")))
        };
        of("osv", "npm", "a", (0..count).map(row).collect())
    };
    let few = Built::of([rows(1_000), told("osv", one.clone())]);
    assert_eq!(few.matches(&package("npm", "a", "1.0.0")).len(), 128);
    let many = Built::of([rows(2_000), told("osv", one)]);
    let error = match_package(&many.database, &package("npm", "a", "1.0.0")).unwrap_err();
    assert!(error.to_string().contains("too much is said of a package"), "{error}");
    assert!(many.matches(&package("npm", "a", "3.0.0")).is_empty());
}
