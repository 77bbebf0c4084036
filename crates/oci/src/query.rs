//! The query of a `/v2` request: `digest`, `mount`, `from`, `n`, `last`, `tag`,
//! `artifactType`.

use thiserror::Error;

use crate::percent;

/// The parameters of a query, decoded, in the order they were sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query(Vec<(String, String)>);

/// A query with a broken percent-escape, or one that does not decode to UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the query has an invalid percent-encoding")]
pub struct QueryError;

impl Query {
    /// Reads the part of a request target after its `?`, with `+` as a blank, as forms have it.
    ///
    /// # Errors
    /// [`QueryError`] if a name or value is not properly percent-encoded.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs.map(parameter).collect::<Option<_>>().map(Self).ok_or(QueryError)
    }

    /// The first value of `name`; a parameter without `=` has the empty value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in the order they were sent.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn parameter(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some((decode(name)?, decode(value)?))
}

fn decode(text: &str) -> Option<String> {
    Some(percent::decode(&text.replace('+', " "))?.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_found_by_name() {
        let query = Query::parse("digest=sha256%3Aab&mount&x=a+b&x=2&&=3").unwrap();
        assert_eq!(query.get("digest"), Some("sha256:ab"));
        assert_eq!(query.get("mount"), Some(""));
        assert_eq!(query.all("x").collect::<Vec<_>>(), ["a b", "2"]);
        assert_eq!(query.get("from"), None);
        assert_eq!(Query::parse("").unwrap(), Query::default());
    }

    #[test]
    fn broken_escapes_are_refused() {
        for bad in ["a=%", "%zz=1", "a=%ff"] {
            assert_eq!(Query::parse(bad), Err(QueryError), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(text in "[a-z%0-9=&+ä]{0,40}") {
            let _ = Query::parse(&text);
        }
    }
}
