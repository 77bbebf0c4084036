//! Package URLs: written, read back, and read as others write them.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use proptest::prelude::{Strategy, any, proptest};
use wharfinger_package::{Ecosystem, Family, PackageIdentity, PackageUrl, SourcePackage};

fn identity(ecosystem: &str, name: &str, version: &str) -> PackageIdentity {
    PackageIdentity {
        ecosystem: ecosystem.parse().unwrap(),
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        module: None,
        vendor: None,
    }
}

fn source(name: &str, version: &str) -> Option<SourcePackage> {
    Some(SourcePackage { name: name.to_owned(), version: version.to_owned() })
}

#[test]
fn identities_are_written_and_read_back() {
    let cases = [
        (
            PackageIdentity {
                architecture: Some("amd64".into()),
                source: source("curl", "7.88.1-10+deb12u5"),
                ..identity("debian:12", "libcurl4", "7.88.1-10+deb12u5")
            },
            "pkg:deb/debian/libcurl4@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12&upstream=curl",
        ),
        (
            PackageIdentity {
                source: source("base", "2:1.0-1"),
                ..identity("ubuntu:22.04", "tool", "2:1.0-1+b1")
            },
            "pkg:deb/ubuntu/tool@2:1.0-1%2Bb1?distro=ubuntu-22.04&upstream=base%402:1.0-1",
        ),
        (
            PackageIdentity {
                architecture: Some("x86_64".into()),
                source: source("openssl", "3.1.4-r1"),
                ..identity("alpine:3.18", "libcrypto3", "3.1.4-r1")
            },
            "pkg:apk/alpine/libcrypto3@3.1.4-r1?arch=x86_64&distro=alpine-3.18&upstream=openssl",
        ),
        (
            PackageIdentity {
                architecture: Some("x86_64".into()),
                module: Some("nodejs:12".into()),
                ..identity("redhat:8", "npm", "1:6.14.10-1.el8")
            },
            "pkg:rpm/redhat/npm@6.14.10-1.el8?arch=x86_64&distro=rhel-8&epoch=1&rpmmod=nodejs:12",
        ),
        (identity("wolfi", "bash", "5.2-r1"), "pkg:apk/wolfi/bash@5.2-r1?distro=wolfi"),
        (identity("npm", "@angular/core", "16.0.0"), "pkg:npm/%40angular/core@16.0.0"),
        (identity("npm", "lodash", "4.17.21"), "pkg:npm/lodash@4.17.21"),
        (
            identity("maven", "org.apache.commons:commons-text", "1.9"),
            "pkg:maven/org.apache.commons/commons-text@1.9",
        ),
        (
            identity("go", "github.com/Azure/go-autorest/v2", "v2.0.0+incompatible"),
            "pkg:golang/github.com/Azure/go-autorest/v2@v2.0.0%2Bincompatible",
        ),
        (identity("go", "stdlib", "go1.22.3"), "pkg:golang/stdlib@go1.22.3"),
        (identity("pypi", "zope-interface", "5.0"), "pkg:pypi/zope-interface@5.0"),
        (identity("crates.io", "serde_json", "1.0.0"), "pkg:cargo/serde_json@1.0.0"),
        (identity("rubygems", "rails", "7.0.1"), "pkg:gem/rails@7.0.1"),
        (
            identity("packagist", "symfony/http-kernel", "v5.0.1"),
            "pkg:composer/symfony/http-kernel@v5.0.1",
        ),
        (identity("nuget", "newtonsoft.json", "12.0.3"), "pkg:nuget/newtonsoft.json@12.0.3"),
    ];
    for (identity, text) in cases {
        assert_eq!(identity.package_url().to_string(), text);
        assert_eq!(text.parse::<PackageUrl>().unwrap().identity().unwrap(), identity, "{text}");
    }
}

#[test]
fn what_others_write_is_read() {
    for (text, ecosystem, name, version) in [
        ("PKG://NPM/@babel/core@7.0.0", "npm", "@babel/core", "7.0.0"),
        ("pkg:pypi/Zope.Interface@5.0", "pypi", "zope-interface", "5.0"),
        ("pkg:golang/github.com/a/b@v2.0.1#v2", "go", "github.com/a/b/v2", "v2.0.1"),
        ("pkg:golang/github.com/a/b@v1.0.1?type=package#x", "go", "github.com/a/b", "v1.0.1"),
        ("pkg:deb/debian/a@1.0?epoch=2&distro=debian-12.4", "debian:12", "a", "2:1.0"),
        ("pkg:deb/debian/a@1.0", "debian", "a", "1.0"),
        ("pkg:rpm/oracle/a@1-2?distro=ol-8.9", "oracle:8", "a", "1-2"),
        ("pkg:rpm/amzn/a@1-2?distro=amzn-2018.03", "amazon:1", "a", "1-2"),
        ("pkg:rpm/alma/a@1-2?distro=alma-9.2", "alma:9", "a", "1-2"),
        ("pkg:rpm/opensuse/a@1-2?distro=opensuse-leap-15.3", "opensuse-leap:15.3", "a", "1-2"),
        (
            "pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed-20240101",
            "opensuse-tumbleweed",
            "a",
            "1",
        ),
        ("pkg:apk/alpine/a@1-r0?distro=3.18.4", "alpine:3.18", "a", "1-r0"),
    ] {
        let read = text.parse::<PackageUrl>().unwrap().identity().unwrap();
        assert_eq!(read, identity(ecosystem, name, version), "{text}");
    }
    let rpm = "pkg:rpm/redhat/libcurl@7.61.1-25.el8?epoch=1&upstream=curl-7.61.1-25.el8.src.rpm";
    let rpm = rpm.parse::<PackageUrl>().unwrap().identity().unwrap();
    assert_eq!(rpm.source, source("curl", "1:7.61.1-25.el8"));
}

#[test]
fn what_is_none_is_refused() {
    for wrong in [
        "",
        "npm/a@1",
        "pkg:",
        "pkg:npm",
        "pkg:npm/",
        "pkg:npm/@1",
        "pkg:1npm/a",
        "pkg:npm/a?b",
        "pkg:npm/a?=b",
        "pkg:npm/a?b=1&b=2",
        "pkg:npm/%ff",
        "http:npm/a",
    ] {
        let read = wrong.parse::<PackageUrl>();
        assert!(read.as_ref().is_err() || read.unwrap().name.starts_with('@'), "{wrong}");
    }
    for unknown in ["pkg:npm/a", "pkg:swift/a@1", "pkg:deb/plan9/a@1", "pkg:rpm/debian/a@1"] {
        assert!(unknown.parse::<PackageUrl>().unwrap().identity().is_err(), "{unknown}");
    }
}

#[test]
fn a_url_covers_those_that_say_the_same_and_more() {
    let exact: PackageUrl = "pkg:deb/debian/a@1?arch=amd64&distro=debian-12".parse().unwrap();
    for (wider, covers) in [
        ("pkg:deb/debian/a", true),
        ("pkg:deb/debian/a@1", true),
        ("pkg:deb/debian/a@1?arch=amd64", true),
        ("pkg:deb/debian/a@2", false),
        ("pkg:deb/debian/a?arch=arm64", false),
        ("pkg:deb/ubuntu/a@1", false),
        ("pkg:rpm/debian/a@1", false),
        ("pkg:deb/debian/a@1#x", false),
    ] {
        assert_eq!(wider.parse::<PackageUrl>().unwrap().covers(&exact), covers, "{wider}");
    }
}

#[test]
fn every_family_is_read_back() {
    for family in Family::ALL {
        let release = match family {
            Family::Amazon | Family::Alma | Family::CentOs | Family::Debian | Family::Fedora => {
                Some("12")
            }
            Family::Oracle | Family::RedHat | Family::Rocky => Some("8"),
            Family::OpenSuseTumbleweed | Family::Wolfi | Family::Chainguard => None,
            _ if family.is_distribution() => Some("15.3"),
            _ => None,
        };
        let ecosystem = Ecosystem { family, release: release.map(str::to_owned) };
        let package = PackageIdentity { ecosystem, ..identity("npm", "name", "1.0-1") };
        assert_eq!(package.package_url().identity().unwrap(), package, "{family:?}");
        let text = package.package_url().to_string();
        assert_eq!(text.parse::<PackageUrl>().unwrap(), package.package_url(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), tail in "[a-z0-9@/?#%=&.:-]{0,40}") {
        for text in [text, format!("pkg:{tail}"), format!("pkg:npm/{tail}")] {
            if let Ok(url) = text.parse::<PackageUrl>() {
                let _ = url.identity();
                let again: PackageUrl = url.to_string().parse().unwrap();
                assert_eq!(again.to_string(), url.to_string());
            }
        }
    }

    #[test]
    fn any_name_and_version_come_back(
        family in (0..Family::ALL.len()).prop_map(|index| Family::ALL[index]),
        name in "[a-z][a-z0-9]{1,12}",
        version in "[ -~]{1,20}",
        architecture in proptest::option::of("[a-z0-9_]{1,8}"),
    ) {
        let package = PackageIdentity {
            architecture: architecture.filter(|_| family.is_distribution()),
            ecosystem: Ecosystem::rolling(family),
            ..identity("npm", &name, &version.replace(':', ";"))
        };
        let text = package.package_url().to_string();
        assert_eq!(text.parse::<PackageUrl>().unwrap().identity().unwrap(), package, "{}", text);
    }
}
