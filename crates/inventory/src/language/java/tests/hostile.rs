//! Archives that lie, and such as grow.

use super::*;

/// What reading says of an archive that is no sound one.
fn refused(path: &str, file: &[u8]) -> String {
    packages(path, file).unwrap_err().to_string()
}

/// Puts `bytes` where `found` first is, after `from`.
fn replace(file: &mut [u8], from: &[u8], at: isize, bytes: &[u8]) {
    let place = file.windows(from.len()).position(|it| it == from).unwrap();
    let place = place.checked_add_signed(at).unwrap();
    file[place..place + bytes.len()].copy_from_slice(bytes);
}

const DIRECTORY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

#[test]
fn what_is_cut_short_or_changed_is_refused_or_ends() {
    let lib = archive(&[(LIB, LIB_PROPERTIES, DEFLATED)]);
    let whole = archive(&[("a.jar", &lib, DEFLATED), (LIB, LIB_PROPERTIES, STORED)]);
    for end in 4..whole.len() {
        assert_eq!(refused("a.jar", &whole[..end]), "the archive is damaged or cut short", "{end}");
    }
    for at in 0..whole.len() {
        for change in [1, 0x80, 0xff] {
            let mut other = whole.clone();
            other[at] ^= change;
            let _ = packages("a.jar", &other);
        }
    }
}

#[test]
fn lies_of_the_directory() {
    let sound = archive(&[(LIB, LIB_PROPERTIES, DEFLATED)]);
    let lying = |from: &[u8], at: isize, bytes: &[u8]| {
        let mut lying = sound.clone();
        replace(&mut lying, from, at, bytes);
        refused("a.jar", &lying)
    };
    let damaged = "the archive is damaged or cut short";
    // Another count, an offset behind the directory, another disk.
    assert_eq!(lying(END, 10, &[2]), damaged);
    assert_eq!(lying(END, 16, &[0xff, 0xff]), damaged);
    assert_eq!(lying(END, 4, &[1]), damaged);
    assert_eq!(lying(DIRECTORY, 42, &[0xff, 0xff, 0xff, 0x7f]), "the archive is cut short");
    // Encrypted, packed otherwise, another checksum, another length.
    assert_eq!(lying(DIRECTORY, 8, &[1]), format!("{LIB} in it is encrypted"));
    assert_eq!(lying(DIRECTORY, 10, &[12]), format!("{LIB} in it is not where the archive says"));
    assert_eq!(lying(DIRECTORY, 16, &[0, 0, 0, 0]), format!("{LIB} in it is damaged"));
    assert_eq!(lying(DIRECTORY, 24, &[1, 0]), format!("{LIB} in it is damaged"));
    assert_eq!(lying(DIRECTORY, 24, &[0xff, 0xff]), format!("{LIB} in it is damaged"));
    assert_eq!(
        lying(DIRECTORY, 24, &[0xff, 0xff, 0xff, 0x7f]),
        format!("{LIB} in it is larger than 16777216 bytes")
    );
    assert_eq!(
        lying(DIRECTORY, 20, &[0xff, 0xff, 0]),
        format!("{LIB} in it is not where the archive says")
    );
    // The entry has another name where it lies.
    assert_eq!(
        lying(b"PK\x03\x04", 30, b"X"),
        format!("{LIB} in it is not where the archive says")
    );
}

#[test]
fn entries_of_one_name_all_count() {
    let other = String::from_utf8(LIB_PROPERTIES.to_vec()).unwrap().replace("1.2", "1.3");
    let mut twice = archive(&[
        (LIB, LIB_PROPERTIES, STORED),
        ("META-INF/maven/org.acme/lic/pom.properties", other.as_bytes(), STORED),
    ]);
    while twice.windows(3).any(|it| it == b"lic") {
        replace(&mut twice, b"lic", 0, b"lib");
    }
    let expected = ["org.acme:lib 1.2 a.jar", "org.acme:lib 1.3 a.jar"];
    assert_eq!(packages("a.jar", &twice).unwrap(), expected);
}

#[test]
fn a_large_archive_of_zip64() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(STORED);
    for number in 0..70_000 {
        writer.start_file(number.to_string(), options).unwrap();
    }
    writer.start_file(LIB, options.large_file(true)).unwrap();
    writer.write_all(LIB_PROPERTIES).unwrap();
    let large = writer.finish().unwrap().into_inner();
    assert!(large.windows(4).any(|it| it == b"PK\x06\x06"));
    assert_eq!(packages("a.jar", &large).unwrap(), ["org.acme:lib 1.2 a.jar"]);
    let limits = Limits { entries: 70_000, ..Limits::default() };
    let error = read_within(&limits, "a.jar", &large).unwrap_err();
    assert_eq!(error.to_string(), "it holds more than 70000 entries");
}

#[test]
fn bombs_end_within_their_bounds() {
    let limits = Limits { binary_bytes: 1 << 20, ..Limits::default() };
    let ends = |file: &[u8]| read_within(&limits, "a.jar", file).unwrap_err().to_string();
    // One entry that is a thousand times as large.
    let zeros = archive(&[("b.jar", &vec![0; 4 << 20], DEFLATED)]);
    assert!(zeros.len() < 10_000);
    assert!(ends(&zeros).starts_with("b.jar in it is larger than "), "{}", ends(&zeros));
    // Many that are together.
    let many: Vec<_> = (0..10).map(|number| format!("{number}.jar")).collect();
    let zeros = vec![0; 900 << 10];
    let entries: Vec<_> = many.iter().map(|name| (name.as_str(), &zeros[..], DEFLATED)).collect();
    assert_eq!(ends(&archive(&entries)), "it holds more than 4194304 bytes unpacked");
    // Each in the one before, as far as memory goes.
    let mut nested = archive(&[("z.jar", &[0; 700 << 10], DEFLATED)]);
    for name in ["y.jar", "x.jar"] {
        nested = archive(&[(name, &nested, DEFLATED), ("fill.jar", &[1; 600 << 10], DEFLATED)]);
    }
    assert!(read_within(&limits, "a.jar", &nested).is_ok());
    let large = vec![0; 2 << 20];
    let error = read_within(&limits, "a.jar", &large).unwrap_err();
    assert_eq!(error.to_string(), "it is larger than 1048576 bytes");
}

#[test]
fn archives_that_are_small_and_many_end() {
    // Three times four hundred archives within each other, of which each is there once.
    let mut nested = archive(&[("a.txt", b"", STORED)]);
    for _ in 0..3 {
        let names: Vec<_> = (0..400).map(|number| format!("{number}.jar")).collect();
        let first = archive(&[(&names[0], &nested, STORED)]);
        let (entry, rest) =
            first.split_at(first.windows(4).rposition(|it| it == DIRECTORY).unwrap());
        let line = &rest[..46 + names[0].len()];
        let mut end = rest[line.len()..].to_vec();
        end[8..12].copy_from_slice(&[0x90, 1, 0x90, 1]);
        end[12..16].copy_from_slice(&(line.len() as u32 * 400).to_le_bytes());
        nested = [entry, &line.repeat(400), &end].concat();
    }
    let limits = Limits { binary_bytes: 1 << 20, ..Limits::default() };
    let error = read_within(&limits, "a.jar", &nested).unwrap_err();
    assert_eq!(error.to_string(), "it holds more than 4194304 bytes unpacked");
}

#[test]
fn an_archive_that_ends_often_is_not_read_often() {
    // Each end says that the directory before it is nearly the whole file.
    let mut file = b"PK\x03\x04".to_vec();
    file.resize(4 << 20, 0x50);
    for _ in 0..2_000 {
        file.extend([END, &[0; 4], &[1, 0, 1, 0], &[0, 0, 0x3f, 0], &[0; 4], &[0; 2]].concat());
    }
    assert_eq!(refused("a.jar", &file), "the archive is damaged or cut short");
}
