//! Statements as they lie in the bytes of a database.

use wharfinger_package::Severity;

use super::encode::STATUSES;
use super::{Judgements, Layout, TextTable};
use crate::encoding::{Cursor, Malformed};
use crate::{Affected, DatabaseError, FixStatus, Interval, VersionEnd};

/// [`Affected`], borrowed. Texts are looked for when they are asked for, as most statements are of no
/// interest but for their intervals; each is [`DatabaseError::Damaged`] if it is not there.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// See [`Affected::status`].
    pub status: FixStatus,
    /// See [`Affected::severity`].
    pub severity: Option<Severity>,
    table: TextTable<'a>,
    vulnerability: u64,
    source: u64,
    advisory: u64,
    module: u64,
    vendor_severity: u64,
    intervals: &'a [u8],
    versions: &'a [u8],
    architectures: &'a [u8],
    judgements: Option<&'a [u8]>,
}

/// [`Interval`], borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalView<'a> {
    /// See [`Interval::introduced`].
    pub introduced: Option<&'a str>,
    /// See [`Interval::end`].
    pub end: VersionEndView<'a>,
}

/// [`VersionEnd`], borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionEndView<'a> {
    /// Every later version is affected.
    Open,
    /// This version is the first that is not.
    Fixed(&'a str),
    /// This version is the last that is.
    LastAffected(&'a str),
}

/// The intervals of a statement.
#[derive(Clone, Debug)]
pub struct Intervals<'a> {
    rest: Cursor<'a>,
    table: TextTable<'a>,
}

/// A list of texts of a statement.
#[derive(Clone, Debug)]
pub struct Texts<'a> {
    rest: Cursor<'a>,
    table: TextTable<'a>,
}

impl<'a> Statement<'a> {
    #[inline]
    pub(super) fn read(
        cursor: &mut Cursor<'a>,
        table: TextTable<'a>,
        layout: Layout,
    ) -> Result<Self, Malformed> {
        Ok(Self {
            table,
            vulnerability: cursor.number()?,
            source: cursor.number()?,
            advisory: cursor.number()?,
            module: cursor.number()?,
            vendor_severity: cursor.number()?,
            status: *STATUSES
                .get(usize::from(cursor.byte()?))
                .ok_or(Malformed("a status is unknown"))?,
            severity: severity(cursor.byte()?)?,
            intervals: cursor.bytes()?,
            versions: cursor.bytes()?,
            architectures: cursor.bytes()?,
            judgements: match layout {
                Layout::Plain => None,
                Layout::Judged => Some(cursor.bytes()?),
            },
        })
    }

    /// See [`Affected::vulnerability`].
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`], as each of these.
    pub fn vulnerability(&self) -> Result<&'a str, DatabaseError> {
        Ok(self.table.get(self.vulnerability)?)
    }

    /// See [`Affected::source`].
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`].
    pub fn source(&self) -> Result<&'a str, DatabaseError> {
        Ok(self.table.get(self.source)?)
    }

    /// See [`Affected::advisory`].
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`].
    pub fn advisory(&self) -> Result<Option<&'a str>, DatabaseError> {
        Ok(self.table.get_optional(self.advisory)?)
    }

    /// See [`Affected::module`].
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`].
    pub fn module(&self) -> Result<Option<&'a str>, DatabaseError> {
        Ok(self.table.get_optional(self.module)?)
    }

    /// See [`Affected::vendor_severity`].
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`].
    pub fn vendor_severity(&self) -> Result<Option<&'a str>, DatabaseError> {
        Ok(self.table.get_optional(self.vendor_severity)?)
    }

    /// What it is called, one name at the least, and how bad it is by what is told of it; a statement that
    /// has a severity, or says that nothing is affected, is not rated so. None in a database of the first
    /// format.
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`], and each element.
    pub fn judgements(&self) -> Result<Option<Judgements<'a>>, DatabaseError> {
        let Some(bytes) = self.judgements else { return Ok(None) };
        Ok(Some(Judgements::new(bytes, self.table, self.vulnerability()?)))
    }

    /// See [`Affected::intervals`].
    pub const fn intervals(&self) -> Intervals<'a> {
        Intervals { rest: Cursor::new(self.intervals), table: self.table }
    }

    /// See [`Affected::versions`].
    pub const fn versions(&self) -> Texts<'a> {
        Texts { rest: Cursor::new(self.versions), table: self.table }
    }

    /// See [`Affected::architectures`].
    pub const fn architectures(&self) -> Texts<'a> {
        Texts { rest: Cursor::new(self.architectures), table: self.table }
    }

    /// The same with texts of its own.
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`].
    pub fn to_affected(&self) -> Result<Affected, DatabaseError> {
        Ok(Affected {
            vulnerability: self.vulnerability()?.to_owned(),
            advisory: self.advisory()?.map(str::to_owned),
            source: self.source()?.to_owned(),
            intervals: self
                .intervals()
                .map(|interval| interval.map(Interval::from))
                .collect::<Result<_, _>>()?,
            versions: self.versions().map(|it| it.map(str::to_owned)).collect::<Result<_, _>>()?,
            architectures: self
                .architectures()
                .map(|it| it.map(str::to_owned))
                .collect::<Result<_, _>>()?,
            module: self.module()?.map(str::to_owned),
            status: self.status,
            severity: self.severity,
            vendor_severity: self.vendor_severity()?.map(str::to_owned),
        })
    }
}

/// A severity of its number.
pub(crate) fn severity(number: u8) -> Result<Option<Severity>, Malformed> {
    match number.checked_sub(1) {
        None => Ok(None),
        Some(index) => match Severity::ALL.get(usize::from(index)) {
            Some(severity) => Ok(Some(*severity)),
            None => Err(Malformed("a severity is unknown")),
        },
    }
}

impl<'a> Iterator for Intervals<'a> {
    type Item = Result<IntervalView<'a>, DatabaseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let interval = self.read();
        if interval.is_err() {
            self.rest = Cursor::new(&[]);
        }
        Some(interval.map_err(DatabaseError::from))
    }
}

impl<'a> Intervals<'a> {
    #[inline]
    fn read(&mut self) -> Result<IntervalView<'a>, Malformed> {
        let introduced = self.table.get_optional(self.rest.number()?)?;
        let end = match self.rest.number()? {
            0 => VersionEndView::Open,
            number if number % 2 == 1 => VersionEndView::Fixed(self.table.get(number / 2)?),
            number => VersionEndView::LastAffected(self.table.get(number / 2 - 1)?),
        };
        Ok(IntervalView { introduced, end })
    }
}

impl<'a> Iterator for Texts<'a> {
    type Item = Result<&'a str, DatabaseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let text = self.rest.number().and_then(|number| self.table.get(number));
        if text.is_err() {
            self.rest = Cursor::new(&[]);
        }
        Some(text.map_err(DatabaseError::from))
    }
}

impl From<IntervalView<'_>> for Interval {
    fn from(view: IntervalView<'_>) -> Self {
        let end = match view.end {
            VersionEndView::Open => VersionEnd::Open,
            VersionEndView::Fixed(version) => VersionEnd::Fixed(version.to_owned()),
            VersionEndView::LastAffected(version) => VersionEnd::LastAffected(version.to_owned()),
        };
        Self { introduced: view.introduced.map(str::to_owned), end }
    }
}
