//! The table for people.

use std::fmt::Write as _;

use super::{Finding, Report, plain};
use crate::end_of_life_note;

/// Characters that the last column has at the least.
const LAST_COLUMN_CHARS_MIN: usize = 20;
/// Between two columns.
const GAP: &str = "  ";

impl Report {
    /// The table, with a heading, what is suppressed and why, and a line of counts. Lines have at most
    /// `width` characters as long as the last column can give way; without a width nothing is cut.
    pub fn table(&self, width: Option<usize>) -> String {
        let mut text = self.heading();
        let rows: Vec<_> = self.active().map(row).collect();
        if !rows.is_empty() {
            let heading = ["SEVERITY", "VULNERABILITY", "PACKAGE", "VERSION", "FIXED IN", "ABOUT"];
            write_rows(&mut text, heading, &rows, width);
        }
        let rows: Vec<_> = self.suppressed().map(suppressed_row).collect();
        if !rows.is_empty() {
            let heading = ["SUPPRESSED", "VULNERABILITY", "PACKAGE", "VERSION", "BY", "REASON"];
            write_rows(&mut text, heading, &rows, width);
        }
        text.push_str(&self.counts_line());
        text.push('\n');
        let ended = self.distribution.as_ref();
        let ended = ended.and_then(|it| end_of_life_note(it, self.scanned_at));
        for note in [&ended, &self.unread_note].into_iter().flatten() {
            text.push_str(&plain(note));
            text.push('\n');
        }
        text
    }

    /// `3 findings: 1 critical, 2 high; 1 suppressed`
    pub fn counts_line(&self) -> String {
        let counts = self.counts();
        let counted = counts.iter().rev();
        let counted: Vec<_> =
            counted.map(|(it, count)| format!("{count} {}", it.as_str().to_lowercase())).collect();
        let suppressed = match self.suppressed().count() {
            0 => String::new(),
            count => format!("; {count} suppressed"),
        };
        let packages = match self.package_count {
            1 => "1 package".to_owned(),
            count => format!("{count} packages"),
        };
        match counts.values().sum::<usize>() {
            0 => format!("no findings in {packages}{suppressed}"),
            1 => format!("1 finding: {}{suppressed}", counted.join(", ")),
            all => format!("{all} findings: {}{suppressed}", counted.join(", ")),
        }
    }

    fn heading(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<12}{}", plain(&value));
        };
        let digest = self.image.digest.map(|digest| format!(" ({digest})"));
        line("Image", format!("{}{}", self.image.name, digest.unwrap_or_default()));
        self.image.platform.iter().for_each(|it| line("Platform", it.clone()));
        let system = self.distribution.as_ref();
        line("System", system.map_or("none".to_owned(), |it| it.pretty_name.clone()));
        line("Packages", self.package_count.to_string());
        let newest = self.database.sources.iter().map(|source| source.updated_at).max();
        let newest = newest.map(|at| format!(", newest statement {at}")).unwrap_or_default();
        let id: String = self.database.id.chars().take(12).collect();
        line("Advisories", format!("{id}, built {}{newest}", self.database.built_at));
        text.push('\n');
        text
    }
}

fn row(finding: &Finding) -> [String; 6] {
    let path = finding.package.path.as_deref();
    let title = finding.details.title.as_deref().or(finding.details.description.as_deref());
    let exploited = finding.details.known_exploited_at.map(|_| "known to be exploited");
    let about: Vec<_> = path.into_iter().chain(exploited).chain(title).map(plain).collect();
    let found = &finding.vulnerability;
    let fixed = found.fixed_version.as_deref();
    // Why there is no fixed version, where somebody says so.
    let fixed = fixed.map_or_else(|| super::fix_status(found.status).replace('_', " "), plain);
    let fixed = if fixed == "affected" { "-".to_owned() } else { fixed };
    [
        found.severity.to_string(),
        plain(&found.vulnerability),
        plain(&finding.package.identity.name),
        plain(&finding.package.identity.version),
        fixed,
        about.join(" · "),
    ]
}

fn suppressed_row(finding: &Finding) -> [String; 6] {
    let mut row = row(finding);
    if let Some(verdict) = &finding.verdict {
        let said = format!("{} ({})", verdict.reason, verdict.document);
        [row[4], row[5]] = [plain(&verdict.author), plain(&said)];
    }
    row
}

/// Rows under a heading, in columns as wide as the widest; a blank line follows.
fn write_rows(text: &mut String, heading: [&str; 6], rows: &[[String; 6]], width: Option<usize>) {
    let mut widths = heading.map(|name| name.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [fixed @ .., _] = widths;
    let before: usize = fixed.iter().map(|it| it + GAP.len()).sum();
    let last = width.map(|width| width.saturating_sub(before).max(LAST_COLUMN_CHARS_MIN));
    let heading = heading.map(str::to_owned);
    for row in std::iter::once(&heading).chain(rows) {
        let [cells @ .., about] = row;
        let cells = cells.iter().zip(fixed).map(|(cell, width)| format!("{cell:width$}{GAP}"));
        let line: String = cells.chain([cut(about, last)]).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
}

fn cut(text: &str, chars: Option<usize>) -> String {
    match chars {
        Some(chars) if text.chars().count() > chars => {
            text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
        }
        _ => text.to_owned(),
    }
}
