//! What is told of vulnerabilities, as far as it decides what statements are called and how bad they are.
//!
//! It is kept while packages are written: as bytes, some 60 for each record, and 16 for each of its ids.

use super::vulnerabilities::short;
use crate::encoding::{Cursor, Malformed, put_number, put_text};
use crate::limits::RECORDS_PER_ID_MAX;
use crate::rating::{Band, Judgement, Telling, is_cve, names, rated_by, rated_otherwise};
use crate::statements::{severity, severity_number};
use crate::{Affected, FixStatus};

/// What is told, by hashes of ids.
#[derive(Debug, Default)]
pub(crate) struct Tellings {
    bytes: Vec<u8>,
    /// Where each record begins, in the order of the file.
    starts: Vec<usize>,
    /// From an id, or an alias, to records.
    ids: Vec<(u64, u32)>,
}

/// A name of a statement, and how bad it is.
pub(crate) struct Judged {
    pub(crate) name: String,
    pub(crate) byte: u8,
}

impl Tellings {
    /// Adds a record that follows all others.
    pub(super) fn push(&mut self, it: &Telling<'_>) -> Result<(), Malformed> {
        let number = u32::try_from(self.starts.len());
        let number = number.map_err(|_| Malformed("it has too many records"))?;
        self.starts.push(self.bytes.len());
        let ids = std::iter::once(it.id).chain(it.aliases.iter().copied());
        self.ids.extend(ids.map(|id| (short(id.as_bytes()), number)));
        write(&mut self.bytes, it);
        Ok(())
    }

    /// To be called when all records are there.
    pub(super) fn sort(&mut self) {
        self.ids.sort_unstable();
    }

    /// As [`crate::Database::vulnerability`] tells.
    fn told(&self, id: &str) -> Result<Vec<Telling<'_>>, Malformed> {
        let mut records: Vec<u32> = self.records(id).collect();
        let mut told: Vec<Telling<'_>> = Vec::new();
        let mut followed = vec![id];
        while let Some(number) = records.get(told.len()).copied() {
            let one = self.read(number)?;
            if one.is_of(id) && !followed.contains(&one.id) {
                followed.push(one.id);
                for number in self.records(one.id) {
                    if !records.contains(&number) && records.len() < RECORDS_PER_ID_MAX {
                        records.push(number);
                    }
                }
            }
            told.push(one);
        }
        Ok(told)
    }

    fn records(&self, id: &str) -> impl Iterator<Item = u32> {
        let id = short(id.as_bytes());
        let start = self.ids.partition_point(|(it, _)| *it < id);
        let all = self.ids.get(start..).unwrap_or_default().iter();
        all.take_while(move |(it, _)| *it == id).take(RECORDS_PER_ID_MAX).map(|(_, number)| *number)
    }

    fn read(&self, number: u32) -> Result<Telling<'_>, Malformed> {
        let start = usize::try_from(number).ok().and_then(|number| self.starts.get(number));
        let bytes = start.and_then(|start| self.bytes.get(*start..));
        read(&mut Cursor::new(bytes.ok_or(Malformed("a record is not there"))?))
    }

    /// What a statement is called, and how bad it is. Nothing if it is called what it says, and is not
    /// rated by what is told.
    pub(super) fn judge(&self, it: &Affected) -> Result<Vec<Judged>, Malformed> {
        let id = it.vulnerability.as_str();
        let named = if is_cve(id) { vec![id.to_owned()] } else { names(id, &self.told(id)?) };
        let judge = |name: String| {
            let byte = self.judgement(&name, it)?.byte();
            Ok(Judged { name, byte })
        };
        let judged = named.into_iter().map(judge).collect::<Result<Vec<_>, Malformed>>()?;
        let plain = judged.iter().all(|one| one.name == id && one.byte == 0);
        Ok(if plain { Vec::new() } else { judged })
    }

    fn judgement<'a>(&self, name: &'a str, it: &Affected) -> Result<Judgement<'a>, Malformed> {
        let mut judgement = Judgement { name, ..Judgement::default() };
        // A rating of the package itself counts before all that is told.
        if it.severity.is_some() || it.status == FixStatus::NotAffected {
            return Ok(judgement);
        }
        let mut told = self.told(name)?;
        let of_name = told.len();
        for id in [Some(&it.vulnerability), it.advisory.as_ref()].into_iter().flatten() {
            let is_of = |told: &[Telling<'_>]| told.iter().any(|it| it.is_of(id));
            if *id == *name || is_of(told.get(..of_name).unwrap_or_default()) {
                continue;
            }
            let more = self.told(id)?;
            judgement.extended |= more.iter().any(Telling::rates);
            if !is_of(&told) {
                told.extend(more);
            }
        }
        judgement.vendor = rated_by(&told, &it.source);
        judgement.otherwise = rated_otherwise(&told);
        Ok(judgement)
    }
}

fn write(out: &mut Vec<u8>, it: &Telling<'_>) {
    put_text(out, it.id);
    put_text(out, it.source);
    put_number(out, it.aliases.len() as u64);
    it.aliases.iter().for_each(|alias| put_text(out, alias));
    out.push(severity_number(it.severity));
    put_number(out, it.cvss.len() as u64);
    for band in &it.cvss {
        put_text(out, band.source);
        out.extend([band.place, severity_number(band.severity)]);
    }
}

fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Telling<'a>, Malformed> {
    let (id, source) = (cursor.text()?, cursor.text()?);
    let aliases = (0..cursor.length()?).map(|_| cursor.text()).collect::<Result<_, _>>()?;
    let rated = severity(cursor.byte()?)?;
    let count = cursor.length()?;
    let band = |_| {
        let (source, place) = (cursor.text()?, cursor.byte()?);
        Ok(Band { source, place, severity: severity(cursor.byte()?)? })
    };
    let cvss = (0..count).map(band).collect::<Result<_, Malformed>>()?;
    Ok(Telling { id, source, aliases, severity: rated, cvss })
}
