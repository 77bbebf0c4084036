//! Vulnerabilities: blocks of what is told of them, and the ids by which they are found.

use super::output::Output;
use super::tellings::Tellings;
use super::{BuildError, checked_key};
use crate::encoding::{Cursor, Malformed, put_bytes};
use crate::format::{Section, short_hash};
use crate::keys::KeysBuilder;
use crate::limits::{BLOCK_BYTES, RECORDS_PER_ID_MAX, VULNERABILITY_BYTES_MAX};
use crate::sorting::{Merged, Sorter};
use crate::{rating, vulnerability};

/// How hard blocks are compressed: zstd's level.
const LEVEL: i32 = 9;

/// What packages have to know of vulnerabilities.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) contents: Contents,
    pub(crate) tellings: Tellings,
}

/// What is told of vulnerabilities, as hashes by hashes of ids, so that packages can be compared
/// without it.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    told: Vec<(u64, u64)>,
    /// From an alias to the ids of what it stands for.
    leads: Vec<(u64, u64)>,
}

impl Contents {
    /// Everything that is told of an id, directly or of the ids it stands for.
    pub(crate) fn of(&self, id: &str) -> Vec<u64> {
        let id = short(id.as_bytes());
        let leads = range(&self.leads, id).iter().map(|(_, to)| *to);
        let ids = std::iter::once(id).chain(leads);
        ids.flat_map(|id| range(&self.told, id)).map(|(_, told)| *told).collect()
    }
}

fn range(sorted: &[(u64, u64)], key: u64) -> &[(u64, u64)] {
    let start = sorted.partition_point(|(it, _)| *it < key);
    let end = sorted.partition_point(|(it, _)| *it <= key);
    sorted.get(start..end).unwrap_or_default()
}

pub(super) fn short(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = short_hash(bytes);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// A place of a record, as it is sorted by id: block and offset, what is told, and the record's own id.
fn posting(position: u64, told: u64, id: &str) -> Vec<u8> {
    [&position.to_be_bytes()[..], &told.to_le_bytes(), id.as_bytes()].concat()
}

/// Writes the sections of vulnerabilities.
pub(crate) fn write(
    output: &mut Output,
    mut sorted: Merged,
    mut ids: Sorter,
) -> Result<Told, BuildError> {
    let mut blocks = Blocks::default();
    let mut tellings = Tellings::default();
    output.begin(Section::Blocks)?;
    while let Some((key, first)) = sorted.next().transpose()? {
        let mut told = vec![vulnerability::decode(&first)?];
        while let Some(next) = sorted.next_of(&key)? {
            if told.len() < RECORDS_PER_ID_MAX {
                told.push(vulnerability::decode(&next)?);
            }
        }
        let Some(one) = vulnerability::merged(told) else { continue };
        let bytes = vulnerability::encode(&one);
        if bytes.len() > VULNERABILITY_BYTES_MAX {
            return Err(BuildError::TooLarge(format!("too much is told of {}", one.id)));
        }
        let said =
            vulnerability::encode(&crate::Vulnerability { modified_at: None, ..one.clone() });
        let position = blocks.push(output, &bytes)?;
        tellings.push(&rating::Telling::of(&one))?;
        for id in std::iter::once(&one.id).chain(&one.aliases) {
            let posting = posting(position, short(&said), &one.id);
            ids.push(checked_key(id.clone().into_bytes())?, posting)?;
        }
    }
    let index = blocks.finish(output)?;
    output.section(Section::BlockIndex, &index)?;
    tellings.sort();
    Ok(Told { contents: write_ids(output, ids.finish()?)?, tellings })
}

fn write_ids(output: &mut Output, mut postings: Merged) -> Result<Contents, BuildError> {
    let mut keys = KeysBuilder::default();
    let (mut ends, mut end) = (Vec::new(), 0_u64);
    let mut contents = Contents::default();
    output.begin(Section::Postings)?;
    while let Some((key, first)) = postings.next().transpose()? {
        let mut next = Some(first);
        let mut count = 0;
        while let Some(posting) = next {
            if count < RECORDS_PER_ID_MAX {
                let mut cursor = Cursor::new(&posting);
                let position = u64::from_be_bytes(cursor.array()?);
                let told = u64::from_le_bytes(cursor.array()?);
                output.write(&position.to_le_bytes())?;
                contents.told.push((short(&key), told));
                if cursor.rest() != key {
                    contents.leads.push((short(&key), short(cursor.rest())));
                }
                count += 1;
            }
            next = postings.next_of(&key)?;
        }
        end += count as u64;
        keys.push(&key)?;
        ends.extend_from_slice(&end.to_le_bytes());
    }
    output.section(Section::IdIndex, &ends)?;
    output.section(Section::IdKeys, &keys.finish())?;
    contents.told.sort_unstable();
    contents.leads.sort_unstable();
    contents.leads.dedup();
    Ok(contents)
}

/// Records that are compressed together.
#[derive(Default)]
struct Blocks {
    open: Vec<u8>,
    count: u32,
    index: Vec<u8>,
}

impl Blocks {
    /// Adds a record; where it lies: the number of the block, and the offset in it.
    fn push(&mut self, output: &mut Output, record: &[u8]) -> Result<u64, BuildError> {
        if self.open.len() >= BLOCK_BYTES {
            self.flush(output)?;
        }
        let position = u64::from(self.count) << 32 | self.open.len() as u64;
        put_bytes(&mut self.open, record);
        Ok(position)
    }

    fn flush(&mut self, output: &mut Output) -> Result<(), BuildError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let stored = zstd::bulk::compress(&self.open, LEVEL)?;
        self.index.extend_from_slice(&output.written().to_le_bytes());
        self.index.extend_from_slice(&(stored.len() as u32).to_le_bytes());
        self.index.extend_from_slice(&(self.open.len() as u32).to_le_bytes());
        self.index.extend_from_slice(&short_hash(&stored));
        output.write(&stored)?;
        self.open.clear();
        self.count = self.count.checked_add(1).ok_or(Malformed("it has too many blocks"))?;
        Ok(())
    }

    fn finish(mut self, output: &mut Output) -> Result<Vec<u8>, BuildError> {
        self.flush(output)?;
        output.end()?;
        Ok(self.index)
    }
}
