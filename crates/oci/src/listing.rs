//! Pages: of tags, of repositories and of referrers (OCI Distribution, "Content Discovery").

use std::collections::BTreeMap;
use std::fmt::Display;

use percent_encoding::utf8_percent_encode;
use serde::{Serialize, Serializer};
use thiserror::Error;
use wharfinger_core::Digest;
use wharfinger_core::limits::PAGE_DEFAULT;

use crate::media_type::OCI_INDEX;
use crate::percent::RESERVED;
use crate::query::Query;

/// Which page of a listing is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The largest number of elements to list, 0 to the most that the list allows. Zero asks for an
    /// empty list without a link.
    pub limit: u32,
    /// List what comes after this: the name of a tag or repository, or whatever the link to this
    /// page said. Not validated.
    pub last: Option<String>,
}

/// `n` is not a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the parameter n must be a number, 0 or more")]
pub struct PageError;

impl Page {
    /// Reads `n` and `last`. Without `n` (or with an empty one) a page has [`PAGE_DEFAULT`]
    /// elements. More than `limit_max` is taken to mean that many: ECR refuses it, while OCI
    /// Distribution lets a registry answer with fewer elements than were asked for.
    ///
    /// # Errors
    /// [`PageError`] if `n` is not a string of decimal digits.
    pub fn of_query(query: &Query, limit_max: u32) -> Result<Self, PageError> {
        let limit = match query.get("n") {
            None | Some("") => PAGE_DEFAULT,
            Some(n) if n.bytes().all(|byte| byte.is_ascii_digit()) => {
                n.parse().unwrap_or(limit_max).min(limit_max)
            }
            Some(_) => return Err(PageError),
        };
        let last = query.get("last").filter(|last| !last.is_empty()).map(str::to_owned);
        Ok(Self { limit, last })
    }

    /// The `Link` value that leads from this page to the one after the element `last`, with the
    /// same `n`. See [`next_link`].
    pub fn next_link(&self, origin: &str, path: &impl Display, last: &str) -> String {
        next_link(origin, path, &[("last", last), ("n", &self.limit.to_string())])
    }
}

/// A `Link` value: `<origin + route?parameters>; rel="next"` (RFC 8288), the parameters
/// percent-encoded.
///
/// `origin` is `scheme://host[:port]` and is put in as it is, or empty for a link relative to
/// the host.
pub fn next_link(origin: &str, path: &impl Display, parameters: &[(&str, &str)]) -> String {
    let query: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, RESERVED)))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("<{origin}{path}{mark}{}>; rel=\"next\"", query.join("&"))
}

/// The body of `GET /v2/<name>/tags/list` [end-8a]. No tags are an empty list, never `null`.
#[derive(Clone, Debug, Serialize)]
#[serde(bound = "I: Iterator<Item = &'a str> + Clone")]
pub struct TagList<'a, I> {
    /// The repository's name.
    pub name: &'a str,
    /// Its tags, in lexical order.
    #[serde(serialize_with = "each")]
    pub tags: I,
}

fn each<'a, I, S>(texts: &I, serializer: S) -> Result<S::Ok, S::Error>
where
    I: Iterator<Item = &'a str> + Clone,
    S: Serializer,
{
    serializer.collect_seq(texts.clone())
}

/// The body of `GET /v2/_catalog` (docker's registry API; OCI leaves it out).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Catalog<'a> {
    /// Names of repositories, in lexical order.
    pub repositories: Vec<&'a str>,
}

/// The body of `GET /v2/<name>/referrers/<digest>` [end-12a]: an OCI index, to be sent as
/// [`OCI_INDEX`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferrersIndex<'a> {
    schema_version: u32,
    media_type: &'static str,
    manifests: Vec<Referrer<'a>>,
}

impl<'a> ReferrersIndex<'a> {
    /// The index of `manifests`, which may be none.
    pub fn new(manifests: Vec<Referrer<'a>>) -> Self {
        Self { schema_version: 2, media_type: OCI_INDEX, manifests }
    }
}

/// The descriptor of one manifest that has the asked digest as its subject.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Referrer<'a> {
    /// The manifest's media type.
    pub media_type: &'a str,
    /// The manifest's digest.
    #[serde(serialize_with = "as_text")]
    pub digest: Digest,
    /// Bytes of the manifest.
    pub size: u64,
    /// The manifest's `artifactType`, else the media type of its config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<&'a str>,
    /// The manifest's annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<&'a str, &'a str>,
}

fn as_text<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::path::Route;

    fn page(query: &str) -> Result<Page, PageError> {
        Page::of_query(&Query::parse(query).unwrap(), 1000)
    }

    #[test]
    fn n_is_defaulted_and_clamped() {
        for (query, limit) in [
            ("", 100),
            ("n=", 100),
            ("n=0", 0),
            ("n=7", 7),
            ("n=1000", 1000),
            ("n=1001", 1000),
            ("n=99999999999999999999", 1000),
        ] {
            assert_eq!(page(query), Ok(Page { limit, last: None }), "{query:?}");
        }
        for query in ["n=-1", "n=ten", "n=1.5", "n=%201", "n=+1"] {
            assert_eq!(page(query), Err(PageError), "{query:?}");
        }
    }

    #[test]
    fn the_link_leads_on() {
        let page = page("n=2&last=v1").unwrap();
        assert_eq!(page.last.as_deref(), Some("v1"));
        let route = Route::TagsList { name: "team/app".parse().unwrap() };
        assert_eq!(
            page.next_link("https://example.com:5000", &route, "v1.2"),
            "<https://example.com:5000/v2/team/app/tags/list?last=v1.2&n=2>; rel=\"next\""
        );
        assert_eq!(next_link("", &Route::Catalog, &[]), "</v2/_catalog>; rel=\"next\"");
    }

    #[test]
    fn bodies_have_the_shape_of_the_specification() {
        for (tags, expected) in [
            (&[][..], r#"{"name":"ab","tags":[]}"#),
            (&["a", "b"], r#"{"name":"ab","tags":["a","b"]}"#),
        ] {
            let list = TagList { name: "ab", tags: tags.iter().copied() };
            assert_eq!(serde_json::to_string(&list).unwrap(), expected);
        }
        let catalog = Catalog { repositories: vec!["ab", "c/d"] };
        assert_eq!(serde_json::to_string(&catalog).unwrap(), r#"{"repositories":["ab","c/d"]}"#);
        let digest = format!("sha256:{}", "0".repeat(64));
        let referrers = ReferrersIndex::new(vec![Referrer {
            media_type: "m",
            digest: digest.parse().unwrap(),
            size: 3,
            artifact_type: Some("a/b"),
            annotations: BTreeMap::new(),
        }]);
        assert_eq!(
            serde_json::to_string(&referrers).unwrap(),
            format!(
                r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":"m","digest":"{digest}","size":3,"artifactType":"a/b"}}]}}"#
            )
        );
    }

    proptest! {
        #[test]
        fn whatever_follows_last_survives_the_link(last in ".{1,40}", limit in 0..=1000u32) {
            let link = Page { limit, last: None }.next_link("", &Route::Catalog, &last);
            prop_assert!(link.is_ascii());
            let query = link.strip_prefix("</v2/_catalog?").and_then(|l| l.strip_suffix(">; rel=\"next\""));
            prop_assert_eq!(page(query.unwrap()), Ok(Page { limit, last: Some(last) }));
        }
    }
}
