//! Tables in Markdown, and the table of what was promised at their end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::book::{Book, Figure, OURS, Row};
use crate::phase::Phase;
use crate::stats::ratio;

/// Peak memory in any phase, in MiB.
const PEAK_MIB_MAX: f64 = 100.0;
/// Peak memory beside a competitor's in the same phase.
const PEAK_TIMES_MAX: f64 = 1.0;

/// What a figure must keep.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// That much, or more.
    AtLeast(f64),
    /// That much, or less.
    AtMost(f64),
}

impl Bound {
    fn is_kept_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    /// The value that keeps it least.
    fn worst(self, values: Vec<(String, f64)>) -> Option<(String, f64)> {
        let worse = |a: &(String, f64), b: &(String, f64)| match self {
            Self::AtLeast(_) => b.1.total_cmp(&a.1),
            Self::AtMost(_) => a.1.total_cmp(&b.1),
        };
        values.into_iter().max_by(worse)
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least}"),
            Self::AtMost(most) => format!("≤ {most}"),
        }
    }
}

/// A promise and what became of it.
struct Verdict {
    what: String,
    bound: Bound,
    /// The worst case and its figure.
    found: Option<(String, f64)>,
}

/// Prints tables, and collects what became of promises.
#[derive(Default)]
pub struct Report {
    verdicts: Vec<Verdict>,
    peaks: Vec<(String, f64)>,
    /// The same as times a competitor's, by its name.
    peak_times: BTreeMap<String, Vec<(String, f64)>>,
}

impl Report {
    /// A heading.
    pub fn heading(&self, text: &str) {
        println!("\n## {text}\n");
    }

    /// A paragraph.
    pub fn note(&self, text: &str) {
        println!("{text}\n");
    }

    /// Rows by their bytes: throughput, CPU time per GB, memory.
    pub fn bytes_table(&mut self, book: &Book) {
        println!(
            "| what | registry | GB/s | ours is | CPU-s/GB | user CPU-s/GB | client's | peak MiB |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for row in book.rows() {
            println!(
                "| {} | {} | {:.2} | {} | {:.2} | {:.2} | {:.2} | {:.0} |",
                row.what,
                row.registry,
                row.median(Phase::gb_per_second),
                times_ours(book, &row.what, row.median(Phase::gb_per_second), Phase::gb_per_second),
                row.median(Phase::cpu_per_gb),
                row.median(Phase::user_per_gb),
                row.median(Phase::client_per_gb),
                row.most(Phase::peak_mib),
            );
        }
        self.remember_peaks(book);
    }

    /// Rows by their operations: rate, CPU time of each, latency, memory.
    pub fn operations_table(&mut self, book: &Book) {
        println!(
            "| what | registry | 1/s | ours is | CPU µs each | client's | p50 ms | p99 ms | peak MiB |"
        );
        println!("|---|---|---|---|---|---|---|---|---|");
        for row in book.rows() {
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {:.0} |",
                row.what,
                row.registry,
                number(row.median(Phase::per_second)),
                times_ours(book, &row.what, row.median(Phase::per_second), Phase::per_second),
                number(row.median(Phase::cpu_micros_each)),
                measured(row.median(Phase::client_micros_each)),
                number(row.median(Phase::p50_ms)),
                number(row.median(Phase::p99_ms)),
                row.most(Phase::peak_mib),
            );
        }
        self.remember_peaks(book);
    }

    /// Holds the worst of some figures, each with the case it is of, against a promise.
    pub fn promise(&mut self, what: &str, bound: Bound, cases: Vec<(String, f64)>) {
        self.verdicts.push(Verdict { what: what.into(), bound, found: bound.worst(cases) });
    }

    /// The same, of the median of a figure of all rows of this server that `chosen` says yes to.
    pub fn promise_of_rows(
        &mut self,
        what: &str,
        bound: Bound,
        book: &Book,
        figure: Figure,
        chosen: impl Fn(&str) -> bool + Copy,
    ) {
        let cases = book.all_ours(chosen).map(|row| (case(row), row.median(figure)));
        self.promise(what, bound, cases.collect());
    }

    /// The same, of how many times a competitor's figure this server's is: a promise for each
    /// competitor.
    pub fn promise_of_ratios(
        &mut self,
        what: &str,
        bound: Bound,
        book: &Book,
        figure: Figure,
        chosen: impl Fn(&str) -> bool + Copy,
    ) {
        for competitor in book.competitors() {
            let times = |row| Some((case(row), book.times(row, competitor, figure)?));
            let cases = book.all_ours(chosen).filter_map(times).collect();
            self.promise(&format!("{what}, times {competitor}'s"), bound, cases);
        }
    }

    fn remember_peaks(&mut self, book: &Book) {
        for row in book.all_ours(|_| true) {
            self.peaks.push((case(row), row.most(Phase::peak_mib)));
            for competitor in book.competitors() {
                if let Some(times) = book.times(row, competitor, Phase::peak_mib) {
                    let cases = self.peak_times.entry(competitor.to_owned()).or_default();
                    cases.push((case(row), times));
                }
            }
        }
    }

    /// Prints what became of the promises.
    ///
    /// # Errors
    /// If one was missed.
    pub fn verdict(mut self) -> Result<()> {
        let peaks = std::mem::take(&mut self.peaks);
        if !peaks.is_empty() {
            self.promise("peak memory in every phase, MiB", Bound::AtMost(PEAK_MIB_MAX), peaks);
        }
        for (competitor, times) in std::mem::take(&mut self.peak_times) {
            let what = format!("peak memory in every phase, times {competitor}'s");
            self.promise(&what, Bound::AtMost(PEAK_TIMES_MAX), times);
        }
        self.heading("Promised and measured");
        let (table, missed) = verdict_table(&self.verdicts);
        println!("{table}");
        match missed {
            0 => Ok(()),
            missed => bail!("{missed} promised figures were missed"),
        }
    }
}

/// A number with about three digits.
pub fn number(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The same; a dash for what was too short for the ticks of the kernel.
fn measured(value: f64) -> String {
    if value > 0.0 { number(value) } else { "-".into() }
}

/// How many times this server's figure is that of another row: above 1, ours is more.
fn times_ours(book: &Book, what: &str, theirs: f64, figure: Figure) -> String {
    match book.ours(what) {
        Some(ours) => format!("{:.2}x", ratio(ours.median(figure), theirs)),
        None => "-".into(),
    }
}

/// What a row is called where only this server's are.
fn case(row: &Row) -> String {
    match row.registry.strip_prefix(OURS) {
        Some("") | None => row.what.clone(),
        Some(login) => format!("{}{login}", row.what),
    }
}

/// The table, and how many promises were missed.
fn verdict_table(verdicts: &[Verdict]) -> (String, usize) {
    let mut table =
        String::from("| what | promised | worst measured | in | |\n|---|---|---|---|---|\n");
    let mut missed = 0;
    for Verdict { what, bound, found } in verdicts {
        let Some((case, value)) = found else {
            let _ = writeln!(table, "| {what} | {} | - | not measured | |", bound.text());
            continue;
        };
        let kept = bound.is_kept_by(*value);
        missed += usize::from(!kept);
        let word = if kept { "reached" } else { "**missed**" };
        let _ = writeln!(table, "| {what} | {} | {value:.2} | {case} | {word} |", bound.text());
    }
    (table, missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(bound: Bound, values: &[f64]) -> Verdict {
        let cases = values.iter().map(|value| (format!("case {value}"), *value)).collect();
        Verdict { what: "a figure".into(), bound, found: bound.worst(cases) }
    }

    #[test]
    fn the_worst_case_decides() {
        let verdicts = [
            verdict(Bound::AtLeast(2.5), &[2.5, 7.0]),
            verdict(Bound::AtLeast(2.5), &[7.0, 2.49]),
            verdict(Bound::AtMost(1.3), &[0.1, 1.3]),
            verdict(Bound::AtMost(1.3), &[1.31, 0.1]),
            verdict(Bound::AtMost(1.3), &[]),
        ];
        let (table, missed) = verdict_table(&verdicts);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(missed, 2);
        assert_eq!(lines[0], "| a figure | ≥ 2.5 | 2.50 | case 2.5 | reached |");
        assert_eq!(lines[1], "| a figure | ≥ 2.5 | 2.49 | case 2.49 | **missed** |");
        assert_eq!(lines[2], "| a figure | ≤ 1.3 | 1.30 | case 1.3 | reached |");
        assert_eq!(lines[3], "| a figure | ≤ 1.3 | 1.31 | case 1.31 | **missed** |");
        assert_eq!(lines[4], "| a figure | ≤ 1.3 | - | not measured | |");
    }
}
