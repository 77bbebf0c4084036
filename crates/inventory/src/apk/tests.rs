//! Databases of apk as others collected them, and damaged ones.

use super::*;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/pkgdb/apk/");

fn text(name: &str) -> String {
    std::fs::read_to_string(format!("{CORPUS}{name}")).unwrap()
}

fn parse(text: &str) -> Result<SystemPackages, FileError> {
    read(&mut text.as_bytes(), &Limits::default(), &|path, executable| {
        executable || path.starts_with("etc/")
    })
}

#[test]
fn what_is_installed_is_read() {
    for (name, count) in [
        ("scalibr-different-arch", 1),
        ("scalibr-installed", 15),
        ("scalibr-no-origin", 1),
        ("scalibr-single", 1),
        ("syft-multiple-2", 14),
    ] {
        let read = parse(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.packages.len(), count, "{name}");
    }
    let without = parse(&text("scalibr-no-origin")).unwrap();
    let package = without.packages.first().unwrap();
    assert_eq!((package.name.as_str(), package.version.as_str()), ("pkgname", "1.2.3"));
    assert_eq!(package.source, None);
    assert_eq!(package.licenses, ["GPL-2.0-only"]);
}

#[test]
fn packages_have_origins_and_files() {
    let sound = text("trivy-apk").replace("P:invalidPackageWithoutAVersion\n\n", "");
    let read = parse(&sound).unwrap();
    assert_eq!(read.packages.len(), 15);
    let ssl = read.packages.iter().find(|it| it.name == "libssl1.0").unwrap();
    assert_eq!(ssl.source.as_ref().unwrap().name, "openssl");
    assert_eq!(ssl.source.as_ref().unwrap().version, ssl.version);
    let owned = |path: &str| read.owned_paths.iter().any(|it| it == path);
    for path in
        ["lib/ld-musl-x86_64.so.1", "bin/busybox", "etc/securetty", "usr/lib/libada.so.2.7.4"]
    {
        assert!(owned(path), "{path}");
    }
    assert!(!owned("usr/share/x"));
}

#[test]
fn damaged_databases_say_where() {
    let error = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(error(&text("trivy-apk")), "the package that ends at line 23 has no version");
    assert_eq!(error("P:a\nhello\n"), "line 2 is no field");
    assert_eq!(error("P:a\nV:1\nV:2\n"), "line 3 says again what was said");
    assert_eq!(error("V:1\n"), "the package that ends at line 1 has no name");
    assert_eq!(error(&format!("P:{}\n", "a".repeat(9000))), "line 1 is too long");
    let limits = Limits { packages: 1, ..Limits::default() };
    let many = read(&mut &b"P:a\nV:1\n\nP:b\nV:1\n\n"[..], &limits, &|_, _| false).unwrap_err();
    assert_eq!(many.to_string(), "it holds more than 1 packages");
}
