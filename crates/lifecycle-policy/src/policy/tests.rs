//! What is accepted, and in which words the rest is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A rule of this selection (over a valid one) and action.
fn rule(priority: u32, selection: Value, action: Value) -> Value {
    json!({ "rulePriority": priority, "selection": selection, "action": action })
}

fn expire() -> Value {
    json!({ "type": "expire" })
}

fn archive() -> Value {
    json!({ "type": "transition", "targetStorageClass": "archive" })
}

/// A selection that keeps ten, with these members besides or instead.
fn keep(members: Value) -> Value {
    let mut selection =
        json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10 });
    selection.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    selection
}

fn days(kind: &str, number: i64, class: Option<&str>) -> Value {
    let mut selection = keep(json!({ "countType": kind, "countNumber": number }));
    selection["countUnit"] = "days".into();
    if let Some(class) = class {
        selection["storageClass"] = class.into();
    }
    selection
}

fn parse(rules: &[Value]) -> Result<LifecyclePolicy, String> {
    LifecyclePolicy::parse(&json!({ "rules": rules }).to_string())
        .map_err(|error| error.to_string())
}

#[track_caller]
fn refused(rules: &[Value], message: &str) {
    assert_eq!(parse(rules).unwrap_err(), message);
}

const NO_SCHEMA: &str = "instance failed to match exactly one schema (matched 0 out of 2)";

#[test]
fn a_policy_is_read_whole() {
    let policy = parse(&[
        rule(20, days("sinceImagePushed", 1, None), archive()),
        json!({
            "rulePriority": 3, "description": "releases", "action": expire(),
            "selection": keep(json!({ "tagStatus": "tagged", "tagPatternList": ["v*", "*-x"] })),
        }),
    ]);
    let tags = ["v*", "*-x"].map(|text| TagPattern::Pattern(text.into()));
    let selection = |tags, count| Selection { tags, storage_class: StorageClass::Standard, count };
    let first = Rule {
        priority: 3,
        description: Some("releases".into()),
        selection: selection(TagSelection::Tagged(tags.to_vec()), Count::ImagesMoreThan(10)),
        action: Action::Expire,
    };
    let second = Rule {
        priority: 20,
        description: None,
        selection: selection(TagSelection::Any, Count::DaysSincePushed(1)),
        action: Action::Archive,
    };
    assert_eq!(policy.unwrap().rules(), [first, second]);
}

#[test]
fn a_text_that_is_no_object_is_no_policy() {
    for text in ["", "no", "[]", "null", "\"rules\"", "{\"rules\":", "{\"rules\":[1e999]}"] {
        let error = LifecyclePolicy::parse(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Could not map policyString into LifecyclePolicy.'",
            "{text}"
        );
    }
    assert_eq!(LifecyclePolicy::parse_template(""), Ok(None));
    assert_eq!(LifecyclePolicy::parse_template("{"), Err(InvalidPolicy::NotAPolicy));
}

#[test]
fn the_shape_of_a_policy_is_checked() {
    let whole = |document: Value| LifecyclePolicy::parse(&document.to_string()).unwrap_err();
    for (document, message) in [
        (json!({}), r#"object has missing required properties (["rules"])'"#),
        (
            json!({ "rules": [], "b": 1, "a": 2 }),
            r#"object instance has properties which are not allowed by the schema: (["a","b"])'"#,
        ),
        (
            json!({ "rules": null }),
            r#"instance type (null) does not match any allowed primitive type (allowed: ["array"])'"#,
        ),
        (
            json!({ "rules": ["x"] }),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["object"])'"#,
        ),
        (
            json!({ "rules": [] }),
            "array is too short: must have at least 1 elements but instance has 0 elements",
        ),
        (
            json!({ "rules": [{ "rulePriority": 1 }] }),
            r#"object has missing required properties (["action","selection"])'"#,
        ),
    ] {
        assert_eq!(whole(document).to_string(), message);
    }
}

#[test]
fn the_members_of_a_rule_are_checked() {
    let good = || rule(1, keep(json!({})), expire());
    for (member, value, message) in [
        (
            "rulePriority",
            json!(0),
            "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
        ),
        (
            "rulePriority",
            json!(1.5),
            r#"instance type (number) does not match any allowed primitive type (allowed: ["integer"])'"#,
        ),
        (
            "rulePriority",
            json!("1"),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer"])'"#,
        ),
        (
            "rulePriority",
            json!(2_147_483_648_u32),
            "Could not map policyString into LifecyclePolicy.'",
        ),
        (
            "description",
            json!(null),
            r#"instance type (null) does not match any allowed primitive type (allowed: ["string"])'"#,
        ),
        (
            "action",
            json!("expire"),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["object"])'"#,
        ),
        ("action", json!({}), r#"object has missing required properties (["type"])'"#),
        (
            "action",
            json!({ "type": "EXPIRE" }),
            r#"instance value ("EXPIRE") not found in enum (possible values: ["expire","transition"])"#,
        ),
        ("action", json!({ "type": "expire", "targetStorageClass": null }), NO_SCHEMA),
        ("action", json!({ "type": "transition" }), NO_SCHEMA),
        (
            "action",
            json!({ "type": "transition", "targetStorageClass": "standard" }),
            r#"instance value ("standard") not found in enum (possible values: ["archive"])"#,
        ),
        (
            "x",
            json!(1),
            r#"object instance has properties which are not allowed by the schema: (["x"])'"#,
        ),
        (
            "selection",
            json!({ "tagStatus": "any" }),
            r#"object has missing required properties (["countNumber","countType"])'"#,
        ),
        (
            "selection",
            keep(json!({ "x": 1 })),
            r#"object instance has properties which are not allowed by the schema: (["x"])'"#,
        ),
        (
            "selection",
            keep(json!({ "tagStatus": "x" })),
            r#"instance value ("x") not found in enum (possible values: ["any","tagged","untagged"])"#,
        ),
        ("selection", keep(json!({ "tagPrefixList": null })), NO_SCHEMA),
        (
            "selection",
            keep(json!({ "countNumber": 0 })),
            "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
        ),
        (
            "selection",
            keep(json!({ "tagPrefixList": "v" })),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["array"])'"#,
        ),
        (
            "selection",
            keep(json!({ "tagPrefixList": ["v"] })),
            "tagPrefixList and tagPatternList can only be specified when tagStatus=TAGGED.",
        ),
        (
            "selection",
            keep(json!({ "tagStatus": "tagged" })),
            "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
        ),
        (
            "selection",
            keep(json!({ "tagStatus": "tagged", "tagPrefixList": [] })),
            "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
        ),
        (
            "selection",
            keep(json!({ "tagStatus": "tagged", "tagPrefixList": [""] })),
            "string \"\" is too short (length: 0, required minimum: 1)",
        ),
        (
            "selection",
            keep(json!({ "tagStatus": "tagged", "tagPrefixList": ["a"], "tagPatternList": ["b"] })),
            "Must specify only one of tagPrefixList and tagPatternList.",
        ),
        (
            "selection",
            keep(json!({ "tagStatus": "tagged", "tagPatternList": ["test*1*2*3*4*5*6"] })),
            r#"Tag pattern "test*1*2*3*4*5*6" must have at most 4 wildcards (*)."#,
        ),
    ] {
        let mut rule = good();
        rule[member] = value;
        refused(&[rule], message);
    }
    let four = keep(json!({ "tagStatus": "tagged", "tagPatternList": ["*test*1*2*3"] }));
    assert!(parse(&[rule(1, four, expire())]).is_ok());
    let empty = keep(json!({ "tagPrefixList": [], "countNumber": 3.0 }));
    assert!(parse(&[rule(1, empty, expire())]).is_ok());
}

/// Count type × storage class × action × unit, all of them.
#[test]
fn only_what_goes_together_is_accepted() {
    let types =
        ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];
    let mut accepted = Vec::new();
    for kind in types.into_iter().chain(["other"]) {
        for class in [None, Some("standard"), Some("archive")] {
            for (name, action) in [("expire", expire()), ("archive", archive())] {
                for unit in [None, Some("days"), Some("weeks")] {
                    let mut selection = days(kind, 100, class);
                    match unit {
                        Some(unit) => selection["countUnit"] = unit.into(),
                        None => drop(selection.as_object_mut().unwrap().remove("countUnit")),
                    }
                    match parse(&[rule(1, selection, action.clone())]) {
                        Ok(_) => accepted.push((kind, class, name, unit)),
                        Err(message) => assert_eq!(message, NO_SCHEMA),
                    }
                }
            }
        }
    }
    let [count, pushed, pulled, transitioned] = types;
    let days = Some("days");
    let mut expected = vec![(transitioned, Some("archive"), "expire", days)];
    for class in [None, Some("standard")] {
        expected.push((pulled, class, "archive", days));
        for action in ["expire", "archive"] {
            expected.extend([(count, class, action, None), (pushed, class, action, days)]);
        }
    }
    accepted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(accepted, expected);
}

#[test]
fn an_archived_image_is_kept_ninety_days() {
    let at = |number| rule(1, days("sinceImageTransitioned", number, Some("archive")), expire());
    refused(
        &[at(89)],
        "numeric instance is lower than the required minimum (minimum: 90, found: 89)",
    );
    assert!(parse(&[at(90)]).is_ok());
}

#[test]
fn rules_are_checked_together_for_each_storage_class() {
    let tagged = |list: Value| keep(json!({ "tagStatus": "tagged", "tagPrefixList": list }));
    let standard = |priority, selection| rule(priority, selection, expire());
    let untagged = || keep(json!({ "tagStatus": "untagged" }));
    refused(
        &[standard(7, untagged()), standard(7, keep(json!({})))],
        "Rule priorities must be unique, but 7 is used by more than one rule",
    );
    refused(
        &[standard(1, untagged()), standard(2, untagged())],
        "Only one rule can select Untagged images per storage class",
    );
    let any_last = "Rule for tagStatus=ANY must have the lowest priority per storage class";
    refused(&[standard(1, keep(json!({}))), standard(2, untagged())], any_last);
    refused(&[standard(1, keep(json!({}))), standard(2, keep(json!({})))], any_last);
    refused(
        &[standard(1, tagged(json!(["a", "b"]))), standard(2, tagged(json!(["b", "a", "a"])))],
        "Tag prefixes and patterns must be unique across rules per storage class",
    );
    let archived = |priority, status: &str| {
        let mut selection = days("sinceImageTransitioned", 90, Some("archive"));
        selection["tagStatus"] = status.into();
        rule(priority, selection, expire())
    };
    let good = parse(&[
        standard(5, keep(json!({}))),
        standard(3, untagged()),
        standard(1, tagged(json!(["a"]))),
        standard(2, tagged(json!(["a", "b"]))),
        archived(7, "any"),
        archived(6, "untagged"),
    ]);
    let priorities: Vec<u32> = good.unwrap().rules().iter().map(|rule| rule.priority).collect();
    assert_eq!(priorities, [1, 2, 3, 5, 6, 7]);
}

#[test]
fn a_policy_has_at_most_fifty_rules() {
    let rules = |count: u32| -> Vec<Value> {
        let tagged =
            |n| keep(json!({ "tagStatus": "tagged", "tagPrefixList": [format!("p{n}-")] }));
        (1..=count).map(|n| rule(n, tagged(n), expire())).collect()
    };
    assert_eq!(parse(&rules(50)).unwrap().rules().len(), 50);
    refused(
        &rules(51),
        "array is too long: must have at most 50 elements but instance has 51 elements",
    );
}

proptest! {
    /// Any change of one character ends in a policy or a refusal, and the same each time.
    #[test]
    fn nothing_makes_the_parser_fail(at in 0usize..400, with in ".") {
        let tagged = keep(json!({ "tagStatus": "tagged", "tagPatternList": ["v*"] }));
        let rules = [rule(1, tagged, expire()), rule(2, days("sinceImagePulled", 3, None), archive())];
        let text = json!({ "rules": rules }).to_string();
        let changed: String =
            text.char_indices().map(|(i, c)| if i == at { with.clone() } else { c.into() }).collect();
        prop_assert_eq!(LifecyclePolicy::parse(&changed), LifecyclePolicy::parse(&changed));
    }
}
