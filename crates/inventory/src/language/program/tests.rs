//! Programs made here, with what compilers put into them.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;
use crate::Limits;

/// The build information of a program of Go 1.26, as it is in the program.
const REAL: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/go/linux-amd64.buildinfo"));

/// The packages of a program, `name@version`.
fn packages_in(windows: Windows, program: &[u8]) -> Result<Vec<String>, FileError> {
    let limits = Limits::default();
    let mut listing = Listing::new("usr/bin/tool", &limits);
    // What a reader gives at once is up to it.
    let mut content = std::io::BufReader::with_capacity(7, program);
    read_in(windows, program.len() as u64, &mut content, &mut listing)?;
    let packages = listing.into_packages().into_iter();
    Ok(packages.map(|it| format!("{}@{}", it.identity.name, it.identity.version)).collect())
}

fn packages(program: &[u8]) -> Result<Vec<String>, FileError> {
    packages_in(Windows::REAL, program)
}

/// A program that begins as ELF and has `content` behind `before` bytes.
fn program(before: usize, content: &[u8]) -> Vec<u8> {
    let mut program = b"\x7fELF".to_vec();
    program.resize(before, 0xcc);
    program.extend(content);
    program
}

/// Build information as Go writes it from 1.18 on.
fn inline(version: &str, modules: &str) -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    for text in [version.as_bytes(), &framed(modules)] {
        let mut length = text.len();
        while length >= 0x80 {
            info.push(length as u8 | 0x80);
            length >>= 7;
        }
        info.push(length as u8);
        info.extend(text);
    }
    info
}

fn framed(modules: &str) -> Vec<u8> {
    [&[1; 16], modules.as_bytes(), &[2; 16]].concat()
}

const MODULES: &str = "path\texample.com/tool\nmod\texample.com/tool\t(devel)\t\n\
    dep\tgolang.org/x/net\tv0.7.0\th1:a=\ndep\texample.com/a\tv1.0.0\n=>\texample.com/b\tv1.1.0\th1:b=\n\
    dep\texample.com/local\tv0.0.0\n=>\t./local\t(devel)\t\nbuild\t-compiler=gc\n";

#[test]
fn a_real_program_of_go() {
    let expected = [
        "example.com/tool@v1.2.3",
        "golang.org/x/text@v0.0.0-20170915032832-14c0d48ead0c",
        "rsc.io/quote@v1.5.2",
        "rsc.io/sampler@v1.99.99",
        "stdlib@1.26.8",
    ];
    assert_eq!(packages(&program(4096, REAL)).unwrap(), expected);
}

#[test]
fn modules_and_what_replaces_them() {
    let info = inline("go1.20", MODULES);
    let expected = ["example.com/b@v1.1.0", "golang.org/x/net@v0.7.0", "stdlib@1.20.0"];
    assert_eq!(packages(&program(64, &info)).unwrap(), expected);
    let released = MODULES.replace("(devel)\t\ndep\tgo", "v3.1.4\th1:c=\ndep\tgo");
    let found = packages(&program(64, &inline("go1.20", &released))).unwrap();
    assert!(found.contains(&"example.com/tool@v3.1.4".to_owned()), "{found:?}");
    assert_eq!(packages(&program(64, &inline("devel go1.23-9ce47e66e8", ""))).unwrap(), [""; 0]);
}

#[test]
fn what_is_no_program_or_not_of_go() {
    let info = inline("go1.20", MODULES);
    let nothing = [""; 0];
    assert_eq!(packages(b"").unwrap(), nothing);
    assert_eq!(packages(b"MZ").unwrap(), nothing);
    assert_eq!(packages(&[&b"#!/bin/sh\n000000"[..], &info].concat()).unwrap(), nothing);
    assert_eq!(packages(&program(60, &info)).unwrap(), nothing, "it is not where it can be");
    assert_eq!(packages(&program(64, &inline("python", MODULES))).unwrap(), nothing);
    let error = packages(&program(64, &info[..info.len() - 1])).unwrap_err();
    assert_eq!(error.to_string(), "its build information of Go is cut short");
    let many = program(64, &inline("go1.20", "")[..32].repeat(65));
    let error = packages(&many).unwrap_err();
    assert_eq!(error.to_string(), "it holds more than 64 pieces of build information");
}

#[test]
fn a_program_larger_than_memory_is_read_in_windows() {
    let windows = Windows { bytes: 4096, overlap: 1024 };
    let info = inline("go1.20", MODULES);
    let expected = packages(&program(64, &info)).unwrap();
    for before in (16..12_000).step_by(16) {
        let mut large = program(before, &info);
        large.resize(20_000, 0);
        assert_eq!(packages_in(windows, &large).unwrap(), expected, "{before}");
    }
}

/// A program of 64 bit: its first segment is the file, at an address. `big` is the order of its bytes.
fn segmented(
    big: bool,
    address: u64,
    content: impl Fn(&dyn Fn(u64) -> Vec<u8>) -> Vec<u8>,
) -> Vec<u8> {
    let number = |bytes: &[u8]| -> Vec<u8> {
        if big { bytes.to_vec() } else { bytes.iter().rev().copied().collect() }
    };
    let short = |it: u16| number(&it.to_be_bytes());
    let word = |it: u32| number(&it.to_be_bytes());
    let long = |it: u64| number(&it.to_be_bytes());
    let content = content(&long);
    let size = 128 + content.len() as u64;
    let header = [
        vec![0x7f, b'E', b'L', b'F', 2, if big { 2 } else { 1 }, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [short(2), short(if big { 22 } else { 62 }), word(1)].concat(),
        [long(0), long(64), long(0), word(0), short(64), short(56), short(1)].concat(),
        [short(0), short(0), short(0)].concat(),
        [word(1), word(6), long(0), long(address), long(address)].concat(),
        [long(size), long(size), long(4096), long(0)].concat(),
    ];
    [header.concat(), content].concat()
}

#[test]
fn build_information_before_go_1_18() {
    for big in [false, true] {
        let version = "go1.17.5";
        let modules = framed(MODULES);
        let pointing = |count: usize| {
            segmented(big, 0x40_0000, |long| {
                let info_end = 0x40_0000 + 128 + 32;
                let texts = info_end + 32;
                let modules_at = texts + version.len() as u64;
                [
                    b"\xff Go buildinf:\x08".to_vec(),
                    vec![u8::from(big)],
                    [long(info_end), long(info_end + 16)].concat(),
                    [long(texts), long(version.len() as u64)].concat(),
                    [long(modules_at), long(count as u64)].concat(),
                    [version.as_bytes(), &modules].concat(),
                ]
                .concat()
            })
        };
        let sound = pointing(modules.len());
        let expected = ["example.com/b@v1.1.0", "golang.org/x/net@v0.7.0", "stdlib@1.17.5"];
        assert_eq!(packages(&sound).unwrap(), expected);
        // Modules that lie elsewhere are none, as for Go.
        assert_eq!(packages(&pointing(modules.len() + 1)).unwrap(), ["stdlib@1.17.5"]);
        assert_eq!(packages(&pointing(usize::MAX)).unwrap(), ["stdlib@1.17.5"]);
        let windows = Windows { bytes: 160, overlap: 16 };
        let error = packages_in(windows, &sound).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 67108864 bytes");
        for end in 0..sound.len() {
            let _ = packages(&sound[..end]);
        }
    }
}

const CRATES: &str = r#"{"packages":[
    {"name":"adler","version":"0.2.3","source":"crates.io","kind":"runtime"},
    {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
    {"name":"private","version":"0.1.0","source":"git"},
    {"name":"tool","version":"0.3.0","source":"local","dependencies":[0,1,2],"root":true}]}"#;

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(7));
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A program of 64 bit with a section `.dep-v0`.
fn auditable(content: &[u8]) -> Vec<u8> {
    let names = b"\0.dep-v0\0.shstrtab\0";
    let mut program = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (content_at, names_at) = (64, 64 + content.len() as u64);
    let sections_at = names_at + names.len() as u64;
    program.extend([2_u16, 62].map(u16::to_le_bytes).concat());
    program.extend(1_u32.to_le_bytes());
    program.extend([0, 0, sections_at].map(u64::to_le_bytes).concat());
    program.extend(0_u32.to_le_bytes());
    program.extend([64_u16, 56, 0, 64, 3, 2].map(u16::to_le_bytes).concat());
    program.extend([content, names].concat());
    let sections = [(0, 0, 0, 0), (1, 1, content_at, content.len()), (9, 3, names_at, names.len())];
    for (name, kind, at, size) in sections {
        program.extend([name, kind].map(u32::to_le_bytes).concat());
        program.extend([0, 0, at, size as u64].map(u64::to_le_bytes).concat());
        program.extend([0_u32, 0].map(u32::to_le_bytes).concat());
        program.extend([1_u64, 0].map(u64::to_le_bytes).concat());
    }
    program
}

#[test]
fn what_cargo_auditable_left() {
    let expected = ["adler@0.2.3", "tool@0.3.0"];
    let sound = auditable(&packed(CRATES));
    assert_eq!(packages(&sound).unwrap(), expected);
    for damaged in [&packed(CRATES)[..40], b"{}", &packed("{}"), &packed("\u{fffd}")] {
        let error = packages(&auditable(damaged)).unwrap_err().to_string();
        assert!(error.starts_with("what cargo-auditable left in it is damaged"), "{error}");
    }
    for end in 0..sound.len() {
        let _ = packages(&sound[..end]);
    }
    // Too large for memory: its sections are not known.
    let mut large = sound.clone();
    large.resize(20_000, 0);
    let windows = Windows { bytes: 4096, overlap: 1024 };
    assert_eq!(packages_in(windows, &large).unwrap(), expected);
}

#[test]
fn what_cargo_auditable_left_is_no_bomb() {
    let bomb = auditable(&packed(&" ".repeat(9 << 20)));
    assert_eq!(packages(&bomb).unwrap_err().to_string(), "it is larger than 8388608 bytes");
}
