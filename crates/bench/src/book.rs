//! What was measured: for each thing that was done and each registry it was done to, a phase of
//! every run.

use crate::phase::Phase;
use crate::stats::{median, ratio};

/// What this server is called in the tables. Rows of other builds and other logins of it begin
/// with the same word, and are no competitors.
pub const OURS: &str = "wharfinger";

/// One figure of a phase.
pub type Figure = fn(&Phase) -> f64;

/// A thing done to a registry, over all runs.
#[derive(Debug)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// The registry it was done to.
    pub registry: String,
    /// A phase for each run.
    pub phases: Vec<Phase>,
}

impl Row {
    /// The median of a figure over the runs.
    pub fn median(&self, figure: Figure) -> f64 {
        let values: Vec<f64> = self.phases.iter().map(figure).collect();
        median(&values)
    }

    /// The most there was of a figure in any run.
    pub fn most(&self, figure: Figure) -> f64 {
        self.phases.iter().map(figure).fold(0.0, f64::max)
    }

    fn is_competitor(&self) -> bool {
        !self.registry.starts_with(OURS)
    }
}

/// One thing done to one registry in one run.
pub struct Record {
    /// What was done.
    pub what: String,
    /// The registry it was done to.
    pub registry: String,
    /// What it cost.
    pub phase: Phase,
}

/// Everything that one scenario measured.
#[derive(Default)]
pub struct Book {
    rows: Vec<Row>,
}

impl Book {
    /// Adds what a run measured.
    pub fn add(&mut self, record: Record) {
        let Record { what, registry, phase } = record;
        match self.rows.iter_mut().find(|row| row.what == what && row.registry == registry) {
            Some(row) => row.phases.push(phase),
            None => self.rows.push(Row { what, registry, phases: vec![phase] }),
        }
    }

    /// Adds everything of another book.
    pub fn absorb(&mut self, other: Self) {
        for Row { what, registry, phases } in other.rows {
            for phase in phases {
                self.add(Record { what: what.clone(), registry: registry.clone(), phase });
            }
        }
    }

    /// All rows, those about the same thing together, in the order of their first run.
    pub fn rows(&self) -> Vec<&Row> {
        let mut things: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !things.contains(&row.what.as_str()) {
                things.push(&row.what);
            }
        }
        let of = |thing: &&str| -> Vec<&Row> {
            let mut rows: Vec<&Row> = self.rows.iter().filter(|row| row.what == **thing).collect();
            rows.sort_by(|a, b| {
                (a.is_competitor(), &a.registry).cmp(&(b.is_competitor(), &b.registry))
            });
            rows
        };
        things.iter().flat_map(of).collect()
    }

    /// The row of this server about a thing.
    pub fn ours(&self, what: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.what == what && row.registry == OURS)
    }

    /// Rows of this server, in all its logins, about the things that `chosen` says yes to.
    pub fn all_ours<'a>(
        &'a self,
        chosen: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Row> + 'a {
        let own = |row: &&Row| row.registry == OURS || row.registry.starts_with("wharfinger,");
        self.rows.iter().filter(own).filter(move |row| chosen(&row.what))
    }

    /// The registries that this server is held against.
    pub fn competitors(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in self.rows.iter().filter(|row| row.is_competitor()) {
            if !names.contains(&row.registry.as_str()) {
                names.push(&row.registry);
            }
        }
        names
    }

    /// A row's figure over that of another registry at the same thing. `None` if that was not
    /// measured.
    pub fn times(&self, row: &Row, registry: &str, figure: Figure) -> Option<f64> {
        let mut others = self.rows.iter().filter(|other| other.what == row.what);
        let other = others.find(|other| other.registry == registry)?;
        Some(ratio(row.median(figure), other.median(figure)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(registry: &str, bytes: u64) -> Record {
        let phase = Phase { bytes, wall: Duration::from_secs(1), ..Phase::default() };
        Record { what: "push".into(), registry: registry.into(), phase }
    }

    #[test]
    fn a_row_is_compared_with_each_competitor_by_medians() {
        let mut book = Book::default();
        for (registry, bytes) in [
            ("slow", 10),
            ("wharfinger", 90),
            ("fast", 30),
            ("wharfinger", 1),
            ("fast", 20),
            ("wharfinger", 60),
            ("wharfinger-before", 500),
            ("wharfinger, IAM user", 40),
        ] {
            book.add(record(registry, bytes * 1_000_000_000));
        }
        let ours = book.ours("push").unwrap();
        let figures = [ours.median(Phase::gb_per_second), ours.most(Phase::gb_per_second)];
        assert_eq!(format!("{figures:?}"), "[60.0, 90.0]");
        assert_eq!(book.competitors(), ["slow", "fast"]);
        let times = |other| book.times(ours, other, Phase::gb_per_second).unwrap();
        assert_eq!(format!("{:?}", [times("fast"), times("slow")]), "[2.4, 6.0]");
        let rows: Vec<&str> = book.rows().iter().map(|row| row.registry.as_str()).collect();
        let own = ["wharfinger", "wharfinger, IAM user", "wharfinger-before"];
        assert_eq!(rows, [&own[..], &["fast", "slow"]].concat());
        assert_eq!(book.all_ours(|what| what == "push").count(), 2);
    }

    #[test]
    fn without_a_competitor_there_is_no_ratio() {
        let mut book = Book::default();
        book.add(record("wharfinger", 1));
        book.add(record("wharfinger-before", 1));
        let ours = book.ours("push").unwrap();
        assert!(book.competitors().is_empty());
        assert!(book.times(ours, "docker-registry", Phase::gb_per_second).is_none());
        assert!(book.ours("pull").is_none());
    }
}
