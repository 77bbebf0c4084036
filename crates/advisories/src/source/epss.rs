//! EPSS: <https://www.first.org/epss/data_stats>. A comment with the day, a heading, and a line for
//! each CVE: `CVE-1999-0001,0.00383,0.70432`.

use std::io::{BufRead, BufReader};

use super::date::date;
use super::fault::{Fault, Outlet};
use super::input::Input;
use crate::{Epss, Record};

/// Reads the file of a day.
pub(super) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let meter = input.meter();
    for (index, line) in BufReader::new(input).lines().enumerate() {
        let line = line?;
        meter.next_record();
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let day = comment.split(',').find_map(|part| part.strip_prefix("score_date:"));
            outlet.saw(day.and_then(date));
        } else if !line.is_empty() && !line.starts_with("cve,") {
            let epss = parse(line)
                .ok_or_else(|| Fault::line(index + 1, "it is not CVE,score,percentile"))?;
            outlet.document("epss", epss.vulnerability.clone(), None)?;
            outlet.give(Record::Epss(epss))?;
        }
    }
    Ok(())
}

fn parse(line: &str) -> Option<Epss> {
    let mut fields = line.split(',');
    let vulnerability = fields.next().filter(|id| id.starts_with("CVE-"))?.to_owned();
    let mut part = || fields.next()?.parse::<f64>().ok().filter(|it| (0.0..=1.0).contains(it));
    Some(Epss { vulnerability, score: part()?, percentile: part()? })
}
