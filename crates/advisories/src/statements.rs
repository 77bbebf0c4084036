//! All that is said of one package, as bytes that are read without being copied.
//!
//! A table of texts (each once) is followed by statements that name them by number, because the
//! advisories of a package repeat each other's versions. `docs/advisory-database.md` has the bytes.
//! In a database each statement is followed by what it is called and how bad it is ([`Layout::Judged`]).

mod cost;
mod encode;
mod judgement;
mod view;

pub(crate) use cost::{Cost, cost};
pub(crate) use encode::severity_number;
pub(crate) use encode::{encode, encode_judged};
pub use judgement::Judgements;
pub(crate) use view::severity;
pub use view::{IntervalView, Intervals, Statement, Texts, VersionEndView};

use crate::DatabaseError;
use crate::encoding::{Cursor, Malformed};

/// All that a database says of a package.
#[derive(Clone, Debug)]
pub struct Statements {
    bytes: Vec<u8>,
    layout: Layout,
}

/// Whether statements are followed by judgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// They are not: in documents, and in databases of the first format.
    Plain,
    /// They are.
    Judged,
}

impl Statements {
    pub(crate) const fn new(bytes: Vec<u8>, layout: Layout) -> Self {
        Self { bytes, layout }
    }

    /// The statements one by one, borrowed. Equal texts of one package are one text in memory, so that
    /// what was found out about a version may be remembered by its address.
    ///
    /// # Errors
    /// Each element, and this, is [`DatabaseError::Damaged`] where the bytes are no statements.
    pub fn iter(
        &self,
    ) -> Result<impl Iterator<Item = Result<Statement<'_>, DatabaseError>>, DatabaseError> {
        Ok(parse(&self.bytes, self.layout)?.map(|statement| Ok(statement?)))
    }
}

/// The texts of a package, by their numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextTable<'a> {
    /// Where each ends in `texts`, as 32 bits, the lowest byte first.
    ends: &'a [u8],
    texts: &'a str,
}

impl<'a> TextTable<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        let count = cursor.length()?;
        let ends = cursor.take(count.checked_mul(4).ok_or(Malformed("a length is wrong"))?)?;
        let texts = std::str::from_utf8(cursor.bytes()?);
        Ok(Self { ends, texts: texts.map_err(|_| Malformed("a text is not UTF-8"))? })
    }

    #[inline]
    fn end(&self, index: usize) -> Option<usize> {
        let at = index.checked_mul(4)?;
        let bytes = self.ends.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    #[inline]
    pub(crate) fn get(&self, number: u64) -> Result<&'a str, Malformed> {
        let find = || {
            let index = usize::try_from(number).ok()?;
            let start = if index == 0 { 0 } else { self.end(index - 1)? };
            self.texts.get(start..self.end(index)?)
        };
        find().ok_or(Malformed("a statement names a text that is not there"))
    }

    /// `0` stands for none, and `n` for the text `n - 1`.
    #[inline]
    pub(crate) fn get_optional(&self, number: u64) -> Result<Option<&'a str>, Malformed> {
        number.checked_sub(1).map(|index| self.get(index)).transpose()
    }
}

/// Reads statements.
pub(crate) fn parse(
    bytes: &[u8],
    layout: Layout,
) -> Result<impl Iterator<Item = Result<Statement<'_>, Malformed>>, Malformed> {
    let mut cursor = Cursor::new(bytes);
    let table = TextTable::read(&mut cursor)?;
    let mut failed = false;
    Ok(std::iter::from_fn(move || {
        if failed || cursor.is_empty() {
            return None;
        }
        let statement = Statement::read(&mut cursor, table, layout);
        failed = statement.is_err();
        Some(statement)
    }))
}
