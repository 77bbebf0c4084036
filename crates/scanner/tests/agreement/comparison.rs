//! What was found beside what should be, and the list of differences.

use std::collections::{BTreeMap, BTreeSet};

/// Differences and their reasons: corpus, `missing` or `extra`, `data` or `ours`, what, why; separated by
/// tabs. `data` is a difference of what was asked or known (advisories that are newer or older than those
/// of the other scanner, options of it), which no matching can mend; `ours` counts against us.
const DISAGREEMENTS: &str = include_str!("disagreements.tsv");

/// Compares two sets of `id package@version …`, prints recall and precision, and fails if either is below
/// 99 %, or a difference is not listed, or a listed one is none.
#[expect(clippy::print_stderr, reason = "the shares are worth seeing")]
pub(crate) fn compare(corpus: &str, expected: &BTreeSet<String>, found: &BTreeSet<String>) {
    let missing = expected.difference(found).map(|it| ("missing", it));
    let extra = found.difference(expected).map(|it| ("extra", it));
    let differences: BTreeSet<_> = missing.chain(extra).collect();
    let rows = DISAGREEMENTS.lines().filter(|it| !it.starts_with('#') && !it.is_empty());
    let mut listed = BTreeMap::new();
    for row in rows {
        let columns: Vec<_> = row.split('\t').collect();
        let [of, kind, class, what, why] = columns[..] else { panic!("five columns: {row}") };
        assert!(matches!(class, "data" | "ours") && !why.is_empty(), "{row}");
        if of == corpus {
            listed.insert((kind, what.to_owned()), class);
        }
    }
    let class = |kind: &'static str, what: &String| listed.get(&(kind, what.clone())).copied();
    let counted = |kind: &'static str| {
        let unexplained =
            |it: &&(&'static str, &String)| it.0 == kind && class(it.0, it.1) != Some("data");
        differences.iter().filter(unexplained).count()
    };
    let both = expected.intersection(found).count();
    let share = |off: usize| if both + off == 0 { 1.0 } else { both as f64 / (both + off) as f64 };
    let (recall, precision) = (share(counted("missing")), share(counted("extra")));
    eprintln!(
        "{corpus}: {both} agree, {} differ; recall {:.2} %, precision {:.2} %",
        differences.len(),
        recall * 100.0,
        precision * 100.0
    );
    let unlisted: Vec<_> = differences
        .iter()
        .filter(|it| class(it.0, it.1).is_none())
        .map(|it| format!("{corpus}\t{}\t\t{}", it.0, it.1))
        .collect();
    assert!(unlisted.is_empty(), "not listed, {}:\n{}", unlisted.len(), unlisted.join("\n"));
    let stale: Vec<_> = listed.keys().filter(|it| !differences.contains(&(it.0, &it.1))).collect();
    assert!(stale.is_empty(), "listed, but no difference: {stale:#?}");
    assert!(recall >= 0.99 && precision >= 0.99, "{corpus}");
}
