//! What changes in packages come to for the images that have them: pure.

use std::collections::{BTreeMap, HashMap};

use wharfinger_metadata::package::PackageId;
use wharfinger_package::Severity;

use super::plan::Change;

/// A vulnerability of a package, before and after. None is not having it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Which one, by its place in [`Vulnerabilities::names`].
    pub(super) vulnerability: u32,
    pub(super) before: Option<Severity>,
    pub(super) after: Option<Severity>,
    /// Whether anything about it changed.
    pub(super) changed: bool,
}

/// What a vulnerability was and is in an image: the worst of its packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) vulnerability: u32,
    pub(super) before: Option<Severity>,
    pub(super) after: Option<Severity>,
}

/// The vulnerabilities of a plan, and all packages that have or had any of them.
#[derive(Default)]
pub(super) struct Vulnerabilities {
    pub(super) names: Vec<String>,
    pub(super) packages: HashMap<PackageId, Vec<Held>>,
}

impl Vulnerabilities {
    /// `now` are the packages that have a vulnerability by now, with how bad it is.
    pub(super) fn new(
        changes: &[Change],
        now: BTreeMap<String, BTreeMap<PackageId, Severity>>,
    ) -> Self {
        let mut all = Self::default();
        let mut before: BTreeMap<&str, BTreeMap<PackageId, Option<Severity>>> = BTreeMap::new();
        for change in changes {
            before.entry(&change.vulnerability).or_default().insert(change.package, change.before);
        }
        for (name, changed) in before {
            let vulnerability = u32::try_from(all.names.len()).unwrap_or(u32::MAX);
            all.names.push(name.to_owned());
            let now = now.get(name);
            for (package, before) in &changed {
                let after = now.and_then(|now| now.get(package)).copied();
                let held = Held { vulnerability, before: *before, after, changed: true };
                all.packages.entry(*package).or_default().push(held);
            }
            for (package, severity) in now.into_iter().flatten() {
                if !changed.contains_key(package) {
                    let same = Some(*severity);
                    let held = Held { vulnerability, before: same, after: same, changed: false };
                    all.packages.entry(*package).or_default().push(held);
                }
            }
        }
        all
    }

    /// What changes in an image that has these of the packages.
    pub(super) fn effects(&self, packages: impl Iterator<Item = PackageId>) -> Vec<Effect> {
        let held = packages.filter_map(|package| self.packages.get(&package)).flatten();
        let mut held: Vec<Held> = held.copied().collect();
        held.sort_unstable_by_key(|it| it.vulnerability);
        let mut effects = Vec::new();
        for group in held.chunk_by(|a, b| a.vulnerability == b.vulnerability) {
            let Some(first) = group.first() else { continue };
            let before = group.iter().map(|it| it.before).max().flatten();
            let after = group.iter().map(|it| it.after).max().flatten();
            // A change that was taken back before anybody was told is none.
            if group.iter().any(|it| it.changed) && before.max(after).is_some() {
                effects.push(Effect { vulnerability: first.vulnerability, before, after });
            }
        }
        effects
    }
}

/// Findings by severity.
pub(super) type Counts = BTreeMap<Severity, u64>;

/// Counts after these effects; `None` if they do not fit.
pub(super) fn recounted(counts: &Counts, effects: &[Effect]) -> Option<Counts> {
    let mut counts = counts.clone();
    for Effect { before, after, .. } in effects {
        if let Some(before) = before {
            let count = counts.get_mut(before)?;
            *count = count.checked_sub(1)?;
        }
        if let Some(after) = after {
            *counts.entry(*after).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count > 0);
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, High, Low};

    fn change(package: PackageId, vulnerability: &str, before: Option<Severity>) -> Change {
        let (name, vulnerability) = (package.to_string(), vulnerability.to_owned());
        Change { package, name, vulnerability, before }
    }

    fn all() -> Vulnerabilities {
        let changes = [change(1, "A", None), change(2, "A", Some(High)), change(3, "B", Some(Low))];
        let now = [("A", vec![(1, Critical), (2, Low), (4, High)]), ("B", vec![])];
        let now = now.map(|(name, packages)| (name.to_owned(), BTreeMap::from_iter(packages)));
        Vulnerabilities::new(&changes, BTreeMap::from(now))
    }

    #[test]
    fn an_image_has_the_worst_of_its_packages() {
        let of = |packages: &[PackageId]| {
            let effects = all().effects(packages.iter().copied());
            effects
                .into_iter()
                .map(|it| (it.vulnerability, it.before, it.after))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&[1]), [(0, None, Some(Critical))]);
        assert_eq!(of(&[2]), [(0, Some(High), Some(Low))]);
        assert_eq!(of(&[1, 2]), [(0, Some(High), Some(Critical))]);
        // Another package has it all the same.
        assert_eq!(of(&[2, 4]), [(0, Some(High), Some(High))]);
        assert_eq!(of(&[3, 9]), [(1, Some(Low), None)]);
        assert_eq!(of(&[4]), []);
    }

    #[test]
    fn counts_follow() {
        let counts = BTreeMap::from([(High, 2), (Low, 1)]);
        let after = recounted(&counts, &all().effects([1, 2, 3].into_iter())).unwrap();
        assert_eq!(after, BTreeMap::from([(High, 1), (Critical, 1)]));
        assert_eq!(recounted(&BTreeMap::new(), &all().effects([3].into_iter())), None);
    }
}
