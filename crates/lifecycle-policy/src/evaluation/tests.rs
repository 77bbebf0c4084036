//! The examples of AWS's user guide, the corners between rules, and what holds for any policy.

mod documented;
mod naive;
mod property;

use serde_json::{Value, json};

use super::*;

/// Noon of a day long after the epoch.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn days_ago(days: i64) -> Timestamp {
    Timestamp::from_millis(NOW.millis() - days * DAY_MILLIS)
}

/// An image by a letter.
fn digest(name: char) -> Digest {
    Digest::Sha256([name as u8; 32])
}

struct Image {
    name: char,
    tags: Vec<Tag>,
    pushed_at: Timestamp,
}

fn image(name: char, tags: &str, age_days: i64) -> Image {
    let tags = tags.split_whitespace().map(|tag| tag.parse().unwrap()).collect();
    Image { name, tags, pushed_at: days_ago(age_days) }
}

impl Image {
    fn facts(&self) -> ImageFacts<'_> {
        ImageFacts {
            digest: digest(self.name),
            tags: &self.tags,
            pushed_at: self.pushed_at,
            last_pulled_at: None,
            archived_at: None,
            activated_at: None,
            storage_class: StorageClass::Standard,
            listed_in: None,
            has_live_subject: false,
            mark: u64::from(u32::from(self.name)),
        }
    }
}

/// `patterns` is `any`, `untagged`, or patterns in a row.
fn rule(priority: u32, patterns: &str, count: &str, number: u32) -> Value {
    let mut selection = json!({ "tagStatus": patterns, "countType": count, "countNumber": number });
    if !["any", "untagged"].contains(&patterns) {
        selection["tagStatus"] = "tagged".into();
        selection["tagPatternList"] = patterns.split_whitespace().collect();
    }
    if count != "imageCountMoreThan" {
        selection["countUnit"] = "days".into();
    }
    json!({ "rulePriority": priority, "selection": selection, "action": { "type": "expire" } })
}

fn count(priority: u32, patterns: &str, number: u32) -> Value {
    rule(priority, patterns, "imageCountMoreThan", number)
}

fn pushed(priority: u32, patterns: &str, number: u32) -> Value {
    rule(priority, patterns, "sinceImagePushed", number)
}

fn archiving(mut rule: Value) -> Value {
    rule["action"] = json!({ "type": "transition", "targetStorageClass": "archive" });
    rule
}

fn policy(rules: &[Value]) -> LifecyclePolicy {
    LifecyclePolicy::parse(&json!({ "rules": rules }).to_string()).unwrap()
}

fn run(rules: &[Value], facts: &[ImageFacts<'_>]) -> Outcome {
    evaluate(&policy(rules), facts, NOW)
}

/// What is acted on, as `A1`: the image and the priority of its rule.
fn acted(outcome: &Outcome) -> String {
    let one = |decision: &Decision| {
        format!("{}{}", char::from(decision.digest.hash()[0]), decision.rule_priority)
    };
    outcome.decisions.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(images: &[Image], rules: &[Value], expected: &str) {
    let facts: Vec<_> = images.iter().map(Image::facts).collect();
    assert_eq!(acted(&run(rules, &facts)), expected);
}

#[test]
fn a_match_of_a_higher_rule_shields_an_image() {
    let images =
        [image('A', "beta-1 prod-1", 10), image('B', "beta-2 prod-2", 9), image('C', "beta-3", 8)];
    check(&images, &[count(1, "prod*", 1), count(2, "beta*", 1)], "A1");
    check(&images, &[count(1, "beta*", 1), count(2, "prod*", 1)], "A1 B1");
}

#[test]
fn every_pattern_of_a_rule_must_match_a_tag() {
    let images = [
        image('A', "alpha-1", 12),
        image('B', "beta-1", 11),
        image('C', "alpha-2 beta-2", 10),
        image('D', "alpha-3", 4),
        image('E', "beta-3", 3),
        image('F', "alpha-4 beta-4", 2),
    ];
    check(&images, &[pushed(1, "alpha* beta*", 5)], "C1");
    let images = [
        image('A', "alpha-1 beta-1 gamma-1", 10),
        image('B', "alpha-2 beta-2", 9),
        image('C', "alpha-3 beta-3 gamma-2", 8),
    ];
    check(&images, &[count(1, "alpha* beta*", 1)], "A1 B1");
}

#[test]
fn any_matches_tagged_and_untagged_images() {
    let images = [
        image('A', "alpha-1", 4),
        image('B', "beta-1", 3),
        image('C', "", 2),
        image('D', "alpha-2", 1),
    ];
    check(&images, &[count(1, "any", 1)], "A1 B1 C1");
}

#[test]
fn each_rule_counts_what_it_matches_whatever_others_do() {
    let images = [
        image('A', "alpha-1 beta-1", 4),
        image('B', "", 3),
        image('C', "alpha-2", 2),
        image('D', "git-hash", 1),
        // Pushed a moment after D.
        Image {
            pushed_at: days_ago(1).plus(std::time::Duration::from_secs(1)),
            ..image('E', "", 1)
        },
    ];
    let rules = [count(1, "alpha*", 1), pushed(2, "untagged", 1), count(3, "any", 1)];
    check(&images, &rules, "A1 B2 D3");
}

/// The policy of the tutorial: ten releases, and what lost its tag goes after a day.
#[test]
fn the_newest_ten_releases_stay() {
    let mut images: Vec<Image> = ('A'..='L')
        .enumerate()
        .map(|(n, name)| image(name, &format!("v{n}"), 40 - i64::try_from(n).unwrap()))
        .collect();
    images.extend([image('U', "", 2), image('V', "", 0), image('X', "latest", 100)]);
    check(&images, &[count(1, "v*", 10), pushed(2, "untagged", 1)], "A1 B1 U2");
}

#[test]
fn days_must_have_passed_altogether() {
    let on_the_day = image('A', "", 5);
    let before =
        Image { pushed_at: Timestamp::from_millis(days_ago(5).millis() - 1), ..image('B', "", 5) };
    check(&[on_the_day, before, image('C', "", -3)], &[pushed(1, "any", 5)], "B1");
}

#[test]
fn a_pull_or_a_return_from_the_archive_keeps_an_image() {
    let images = ['A', 'B', 'C', 'D', 'E'].map(|name| image(name, "", 100));
    let mut facts = images.each_ref().map(Image::facts);
    facts[1].last_pulled_at = Some(days_ago(40));
    facts[2].last_pulled_at = Some(days_ago(20));
    facts[3].activated_at = Some(days_ago(10));
    facts[4].activated_at = Some(days_ago(60));
    facts[4].last_pulled_at = Some(days_ago(50));
    let pulled = archiving(rule(1, "any", "sinceImagePulled", 30));
    let outcome = run(&[pulled], &facts);
    assert_eq!(acted(&outcome), "A1 B1 E1");
    assert!(outcome.decisions.iter().all(|decision| decision.action == Action::Archive));
    // A return begins the age anew for the other counts too.
    assert_eq!(acted(&run(&[pushed(1, "any", 30)], &facts)), "A1 B1 C1 E1");
    assert_eq!(acted(&run(&[count(1, "any", 1)], &facts)), "A1 B1 C1 E1");
}

#[test]
fn a_rule_sees_its_own_storage_class_only() {
    let images = ['A', 'B', 'C'].map(|name| image(name, "", 1_000));
    let mut facts = images.each_ref().map(Image::facts);
    for (at, days) in [(0, 90), (1, 91)] {
        facts[at].storage_class = StorageClass::Archive;
        facts[at].archived_at = Some(days_ago(days));
    }
    let mut archived = rule(2, "any", "sinceImageTransitioned", 90);
    archived["selection"]["storageClass"] = "archive".into();
    let outcome = run(&[pushed(1, "any", 1), archived], &facts);
    assert_eq!(acted(&outcome), "C1 B2");
    assert_eq!(outcome.decisions[1].storage_class, StorageClass::Archive);
    assert_eq!(outcome.decisions[1].pushed_at, days_ago(1_000));
}

#[test]
fn an_image_that_an_index_lists_stays_and_counts() {
    let images = [image('A', "", 3), image('B', "", 2), image('C', "", 1)];
    let mut facts = images.each_ref().map(Image::facts);
    facts[0].listed_in = Some(StorageClass::Archive);
    facts[2].listed_in = Some(StorageClass::Standard);
    let outcome = run(&[count(1, "any", 1)], &facts);
    assert_eq!(acted(&outcome), "B1");
    let failure = Failure {
        digest: digest('A'),
        pushed_at: days_ago(3),
        rule_priority: 1,
        action: Action::Expire,
    };
    assert_eq!(outcome.failures, [failure]);
    // Into the archive an image follows its index.
    facts[1].listed_in = Some(StorageClass::Standard);
    let outcome = run(&[archiving(count(1, "any", 1))], &facts);
    assert_eq!(acted(&outcome), "A1");
    assert_eq!(outcome.failures[0].digest, digest('B'));
}

#[test]
fn an_image_with_a_live_subject_is_not_seen() {
    let images = [image('A', "", 3), image('B', "", 2), image('C', "", 1)];
    let mut facts = images.each_ref().map(Image::facts);
    facts[2].has_live_subject = true;
    assert_eq!(acted(&run(&[count(1, "any", 1)], &facts)), "A1");
}
