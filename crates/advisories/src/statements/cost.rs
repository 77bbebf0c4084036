//! How much memory statements take with a copy of each text.
//!
//! In a file a text is there once, however often it is named: what is small there can be huge here, if
//! somebody wants it to be.

use std::mem::size_of;

use crate::encoding::Malformed;
use crate::limits::STATEMENTS_BYTES_IN_MEMORY_MAX;
use crate::{Affected, DatabaseError, Interval, Statement, VersionEnd, VersionEndView};

/// Adds up what statements take, and refuses what is beyond the limit.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    bytes: usize,
}

impl Cost {
    pub(crate) const fn add(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > STATEMENTS_BYTES_IN_MEMORY_MAX {
            return Err(Malformed("too much is said of a package"));
        }
        Ok(())
    }

    /// Adds a statement that is about to be copied.
    pub(crate) fn add_statement(&mut self, it: &Statement<'_>) -> Result<(), DatabaseError> {
        let texts = [it.advisory()?, it.module()?, it.vendor_severity()?];
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        let bytes = texts + it.vulnerability()?.len() + it.source()?.len() + size_of::<Affected>();
        self.add(bytes)?;
        for interval in it.intervals() {
            let interval = interval?;
            let end = match interval.end {
                VersionEndView::Open => 0,
                VersionEndView::Fixed(it) | VersionEndView::LastAffected(it) => it.len(),
            };
            let bytes = end + interval.introduced.map_or(0, str::len) + size_of::<Interval>();
            self.add(bytes)?;
        }
        for text in it.versions().chain(it.architectures()) {
            self.add(text?.len() + size_of::<String>())?;
        }
        Ok(())
    }
}

/// What a statement takes.
pub(crate) fn cost(it: &Affected) -> usize {
    let texts = [&it.advisory, &it.module, &it.vendor_severity];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    let list = |texts: &[String]| -> usize {
        texts.iter().map(|text| text.len() + size_of::<String>()).sum()
    };
    let intervals = it.intervals.iter().map(|it| {
        let end = match &it.end {
            VersionEnd::Open => 0,
            VersionEnd::Fixed(it) | VersionEnd::LastAffected(it) => it.len(),
        };
        end + it.introduced.as_ref().map_or(0, String::len) + size_of::<Interval>()
    });
    let lists = list(&it.versions) + list(&it.architectures) + intervals.sum::<usize>();
    texts + lists + it.vulnerability.len() + it.source.len() + size_of::<Affected>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::{Layout, encode, parse};

    #[test]
    fn a_text_costs_as_often_as_it_is_named() {
        let affected = Affected {
            vulnerability: "CVE-1".to_owned(),
            intervals: vec![Interval { introduced: None, end: VersionEnd::Fixed("1".to_owned()) }],
            versions: vec!["1".repeat(1 << 20); 300],
            ..Affected::default()
        };
        let bytes = encode([&affected]);
        assert!(bytes.len() < 2 << 20);
        let statement = parse(&bytes, Layout::Plain).unwrap().next().unwrap().unwrap();
        assert!(Cost::default().add_statement(&statement).is_err());
        assert!(cost(&affected) > STATEMENTS_BYTES_IN_MEMORY_MAX);
        let small = Affected { versions: vec!["1".to_owned()], ..affected };
        let bytes = encode([&small]);
        let statement = parse(&bytes, Layout::Plain).unwrap().next().unwrap().unwrap();
        let mut counted = Cost::default();
        counted.add_statement(&statement).unwrap();
        assert_eq!(counted.bytes, cost(&small));
    }
}
