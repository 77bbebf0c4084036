//! Writing statements.

use std::collections::HashMap;

use wharfinger_package::Severity;

use crate::builder::Judged;
use crate::encoding::{put_bytes, put_number};
use crate::{Affected, FixStatus, Interval, VersionEnd};

/// The statuses by their numbers.
pub(super) const STATUSES: [FixStatus; 7] = [
    FixStatus::Affected,
    FixStatus::Fixed,
    FixStatus::WillNotFix,
    FixStatus::Deferred,
    FixStatus::EndOfLife,
    FixStatus::UnderInvestigation,
    FixStatus::NotAffected,
];

/// A status as its number.
const fn status_number(status: FixStatus) -> u8 {
    match status {
        FixStatus::Affected => 0,
        FixStatus::Fixed => 1,
        FixStatus::WillNotFix => 2,
        FixStatus::Deferred => 3,
        FixStatus::EndOfLife => 4,
        FixStatus::UnderInvestigation => 5,
        FixStatus::NotAffected => 6,
    }
}

/// A severity as a number, 0 if there is none.
pub(crate) const fn severity_number(severity: Option<Severity>) -> u8 {
    match severity {
        None => 0,
        Some(Severity::Undefined) => 1,
        Some(Severity::Informational) => 2,
        Some(Severity::Low) => 3,
        Some(Severity::Medium) => 4,
        Some(Severity::High) => 5,
        Some(Severity::Critical) => 6,
    }
}

/// The texts of statements, each with its number.
#[derive(Default)]
struct Interner<'a> {
    numbers: HashMap<&'a str, u64>,
    texts: Vec<&'a str>,
}

impl<'a> Interner<'a> {
    fn number(&mut self, text: &'a str) -> u64 {
        let next = self.texts.len() as u64;
        *self.numbers.entry(text).or_insert_with(|| {
            self.texts.push(text);
            next
        })
    }

    fn optional(&mut self, text: Option<&'a str>) -> u64 {
        text.map_or(0, |text| self.number(text) + 1)
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_number(out, self.texts.len() as u64);
        let mut end = 0_u32;
        for text in &self.texts {
            // Statements of a package are limited to much less before they are written.
            end = end.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
            out.extend_from_slice(&end.to_le_bytes());
        }
        put_bytes(out, self.texts.concat().as_bytes());
    }
}

/// Writes statements, in the order given.
pub(crate) fn encode<'a>(statements: impl IntoIterator<Item = &'a Affected>) -> Vec<u8> {
    let mut texts = Interner::default();
    let mut body = Vec::new();
    for statement in statements {
        write(&mut body, statement, &mut texts);
    }
    with_texts(&texts, &body)
}

/// Writes statements, each followed by what it is called and how bad it is.
pub(crate) fn encode_judged(statements: &[(&Affected, Vec<Judged>)]) -> Vec<u8> {
    let mut texts = Interner::default();
    let mut body = Vec::new();
    let mut list = Vec::new();
    for (statement, judged) in statements {
        write(&mut body, statement, &mut texts);
        list.clear();
        for it in judged {
            let own = it.name == statement.vulnerability;
            put_number(&mut list, texts.optional((!own).then_some(&it.name)));
            list.push(it.byte);
        }
        put_bytes(&mut body, &list);
    }
    with_texts(&texts, &body)
}

fn with_texts(texts: &Interner<'_>, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    texts.write(&mut out);
    out.extend_from_slice(body);
    out
}

fn write<'a>(out: &mut Vec<u8>, it: &'a Affected, texts: &mut Interner<'a>) {
    put_number(out, texts.number(&it.vulnerability));
    put_number(out, texts.number(&it.source));
    put_number(out, texts.optional(it.advisory.as_deref()));
    put_number(out, texts.optional(it.module.as_deref()));
    put_number(out, texts.optional(it.vendor_severity.as_deref()));
    out.push(status_number(it.status));
    out.push(severity_number(it.severity));
    let mut list = Vec::new();
    it.intervals.iter().for_each(|interval| write_interval(&mut list, interval, texts));
    put_bytes(out, &list);
    for items in [&it.versions, &it.architectures] {
        list.clear();
        items.iter().for_each(|item| put_number(&mut list, texts.number(item)));
        put_bytes(out, &list);
    }
}

fn write_interval<'a>(out: &mut Vec<u8>, interval: &'a Interval, texts: &mut Interner<'a>) {
    put_number(out, texts.optional(interval.introduced.as_deref()));
    let end = match &interval.end {
        VersionEnd::Open => 0,
        VersionEnd::Fixed(version) => texts.number(version) * 2 + 1,
        VersionEnd::LastAffected(version) => texts.number(version) * 2 + 2,
    };
    put_number(out, end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_statuses_lead_back() {
        for status in STATUSES {
            assert_eq!(STATUSES[usize::from(status_number(status))], status);
        }
    }
}
