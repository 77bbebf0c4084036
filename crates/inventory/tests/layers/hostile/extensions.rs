//! Extended headers that contradict what they extend.

use super::{Case, bad, fine};
use crate::archive::{Header, Tar, records_of};

fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    Tar::default().pax(records).file("a", "text").end()
}

fn raw(content: &[u8]) -> Vec<u8> {
    Tar::default().pax_as(b'x', content).file("a", "text").end()
}

fn global(records: &[(&str, &[u8])]) -> Tar {
    Tar::default().pax_as(b'g', &records_of(records))
}

fn long(typeflag: u8, name: &[u8]) -> Tar {
    Tar::default().long(typeflag, name)
}

pub fn cases() -> Vec<Case> {
    let mut all = records();
    all.extend(contradictions());
    all.extend(sizes());
    all
}

fn records() -> Vec<Case> {
    let malformed = "entry 1: its extended header is malformed";
    let sparse = "entry 1: it is a sparse file, which programs read differently";
    vec![
        fine(
            "records that nobody needs",
            pax(&[("mtime", b"1.5"), ("SCHILY.xattr.user.a", b"\0\n=")]),
        ),
        fine("an empty extended header", raw(b"")),
        bad("no record", raw(b"hello"), malformed),
        bad("a record without a length", raw(b" path=a\n"), malformed),
        bad("a record that is too long", raw(b"99 path=a\n"), malformed),
        bad("a record that is too short", raw(b"5 path=a\n"), malformed),
        bad("a record of endless digits", raw(b"000000000000010 path=a\n"), malformed),
        bad("a record without an end", raw(b"9 path=ab"), malformed),
        bad("a record without a sign", raw(b"8 pathx\n"), malformed),
        bad("a record without a key", raw(b"6 =ab\n"), malformed),
        bad("zeros after the records", raw(b"10 path=a\n\0\0"), malformed),
        bad(
            "sparse 0.0",
            pax(&[("GNU.sparse.offset", b"0"), ("GNU.sparse.numbytes", b"1")]),
            sparse,
        ),
        bad("sparse 0.1", pax(&[("GNU.sparse.map", b"0,1")]), sparse),
        bad("sparse 1.0", pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0")]), sparse),
        bad(
            "sparse under another name",
            pax(&[("GNU.sparse.name", b"var/lib/dpkg/status")]),
            sparse,
        ),
        bad("sparse of star", pax(&[("SCHILY.realsize", b"9")]), sparse),
        bad("an empty path", pax(&[("path", b"")]), "entry 1: it has no path"),
        bad(
            "a path with a zero",
            pax(&[("path", b"var/lib\0x")]),
            "entry 1: its path has a zero byte in it",
        ),
        bad(
            "a path that is too long",
            pax(&[("path", &[b'a'; 5000])]),
            "entry 2: its path is longer than 4096 bytes",
        ),
        bad(
            "a path out of the image",
            pax(&[("path", b"../x")]),
            "entry 2: its path has a .. in it",
        ),
        bad(
            "a header of megabytes",
            raw(&vec![b'a'; (1 << 20) + 1]),
            "entry 1: its extended header is larger than 1048576 bytes",
        ),
        bad(
            "a header that is not there",
            Tar::default().block(Header::new(b"x", b'x', 5000)).end(),
            "entry 1: the archive ends within it",
        ),
        fine(
            "a long path",
            pax(&[("path", [b"d/".repeat(400), b"f".to_vec()].concat().as_slice())]),
        ),
        fine("a long name", long(b'L', b"a/long/name\0").file("a", "").end()),
        fine("a name without its zero", long(b'L', b"a/long/name").file("a", "").end()),
        bad("an empty name", long(b'L', b"\0").file("a", "").end(), "entry 1: it has no path"),
        bad(
            "a name with a zero",
            long(b'L', b"a\0b\0").file("a", "").end(),
            "entry 1: its path has a zero byte in it",
        ),
        bad(
            "a name that is too long",
            long(b'L', &[b'a'; 5000]).file("a", "").end(),
            "entry 2: its path is longer than 4096 bytes",
        ),
        bad(
            "a link that is too long",
            long(b'K', &[b'a'; 5000]).symlink("a", "").end(),
            "entry 2: its path is longer than 4096 bytes",
        ),
    ]
}

fn contradictions() -> Vec<Case> {
    let path = "headers contradict each other about its path";
    let dangling = "an extended header stands before it that belongs to no entry";
    let says = |sentence: &str| -> &'static str { Box::leak(sentence.to_owned().into_boxed_str()) };
    let entry = |number: u8, sentence: &str| says(&format!("entry {number}: {sentence}"));
    let its = |number: u8, sentence: &str| says(&format!("entry {number}: its {sentence}"));
    vec![
        bad("two paths in one header", pax(&[("path", b"a"), ("path", b"b")]), its(1, path)),
        bad(
            "two headers",
            Tar::default().pax(&[("path", b"a")]).pax(&[("mtime", b"1")]).file("a", "").end(),
            "entry 2: its headers contradict each other about its records",
        ),
        bad("two names", long(b'L', b"a\0").long(b'L', b"b\0").file("c", "").end(), its(2, path)),
        bad(
            "a name of pax and one of GNU",
            Tar::default().pax(&[("path", b"a")]).long(b'L', b"b\0").file("c", "").end(),
            its(3, path),
        ),
        bad(
            "a link of pax and one of GNU",
            Tar::default().pax(&[("linkpath", b"a")]).long(b'K', b"b\0").symlink("c", "d").end(),
            "entry 3: its headers contradict each other about its link",
        ),
        bad(
            "a global path",
            global(&[("path", b"a")]).file("a", "").end(),
            "entry 1: a global header sets the path of all entries after it, which programs read differently",
        ),
        bad(
            "a global size",
            global(&[("size", b"4")]).file("a", "").end(),
            "entry 1: a global header sets the size of all entries after it, which programs read differently",
        ),
        bad(
            "a global sparse map",
            global(&[("GNU.sparse.map", b"0,1")]).end(),
            "entry 1: a global header sets the GNU.sparse.map of all entries after it, which programs read differently",
        ),
        fine("a global comment", global(&[("comment", b"f00")]).file("a", "").end()),
        bad(
            "a header before a global one",
            Tar::default().pax(&[("path", b"a")]).pax_as(b'g', b"").file("b", "").end(),
            entry(2, dangling),
        ),
        bad(
            "a header of nothing",
            Tar::default().file("a", "").pax(&[("path", b"b")]).end(),
            entry(2, dangling),
        ),
        bad(
            "a name of nothing",
            Tar::default().file("a", "").long(b'L', b"b\0").end(),
            entry(2, dangling),
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let size = "entry 2: its headers contradict each other about its size";
    let number = "entry 1: its header has a number that cannot be read";
    // One program sees a file of a block, in which an archive is hidden; the other sees the archive.
    let hidden = Tar::default().file("hidden", "").0;
    let smuggled = Tar::default().pax(&[("size", b"512")]).file("a", "").content(&hidden).end();
    let for_name = Tar::default().pax(&[("size", b"512")]).long(b'L', b"b\0").file("a", "").end();
    vec![
        bad("a file that hides an archive", smuggled, size),
        bad("a larger file than its header says", pax(&[("size", b"5")]), size),
        bad("a smaller file than its header says", pax(&[("size", b"0")]), size),
        fine("a size that is repeated", pax(&[("size", b"4")])),
        bad(
            "a size of a name",
            for_name,
            "entry 3: its headers contradict each other about its size",
        ),
        bad("a negative size", pax(&[("size", b"-4")]), number),
        bad("a size with a sign", pax(&[("size", b"+4")]), number),
        bad("no size", pax(&[("size", b"")]), number),
        bad("a size beyond all", pax(&[("size", b"99999999999999999999")]), number),
        bad(
            "a size of exabytes",
            pax(&[("size", b"9223372036854775807")]),
            "entry 2: the archive ends within it",
        ),
        bad(
            "two sizes",
            pax(&[("size", b"4"), ("size", b"4")]),
            "entry 1: its headers contradict each other about its size",
        ),
    ]
}
