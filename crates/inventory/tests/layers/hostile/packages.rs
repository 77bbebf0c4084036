//! Databases of packages that are damaged, too large, or hidden behind links.

use wharfinger_inventory::Limits;

use super::{Case, bad, fine, limited};
use crate::archive::{Tar, installed};

/// A layer with some of everything.
pub fn sound() -> Tar {
    Tar::default()
        .directory("etc/")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", "ID=debian\nVERSION_ID=12\n")
        .pax(&[("path", b"var/lib/dpkg/status"), ("mtime", b"1.0")])
        .file("x", installed("libc6", "2.36-9"))
        .long(b'L', b"lib/apk/db/installed\0")
        .file("y", "P:musl\nV:1.2-r0\nF:lib\nR:x\na:0:0:755\n\n")
        .file("app/node_modules/a/package.json", "{\"name\":\"a\",\"version\":\"1.0.0\"}")
        .hardlink("app/node_modules/b/package.json", "app/node_modules/a/package.json")
        .file("etc/.wh.passwd", "")
        .file("opt/.wh..wh..opq", "")
        .program("usr/bin/x", "#!/bin/sh\n")
}

fn one(path: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
    Tar::default().file(path, content).end()
}

fn small(change: impl Fn(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

pub fn cases() -> Vec<Case> {
    let mut all = damaged();
    all.extend(links());
    all.extend(beyond_limits());
    all
}

fn damaged() -> Vec<Case> {
    let status = "var/lib/dpkg/status";
    let mut long = "Package: a\nStatus: install ok installed\nDescription: ".to_owned();
    long.push_str(&"a".repeat(100_000));
    let cut = long.clone() + "\nVersion: 1\n";
    vec![
        bad(
            "dpkg's database is no database",
            one(status, [0xff; 600]),
            "var/lib/dpkg/status: line 1 is no field",
        ),
        bad(
            "a package without a version",
            one(status, "Package: a\nStatus: install ok installed\n"),
            "var/lib/dpkg/status: the package that ends at line 2 has no version",
        ),
        bad(
            "a package with two versions",
            one(status, "Package: a\nVersion: 1\nversion: 2\n"),
            "var/lib/dpkg/status: line 3 says again what was said",
        ),
        bad(
            "an absolute path to a damaged one",
            one("/var/lib/dpkg/status", "?"),
            "var/lib/dpkg/status: line 1 is no field",
        ),
        fine("an endless line", one(status, cut)),
        bad(
            "a part without a version",
            one("var/lib/dpkg/status.d/a", "Package: a\n"),
            "var/lib/dpkg/status.d/a: the package that ends at line 1 has no version",
        ),
        fine("sums beside the parts", one("var/lib/dpkg/status.d/a.md5sums", "garbage")),
        bad(
            "apk's database is no database",
            one("lib/apk/db/installed", "PK\x03\x04"),
            "lib/apk/db/installed: line 1 is no field",
        ),
        bad(
            "apk's package without a name",
            one("usr/lib/apk/db/installed", "V:1\n"),
            "usr/lib/apk/db/installed: the package that ends at line 1 has no name",
        ),
        bad(
            "rpm's database is no database",
            one("var/lib/rpm/Packages", [7; 9000]),
            "var/lib/rpm/Packages: …",
        ),
        bad(
            "rpm's database is empty",
            one("usr/lib/sysimage/rpm/Packages.db", ""),
            "usr/lib/sysimage/rpm/Packages.db: …",
        ),
        bad(
            "rpm's SQLite is damaged",
            one(
                "var/lib/rpm/rpmdb.sqlite",
                [b"SQLite format 3\0".to_vec(), vec![9; 5000]].concat(),
            ),
            "var/lib/rpm/rpmdb.sqlite: …",
        ),
        bad(
            "rpm's log is alone",
            one("var/lib/rpm/rpmdb.sqlite-wal", [7; 600]),
            "var/lib/rpm/rpmdb.sqlite: its log holds changes, but itself is in another layer",
        ),
        fine("an empty log is alone", one("var/lib/rpm/rpmdb.sqlite-wal", "")),
        fine("something else of that name", one("srv/repo/Packages", "Package: a\n")),
        fine("a broken example", one("app/node_modules/a/package.json", "{")),
        fine(
            "a path that would break the log",
            Tar::default()
                .pax(&[("path", b"\x1b[2J\n/var/lib/dpkg/status.d/a")])
                .file("a", "?")
                .end(),
        ),
        bad(
            "a damaged part with signs",
            one("var/lib/dpkg/status.d/\u{7}a", "?"),
            "var/lib/dpkg/status.d/\\u{7}a: line 1 is no field",
        ),
    ]
}

fn links() -> Vec<Case> {
    let text = installed("a", "1");
    let hidden = Tar::default().file("srv/x", &text).hardlink("var/lib/dpkg/status", "srv/x");
    let before = Tar::default().hardlink("var/lib/dpkg/status", "srv/x").file("srv/x", &text);
    let manifest = "{\"name\":\"a\",\"version\":\"1.0.0\"}";
    let store = Tar::default().file("root/store/ab", manifest);
    let module = "srv/node_modules/a/package.json";
    vec![
        bad(
            "a database that is a link to an unknown file",
            hidden.end(),
            "var/lib/dpkg/status is a link to srv/x, which could not be read with it",
        ),
        bad(
            "a database that is a link to a later file",
            before.end(),
            "var/lib/dpkg/status is a link to srv/x, which could not be read with it",
        ),
        fine("a module that is a link into a store", store.hardlink(module, "root/store/ab").end()),
        bad(
            "a module that is a link to nothing",
            Tar::default().hardlink(module, "root/no").end(),
            "srv/node_modules/a/package.json is a link to root/no, which could not be read with it",
        ),
        fine(
            "a program that is a link to nothing",
            Tar::default().hardlink("usr/bin/a", "usr/bin/b").end(),
        ),
    ]
}

fn beyond_limits() -> Vec<Case> {
    let status = "var/lib/dpkg/status";
    let some = |from: u32, to: u32| {
        (from..to).map(|number| installed(&format!("p{number}"), "1")).collect::<String>()
    };
    let many = some(0, 20);
    let two = Tar::default().file(status, some(0, 10));
    let two = two.file("usr/lib/dpkg/status", some(10, 20));
    let links =
        (0..50).fold(Tar::default(), |tar, number| tar.symlink(&format!("etc/{number}"), "x"));
    let removed =
        (0..50).fold(Tar::default(), |tar, number| tar.file(&format!("etc/.wh.{number}"), ""));
    let files = (0..50).fold(Tar::default(), |tar, number| tar.file(&format!("f{number}"), ""));
    let deep = Tar::default().pax(&[("path", b"d/".repeat(2000).as_slice())]).directory("d");
    vec![
        limited(
            "a database that is too large",
            one(status, &many),
            small(|it| it.database_bytes = 100),
            "var/lib/dpkg/status: it is larger than 100 bytes",
        ),
        limited(
            "SQLite that is too large",
            one("var/lib/rpm/rpmdb.sqlite", &many),
            small(|it| it.database_bytes = 100),
            "var/lib/rpm/rpmdb.sqlite: it is larger than 100 bytes",
        ),
        limited(
            "too many packages in one",
            one(status, &many),
            small(|it| it.packages = 15),
            "var/lib/dpkg/status: it holds more than 15 packages",
        ),
        limited(
            "too many packages in all",
            two.end(),
            small(|it| it.packages = 15),
            "the layer has more than 15 packages",
        ),
        limited(
            "too much to keep: packages",
            one(status, &many),
            small(|it| it.facts_bytes = 999),
            "the layer has more than 999 bytes of what has to be kept of it",
        ),
        limited(
            "too much to keep: links",
            links.end(),
            small(|it| it.facts_bytes = 999),
            "the layer has more than 999 bytes of what has to be kept of it",
        ),
        limited(
            "too much to keep: whiteouts",
            removed.end(),
            small(|it| it.facts_bytes = 999),
            "the layer has more than 999 bytes of what has to be kept of it",
        ),
        limited(
            "too many entries",
            files.end(),
            small(|it| it.entries = 49),
            "the layer has more than 49 entries",
        ),
        limited(
            "too many directories",
            deep.end(),
            small(|it| it.entries = 1998),
            "the layer has more than 1998 directories",
        ),
        limited(
            "too many bytes",
            one("a", [7; 9000]),
            small(|it| it.unpacked_bytes = 9000),
            "the layer has more than 9000 bytes when it is unpacked",
        ),
        bad(
            "a release of megabytes",
            one("etc/os-release", vec![b'a'; 1 << 20]),
            "etc/os-release: it is larger than 65536 bytes",
        ),
    ]
}
