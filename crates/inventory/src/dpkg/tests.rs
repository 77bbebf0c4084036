//! Databases of dpkg as others collected them, and damaged ones.

use super::*;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/pkgdb/dpkg/");

fn parse(text: &[u8], form: Form) -> Result<Status, FileError> {
    read(&mut &*text, form, &Limits::default())
}

fn corpus(name: &str, form: Form) -> Result<Status, FileError> {
    parse(&std::fs::read(format!("{CORPUS}{name}")).unwrap(), form)
}

/// `name version architecture source source-version` of each package.
fn lines(status: &Status) -> Vec<String> {
    let line = |it: &SystemPackage| {
        let source = it.source.as_ref().map(|it| format!(" {} {}", it.name, it.version));
        format!("{} {} {}{}", it.name, it.version, it.architecture, source.unwrap_or_default())
    };
    status.packages.packages.iter().map(line).collect()
}

/// The file that a `.txtar` of several holds first.
fn first_of_txtar(name: &str) -> String {
    let text = std::fs::read_to_string(format!("{CORPUS}{name}")).unwrap();
    let mut parts = text.split("\n-- ");
    let part = parts.nth(1).unwrap();
    part.split_once(" --\n").unwrap().1.to_owned()
}

#[test]
fn what_is_installed_is_read() {
    for (name, count) in [
        ("claircore/debian-only.status", 1),
        ("claircore/postgresql.status", 3),
        ("claircore/texlive.status", 357),
        ("scalibr/empty", 0),
        ("scalibr/single", 1),
        ("scalibr/trailingnewlines", 1),
        ("scalibr/transitional", 1),
        ("scalibr/valid", 7),
        ("syft/status.d/coreutils-relationships", 9),
        ("syft/status.d/libpam-runtime", 1),
        ("syft/status.d/multiple", 2),
        ("syft/status.d/single", 1),
    ] {
        let status = corpus(name, Form::Status).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(status.packages.packages.len(), count, "{name}");
    }
}

#[test]
fn sources_have_their_own_names_and_versions() {
    let valid = parse(first_of_txtar("trivy/valid.txtar").as_bytes(), Form::Status).unwrap();
    let found = lines(&valid);
    for line in [
        "fdisk 2.31.1-0.4ubuntu3.1 amd64 util-linux 2.31.1-0.4ubuntu3.1",
        "libapt-pkg5.0 1.6.3ubuntu0.1 amd64 apt 1.6.3ubuntu0.1",
        "libattr1 1:2.4.47-2build1 amd64 attr 1:2.4.47-2build1",
        "libcom-err2 1.44.1-1 amd64 e2fsprogs 1.44.1-1",
        "perl-base 5.26.1-6ubuntu0.2 amd64 perl 5.26.1-6ubuntu0.2",
    ] {
        assert!(found.iter().any(|it| it == line), "{line} in {found:#?}");
    }
    let other = b"Package: libgcc1\nStatus: install ok installed\nArchitecture: amd64\n\
        Source: gcc-5 (5.1.1-12ubuntu1)\nVersion: 1:5.1.1-12ubuntu1+b2\n";
    let other = parse(other, Form::Status).unwrap();
    assert_eq!(lines(&other), ["libgcc1 1:5.1.1-12ubuntu1+b2 amd64 gcc-5 5.1.1-12ubuntu1"]);
}

#[test]
fn what_is_not_there_does_not_count() {
    let states = corpus("scalibr/statusfield", Form::Status).unwrap();
    assert_eq!(
        lines(&states),
        [
            "wantinstall_installed 1.0 ",
            "wantdeinstall_installed 1.0 ",
            "wantinstall_unpacked 1.0 ",
            "wantpurge_installed 1.0 ",
        ]
    );
    let removed = corpus("syft/status.d/deinstall", Form::Status).unwrap();
    assert_eq!(removed.packages.packages.len(), 1);
    // Distroless leaves the state out.
    let part = corpus("scalibr/status.d/foo", Form::Part).unwrap();
    assert_eq!(lines(&part), ["foo 1.2.3 amd64"]);
    let part = corpus("syft-distroless/status.d/libsqlite3-0", Form::Part).unwrap();
    assert_eq!(lines(&part), ["libsqlite3-0 3.34.1-3 arm64 sqlite3 3.34.1-3"]);
}

#[test]
fn vendors_are_told_from_the_distribution() {
    let status = parse(first_of_txtar("trivy/third-party.txtar").as_bytes(), Form::Status).unwrap();
    assert_eq!(status.foreign.into_iter().collect::<Vec<_>>(), ["docker-ce"]);
    assert_eq!(status.packages.packages.len(), 2);
}

#[test]
fn damaged_databases_say_where() {
    for (name, form, sentence) in [
        ("scalibr/invalid", Form::Status, "line 1 is no field"),
        ("scalibr/nopackage", Form::Status, "the package that ends at line 18 has no name"),
        ("scalibr/noversion", Form::Status, "the package that ends at line 18 has no version"),
        ("syft/status.d/corrupt", Form::Part, "line 5 is no field"),
        ("claircore/vcpkg.status", Form::Status, "the package that ends at line 35 has no version"),
    ] {
        assert_eq!(corpus(name, form).unwrap_err().to_string(), sentence, "{name}");
    }
    let twice = b"Package: a\nStatus: install ok installed\nVersion: 1\nVersion: 2\n";
    let twice = parse(twice, Form::Status).unwrap_err();
    assert_eq!(twice.to_string(), "line 4 says again what was said");
    let long = [b"Package: ".to_vec(), vec![b'a'; 9000]].concat();
    assert_eq!(parse(&long, Form::Status).unwrap_err().to_string(), "line 1 is too long");
    let limits = Limits { packages: 2, ..Limits::default() };
    let many = "Package: a\nVersion: 1\n\n".repeat(3);
    let many = read(&mut many.as_bytes(), Form::Part, &limits).unwrap_err();
    assert_eq!(many.to_string(), "it holds more than 2 packages");
}

#[test]
fn lists_say_which_files_are_owned() {
    let list = "/.\n/usr\n/usr/bin\n/usr/bin/docker\n/usr/share/doc/x\n";
    let wanted = |path: &str| path.starts_with("usr/bin/");
    let owned = read_owned(&mut list.as_bytes(), &Limits::default(), &wanted).unwrap();
    assert_eq!(owned, ["usr/bin/docker"]);
    let sums = std::fs::read(format!("{CORPUS}syft-distroless/status.d/libsqlite3-0.md5sums"));
    let wanted = |path: &str| path.contains(".so.");
    let owned = read_owned(&mut &*sums.unwrap(), &Limits::default(), &wanted).unwrap();
    assert_eq!(owned, ["usr/lib/aarch64-linux-gnu/libsqlite3.so.0.8.6"]);
}
