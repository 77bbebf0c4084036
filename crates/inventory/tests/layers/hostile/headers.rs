//! Headers that lie, paths that lead astray, ends that are missing.

use super::{Case, bad, fine};
use crate::archive::{Header, Tar};

/// An archive of one header and its content.
fn one(change: impl Fn(&mut Header)) -> Vec<u8> {
    let mut header = Header::new(b"a", b'0', 4);
    change(&mut header);
    Tar::default().block(header).content(b"text").end()
}

fn sized(typeflag: u8) -> Vec<u8> {
    one(|header| header.0[156] = typeflag)
}

fn named(path: &str) -> Vec<u8> {
    Tar::default().file(path, "text").end()
}

/// What a file is, without the end of the archive.
fn file() -> Vec<u8> {
    Tar::default().file("a", "text").0
}

pub fn cases() -> Vec<Case> {
    let mut all = ends();
    all.extend(numbers_and_forms());
    all.extend(kinds());
    all.extend(paths());
    all.extend(trees());
    all
}

fn ends() -> Vec<Case> {
    let zeros = |count: usize| vec![0; count * 512];
    vec![
        fine("nothing at all", Vec::new()),
        fine("no end", file()),
        fine("half an end", [file(), zeros(1)].concat()),
        fine("garbage after the end", [file(), zeros(2), b"garbage".repeat(99)].concat()),
        fine("an archive after the end", [file(), zeros(2), named("../x")].concat()),
        fine("the last padding is missing", file()[..516].to_vec()),
        fine("zeros only", zeros(20)),
        bad("a text", b"hello".to_vec(), "entry 1: the archive ends within it"),
        bad("a longer text", b"hello ".repeat(100), "entry 1: its header has a wrong checksum"),
        bad("half a header", file()[..300].to_vec(), "entry 1: the archive ends within it"),
        bad("half a content", file()[..514].to_vec(), "entry 1: the archive ends within it"),
        bad(
            "a lone block of zeros",
            [file(), zeros(1), file()].concat(),
            "entry 2: a block of zeros stands before it",
        ),
        bad(
            "half a block after zeros",
            [file(), zeros(1), vec![0; 100]].concat(),
            "entry 2: the archive ends within it",
        ),
    ]
}

fn numbers_and_forms() -> Vec<Case> {
    let number = "entry 1: its header has a number that cannot be read";
    let prefix = "entry 1: its header has a prefix that programs read differently";
    let mut checksum = file();
    checksum[0] = b'b';
    let gnu = |header: &mut Header| header.put(257, b"ustar  \0");
    vec![
        bad("a wrong checksum", checksum, "entry 1: its header has a wrong checksum"),
        bad("a size of other digits", one(|it| it.put(124, b"00000000009\0")), number),
        bad("a negative size", one(|it| it.put(124, &[0xff; 12])), number),
        bad("a signed size", one(|it| it.put(124, b"-0000000004\0")), number),
        bad("a size with a gap", one(|it| it.put(124, b"0000004\x0000\0\0")), number),
        bad(
            "a size beyond all",
            one(|it| it.put(124, b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")),
            number,
        ),
        fine("a small size in base 256", one(|it| it.put(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x04"))),
        bad(
            "a size of exabytes",
            one(|it| it.put(124, b"\x80\0\0\0\x40\0\0\0\0\0\0\0")),
            "entry 1: the archive ends within it",
        ),
        bad(
            "a size of eight gigabytes",
            one(|it| it.put(124, b"77777777777\0")),
            "entry 1: the archive ends within it",
        ),
        fine("a size of spaces", one(|it| it.put(124, b"         4  "))),
        bad(
            "a form of nobody",
            one(|it| it.put(257, b"ustar!")),
            "entry 1: its header has an unknown form",
        ),
        bad(
            "half of GNU",
            one(|it| it.put(257, b"ustar 00")),
            "entry 1: its header has an unknown form",
        ),
        fine("the form of old Unix", one(|it| it.put(257, &[0; 8]))),
        fine("GNU with times", one(|it| (gnu(it), it.put(345, b"00000000000\x0000000000000\0")).1)),
        bad("GNU with a prefix", one(|it| (gnu(it), it.put(345, b"var/lib/dpkg")).1), prefix),
        bad(
            "star with a long prefix",
            one(|it| (it.put(345, &[b'a'; 140]), it.put(508, b"tar\0")).1),
            prefix,
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let size = "entry 1: it has a size, though it is no file";
    let sparse = "entry 1: it is a sparse file, which programs read differently";
    let file_of_directory = "entry 1: it is a file with the path of a directory";
    vec![
        bad(
            "a contiguous file",
            sized(b'7'),
            "entry 1: it has the type 7, which programs read differently",
        ),
        bad("a volume", sized(b'V'), "entry 1: it has the type V, which programs read differently"),
        bad(
            "Sun's extension",
            sized(b'X'),
            "entry 1: it has the type X, which programs read differently",
        ),
        bad(
            "a type that is no letter",
            sized(0xff),
            "entry 1: it has the type 255, which programs read differently",
        ),
        bad("GNU's sparse file", sized(b'S'), sparse),
        bad("a directory with a size", sized(b'5'), size),
        bad("a link with a size", sized(b'2'), size),
        bad("a hard link with a size", sized(b'1'), size),
        bad("a pipe with a size", sized(b'6'), size),
        bad("a file that ends in a slash", named("a/"), file_of_directory),
        bad("a file that ends in a dot", named("a/."), file_of_directory),
        fine("an old directory", Tar::default().block(Header::new(b"a/", 0, 0)).end()),
        fine("an old file", one(|it| it.0[156] = 0)),
        fine("devices", Tar::default().block(Header::new(b"null", b'3', 0)).end()),
    ]
}

fn paths() -> Vec<Case> {
    let parent = "entry 1: its path has a .. in it";
    let whiteout = "entry 1: it is a whiteout that names nothing";
    vec![
        bad("a path out of the image", named("../etc/passwd"), parent),
        bad("a path up and down", named("a/../../etc/passwd"), parent),
        bad("a path that ends above", named("a/.."), parent),
        bad("a hard link out of the image", Tar::default().hardlink("a", "../b").end(), parent),
        fine("a link out of the image", Tar::default().symlink("a", "../../../etc").end()),
        fine("an absolute path", named("/etc/passwd")),
        fine("a path with dots and slashes", named(".//etc/./passwd")),
        fine("a path of other signs", named("\u{202e}\u{0}etc")),
        fine(
            "a path that is no text",
            Tar::default().block(Header::new(b"a\xff\xfe", b'0', 0)).end(),
        ),
        fine("the root", Tar::default().directory("./").end()),
        bad("a file without a path", named(""), "entry 1: it has no path"),
        bad(
            "a file at the root",
            Tar::default().symlink("/", "x").end(),
            "entry 1: it has no path",
        ),
        bad("a whiteout of nothing", named("etc/.wh."), whiteout),
        bad("a whiteout of itself", named("etc/.wh.."), whiteout),
        bad("a whiteout of what is above", named("etc/.wh..."), whiteout),
        fine("a mark of another program", named("etc/.wh..wh.plnk")),
    ]
}

fn trees() -> Vec<Case> {
    let two = "entry 2: its path is a directory and something else in the same layer";
    let below = "entry 2: it lies below a link of the same layer";
    let link = || Tar::default().symlink("a", "var/lib/dpkg");
    vec![
        bad("a file below a link", link().file("a/status", "").end(), below),
        bad("a file far below a link", link().file("a/b/c/status", "").end(), below),
        bad("a directory for a link", link().directory("a").end(), two),
        bad("a link for a directory", Tar::default().directory("a").symlink("a", "b").end(), two),
        bad("a file for a directory", Tar::default().file("a/b", "").file("a", "").end(), two),
        fine("a file twice", Tar::default().file("a", "1").file("a", "2").end()),
        fine("a file for a link", link().file("a", "").end()),
        fine("links in a circle", Tar::default().symlink("a", "b").symlink("b", "a").end()),
        fine("a link to itself", Tar::default().symlink("etc/os-release", "os-release").end()),
    ]
}
