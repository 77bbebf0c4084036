//! What a statement is called and how bad it is, as it lies beside it.

use super::view::severity;
use super::{TextTable, severity_number};
use crate::DatabaseError;
use crate::encoding::{Cursor, Malformed};
use crate::rating::Judgement;

/// The bit of a judgement that is [`Judgement::extended`].
const EXTENDED: u8 = 1 << 6;

impl Judgement<'_> {
    /// All of it but the name: three bits for each rating, and one for what was taken into account.
    pub(crate) const fn byte(&self) -> u8 {
        let extended = if self.extended { EXTENDED } else { 0 };
        severity_number(self.vendor) | severity_number(self.otherwise) << 3 | extended
    }
}

/// The judgements of a statement, one for each name it has.
#[derive(Clone, Debug)]
pub struct Judgements<'a> {
    rest: Cursor<'a>,
    table: TextTable<'a>,
    /// The vulnerability as the statement calls it.
    id: &'a str,
    /// Whether the statement is called what it says, and nothing lies beside it.
    plain: bool,
}

impl<'a> Judgements<'a> {
    pub(super) const fn new(bytes: &'a [u8], table: TextTable<'a>, id: &'a str) -> Self {
        Self { rest: Cursor::new(bytes), table, id, plain: bytes.is_empty() }
    }

    fn read(&mut self) -> Result<Judgement<'a>, Malformed> {
        let name = self.table.get_optional(self.rest.number()?)?.unwrap_or(self.id);
        let byte = self.rest.byte()?;
        if byte & 1 << 7 != 0 {
            return Err(Malformed("a rating is unknown"));
        }
        Ok(Judgement {
            name,
            vendor: severity(byte & 7)?,
            otherwise: severity(byte >> 3 & 7)?,
            extended: byte & EXTENDED != 0,
        })
    }
}

impl<'a> Iterator for Judgements<'a> {
    type Item = Result<Judgement<'a>, DatabaseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if std::mem::take(&mut self.plain) {
            return Some(Ok(Judgement { name: self.id, ..Judgement::default() }));
        }
        if self.rest.is_empty() {
            return None;
        }
        let judgement = self.read();
        if judgement.is_err() {
            self.rest = Cursor::new(&[]);
        }
        Some(judgement.map_err(DatabaseError::from))
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_package::Severity;

    use super::*;

    #[test]
    fn judgements_are_read_back_and_others_refused() {
        let table = TextTable { ends: &[5, 0, 0, 0], texts: "CVE-1" };
        let ratings = std::iter::once(None).chain(Severity::ALL.map(Some));
        for (vendor, otherwise) in
            ratings.clone().flat_map(|a| ratings.clone().map(move |b| (a, b)))
        {
            for extended in [false, true] {
                let it = Judgement { name: "CVE-1", vendor, otherwise, extended };
                let own = Judgement { name: "GHSA-1", ..it };
                let bytes = [1, it.byte(), 0, own.byte()];
                let read: Vec<_> = Judgements::new(&bytes, table, "GHSA-1").flatten().collect();
                assert_eq!(read, [it, own]);
            }
        }
        let read: Vec<_> = Judgements::new(&[], table, "GHSA-1").flatten().collect();
        assert_eq!(read, [Judgement { name: "GHSA-1", ..Judgement::default() }]);
        for wrong in [&[0][..], &[2, 0], &[0, 7], &[0, 7 << 3], &[0, 1 << 7], &[0xff, 0xff]] {
            let read: Vec<_> = Judgements::new(wrong, table, "GHSA-1").collect();
            assert!(matches!(read[..], [Err(_)]), "{wrong:?}");
        }
    }
}
