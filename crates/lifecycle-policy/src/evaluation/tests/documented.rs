//! The examples of AWS's user guide ("Examples of lifecycle policies") and of its tutorials, as they
//! are written there, on images that tell them apart.

use super::*;

/// A policy whose rules are written as in the guide.
fn documented(rules: Value) -> LifecyclePolicy {
    LifecyclePolicy::parse(&json!({ "rules": rules }).to_string()).unwrap()
}

#[track_caller]
fn check_documented(images: &[Image], rules: Value, expected: &str) {
    let facts: Vec<_> = images.iter().map(Image::facts).collect();
    assert_eq!(acted(&evaluate(&documented(rules), &facts, NOW)), expected);
}

fn selection(status: &str, list: Option<(&str, Value)>, count: &str, number: u32) -> Value {
    let mut selection = json!({ "tagStatus": status, "countType": count, "countNumber": number });
    if let Some((name, list)) = list {
        selection[name] = list;
    }
    if count != "imageCountMoreThan" {
        selection["countUnit"] = "days".into();
    }
    selection
}

fn expiring(priority: u32, selection: Value) -> Value {
    json!({
        "rulePriority": priority, "description": format!("Rule {priority}"),
        "selection": selection, "action": { "type": "expire" },
    })
}

/// "Filtering on image age": tags that begin with `prod`, older than 14 days; as a pattern and as a
/// prefix.
#[test]
fn filtering_on_image_age() {
    let images = [
        image('A', "prod", 30),
        image('B', "prod-1 x", 15),
        image('C', "prod-2", 13),
        image('D', "my-prod", 30),
        image('E', "", 30),
    ];
    for list in [("tagPatternList", json!(["prod*"])), ("tagPrefixList", json!(["prod"]))] {
        let selection = selection("tagged", Some(list), "sinceImagePushed", 14);
        check_documented(&images, json!([expiring(1, selection)]), "A1 B1");
    }
}

/// "Filtering on image count": one untagged image is kept.
#[test]
fn filtering_on_image_count() {
    let images = [image('A', "", 3), image('B', "x", 2), image('C', "", 1), image('D', "", 0)];
    let rule = expiring(1, selection("untagged", None, "imageCountMoreThan", 1));
    check_documented(&images, json!([rule]), "A1 C1");
}

/// "Filtering on multiple rules", by prefixes: the order of the priorities decides.
#[test]
fn filtering_on_multiple_rules() {
    let images =
        [image('A', "beta-1 prod-1", 10), image('B', "beta-2 prod-2", 9), image('C', "beta-3", 8)];
    let rule = |priority, prefix: &str| {
        let list = Some(("tagPrefixList", json!([prefix])));
        expiring(priority, selection("tagged", list, "imageCountMoreThan", 1))
    };
    check_documented(&images, json!([rule(1, "prod"), rule(2, "beta")]), "A1");
    check_documented(&images, json!([rule(1, "beta"), rule(2, "prod")]), "A1 B1");
}

/// "Filtering on multiple tags in a single rule": all of a list must match.
#[test]
fn filtering_on_multiple_tags_in_a_single_rule() {
    let list = |names: Value| Some(("tagPatternList", names));
    let images = [
        image('A', "alpha-1", 12),
        image('B', "beta-1", 11),
        image('C', "alpha-2 beta-2", 10),
        image('D', "alpha-3", 4),
        image('E', "beta-3", 3),
        image('F', "alpha-4 beta-4", 2),
    ];
    let both = list(json!(["alpha*", "beta*"]));
    let old = expiring(1, selection("tagged", both, "sinceImagePushed", 5));
    check_documented(&images, json!([old]), "C1");
    let images = [
        image('A', "alpha-1 beta-1 gamma-1", 10),
        image('B', "alpha-2 beta-2", 9),
        image('C', "alpha-3 beta-3 gamma-2", 8),
    ];
    let both = list(json!(["alpha*", "beta*"]));
    let many = expiring(1, selection("tagged", both, "imageCountMoreThan", 1));
    check_documented(&images, json!([many]), "A1 B1");
}

/// "Filtering on all images", alone and after other rules.
#[test]
fn filtering_on_all_images() {
    let images = [
        image('A', "alpha-1", 4),
        image('B', "beta-1", 3),
        image('C', "", 2),
        image('D', "alpha-2", 1),
    ];
    let any = |priority| expiring(priority, selection("any", None, "imageCountMoreThan", 1));
    check_documented(&images, json!([any(1)]), "A1 B1 C1");
    let alpha = Some(("tagPatternList", json!(["alpha*"])));
    let rules = json!([
        expiring(1, selection("tagged", alpha, "imageCountMoreThan", 1)),
        expiring(2, selection("untagged", None, "sinceImagePushed", 1)),
        any(3),
    ]);
    let images = [
        image('A', "alpha-1 beta-1", 4),
        image('B', "", 3),
        image('C', "alpha-2", 2),
        image('D', "0a1b2c3", 1),
        Image { pushed_at: Timestamp::from_millis(days_ago(1).millis() + 1), ..image('E', "", 1) },
    ];
    check_documented(&images, rules, "A1 B2 D3");
}

/// "Archive images not pulled within a specified number of days", and what is in the archive goes
/// after a year there.
#[test]
fn archiving_what_is_not_pulled_and_expiring_it_later() {
    let mut idle = expiring(1, selection("any", None, "sinceImagePulled", 90));
    idle["action"] = json!({ "type": "transition", "targetStorageClass": "archive" });
    let mut archived = selection("any", None, "sinceImageTransitioned", 365);
    archived["storageClass"] = "archive".into();
    let policy = documented(json!([idle, expiring(2, archived)]));
    let images = ['A', 'B', 'C', 'D'].map(|name| image(name, "", 800));
    let mut facts = images.each_ref().map(Image::facts);
    facts[1].last_pulled_at = Some(days_ago(89));
    for (at, days) in [(2, 366), (3, 364)] {
        facts[at].storage_class = StorageClass::Archive;
        facts[at].archived_at = Some(days_ago(days));
        facts[at].last_pulled_at = Some(days_ago(700));
    }
    let outcome = evaluate(&policy, &facts, NOW);
    assert_eq!(acted(&outcome), "A1 C2");
    let actions: Vec<Action> = outcome.decisions.iter().map(|decision| decision.action).collect();
    assert_eq!(actions, [Action::Archive, Action::Expire]);
}
