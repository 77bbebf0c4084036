//! Whatever arrives, decoding ends in a request or an error.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::sample::select;
use serde_json::{Map, Value};

use super::facts;
use crate::{ecr, sts};

/// Names that members of the service have, so that the values reach their decoders.
fn member_names(service: &str) -> Vec<String> {
    let facts = facts(service);
    let shapes = facts["shapes"].as_array().unwrap();
    let members = shapes.iter().filter_map(|shape| shape["members"].as_array()).flatten();
    members.map(|member| member["name"].as_str().unwrap().to_owned()).collect()
}

fn json() -> impl Strategy<Value = Value> {
    let names = member_names("ecr");
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[a-z0-9/._-]{1,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let name = prop_oneof![9 => select(names.clone()), 1 => ".{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..12)
                .prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn query() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = select(member_names("sts"));
    let key = prop_oneof![
        name.clone(),
        (name.clone(), 0..4_u8, name)
            .prop_map(|(list, n, name)| format!("{list}.member.{n}.{name}")),
        (select(member_names("sts")), 0..4_u8).prop_map(|(list, n)| format!("{list}.member.{n}")),
        ".{0,10}",
    ];
    prop::collection::btree_map(key, ".{0,30}", 0..30)
}

proptest! {
    #[test]
    fn on_any_json(operation in select(&ecr::Operation::ALL[..]), body in json()) {
        match ecr::Request::decode(operation, body.to_string().as_bytes()) {
            Ok(request) => assert_eq!(request.operation(), operation),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn on_any_bytes(operation in select(&ecr::Operation::ALL[..]), body: Vec<u8>) {
        let Err(error) = ecr::Request::decode(operation, &body) else { return Ok(()) };
        assert!(!error.to_string().is_empty());
    }

    #[test]
    fn on_any_query(operation in select(&sts::Operation::ALL[..]), source in query()) {
        match sts::Request::decode(operation, &source) {
            Ok(request) => assert_eq!(request.operation(), operation),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Deep nesting is the parser's to refuse, before any decoder recurses into it.
#[test]
fn nesting_without_end_is_an_error() {
    let body = "{\"tags\":".repeat(100_000);
    assert!(ecr::Request::decode(ecr::Operation::TagResource, body.as_bytes()).is_err());
}
