//! Sorted keys, each with a number: its place among them.
//!
//! Keys lie in groups; within a group each says how much of the one before it shares. A table is read
//! as it lies in the file, and every length is checked when it is used, so that nothing has to be
//! walked when a database is opened, and a hostile table can only be told damaged.

use crate::encoding::{Cursor, Malformed, put_bytes, put_number};
use crate::limits::KEY_BYTES_MAX;

/// Keys of a group.
const GROUP: u32 = 16;

/// Writes a table.
#[derive(Debug, Default)]
pub(crate) struct KeysBuilder {
    count: u32,
    groups: Vec<u32>,
    keys: Vec<u8>,
    last: Vec<u8>,
}

impl KeysBuilder {
    /// Adds a key that follows all others, and tells its number.
    pub(crate) fn push(&mut self, key: &[u8]) -> Result<u32, Malformed> {
        let number = self.count;
        if key.len() > KEY_BYTES_MAX {
            return Err(Malformed("a name is too long"));
        }
        if number > 0 && *key <= *self.last {
            return Err(Malformed("its names are not in order"));
        }
        if number.is_multiple_of(GROUP) {
            let start = u32::try_from(self.keys.len());
            self.groups.push(start.map_err(|_| Malformed("it has too many names"))?);
            put_bytes(&mut self.keys, key);
        } else {
            let shared = key.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
            put_number(&mut self.keys, shared as u64);
            put_bytes(&mut self.keys, key.get(shared..).unwrap_or_default());
        }
        self.count = number.checked_add(1).ok_or(Malformed("it has too many names"))?;
        key.clone_into(&mut self.last);
        Ok(number)
    }

    /// The table.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.keys.len() + self.groups.len() * 4 + 4);
        out.extend_from_slice(&self.count.to_le_bytes());
        self.groups.iter().for_each(|start| out.extend_from_slice(&start.to_le_bytes()));
        out.extend_from_slice(&self.keys);
        out
    }
}

/// A table.
#[derive(Debug)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    count: u32,
    /// Where the keys themselves begin.
    start: usize,
}

impl Keys {
    /// The table of `bytes`.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, Malformed> {
        let count = u32::from_le_bytes(Cursor::new(&bytes).array()?);
        let groups = usize::try_from(count.div_ceil(GROUP)).unwrap_or(usize::MAX);
        let start = groups.saturating_mul(4).saturating_add(4);
        if start > bytes.len() {
            return Err(Malformed("a table of names is cut off"));
        }
        Ok(Self { bytes, count, start })
    }

    /// The number of a key.
    pub(crate) fn find(&self, key: &[u8]) -> Result<Option<u32>, Malformed> {
        let (mut low, mut high) = (0, self.count.div_ceil(GROUP));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.group(middle)?.bytes()? <= key { low = middle + 1 } else { high = middle }
        }
        let Some(group) = low.checked_sub(1) else { return Ok(None) };
        let mut cursor = self.cursor_at(group * GROUP)?;
        for number in group * GROUP..self.count.min(low.saturating_mul(GROUP)) {
            match cursor.next()? {
                Some(found) if found == key => return Ok(Some(number)),
                Some(found) if found < key => {}
                _ => break,
            }
        }
        Ok(None)
    }

    /// All keys in order.
    pub(crate) fn cursor(&self) -> Result<KeyCursor<'_>, Malformed> {
        self.cursor_at(0)
    }

    fn cursor_at(&self, number: u32) -> Result<KeyCursor<'_>, Malformed> {
        let rest = if self.count == 0 { Cursor::new(&[]) } else { self.group(number / GROUP)? };
        Ok(KeyCursor { rest, number, count: self.count, key: Vec::new() })
    }

    fn group(&self, group: u32) -> Result<Cursor<'_>, Malformed> {
        let find = || {
            let at = usize::try_from(group).ok()?.checked_mul(4)?.checked_add(4)?;
            let offset = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
            let offset = usize::try_from(u32::from_le_bytes(offset)).ok()?;
            self.bytes.get(self.start.checked_add(offset)?..)
        };
        find().map(Cursor::new).ok_or(Malformed("a table of names is cut off"))
    }
}

/// Keys one after the other.
#[derive(Debug)]
pub(crate) struct KeyCursor<'a> {
    rest: Cursor<'a>,
    number: u32,
    count: u32,
    key: Vec<u8>,
}

impl KeyCursor<'_> {
    /// The next key; an error where it does not follow the one before.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, Malformed> {
        if self.number >= self.count {
            return Ok(None);
        }
        let shared = if self.number.is_multiple_of(GROUP) {
            0
        } else {
            usize::try_from(self.rest.number()?).unwrap_or(usize::MAX)
        };
        let rest = self.rest.bytes()?;
        if shared > self.key.len() || shared.saturating_add(rest.len()) > KEY_BYTES_MAX {
            return Err(Malformed("a name is cut off"));
        }
        let follows = self.key.get(shared..).is_some_and(|before| *before < *rest);
        let first_of_group = self.number.is_multiple_of(GROUP);
        if !(follows || first_of_group && (self.key.is_empty() || *self.key < *rest)) {
            return Err(Malformed("its names are not in order"));
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(rest);
        self.number += 1;
        Ok(Some(&self.key))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    fn table(keys: &BTreeSet<Vec<u8>>) -> Keys {
        let mut builder = KeysBuilder::default();
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(builder.push(key), Ok(number as u32));
        }
        Keys::new(builder.finish()).unwrap()
    }

    proptest! {
        #[test]
        fn keys_are_found_and_listed(
            keys in prop::collection::btree_set(prop::collection::vec(0_u8..4, 0..6), 0..200),
            others in prop::collection::vec(prop::collection::vec(0_u8..4, 0..6), 0..20),
        ) {
            let table = table(&keys);
            for (number, key) in keys.iter().enumerate() {
                prop_assert_eq!(table.find(key), Ok(Some(number as u32)));
            }
            for other in others {
                let place = keys.iter().position(|key| *key == other).map(|at| at as u32);
                prop_assert_eq!(table.find(&other), Ok(place));
            }
            let mut cursor = table.cursor().unwrap();
            for key in &keys {
                prop_assert_eq!(cursor.next(), Ok(Some(key.as_slice())));
            }
            prop_assert_eq!(cursor.next(), Ok(None));
        }

        #[test]
        fn hostile_tables_end(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0_u8..60) {
            let mut bytes = bytes;
            if bytes.len() > 4 {
                bytes[..4].copy_from_slice(&[count, 0, 0, 0]);
            }
            if let Ok(table) = Keys::new(bytes) {
                let _ = table.find(b"CVE-2024-1");
                let mut listed = 0;
                if let Ok(mut cursor) = table.cursor() {
                    while let Ok(Some(_)) = cursor.next() {
                        listed += 1;
                    }
                }
                assert!(listed <= u32::from(count));
            }
        }
    }

    #[test]
    fn keys_out_of_order_are_refused() {
        let mut builder = KeysBuilder::default();
        assert_eq!(builder.push(b"b"), Ok(0));
        assert!(builder.push(b"b").is_err());
        assert!(builder.push(b"a").is_err());
        assert!(builder.push(&[b'c'; KEY_BYTES_MAX + 1]).is_err());
    }
}
