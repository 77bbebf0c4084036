//! Which of the two AWS protocols a request speaks.

use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use wharfinger_aws_protocol::json;

const FORM: &str = "application/x-www-form-urlencoded";

/// A protocol of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// AWS JSON 1.1: ECR, ECR Public.
    Json,
    /// Query: STS.
    Query,
}

impl Dialect {
    /// The dialect of a request; none if it is of neither.
    pub(crate) fn of(head: &Parts) -> Option<Self> {
        if head.headers.contains_key(json::TARGET) {
            return Some(Self::Json);
        }
        let has_action = |query: &str| {
            query.split('&').any(|pair| pair.split('=').next().is_some_and(|key| key == "Action"))
        };
        let query =
            head.method == Method::GET && head.uri.query().is_some_and(has_action) || is_form(head);
        query.then_some(Self::Query)
    }
}

fn is_form(head: &Parts) -> bool {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next());
    head.method == Method::POST
        && media_type.is_some_and(|text| text.trim().eq_ignore_ascii_case(FORM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<Dialect> {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Dialect::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_target_comes_before_the_form() {
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let target = ("x-amz-target", "A.B");
        assert_eq!(dialect("POST", "/", &[form, target]), Some(Dialect::Json));
        assert_eq!(dialect("POST", "/", &[form]), Some(Dialect::Query));
        assert_eq!(dialect("GET", "/?Version=1&Action=X", &[]), Some(Dialect::Query));
        assert_eq!(dialect("GET", "/?Actions=X", &[]), None);
        assert_eq!(dialect("PUT", "/?Action=X", &[form]), None);
        assert_eq!(dialect("POST", "/", &[("content-type", "application/json")]), None);
    }
}
