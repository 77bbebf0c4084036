//! A second evaluator, written from the documentation and for nothing but to be read: rule by rule,
//! set by set, with the patterns tried letter by letter. Both are asked about the same random
//! repositories, and the invariants are looked for in what they answer.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Random cases that are compared.
const CASES: u64 = 100_000;

/// A small generator: each case is its number.
struct Dice(u64);

impl Dice {
    fn new(case: u64) -> Self {
        Self(case.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.roll(choices.len() as u64)).unwrap()]
    }
}

#[derive(Clone, Debug)]
struct Drawn {
    digest: Digest,
    tags: Vec<Tag>,
    pushed_at: Timestamp,
    last_pulled_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
    activated_at: Option<Timestamp>,
    storage_class: StorageClass,
    listed_in: Option<StorageClass>,
    has_live_subject: bool,
}

impl Drawn {
    fn draw(dice: &mut Dice, at: u8) -> Self {
        let time = |dice: &mut Dice| {
            // Days, so that many are equal, and a moment more or less.
            let moment = i64::try_from(dice.roll(3)).unwrap() - 1;
            let days = i64::try_from(dice.roll(8)).unwrap() * 25;
            Timestamp::from_millis(days_ago(days).millis() + moment)
        };
        let maybe = |dice: &mut Dice| (dice.roll(3) == 0).then(|| time(dice));
        let (last_pulled_at, activated_at) = (maybe(dice), maybe(dice));
        let archived = dice.roll(3) == 0;
        let tags: BTreeSet<&str> =
            (0..dice.roll(4)).map(|_| dice.of(&["a1", "a2", "b1", "b2", "a", "ab"])).collect();
        let classes = [None, None, None, Some(StorageClass::Standard), Some(StorageClass::Archive)];
        Self {
            digest: Digest::Sha256([at; 32]),
            tags: tags.into_iter().map(|tag| tag.parse().unwrap()).collect(),
            pushed_at: time(dice),
            last_pulled_at,
            archived_at: archived.then(|| time(dice)),
            activated_at,
            storage_class: if archived { StorageClass::Archive } else { StorageClass::Standard },
            listed_in: dice.of(&classes),
            has_live_subject: dice.roll(10) == 0,
        }
    }

    fn facts(&self) -> ImageFacts<'_> {
        ImageFacts {
            digest: self.digest,
            tags: &self.tags,
            pushed_at: self.pushed_at,
            last_pulled_at: self.last_pulled_at,
            archived_at: self.archived_at,
            activated_at: self.activated_at,
            storage_class: self.storage_class,
            listed_in: self.listed_in,
            has_live_subject: self.has_live_subject,
            mark: 0,
        }
    }
}

/// Rules of all kinds that are valid together: `any` last in its class, each selection once.
fn draw_rules(dice: &mut Dice) -> Vec<Value> {
    let lists = ["a*", "b*", "*1", "a* *2", "ab", "a b*"];
    let mut rules = Vec::new();
    for class in ["standard", "archive"] {
        let mut selections: Vec<&str> =
            lists.iter().copied().filter(|_| dice.roll(3) == 0).collect();
        selections.extend((dice.roll(2) == 0).then_some("untagged"));
        // Some order or other.
        for at in (1..selections.len()).rev() {
            selections.swap(at, usize::try_from(dice.roll(at as u64 + 1)).unwrap());
        }
        selections.extend((dice.roll(2) == 0).then_some("any"));
        for selection in selections {
            rules.push(draw_rule(dice, class, selection));
        }
    }
    // The two classes take turns in some way, each in its own order.
    let (mut one, mut two): (Vec<Value>, Vec<Value>) =
        rules.into_iter().partition(|rule| rule["selection"]["storageClass"] == "standard");
    let mut mixed = Vec::new();
    while !one.is_empty() || !two.is_empty() {
        let from = if two.is_empty() || (!one.is_empty() && dice.roll(2) == 0) {
            &mut one
        } else {
            &mut two
        };
        let mut rule = from.remove(0);
        rule["rulePriority"] = (mixed.len() * 3 + 1).into();
        mixed.push(rule);
    }
    mixed
}

fn draw_rule(dice: &mut Dice, class: &str, patterns: &str) -> Value {
    let days = u32::try_from(dice.roll(7) * 25 + 1).unwrap();
    let kept = u32::try_from(dice.roll(5) + 1).unwrap();
    let transition = json!({ "type": "transition", "targetStorageClass": "archive" });
    let expire = json!({ "type": "expire" });
    let either = if dice.roll(2) == 0 { &transition } else { &expire };
    let (kind, number, action) = match (class, dice.roll(3)) {
        ("archive", _) => ("sinceImageTransitioned", days.max(90), &expire),
        (_, 0) => ("imageCountMoreThan", kept, either),
        (_, 1) => ("sinceImagePushed", days, either),
        _ => ("sinceImagePulled", days, &transition),
    };
    let mut rule = rule(1, patterns, kind, number);
    rule["selection"]["storageClass"] = class.into();
    rule["action"] = action.clone();
    rule
}

/// Whether a tag is what a pattern means, tried in every way.
fn means(pattern: &[u8], tag: &[u8]) -> bool {
    match pattern {
        [] => tag.is_empty(),
        [b'*', rest @ ..] => (0..=tag.len()).any(|skipped| means(rest, &tag[skipped..])),
        [letter, rest @ ..] => tag.first() == Some(letter) && means(rest, &tag[1..]),
    }
}

/// Step 1: what the selector of a rule (as JSON) matches.
fn matched(rule: &Value, image: &Drawn) -> bool {
    let selection = &rule["selection"];
    let class = match image.storage_class {
        StorageClass::Standard => "standard",
        StorageClass::Archive => "archive",
    };
    if image.has_live_subject || selection["storageClass"] != class {
        return false;
    }
    match selection["tagStatus"].as_str().unwrap() {
        "any" => true,
        "untagged" => image.tags.is_empty(),
        _ => selection["tagPatternList"].as_array().unwrap().iter().all(|pattern| {
            let pattern = pattern.as_str().unwrap().as_bytes();
            image.tags.iter().any(|tag| means(pattern, tag.as_str().as_bytes()))
        }),
    }
}

/// Step 2: which of those the rule would act on, were it alone.
fn candidates(rule: &Value, images: &[Drawn], now: Timestamp) -> BTreeSet<Digest> {
    let selection = &rule["selection"];
    let number = selection["countNumber"].as_i64().unwrap();
    let mut found: Vec<&Drawn> = images.iter().filter(|image| matched(rule, image)).collect();
    let age = |image: &Drawn| match image.storage_class {
        StorageClass::Standard => image.activated_at.unwrap_or(image.pushed_at),
        StorageClass::Archive => image.archived_at.unwrap(),
    };
    let pulled = |image: &Drawn| match (image.last_pulled_at, image.activated_at) {
        (Some(pulled), Some(activated)) => pulled.max(activated),
        (Some(time), None) | (None, Some(time)) => time,
        (None, None) => image.pushed_at,
    };
    let over = |time: Timestamp| now.millis() - time.millis() > number * DAY_MILLIS;
    match selection["countType"].as_str().unwrap() {
        "imageCountMoreThan" => {
            found.sort_by_key(|image| (age(image), image.digest));
            let gone = found.len().saturating_sub(usize::try_from(number).unwrap());
            found.truncate(gone);
        }
        "sinceImagePulled" => found.retain(|image| over(pulled(image))),
        _ => found.retain(|image| over(age(image))),
    }
    found.iter().map(|image| image.digest).collect()
}

/// By image, the rule that acts on it, and whether an index holds it.
type Acts = BTreeMap<Digest, (u64, bool)>;

/// Steps 3 and 4.
fn naive(rules: &[Value], images: &[Drawn], now: Timestamp) -> Acts {
    let (mut shielded, mut acts) = (BTreeSet::new(), Acts::new());
    for rule in rules {
        let candidates = candidates(rule, images, now);
        for image in images.iter().filter(|image| matched(rule, image)) {
            if !shielded.insert(image.digest) || !candidates.contains(&image.digest) {
                continue;
            }
            let held = match (image.listed_in, rule["action"]["type"].as_str().unwrap()) {
                (listed_in, "expire") => listed_in.is_some(),
                (listed_in, _) => listed_in == Some(StorageClass::Standard),
            };
            acts.insert(image.digest, (rule["rulePriority"].as_u64().unwrap(), held));
        }
    }
    acts
}

fn acts_of(outcome: &Outcome) -> Acts {
    let decided = outcome.decisions.iter().map(|it| (it.digest, (it.rule_priority.into(), false)));
    let failed = outcome.failures.iter().map(|it| (it.digest, (it.rule_priority.into(), true)));
    let acts: Acts = decided.chain(failed).collect();
    assert_eq!(acts.len(), outcome.decisions.len() + outcome.failures.len(), "one act an image");
    acts
}

fn draw(case: u64) -> (Vec<Value>, Vec<Drawn>) {
    let mut dice = Dice::new(case);
    let rules = draw_rules(&mut dice);
    let count = u8::try_from(dice.roll(14)).unwrap();
    (rules, (0..count).map(|at| Drawn::draw(&mut dice, at)).collect())
}

fn quick(rules: &[Value], images: &[Drawn], now: Timestamp) -> Acts {
    let facts: Vec<_> = images.iter().map(Drawn::facts).collect();
    acts_of(&evaluate(&policy(rules), &facts, now))
}

#[test]
fn both_evaluators_agree() {
    let mut acted = 0;
    for case in 0..CASES {
        let (rules, images) = draw(case);
        if rules.is_empty() {
            continue;
        }
        let acts = naive(&rules, &images, NOW);
        acted += acts.len() as u64;
        assert_eq!(quick(&rules, &images, NOW), acts, "case {case}: {rules:#?} {images:#?}");
    }
    assert!(acted > CASES, "{acted}: most cases have to be about something");
}

/// Rules below do not touch what rules above do.
#[test]
fn without_its_lower_rules_a_policy_does_the_same_with_the_others() {
    for case in 0..CASES / 20 {
        let (rules, images) = draw(case);
        let whole = quick_or_none(&rules, &images);
        for kept in 1..rules.len() {
            let last = rules[kept - 1]["rulePriority"].as_u64().unwrap();
            let above: Acts =
                whole.clone().into_iter().filter(|(_, (rule, _))| *rule <= last).collect();
            assert_eq!(quick(&rules[..kept], &images, NOW), above, "case {case}");
        }
    }
}

fn quick_or_none(rules: &[Value], images: &[Drawn]) -> Acts {
    if rules.is_empty() { Acts::new() } else { quick(rules, images, NOW) }
}

/// What is due by its age stays due: as long as no rule counts images, later is more.
#[test]
fn time_takes_no_image_back() {
    for case in 0..CASES / 20 {
        let (rules, images) = draw(case);
        let mut before = quick_or_none(&rules, &images);
        for days in [1, 30, 400] {
            if rules.is_empty() {
                continue;
            }
            let later = Timestamp::from_millis(NOW.millis() + days * DAY_MILLIS);
            let after = quick(&rules, &images, later);
            // Counts do not change with time either: all that is due is due by the same rule.
            assert!(before.iter().all(|(image, act)| after.get(image) == Some(act)), "case {case}");
            before = after;
        }
    }
}

/// A count keeps as many as it says of those it matches, whatever the other rules take of them.
#[test]
fn a_count_does_not_see_other_rules() {
    for case in 0..CASES / 20 {
        let (rules, images) = draw(case);
        let whole = quick_or_none(&rules, &images);
        for (at, rule) in rules.iter().enumerate() {
            let alone = quick(std::slice::from_ref(rule), &images, NOW);
            let above = &rules[..at];
            let free = |image: &&Drawn| !above.iter().any(|rule| matched(rule, image));
            let expected: BTreeSet<Digest> = images
                .iter()
                .filter(free)
                .map(|image| image.digest)
                .filter(|digest| alone.contains_key(digest))
                .collect();
            let priority = rule["rulePriority"].as_u64().unwrap();
            let by_it: BTreeSet<Digest> = whole
                .iter()
                .filter(|(_, (rule, _))| *rule == priority)
                .map(|(digest, _)| *digest)
                .collect();
            assert_eq!(by_it, expected, "case {case}");
        }
    }
}
