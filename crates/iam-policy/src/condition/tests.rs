//! Tests of when conditions hold.

use proptest::prelude::*;

use super::*;

fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
    let syntax = ConditionSyntax::parse(operator, Version::V2012).unwrap();
    let mut condition = syntax.condition(key).unwrap();
    for value in values {
        syntax.push(&mut condition, value).unwrap();
    }
    condition
}

/// Whether the condition holds for a request whose key has the values `found`, if it has it.
fn holds(operator: &str, wanted: &[&str], found: Option<&[&str]>) -> bool {
    let mut keys = ContextKeys::new();
    keys.insert("aws:username", "dev");
    keys.insert("aws:PrincipalAccount", "111122223333");
    if let Some(found) = found {
        keys.insert_all("test:Key", found.iter().map(|value| (*value).to_owned()));
    }
    condition(operator, "TEST:key", wanted).holds(&keys)
}

/// Each row: operator, values of the policy, a value that fits, one that does not.
const SINGLE: &[(&str, &[&str], &str, &str)] = &[
    ("StringEquals", &["a", "b"], "b", "B"),
    ("StringEquals", &["a*"], "a*", "ab"),
    ("StringEquals", &["${aws:username}"], "dev", "${aws:username}"),
    ("StringEquals", &["${aws:unset}", "x"], "x", ""),
    ("StringEquals", &["${aws:unset, 'y'}"], "y", ""),
    ("StringEquals", &["${*}"], "*", "${*}"),
    ("StringNotEquals", &["a", "b"], "c", "b"),
    ("StringEqualsIgnoreCase", &["Äb"], "äB", "ä"),
    ("StringNotEqualsIgnoreCase", &["Ab"], "abc", "aB"),
    ("StringLike", &["a*", "?"], "abc", "bc"),
    ("StringLike", &["*/${aws:username}/*"], "x/dev/y", "x/ops/y"),
    ("StringLike", &["a${*}"], "a*", "ab"),
    ("StringNotLike", &["a*", "b?"], "b", "a"),
    ("NumericEquals", &["10", "20"], "20.0", "30"),
    ("NumericNotEquals", &["10"], "11", "1e1"),
    ("NumericLessThan", &["10"], "9.99", "10"),
    ("NumericLessThan", &["-1", "10"], "9", "10"),
    ("NumericLessThanEquals", &["10"], "10", "10.1"),
    ("NumericGreaterThan", &["10"], "11", "10"),
    ("NumericGreaterThan", &["10"], "+11", "many"),
    ("NumericGreaterThanEquals", &["-10"], "-10", "-10.5"),
    ("DateEquals", &["2024-02-29T01:02:03Z"], "2024-02-29T02:02:03+01:00", "2024-02-29T01:02:04Z"),
    ("DateNotEquals", &["2024-02-29"], "2024-02-28", "1709164800"),
    ("DateLessThan", &["2024-02-29"], "2024-02-28T23:59:59Z", "2024-02-29T00:00:00Z"),
    ("DateLessThanEquals", &["2024"], "2024-01-01", "2024-01-02"),
    ("DateGreaterThan", &["1709168523"], "2024-02-29T01:02:04Z", "2024-02-29T01:02:03Z"),
    ("DateGreaterThanEquals", &["2024-02-29T01:02Z"], "1709168520", "tomorrow"),
    ("Bool", &["true"], "True", "false"),
    ("Bool", &["false"], "false", "no"),
    ("BinaryEquals", &["QmluYXJ5"], "Binary", "QmluYXJ5"),
    ("IpAddress", &["203.0.113.0/24", "2001:db8::/32"], "2001:DB8:1::1", "203.0.114.1"),
    ("IpAddress", &["0.0.0.0/0"], "127.0.0.1", "localhost"),
    ("NotIpAddress", &["203.0.113.0/24"], "203.0.112.1", "203.0.113.1"),
    ("ArnLike", &["arn:aws:*:*:1:x/*"], "arn:aws:ecr:e:1:x/y:z", "arn:aws:ecr:e:2:x/y"),
    ("ArnLike", &["arn:aws:ecr:*"], "arn:aws:ecr:e:1:x", "arn:aws:ecs:e:1:x"),
    ("ArnLike", &["*"], "arn:aws:ecr:e:1:x", "x"),
    ("ArnLike", &["arn:aws:iam::${aws:PrincipalAccount}:*"], "arn:aws:iam::111122223333:x", "arn"),
    ("ArnEquals", &["arn:aws:ecr:e:1:x?"], "arn:aws:ecr:e:1:xy", "arn:aws:ecr:e:1:x"),
    ("ArnEquals", &["arn:aws:ecr", "arn:aws:s3:::y"], "arn:aws:s3:::y", "arn:aws:ecr:e:1:x"),
    ("ArnNotEquals", &["arn:aws:ecr:e:1:*"], "arn:aws:ecr:e:2:x", "arn:aws:ecr:e:1:x"),
    ("ArnNotLike", &["arn:*:ecr:*:*:*"], "no arn", "arn:aws:ecr:e:1:x"),
];

fn is_negated(operator: &str) -> bool {
    operator.contains("Not")
}

#[test]
fn every_operator_tells_values_apart() {
    for (operator, wanted, fitting, other) in SINGLE {
        assert!(holds(operator, wanted, Some(&[fitting])), "{operator} {wanted:?} {fitting}");
        assert!(!holds(operator, wanted, Some(&[other])), "{operator} {wanted:?} {other}");
    }
}

#[test]
fn a_key_that_is_absent_or_has_no_value_satisfies_negated_operators_only() {
    for (operator, wanted, ..) in SINGLE {
        for found in [None, Some(&[][..])] {
            assert_eq!(holds(operator, wanted, found), is_negated(operator), "{operator}");
            let if_exists = format!("{operator}IfExists");
            assert!(holds(&if_exists, wanted, found), "{if_exists}");
            let all = format!("ForAllValues:{operator}");
            assert!(holds(&all, wanted, found), "{all}");
            let any = format!("ForAnyValue:{operator}");
            assert!(!holds(&any, wanted, found), "{any}");
            assert!(holds(&format!("{any}IfExists"), wanted, found), "{any}IfExists");
        }
    }
}

#[test]
fn a_key_that_exists_is_compared_whatever_follows_the_operator() {
    for (operator, wanted, fitting, other) in SINGLE {
        for prefix in ["", "ForAnyValue:", "ForAllValues:"] {
            // An empty value is none to `ForAllValues`.
            let other_holds = other.is_empty() && prefix == "ForAllValues:";
            for suffix in ["", "IfExists"] {
                let operator = format!("{prefix}{operator}{suffix}");
                assert!(holds(&operator, wanted, Some(&[fitting])), "{operator} {fitting}");
                assert_eq!(holds(&operator, wanted, Some(&[other])), other_holds, "{operator}");
            }
        }
    }
}

#[test]
fn several_values_are_counted_as_the_qualifier_says() {
    for (operator, wanted, fitting, other) in SINGLE {
        let found: &[&str] = &[fitting, other];
        let (any, all) = (format!("ForAnyValue:{operator}"), format!("ForAllValues:{operator}"));
        assert!(holds(&any, wanted, Some(found)), "{any} {wanted:?}");
        assert!(!holds(&all, wanted, Some(found)), "{all} {wanted:?}");
        assert!(holds(&all, wanted, Some(&[fitting, fitting])), "{all} {wanted:?}");
        assert!(!holds(&any, wanted, Some(&[other, other])), "{any} {wanted:?}");
        // Without: one that matches is enough, and too much for a negated operator.
        assert_eq!(holds(operator, wanted, Some(found)), !is_negated(operator), "{operator}");
    }
}

/// IAM user guide, "Multivalued context keys": the examples with tag keys.
#[test]
fn the_documented_examples_of_qualifiers_hold() {
    for (operator, found, expected) in [
        ("ForAllValues:StringEquals", &["environment", "cost-center"][..], true),
        ("ForAllValues:StringEquals", &["environment"], true),
        ("ForAllValues:StringEquals", &["environment", "other"], false),
        ("ForAllValues:StringEquals", &[], true),
        ("ForAllValues:StringEquals", &[""], true),
        ("ForAnyValue:StringEquals", &["environment", "other"], true),
        ("ForAnyValue:StringEquals", &["other"], false),
        ("ForAnyValue:StringEquals", &[], false),
        ("ForAllValues:StringNotEquals", &["other", "more"], true),
        ("ForAllValues:StringNotEquals", &["other", "environment"], false),
        ("ForAnyValue:StringNotEquals", &["other", "environment"], true),
        ("ForAnyValue:StringNotEquals", &["environment"], false),
    ] {
        let wanted = ["environment", "cost-center"];
        assert_eq!(holds(operator, &wanted, Some(found)), expected, "{operator} {found:?}");
    }
}

#[test]
fn null_asks_whether_a_key_has_a_value() {
    for (found, is_null) in [
        (None, true),
        (Some(&[][..]), true),
        (Some(&[""]), true),
        (Some(&["x"]), false),
        (Some(&["", "x"]), false),
    ] {
        assert_eq!(holds("Null", &["true"], found), is_null, "{found:?}");
        assert_eq!(holds("Null", &["FALSE"], found), !is_null, "{found:?}");
        assert!(holds("Null", &["true", "false"], found), "{found:?}");
    }
}

#[test]
fn old_policies_have_no_variables() {
    let syntax = ConditionSyntax::parse("StringEquals", Version::V2008).unwrap();
    let mut condition = syntax.condition("test:key").unwrap();
    syntax.push(&mut condition, "${aws:username}").unwrap();
    let mut keys = ContextKeys::new();
    keys.insert("aws:username", "dev");
    keys.insert("test:key", "${aws:username}");
    assert!(condition.holds(&keys));
}

#[test]
fn names_of_tags_have_no_case() {
    let mut keys = ContextKeys::new();
    keys.insert("aws:ResourceTag/Team", "a");
    assert!(condition("StringEquals", "AWS:resourcetag/TEAM", &["a"]).holds(&keys));
    assert!(!condition("StringEquals", "aws:ResourceTag/Team ", &["a"]).holds(&keys));
}

proptest! {
    /// A negated operator is the opposite, whatever the values and whether there are any.
    #[test]
    fn negated_operators_are_opposites(
        (positive, negative) in prop_oneof![
            Just(("StringEquals", "StringNotEquals")),
            Just(("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")),
            Just(("StringLike", "StringNotLike")),
            Just(("ArnLike", "ArnNotLike")),
            Just(("ArnEquals", "ArnNotEquals")),
        ],
        wanted in proptest::collection::vec("[ab*?]{0,3}|arn:[a*]:b:::[a*]", 1..4),
        found in proptest::option::of(
            proptest::collection::vec("[abAB]{0,3}|arn:[ab]:b:::[ab]", 0..4),
        ),
    ) {
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let found: Option<Vec<&str>> =
            found.as_ref().map(|found| found.iter().map(String::as_str).collect());
        prop_assert_eq!(
            holds(positive, &wanted, found.as_deref()),
            !holds(negative, &wanted, found.as_deref())
        );
    }

    /// So is a relation of numbers to its complement, if there is a number.
    #[test]
    fn numbers_are_ordered(wanted in -100i32..100, found in -100i32..100) {
        let (wanted, found) = (wanted.to_string(), found.to_string());
        let holds = |operator: &str| holds(operator, &[&wanted], Some(&[&found]));
        prop_assert_eq!(holds("NumericLessThan"), !holds("NumericGreaterThanEquals"));
        prop_assert_eq!(holds("NumericGreaterThan"), !holds("NumericLessThanEquals"));
        prop_assert_eq!(
            holds("NumericEquals"),
            holds("NumericLessThanEquals") && holds("NumericGreaterThanEquals")
        );
    }
}
