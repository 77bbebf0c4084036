//! What holds for any policy and any images.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Any {
    tags: Vec<Tag>,
    age_days: i64,
    listed: bool,
    referrer: bool,
}

fn images() -> impl Strategy<Value = Vec<Any>> {
    let tags = prop::collection::vec("[ab][12]", 0..3)
        .prop_map(|tags| tags.iter().map(|tag| tag.parse().unwrap()).collect());
    let image = (tags, 0..20_i64, prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    let image = image.prop_map(|(tags, age_days, listed, referrer)| Any {
        tags,
        age_days,
        listed,
        referrer,
    });
    prop::collection::vec(image, 0..40)
}

fn facts(images: &[Any]) -> Vec<ImageFacts<'_>> {
    (0_u8..)
        .zip(images)
        .map(|(at, image)| ImageFacts {
            digest: Digest::Sha256([at; 32]),
            tags: &image.tags,
            pushed_at: days_ago(image.age_days),
            last_pulled_at: None,
            archived_at: None,
            activated_at: None,
            storage_class: StorageClass::Standard,
            listed_in: image.listed.then_some(StorageClass::Standard),
            has_live_subject: image.referrer,
            mark: 0,
        })
        .collect()
}

/// Up to five rules in any order of selections, `any` last.
fn rules() -> impl Strategy<Value = Vec<Value>> {
    let selections = prop::sample::subsequence(vec!["a*", "b*", "*1", "a* *2", "untagged"], 0..=4);
    let counts = prop::collection::vec((any::<bool>(), 1..12_u32), 6);
    (selections.prop_shuffle(), counts).prop_map(|(selections, counts)| {
        let selections = selections.into_iter().chain(["any"]);
        let rule = |((priority, patterns), (by_count, number))| match by_count {
            true => count(priority, patterns, number),
            false => pushed(priority, patterns, number),
        };
        (1_u32..).step_by(3).zip(selections).zip(counts).map(rule).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_images_does_not_matter(
        (images, shuffled) in images().prop_flat_map(|images| {
            let order: Vec<usize> = (0..images.len()).collect();
            (Just(images), Just(order).prop_shuffle())
        }),
        rules in rules(),
    ) {
        let facts = facts(&images);
        let shuffled: Vec<_> = shuffled.into_iter().map(|at| facts[at]).collect();
        prop_assert_eq!(run(&rules, &facts), run(&rules, &shuffled));
    }

    #[test]
    fn an_image_is_acted_on_once_and_by_the_first_rule_that_matches_it(
        images in images(),
        rules in rules(),
    ) {
        let facts = facts(&images);
        let outcome = run(&rules, &facts);
        let policy = policy(&rules);
        let of = |digest: &Digest| &facts[usize::from(digest.hash()[0])];
        let decided = outcome.decisions.iter().map(|it| (it.digest, it.rule_priority));
        let failed = outcome.failures.iter().map(|it| (it.digest, it.rule_priority));
        let mut seen = std::collections::BTreeSet::new();
        for (digest, priority) in decided.chain(failed) {
            prop_assert!(seen.insert(digest), "twice");
            let image = of(&digest);
            prop_assert!(!image.has_live_subject);
            let first = policy.rules().iter().find(|rule| rule.selection.tags.matches(image.tags));
            prop_assert_eq!(first.map(|rule| rule.priority), Some(priority));
        }
        prop_assert!(outcome.decisions.iter().all(|it| of(&it.digest).listed_in.is_none()));
        prop_assert!(outcome.failures.iter().all(|it| of(&it.digest).listed_in.is_some()));
    }

    /// Alone, a rule that counts keeps exactly so many of those it matches: the newest.
    #[test]
    fn a_count_keeps_exactly_so_many(
        images in images(),
        kept in 1..12_u32,
        patterns in prop::sample::select(vec!["any", "untagged", "a*"]),
    ) {
        let facts = facts(&images);
        let rules = [count(1, patterns, kept)];
        let policy = policy(&rules);
        let outcome = run(&rules, &facts);
        let matched: Vec<_> = facts
            .iter()
            .filter(|it| !it.has_live_subject)
            .filter(|it| policy.rules()[0].selection.tags.matches(it.tags))
            .collect();
        let taken: std::collections::BTreeSet<Digest> = outcome
            .decisions
            .iter()
            .map(|it| it.digest)
            .chain(outcome.failures.iter().map(|it| it.digest))
            .collect();
        prop_assert_eq!(taken.len(), matched.len().saturating_sub(kept as usize));
        let (gone, left): (Vec<&ImageFacts<'_>>, Vec<&ImageFacts<'_>>) =
            matched.into_iter().partition(|it| taken.contains(&it.digest));
        let newest_taken = gone.iter().map(|it| it.pushed_at).max();
        let oldest_kept = left.iter().map(|it| it.pushed_at).min();
        prop_assert!(newest_taken.is_none() || newest_taken <= oldest_kept);
    }
}
