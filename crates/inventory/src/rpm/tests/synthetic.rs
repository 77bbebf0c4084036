//! Databases made here: what real ones did not show.

use super::*;

const FILE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rpm/rpmdb.sqlite"));
const LOG: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rpm/rpmdb.sqlite-wal"));

/// A value of a tag.
enum Tag {
    Text(&'static str),
    Texts(&'static [&'static str]),
    Numbers(&'static [u32]),
    Modes(&'static [u16]),
    States(&'static [u8]),
}

/// The header that rpm would keep.
fn header(tags: &[(u32, Tag)]) -> Vec<u8> {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (tag, value) in tags {
        let at = data.len();
        let (kind, count) = match value {
            Tag::Text(text) => {
                data.extend(text.bytes().chain([0]));
                (6, 1)
            }
            Tag::Texts(texts) => {
                data.extend(texts.iter().flat_map(|text| text.bytes().chain([0])));
                (8, texts.len())
            }
            Tag::Numbers(numbers) => {
                data.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
                (4, numbers.len())
            }
            Tag::Modes(modes) => {
                data.extend(modes.iter().flat_map(|mode| mode.to_be_bytes()));
                (3, modes.len())
            }
            Tag::States(states) => {
                data.extend(*states);
                (1, states.len())
            }
        };
        for word in [*tag, kind, at as u32, count as u32] {
            entries.extend(word.to_be_bytes());
        }
    }
    let counts = [tags.len() as u32, data.len() as u32].map(u32::to_be_bytes).concat();
    [counts, entries, data].concat()
}

fn named(name: &'static str) -> Vec<(u32, Tag)> {
    vec![(1000, Tag::Text(name)), (1001, Tag::Text("1.2")), (1002, Tag::Text("3"))]
}

/// What a header says, alone in a database.
fn collect(tags: &[(u32, Tag)]) -> Result<SystemPackages, FileError> {
    let limits = Limits::default();
    let mut collected = header::Collected::new(&limits);
    collected.add(&header(tags)).map(|()| collected.finish())
}

#[test]
fn the_write_ahead_log_counts() {
    let named = |read: SystemPackages| {
        read.packages.into_iter().map(|package| package.name).collect::<Vec<_>>()
    };
    let limits = Limits::default();
    assert_eq!(named(read(FILE, &limits).unwrap()), ["old"]);
    assert_eq!(named(read_with_log(FILE, LOG, &limits).unwrap()), ["new"]);
    // Each change is finished by one frame: without the last, the row before is not yet deleted.
    let end = LOG.len() - 1;
    assert_eq!(named(read_with_log(FILE, &LOG[..end], &limits).unwrap()), ["new", "old"]);
    assert_eq!(named(read_with_log(FILE, &[0; 4096], &limits).unwrap()), ["old"]);
    let mut damaged = LOG.to_vec();
    damaged[9] ^= 1;
    let error = read_with_log(FILE, &damaged, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the write-ahead log is damaged");
    for at in 0..LOG.len() {
        let mut damaged = LOG.to_vec();
        damaged[at] ^= 0x41;
        let _ = read_with_log(FILE, &damaged, &limits);
    }
}

#[test]
fn all_of_a_header() {
    let mut tags = named("nodejs");
    tags.extend([
        (1003, Tag::Numbers(&[1])),
        (1011, Tag::Text("Red Hat, Inc.")),
        (1014, Tag::Text("MIT and ASL 2.0")),
        (1022, Tag::Text("x86_64")),
        (1044, Tag::Text("nodejs-src-4.5-6.el8.src.rpm")),
        (5096, Tag::Text("nodejs:12:8030020201124152102:229f0a1c")),
    ]);
    let expected = SystemPackage {
        name: "nodejs".to_owned(),
        version: "1:1.2-3".to_owned(),
        architecture: "x86_64".to_owned(),
        source: Some(SourcePackage {
            name: "nodejs-src".to_owned(),
            version: "1:4.5-6.el8".to_owned(),
        }),
        module: Some("nodejs:12".to_owned()),
        vendor: Some("Red Hat, Inc.".to_owned()),
        licenses: vec!["MIT and ASL 2.0".to_owned()],
    };
    assert_eq!(collect(&tags).unwrap().packages, [expected]);
}

#[test]
fn what_a_header_does_not_say() {
    let mut tags = named("filesystem");
    tags.extend([
        (1003, Tag::Numbers(&[0])),
        (1011, Tag::Text("(none)")),
        (1022, Tag::Text("(none)")),
        (1044, Tag::Text("(none)")),
    ]);
    let expected = SystemPackage {
        name: "filesystem".to_owned(),
        version: "1.2-3".to_owned(),
        ..SystemPackage::default()
    };
    assert_eq!(collect(&tags).unwrap().packages, [expected]);
    assert_eq!(collect(&named("gpg-pubkey")).unwrap(), SystemPackages::default());
    assert!(collect(&named("")).is_err());
    assert!(collect(&named("bash")[..2]).is_err());
    let mut added = named("bash");
    added.push((1000, Tag::Text("dash")));
    assert_eq!(collect(&added).unwrap().packages[0].name, "dash");
}

#[test]
fn files_of_a_package() {
    let files = |indexes: &'static [u32]| {
        let mut tags = named("python3-six");
        tags.extend([
            (1029, Tag::States(&[0, 0, 1, 2, 0])),
            (1030, Tag::Modes(&[0o100_755, 0o120_777, 0o100_755, 0o100_755, 0o100_700])),
            (1116, Tag::Numbers(indexes)),
            (1117, Tag::Texts(&["tool", "link", "others", "left-out", "daemon"])),
            (1118, Tag::Texts(&["/usr/bin/", "/usr/sbin/"])),
        ]);
        collect(&tags)
    };
    let owned = files(&[0, 0, 0, 0, 1]).unwrap().owned_paths;
    assert_eq!(owned, ["usr/bin/tool", "usr/sbin/daemon"]);
    assert!(files(&[0, 0, 0, 0, 2]).is_err());
    assert!(files(&[0]).is_err());
    let limits = Limits { entries: 5, ..Limits::default() };
    let mut many = named("filesystem");
    many.push((1118, Tag::Texts(&["/"; 6])));
    let error = header::Collected::new(&limits).add(&header(&many)).unwrap_err();
    assert_eq!(error.to_string(), "it holds more than 5 directories");
    let mut old = named("setup");
    old.push((1027, Tag::Texts(&["/usr/bin/setup"])));
    assert_eq!(collect(&old).unwrap().owned_paths, ["usr/bin/setup"]);
}

#[test]
fn lengths_of_headers_lie() {
    let limits = Limits::default();
    let sound = header(&named("bash"));
    let refused = |bytes: &[u8]| header::Collected::new(&limits).add(bytes).is_err();
    assert!(!refused(&sound));
    for end in 0..sound.len() {
        assert!(refused(&sound[..end]), "{end}");
    }
    let longer = [&sound[..], &[0]].concat();
    assert!(refused(&longer));
    for count in [u32::MAX, 0x1000_0000, 0x0fff_ffff] {
        let mut lying = sound.clone();
        lying[..4].copy_from_slice(&count.to_be_bytes());
        assert!(refused(&lying));
    }
}
