//! Where a Query request's parameters come from: `aws-protocol` parses the form, this crate asks.

use std::collections::BTreeMap;

/// The parameters of a Query request, each decoded from its form encoding. There must be finitely
/// many of them.
pub trait QuerySource {
    /// The value of `key`, such as `Tags.member.1.Key`; empty if the request has the key alone.
    fn get(&self, key: &str) -> Option<&str>;
}

impl QuerySource for BTreeMap<String, String> {
    fn get(&self, key: &str) -> Option<&str> {
        BTreeMap::get(self, key).map(String::as_str)
    }
}
