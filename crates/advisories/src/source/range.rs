//! Ranges of versions as the databases of languages write them: `>= 1.2, < 2`, `~> 2.1.3`, `^1.0`,
//! `<0.5 || >=1.0 <1.3`.

use std::cmp::Ordering;

use wharfinger_package::{VersionScheme, compare};

use crate::{Interval, VersionEnd};

/// Comparators of one text.
const COMPARATORS_MAX: usize = 1000;

/// From a version to another, without either if there is none. Whether an end belongs to it stands
/// beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    low: Option<(String, bool)>,
    high: Option<(String, bool)>,
}

/// The ranges of a text, in any of which a version may be. What is separated by commas or spaces has to
/// hold at once, what is separated by `||` does not.
pub(super) fn parse(text: &str, scheme: VersionScheme) -> Result<Vec<Range>, String> {
    if text.len() > COMPARATORS_MAX * 16 {
        return Err("a range is too long".into());
    }
    text.split("||").map(|part| all_of(part, scheme)).collect()
}

/// A range of comparators that have to hold at once.
fn all_of(text: &str, scheme: VersionScheme) -> Result<Range, String> {
    let mut range = Range::default();
    // `1.0 - 2.0`, of npm.
    if let Some((low, high)) = text.trim().split_once(" - ") {
        range.low = Some((version(low)?, true));
        range.high = Some((version(high)?, true));
        return Ok(range);
    }
    let mut rest = text.trim_matches(|c: char| c.is_whitespace() || c == ',');
    while !rest.is_empty() {
        let end = rest.find(|c| !"<>=~^!v".contains(c)).unwrap_or(rest.len());
        let (operator, after) = rest.split_at(end);
        let after = after.trim_start();
        let end = after
            .find(|c: char| c.is_whitespace() || c == ',' || "<>=".contains(c))
            .unwrap_or(after.len());
        let (number, after) = after.split_at(end);
        range.narrow(operator.trim_end_matches('v'), number, scheme)?;
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    Ok(range)
}

fn version(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_+:~".contains(c);
    match text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no version")),
    }
}

impl Range {
    fn narrow(
        &mut self,
        operator: &str,
        number: &str,
        scheme: VersionScheme,
    ) -> Result<(), String> {
        let wildcard = matches!(number, "*" | "x" | "X" | "");
        if wildcard && matches!(operator, "" | "=" | ">=") {
            return Ok(());
        }
        if let Some(stem) = number.strip_suffix(".x").or_else(|| number.strip_suffix(".*")) {
            let stem = stem.trim_end_matches(".x").trim_end_matches(".*");
            let next = bumped(stem, stem.split('.').count())?;
            return match operator {
                "" | "=" | "~" | "^" => self.between(&version(stem)?, next, scheme),
                "<" => self.below(version(stem)?, false, scheme),
                "<=" => self.below(next, false, scheme),
                ">=" => self.above(version(stem)?, true, scheme),
                ">" => self.above(next, true, scheme),
                _ => Err(format!("`{operator}{number}` is no range")),
            };
        }
        let number = version(number)?;
        let parts = numbers(&number).count();
        match operator {
            "" | "=" | "==" => {
                self.above(number.clone(), true, scheme)?;
                self.below(number, true, scheme)
            }
            "<" => self.below(number, false, scheme),
            "<=" | "=<" => self.below(number, true, scheme),
            ">" => self.above(number, false, scheme),
            ">=" | "=>" => self.above(number, true, scheme),
            // Ruby's: the last part may grow. It is what composer calls `~`.
            "~>" => self.between(&number, bumped(&number, parts.saturating_sub(1).max(1))?, scheme),
            "~" if scheme == VersionScheme::Composer => {
                self.between(&number, bumped(&number, parts.saturating_sub(1).max(1))?, scheme)
            }
            "~" => self.between(&number, bumped(&number, parts.min(2))?, scheme),
            "^" => {
                let leading = number.split('.').take_while(|part| *part == "0").count();
                self.between(&number, bumped(&number, (leading + 1).min(parts))?, scheme)
            }
            other => Err(format!("`{other}` is no comparison")),
        }
    }

    fn between(&mut self, low: &str, high: String, scheme: VersionScheme) -> Result<(), String> {
        self.above(low.to_owned(), true, scheme)?;
        self.below(high, false, scheme)
    }

    /// The highest of lower ends holds.
    fn above(
        &mut self,
        number: String,
        inclusive: bool,
        scheme: VersionScheme,
    ) -> Result<(), String> {
        let is_tighter = match &self.low {
            None => true,
            Some((known, known_inclusive)) => match order(scheme, &number, known)? {
                Ordering::Greater => true,
                Ordering::Equal => *known_inclusive,
                Ordering::Less => false,
            },
        };
        if is_tighter {
            self.low = Some((number, inclusive));
        }
        Ok(())
    }

    /// The lowest of upper ends holds.
    fn below(
        &mut self,
        number: String,
        inclusive: bool,
        scheme: VersionScheme,
    ) -> Result<(), String> {
        let is_tighter = match &self.high {
            None => true,
            Some((known, known_inclusive)) => match order(scheme, &number, known)? {
                Ordering::Less => true,
                Ordering::Equal => *known_inclusive,
                Ordering::Greater => false,
            },
        };
        if is_tighter {
            self.high = Some((number, inclusive));
        }
        Ok(())
    }

    /// The same as an interval; `None` if nothing is in it. A lower end that does not belong to it is
    /// the next version that has a name.
    pub(super) fn interval(&self, scheme: VersionScheme) -> Option<Interval> {
        let introduced = match &self.low {
            None => None,
            Some((low, true)) => Some(low.clone()),
            Some((low, false)) => Some(after(low, scheme)),
        };
        let end = match &self.high {
            None => VersionEnd::Open,
            Some((high, true)) => VersionEnd::LastAffected(high.clone()),
            Some((high, false)) => VersionEnd::Fixed(high.clone()),
        };
        let order = match (&self.low, &self.high) {
            (Some((low, _)), Some((high, _))) => compare(scheme, low, high),
            _ => Some(Ordering::Less),
        };
        let closed = matches!((&self.low, &self.high), (Some((_, true)), Some((_, true))));
        match order {
            Some(Ordering::Greater) => None,
            Some(Ordering::Equal) if !closed => None,
            _ => Some(Interval { introduced, end }),
        }
    }
}

fn order(scheme: VersionScheme, a: &str, b: &str) -> Result<Ordering, String> {
    compare(scheme, a, b).ok_or_else(|| format!("`{a}` and `{b}` cannot be compared"))
}

/// The numbers that a version begins with: those of `1.0.0.rc1` are three.
fn numbers(version: &str) -> impl Iterator<Item = &str> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    version.split(['-', '+']).next().unwrap_or_default().split('.').take_while(is_number)
}

/// A version with the part at `parts` one higher, and nothing after it.
fn bumped(number: &str, parts: usize) -> Result<String, String> {
    let wrong = || format!("`{number}` is no version");
    let mut kept: Vec<String> = numbers(number).take(parts).map(str::to_owned).collect();
    let last = kept.last_mut().ok_or_else(wrong)?;
    let next = last.parse::<u64>().ok().and_then(|part| part.checked_add(1));
    *last = next.ok_or_else(wrong)?.to_string();
    // Semantic versions have three parts.
    while kept.len() < numbers(number).count().min(3) {
        kept.push("0".into());
    }
    Ok(kept.join("."))
}

/// The next version that can be: of semantic versions the first prerelease of the next patch. Of the
/// others there is none, and the version itself stands for it.
fn after(number: &str, scheme: VersionScheme) -> String {
    let is_semantic = matches!(scheme, VersionScheme::SemVer | VersionScheme::Npm);
    match bumped(number, 3) {
        Ok(next) if is_semantic && !number.contains('-') && number.split('.').count() == 3 => {
            format!("{next}-0")
        }
        _ => number.to_owned(),
    }
}

/// What is in none of the ranges.
pub(super) fn outside(ranges: Vec<Range>, scheme: VersionScheme) -> Result<Vec<Interval>, String> {
    let mut ranges = ranges;
    for pair in ranges.windows(2) {
        if let [Range { low: Some((a, _)), .. }, Range { low: Some((b, _)), .. }] = pair {
            order(scheme, a, b)?;
        }
    }
    ranges.sort_by(|a, b| match (&a.low, &b.low) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some((a, _)), Some((b, _))) => compare(scheme, a, b).unwrap_or(Ordering::Equal),
    });
    let (mut found, mut from) = (Vec::new(), Some(Range::default()));
    for range in ranges {
        let Some(gap) = &mut from else { break };
        if let Some((low, inclusive)) = range.low {
            let gap = Range { high: Some((low, !inclusive)), ..gap.clone() };
            found.extend(gap.interval(scheme));
        }
        match range.high {
            None => from = None,
            // Ranges may overlap: a gap begins after the highest of the ends so far.
            Some((high, inclusive)) => gap.above(high, !inclusive, scheme)?,
        }
    }
    if let Some(gap) = from {
        found.extend(gap.interval(scheme));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(intervals: &[Interval]) -> String {
        let written = intervals.iter().map(|it| {
            let from = it.introduced.as_deref().unwrap_or_default();
            match &it.end {
                VersionEnd::Open => format!("[{from},)"),
                VersionEnd::Fixed(to) => format!("[{from},{to})"),
                VersionEnd::LastAffected(to) => format!("[{from},{to}]"),
            }
        });
        written.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ranges_are_read() {
        use VersionScheme::{Composer, Npm, RubyGems, SemVer};
        for (scheme, text, expected) in [
            (Npm, "<=1.5.1", "[,1.5.1]"),
            (Npm, "<0.5.0 || >=1.0.0 <1.3.2", "[,0.5.0) [1.0.0,1.3.2)"),
            (Npm, "< 0.5.0|| >= 1.0.0 < 1.3.2", "[,0.5.0) [1.0.0,1.3.2)"),
            (Npm, ">=0.2.0 <=0.3.4", "[0.2.0,0.3.4]"),
            (Npm, "*", "[,)"),
            (Npm, "~1.2.3", "[1.2.3,1.3.0)"),
            (Npm, "^0.2.3", "[0.2.3,0.3.0)"),
            (Npm, "1.2.x", "[1.2,1.3)"),
            (Npm, "1.0.0 - 1.2.0", "[1.0.0,1.2.0]"),
            (Npm, ">1.2.3", "[1.2.4-0,)"),
            (Npm, "=3.7.2", "[3.7.2,3.7.2]"),
            (SemVer, ">= 0.9.1, < 1.0.0", "[0.9.1,1.0.0)"),
            (SemVer, "^1.2.0", "[1.2.0,2.0.0)"),
            (RubyGems, "~> 2.1.3", "[2.1.3,2.2.0)"),
            (RubyGems, "~> 2.1", "[2.1,3.0)"),
            (RubyGems, "~> 4.2.5, >= 4.2.5.1", "[4.2.5.1,4.3.0)"),
            (RubyGems, "~> 1.0.0.rc1.1", "[1.0.0.rc1.1,1.1.0)"),
            (Composer, ">=1.0,<1.2", "[1.0,1.2)"),
            (Composer, ">2.0", "[2.0,)"),
        ] {
            let ranges = parse(text, scheme).unwrap_or_else(|what| panic!("{text}: {what}"));
            let found: Vec<_> = ranges.iter().filter_map(|it| it.interval(scheme)).collect();
            assert_eq!(written(&found), expected, "{text}");
        }
        for wrong in ["<", ">> 1", "< a b", "!1.0", "<=&1"] {
            assert!(parse(wrong, VersionScheme::Npm).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_outside_of_ranges() {
        use VersionScheme::{RubyGems, SemVer};
        for (scheme, texts, expected) in [
            (SemVer, vec![">= 0.9.1"], "[,0.9.1)"),
            (SemVer, vec![], "[,)"),
            (SemVer, vec!["^1.2.3", ">= 2.1.0", "< 1.0.0"], "[1.0.0,1.2.3) [2.0.0,2.1.0)"),
            (SemVer, vec![">1.2.3"], "[,1.2.3]"),
            (SemVer, vec!["<= 1.2.3", ">= 2.0.0"], "[1.2.4-0,2.0.0)"),
            (SemVer, vec!["< 3.0.0", "< 1.0.0"], "[3.0.0,)"),
            (RubyGems, vec!["~> 2.1.3", ">= 2.2.1"], "[,2.1.3) [2.2.0,2.2.1)"),
        ] {
            let ranges: Vec<Range> =
                texts.iter().flat_map(|text| parse(text, scheme).unwrap()).collect();
            assert_eq!(written(&outside(ranges, scheme).unwrap()), expected, "{texts:?}");
        }
    }
}
