//! Databases that are cut short or have other bytes: read or refused, and that soon.

use proptest::prelude::*;

use super::*;

const DATABASES: [&[u8]; 4] = [MARINER, SLE, LIBUUID, SYFT];

/// Reads a file that may be anything: it ends.
#[expect(clippy::disallowed_methods, reason = "how long reading takes is what is tested")]
fn read_anything(file: &[u8]) -> Option<usize> {
    let started = std::time::Instant::now();
    let read = read(file, &Limits::default());
    assert!(started.elapsed().as_secs() < 5, "reading took {:?}", started.elapsed());
    read.ok().map(|read| read.packages.len())
}

#[test]
fn a_database_that_is_cut_short_is_an_error() {
    for file in DATABASES {
        // The last page of a file may hold nothing that is read.
        let ends = (1..64).map(|part| file.len() / 64 * part).chain([1, 15, 99, 100, 511, 4095]);
        for end in ends.chain(file.len() - 3..file.len()) {
            assert_eq!(read_anything(&file[..end]), None, "{end} of {}", file.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_database_with_other_bytes_ends(
        which in 0..DATABASES.len(),
        early in any::<bool>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut file = DATABASES[which].to_vec();
        let length = if early { 8192 } else { file.len() };
        for (at, byte) in changes {
            file[at.index(length)] = byte;
        }
        read_anything(&file);
    }

    #[test]
    fn anything_after_a_first_page_ends(
        which in 0..DATABASES.len(),
        rest in proptest::collection::vec(any::<u8>(), 0..20_000),
    ) {
        let mut file = DATABASES[which][..512].to_vec();
        file.extend(rest);
        read_anything(&file);
    }
}
