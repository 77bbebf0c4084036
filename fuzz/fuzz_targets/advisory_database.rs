//! Advisory databases: a file that somebody made up is told damaged, or says something; nothing else
//! happens. Its checksums are right, so that what lies behind them is reached.
#![no_main]

use std::io::Write as _;

use sha2::{Digest as _, Sha256};
use wharfinger_advisories::Database;

/// The sections in the order of the file: `docs/advisory-database.md`.
const SECTIONS: [u32; 13] = [4, 2, 3, 9, 8, 5, 6, 7, 10, 11, 12, 13, 1];
const HEADER_BYTES: usize = 16 + SECTIONS.len() * 56 + 32;

/// A file of sections that are separated by `\xff\xfe` in `bytes`, the first of which decides about the
/// version of the format.
fn database(bytes: &[u8]) -> Vec<u8> {
    let (version, bytes) = bytes.split_first().map_or((0, bytes), |(it, rest)| (*it, rest));
    let mut header = b"WHRFADV\n".to_vec();
    header.extend((u32::from(version) % 2 + 1).to_le_bytes());
    header.extend((SECTIONS.len() as u32).to_le_bytes());
    let mut body: Vec<u8> = Vec::new();
    let mut rest = bytes;
    for (index, number) in SECTIONS.iter().enumerate() {
        let end = rest.windows(2).position(|pair| pair == [0xff, 0xfe]);
        let end = if index + 1 == SECTIONS.len() { rest.len() } else { end.unwrap_or(rest.len()) };
        let (section, after) = rest.split_at(end);
        rest = after.get(2..).unwrap_or_default();
        header.extend(number.to_le_bytes());
        header.extend([0; 4]);
        header.extend(((HEADER_BYTES + body.len()) as u64).to_le_bytes());
        header.extend((section.len() as u64).to_le_bytes());
        header.extend(Sha256::digest(section));
        body.extend(section);
    }
    let hash = Sha256::digest(&header);
    header.extend(hash);
    header.extend(body);
    header
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(&database(bytes)).is_err() {
        return;
    }
    let Ok(database) = Database::open(file.path()) else { return };
    let _ = database.verify();
    let _ = database.changed_since(&database);
    for ecosystem in database.information().ecosystems.iter().take(4) {
        for name in ["", "a", "openssl"] {
            let _ = database.affecting(ecosystem, name);
            let Ok(Some(statements)) = database.statements(ecosystem, name) else { continue };
            for statement in statements.iter().into_iter().flatten().flatten() {
                let _ = statement.judgements().map(|it| it.map(Iterator::count));
            }
        }
    }
    for id in ["", "CVE-1", "GHSA-1"] {
        let _ = database.vulnerability(id);
        let _ = database.epss(id);
        let _ = database.known_exploited(id);
    }
});
