//! Images of a few layers, and what they come to.

use wharfinger_inventory::Inventory;

use crate::archive::{Tar, gzip, installed};
use crate::{digest, inventory};

const DEBIAN: &str =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n";
const STATUS: &str = "var/lib/dpkg/status";

/// `name version @layer` of each package.
fn packages(layers: &[Vec<u8>]) -> Vec<String> {
    let inventory = inventory(layers);
    let line = |package: &wharfinger_inventory::Package| {
        let layer = (0..layers.len()).find(|index| digest(*index) == package.layer).unwrap();
        format!("{} {} @{layer}", package.identity.name, package.identity.version)
    };
    inventory.packages.iter().map(line).collect()
}

fn paths(inventory: &Inventory) -> Vec<&str> {
    inventory.packages.iter().filter_map(|package| package.path.as_deref()).collect()
}

fn ecosystem(inventory: &Inventory) -> String {
    let distribution = inventory.distribution.as_ref().unwrap();
    distribution.ecosystem.as_ref().map(|it| it.to_string()).unwrap_or_default()
}

fn base() -> Tar {
    Tar::default()
        .directory("etc/")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", DEBIAN)
        .file(STATUS, installed("libc6", "2.36-9") + &installed("bash", "5.2-2"))
}

/// A module of Node.
fn module(tar: Tar, path: &str, name: &str, version: &str) -> Tar {
    let manifest = format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}");
    tar.file(&format!("{path}/package.json"), manifest)
}

fn modules() -> Tar {
    let tar = module(Tar::default(), "app/node_modules/a", "a", "1.0.0");
    module(tar, "app/node_modules/b", "b", "1.0.0")
}

#[test]
fn a_layer_of_debian_is_an_inventory() {
    let found = inventory(&[base().gzip()]);
    assert_eq!(ecosystem(&found), "debian:12");
    let distribution = found.distribution.as_ref().unwrap();
    assert_eq!(distribution.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    let identities = found.packages.iter().map(|it| {
        let identity = &it.identity;
        format!("{} {} {}", identity.ecosystem, identity.name, identity.version)
    });
    assert_eq!(identities.collect::<Vec<_>>(), ["debian:12 bash 5.2-2", "debian:12 libc6 2.36-9"]);
}

#[test]
fn layers_are_read_however_they_are_packed() {
    let plain = base().end();
    let zstd = zstd::stream::encode_all(plain.as_slice(), 3).unwrap();
    let (first, second) = plain.split_at(1000);
    let members = [gzip(first), gzip(second)].concat();
    for layer in [plain.clone(), gzip(&plain), zstd, members] {
        assert_eq!(packages(&[layer]), ["bash 5.2-2 @0", "libc6 2.36-9 @0"]);
    }
}

#[test]
fn the_topmost_database_counts_and_the_lowest_layer_is_named() {
    let upgraded = installed("libc6", "2.36-10") + &installed("bash", "5.2-2");
    let above = Tar::default().file(STATUS, upgraded + &installed("curl", "8.0"));
    let layers = [base().gzip(), Tar::default().file("x", "").gzip(), above.gzip()];
    assert_eq!(packages(&layers), ["bash 5.2-2 @0", "curl 8.0 @2", "libc6 2.36-10 @2"]);
}

#[test]
fn whiteouts_hide_what_is_below_and_never_what_is_beside() {
    let remove = |path: &str| Tar::default().file(path, "").gzip();
    let both = ["a 1.0.0 @0", "b 1.0.0 @0"];
    assert_eq!(packages(&[modules().gzip()]), both);
    let gone = ["b 1.0.0 @0"];
    assert_eq!(packages(&[modules().gzip(), remove("app/node_modules/.wh.a")]), gone);
    let file = remove("app/node_modules/a/.wh.package.json");
    assert_eq!(packages(&[modules().gzip(), file]), gone);
    for above in [".wh.app", "app/.wh.node_modules", "app/.wh..wh..opq", ".wh..wh..opq"] {
        assert!(packages(&[modules().gzip(), remove(above)]).is_empty(), "{above}");
    }
    assert_eq!(packages(&[modules().gzip(), remove(".wh.ap")]), both);
    // In one layer, wherever it stands: what the layer brings stays.
    for tar in [
        module(Tar::default().file("app/.wh.node_modules", ""), "app/node_modules/c", "c", "2.0.0"),
        module(Tar::default(), "app/node_modules/c", "c", "2.0.0").file("app/.wh.node_modules", ""),
        module(Tar::default(), "app/node_modules/c", "c", "2.0.0").file("app/.wh..wh..opq", ""),
    ] {
        assert_eq!(packages(&[modules().gzip(), tar.gzip()]), ["c 2.0.0 @1"]);
    }
    let removed = remove("var/lib/dpkg/.wh.status");
    let found = inventory(&[base().gzip(), removed]);
    assert!(found.packages.is_empty());
    assert_eq!(ecosystem(&found), "debian:12");
}

#[test]
fn what_takes_the_place_of_a_file_takes_its_packages() {
    let broken = Tar::default().file("app/node_modules/a/package.json", "{}");
    let link = Tar::default().symlink("app", "elsewhere");
    let upgrade = module(Tar::default(), "app/node_modules/a", "a", "2.0.0");
    assert_eq!(packages(&[modules().gzip(), broken.gzip()]), ["b 1.0.0 @0"]);
    assert!(packages(&[modules().gzip(), link.gzip()]).is_empty());
    let layers = [modules().gzip(), upgrade.gzip()];
    assert_eq!(packages(&layers), ["a 2.0.0 @1", "b 1.0.0 @0"]);
    // Twice in one layer: the later counts.
    let twice = module(modules(), "app/node_modules/a", "a", "3.0.0");
    assert_eq!(packages(&[twice.gzip()]), ["a 3.0.0 @0", "b 1.0.0 @0"]);
}

#[test]
fn distroless_has_a_file_for_each_package() {
    let part = |tar: Tar, name: &str, version: &str| {
        tar.file(
            &format!("var/lib/dpkg/status.d/{name}"),
            format!("Package: {name}\nVersion: {version}\n"),
        )
    };
    let lower = part(Tar::default().file("usr/lib/os-release", DEBIAN), "base-files", "12.4");
    let lower = lower.file("var/lib/dpkg/status.d/base-files.md5sums", "0  usr/lib/os-release\n");
    let upper = part(part(Tar::default(), "libssl3", "3.0.1"), "base-files", "12.5");
    let layers = [lower.gzip(), upper.gzip()];
    assert_eq!(packages(&layers), ["base-files 12.5 @1", "libssl3 3.0.1 @1"]);
    assert_eq!(ecosystem(&inventory(&layers)), "debian:12");
}

#[test]
fn directories_that_were_merged_are_one() {
    let database = "P:musl\nV:1.2.4-r0\nA:x86_64\no:musl\nL:MIT\n\n";
    let lower = Tar::default()
        .symlink("lib", "usr/lib")
        .file("usr/lib/apk/db/installed", database)
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.18.0\n")
        .file("etc/apk/repositories", "https://dl-cdn.alpinelinux.org/alpine/edge/main\n");
    let upper = Tar::default().file("lib/apk/db/installed", database.replace("r0", "r1"));
    assert_eq!(packages(&[lower.clone().gzip()]), ["musl 1.2.4-r0 @0"]);
    let layers = [lower.clone().gzip(), upper.gzip()];
    assert_eq!(packages(&layers), ["musl 1.2.4-r1 @1"]);
    let found = inventory(&layers);
    assert_eq!(ecosystem(&found), "alpine:edge");
    assert_eq!(found.packages[0].licenses, ["MIT"]);
    assert_eq!(found.packages[0].identity.source, None);
    let removed = Tar::default().file("lib/apk/.wh.db", "");
    assert!(packages(&[lower.gzip(), removed.gzip()]).is_empty());
}

#[test]
fn files_of_the_distribution_are_the_distributions_to_rate() {
    let metadata = "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n";
    let of = |folder: &str| format!("{folder}/six-1.16.0.dist-info/METADATA");
    let system = of("usr/lib/python3/dist-packages");
    let own = of("usr/local/lib/python3.11/dist-packages");
    let tar = base()
        .file(&system, metadata)
        .file(&own, metadata)
        .file("var/lib/dpkg/info/python3-six.list", format!("/.\n/usr\n/{system}\n"));
    assert_eq!(paths(&inventory(&[tar.gzip()])), [own.as_str()]);
    // What a vendor's package brings, only its language's advisories speak of.
    let vendor = "Package: docker-ce\nStatus: install ok installed\nVersion: 1\n\
        Maintainer: Docker <support@docker.com>\n";
    let tar = Tar::default()
        .file(STATUS, vendor)
        .file(&system, metadata)
        .file("var/lib/dpkg/info/docker-ce.list", format!("/{system}\n"));
    assert_eq!(paths(&inventory(&[tar.gzip()])), [system.as_str()]);
}

#[test]
fn links_into_a_store_are_modules() {
    let manifest = "{\"name\":\"a\",\"version\":\"1.0.0\"}";
    let path = "srv/node_modules/a/package.json";
    let tar = Tar::default().file("root/store/ab", manifest).hardlink(path, "root/store/ab");
    assert_eq!(paths(&inventory(&[tar.gzip()])), [path]);
    let other = "srv/node_modules/b/node_modules/a/package.json";
    let tar = Tar::default().file(path, manifest).hardlink(other, path);
    let first = [tar.gzip()];
    assert_eq!(paths(&inventory(&first)), [path, other]);
    let removed = Tar::default().file("srv/node_modules/.wh.a", "").gzip();
    let [tar] = first;
    assert_eq!(paths(&inventory(&[tar, removed])), [other]);
}

#[test]
fn rpms_database_is_read_in_any_order_with_its_log() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/pkgdb/rpm/");
    let sqlite = std::fs::read(format!("{root}cbl-mariner-2.0-sqlite/rpmdb.sqlite")).unwrap();
    let folder = "usr/lib/sysimage/rpm";
    let link = || {
        let os = "ID=\"rocky\"\nVERSION_ID=\"9.3\"\n";
        let tar = Tar::default().file("etc/os-release", os);
        tar.symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm")
    };
    let (file, log) = (format!("{folder}/rpmdb.sqlite"), format!("{folder}/rpmdb.sqlite-wal"));
    let first = inventory(&[link().file(&file, &sqlite).file(&log, "").gzip()]);
    let second = inventory(&[link().file(&log, "").file(&file, &sqlite).gzip()]);
    assert_eq!(first.packages.len(), 129);
    assert_eq!(first, second);
    assert_eq!(ecosystem(&first), "rocky:9");
}

#[test]
fn an_image_of_nobody_known_has_its_packages_and_no_ecosystem() {
    let os = "ID=arch\nPRETTY_NAME=\"Arch Linux\"\n";
    let tar = Tar::default().file("etc/os-release", os).file(STATUS, installed("a", "1"));
    let found = inventory(&[tar.gzip()]);
    assert_eq!(ecosystem(&found), "");
    assert_eq!(found.packages[0].identity.ecosystem.to_string(), "debian");
    assert_eq!(inventory(&[Tar::default().file("a", "b").gzip()]), Inventory::default());
}

#[test]
fn a_package_file_that_cannot_be_understood_is_named() {
    let broken = "app/node_modules/b/package-lock.json";
    let composer = "app/composer.lock";
    let below = Tar::default().file(composer, "{").file(broken, "no JSON").gzip();
    let found = inventory(&[base().gzip(), modules().gzip(), below.clone()]);
    assert_eq!(found.packages.len(), 4);
    let unread: Vec<_> = found.unread.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(unread, [composer]);
    let note = found.unread_note().unwrap();
    assert!(
        note.starts_with(
            "One file could not be understood, and may hold packages: app/composer.lock: "
        ),
        "{note}"
    );
    // What is deleted again matters to nobody.
    let deleted = Tar::default().file("app/.wh.composer.lock", "").gzip();
    assert_eq!(inventory(&[base().gzip(), below, deleted]).unread_note(), None);
}
