//! `ETag` and `If-None-Match`: manifests and blobs are named by their digest, which never means
//! anything else (RFC 9110 §13.1.2).

use http::HeaderMap;
use http::header::IF_NONE_MATCH;
use wharfinger_core::Digest;

/// The entity tag of content with this digest.
pub(crate) fn etag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

/// Whether the client says that it has the content already.
pub(crate) fn is_known(headers: &HeaderMap, digest: &Digest) -> bool {
    if !headers.contains_key(IF_NONE_MATCH) {
        return false;
    }
    let etag = etag(digest);
    let same = |tag: &str| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    };
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // No digest holds a comma, so that a list may be cut at each of them.
    values.flat_map(|value| value.split(',')).any(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_digest_is_found_in_any_list() {
        let digest: Digest = format!("sha256:{}", "0a".repeat(32)).parse().unwrap();
        let known = |value: String| {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, value.parse().unwrap())]);
            is_known(&headers, &digest)
        };
        let tag = etag(&digest);
        assert!(known(tag.clone()));
        assert!(known(format!("W/{tag}")));
        assert!(known(format!("\"other\", {tag}")));
        assert!(known("*".to_owned()));
        assert!(!known(digest.to_string()));
        assert!(!known("\"other\"".to_owned()));
        assert!(!known(String::new()));
        assert!(!is_known(&HeaderMap::new(), &digest));
    }
}
