//! Distributions, by the files that real ones have.

use super::*;

/// Every os-release of the corpus: its ecosystem; empty where nobody has advisories for it, and none
/// where it tells no distribution.
const OS_RELEASES: [(&str, Option<&str>); 48] = [
    ("syft/almalinux/from-os-release/etc/os-release", Some("alma:8")),
    ("syft/alpine/etc/os-release", Some("alpine:3.11")),
    ("syft/amazon/etc/os-release", Some("amazon:2")),
    ("syft/arch/etc/os-release", Some("")),
    ("syft/centos/usr/lib/os-release", Some("centos:8")),
    ("syft/custom/etc/os-release", Some("")),
    ("syft/debian/from-debian_version/etc/os-release", Some("")),
    ("syft/debian/from-os-release/usr/lib/os-release", Some("debian:8")),
    ("syft/debian/with-point-release/etc/os-release", Some("debian:13")),
    ("syft/empty/etc/os-release", None),
    ("syft/fedora/usr/lib/os-release", Some("fedora:36")),
    ("syft/mariner/etc/os-release", Some("cbl-mariner:1.0")),
    ("syft/opensuse-leap/etc/os-release", Some("opensuse-leap:15.2")),
    ("syft/oraclelinux/etc/os-release", Some("oracle:8")),
    ("syft/photon/etc/os-release", Some("photon:2.0")),
    ("syft/redhat/from-os-release/usr/lib/os-release", Some("redhat:7")),
    ("syft/rockylinux/from-os-release/etc/os-release", Some("rocky:8")),
    ("syft/scientific/from-os-release/etc/os-release", Some("")),
    ("syft/sles/etc/os-release", Some("suse:15.2")),
    ("syft/ubuntu/etc/os-release", Some("ubuntu:20.04")),
    ("syft/wolfi/etc/os-release", Some("wolfi")),
    ("trivy/activestate", Some("")),
    ("trivy/alma", Some("alma:9")),
    ("trivy/alpine", Some("alpine:3.15")),
    ("trivy/azurelinux-3.0", Some("azurelinux:3.0")),
    ("trivy/bottlerocket", Some("")),
    ("trivy/centos", Some("centos:7")),
    ("trivy/centos-stream", Some("centos:8")),
    ("trivy/coreos", Some("")),
    ("trivy/echo", Some("")),
    ("trivy/fedora", Some("fedora:42")),
    ("trivy/mariner-1.0", Some("cbl-mariner:1.0")),
    ("trivy/mariner-2.0", Some("cbl-mariner:2.0")),
    ("trivy/minimos", Some("")),
    ("trivy/no-id", None),
    ("trivy/no-version", Some("")),
    ("trivy/opensuseleap-15.2.1", Some("opensuse-leap:15.2")),
    ("trivy/opensuseleap-42.3", Some("opensuse-leap:42.3")),
    ("trivy/opensusetumbleweed", Some("opensuse-tumbleweed")),
    ("trivy/oracle", Some("oracle:8")),
    ("trivy/photon", Some("photon:4.0")),
    ("trivy/rhel", Some("redhat:9")),
    ("trivy/rocky", Some("rocky:9")),
    ("trivy/slemicro", Some("")),
    ("trivy/slemicro-rancher", Some("")),
    ("trivy/slemicro6.0", Some("")),
    ("trivy/sles", Some("suse:15.3")),
    ("trivy/unknown", Some("")),
];

/// Detects by these files.
fn by(files: &[(&str, &str)]) -> Option<Distribution> {
    let texts =
        RELEASES.map(|path| files.iter().find(|(known, _)| *known == path).map(|(_, text)| *text));
    detect(&texts)
}

fn ecosystem(files: &[(&str, &str)]) -> String {
    let ecosystem = by(files).and_then(|found| found.ecosystem);
    ecosystem.map(|it| it.to_string()).unwrap_or_default()
}

#[test]
fn every_os_release_of_the_corpus() {
    for (path, expected) in OS_RELEASES {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/pkgdb/os-release/");
        let text = std::fs::read_to_string(format!("{root}{path}")).unwrap();
        for place in ["etc/os-release", "usr/lib/os-release"] {
            let found = by(&[(place, &text)]);
            assert_eq!(found.is_some(), expected.is_some(), "{path}");
            assert_eq!(ecosystem(&[(place, &text)]), expected.unwrap_or_default(), "{path}");
        }
    }
}

#[test]
fn older_files_tell_where_os_release_is_missing() {
    for (path, text, expected) in [
        ("etc/centos-release", "CentOS release 6.10 (Final)\n", "centos:6"),
        ("etc/redhat-release", "CentOS release 6.10 (Final)\n", "centos:6"),
        ("etc/redhat-release", "Red Hat Enterprise Linux Server release 7.3 (Maipo)\n", "redhat:7"),
        ("etc/oracle-release", "Oracle Linux Server release 6.10\n", "oracle:6"),
        ("etc/fedora-release", "Fedora release 22 (Twenty Two)\n", "fedora:22"),
        ("etc/almalinux-release", "AlmaLinux release 8.4 (Electric Cheetah)\n", "alma:8"),
        ("etc/rocky-release", "Rocky Linux release 8.4 (Green Obsidian)\n", "rocky:8"),
        ("etc/system-release", "Amazon Linux AMI release 2018.03\n", "amazon:1"),
        ("etc/system-release", "Amazon Linux release 2 (Karoo)\n", "amazon:2"),
        ("etc/system-release", "Amazon Linux release 2023 (Amazon Linux)\n", "amazon:2023"),
        ("etc/SuSE-release", "SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\n", "suse:12"),
        ("etc/debian_version", "10.1\n", "debian:10"),
        ("etc/debian_version", "forky/sid\n", "debian:sid"),
        ("etc/alpine-release", "3.9.4\n", "alpine:3.9"),
        ("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n", "ubuntu:14.04"),
        ("etc/redhat-release", "something else 6\n", ""),
    ] {
        assert_eq!(ecosystem(&[(path, text)]), expected, "{path}: {text}");
    }
    let distroless = "PRETTY_NAME=\"Distroless\"\nID=\"debian\"\n";
    let files = [("etc/os-release", distroless), ("etc/debian_version", "9.8\n")];
    assert_eq!(ecosystem(&files), "debian:9");
    let testing = "ID=debian\nVERSION_CODENAME=forky\n";
    assert_eq!(ecosystem(&[("etc/os-release", testing)]), "debian:14");
    let sid = [("etc/os-release", testing), ("etc/debian_version", "forky/sid\n")];
    assert_eq!(ecosystem(&sid), "debian:sid");
}

#[test]
fn repositories_decide_the_branch_of_alpine() {
    let os = "ID=alpine\nVERSION_ID=3.18.4\n";
    let base = "https://dl-cdn.alpinelinux.org/alpine";
    for (repositories, expected) in [
        ("", "alpine:3.18"),
        ("{}/v3.18/main\n{}/v3.18/community\n", "alpine:3.18"),
        ("{}/v3.19/main\n{}/v3.19/community\n", "alpine:3.19"),
        ("{}/edge/main\n{}/edge/community\n", "alpine:edge"),
        ("{}/v3.9/main\n{}/v3.10/main/\n", "alpine:3.10"),
        ("{}/v3.18/main\n{}/edge/main\n", "alpine:edge"),
        ("{}/edge/main\n{}/v3.18/main\n", "alpine:edge"),
        ("{}/edge/testing\n{}/v3.18/main\n", "alpine:3.18"),
        ("{}/v3.18/main\n@edge {}/edge/main\n", "alpine:3.18"),
        ("#{}/edge/main\n{}/v3.17/main\n", "alpine:3.17"),
        ("{}/latest-stable/main\n/media/cdrom/apks\n", "alpine:3.18"),
        ("ftp://mirror.example/pub/alpine/v3.16/main\n", "alpine:3.16"),
    ] {
        let text = repositories.replace("{}", base);
        let files = [("etc/os-release", os), ("etc/apk/repositories", text.as_str())];
        assert_eq!(ecosystem(&files), expected, "{repositories}");
    }
    let edge = "ID=alpine\nVERSION_ID=3.22.0_alpha20250108\n";
    assert_eq!(ecosystem(&[("etc/os-release", edge)]), "alpine:edge");
}

#[test]
fn releases_have_the_names_of_their_advisories() {
    for (id, version, expected) in [
        ("amzn", "2018.03", "amazon:1"),
        ("amzn", "2023", "amazon:2023"),
        ("sles", "15.3", "suse:15.3"),
        ("sles_sap", "12.5", "suse:12.5"),
        ("mariner", "2.0.20220101", "cbl-mariner:2.0"),
        ("ubuntu", "22.04", "ubuntu:22.04"),
        ("ol", "9.3", "oracle:9"),
        ("wolfi", "20230201", "wolfi"),
        ("chainguard", "20230201", "chainguard"),
        ("rhel", "", ""),
        ("rhel", "Rawhide", ""),
    ] {
        let text = format!("ID={id}\nVERSION_ID='{version}'\n");
        assert_eq!(ecosystem(&[("etc/os-release", &text)]), expected, "{id} {version}");
    }
}

#[test]
fn os_release_is_read_as_a_shell_reads_it() {
    let text = "# ID=no\nID=wrong\nID=debian\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"\r\nVERSION_ID='12'\nodd line\n";
    let found = by(&[("etc/os-release", text)]).unwrap();
    assert_eq!(found.id, "debian");
    assert_eq!(found.version, "12");
    assert_eq!(found.pretty_name, "a \"b\" $c");
}
