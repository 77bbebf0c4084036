//! The canonical request and the string to sign (AWS "Create a signed AWS API request", steps 1
//! to 3), in the form of every service but S3.

use std::borrow::Cow;

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use wharfinger_core::Timestamp;

use super::{
    ALGORITHM, CredentialScope, InvalidSignature, RequestParts, SigV4Error, TARGET_BYTES_MAX,
    body_sha256,
};

/// RFC 3986: everything but the unreserved characters is encoded.
pub(super) const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');
pub(super) const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// One name and value of a query, decoded. Bytes, because what they encode need not be UTF-8.
pub(super) type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Six lines: method, path, query, headers, signed header names, body hash.
pub(super) fn canonical_request(
    parts: &RequestParts<'_>,
    signed_headers: &[String],
    body_sha256: &[u8; 32],
) -> Result<String, SigV4Error> {
    if parts.path.len() > TARGET_BYTES_MAX {
        return Err(SigV4Error::incomplete("The path of the request is too long."));
    }
    let mut text = format!(
        "{}\n{}\n{}\n",
        parts.method,
        canonical_path(parts.path),
        canonical_query(parts.query.unwrap_or_default())
    );
    for name in signed_headers {
        push_header(&mut text, name, parts.headers)?;
    }
    text.push('\n');
    text.push_str(&signed_headers.join(";"));
    text.push('\n');
    text.push_str(&hex::encode(body_sha256));
    Ok(text)
}

/// Four lines: algorithm, time, scope, hash of the canonical request.
pub(super) fn string_to_sign(at: Timestamp, scope: &CredentialScope, canonical: &str) -> String {
    let hash = hex::encode(body_sha256(canonical.as_bytes()));
    format!("{ALGORITHM}\n{}\n{scope}\n{hash}", at.amz_date())
}

/// The pairs of a query in their order; a name without `=` has an empty value. `+` stands for
/// itself: a signer writes a space as `%20`.
pub(super) fn query_pairs(query: &str) -> impl Iterator<Item = Pair<'_>> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode_str(name).into(), percent_decode_str(value).into())
    })
}

/// The path with its empty and dot segments resolved, and then encoded once more: it is already
/// encoded as it stands on the request line, so the result is encoded twice.
fn canonical_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let mut text = String::with_capacity(path.len() + 1);
    for segment in &segments {
        text.push('/');
        text.extend(percent_encode(segment.as_bytes(), ENCODED_IN_PATH));
    }
    if segments.is_empty() || path.ends_with('/') {
        text.push('/');
    }
    text
}

/// Names and values encoded anew, sorted by name and then value, without the signature itself.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query_pairs(query)
        .filter(|(name, _)| name.as_ref() != SIGNATURE_PARAMETER.as_bytes())
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

/// `name:value`, the values of a repeated header joined by commas in their order.
fn push_header(text: &mut String, name: &str, headers: &HeaderMap) -> Result<(), SigV4Error> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        // Signed, but lost on the way: then the signature cannot be what was signed.
        return Err(InvalidSignature::Mismatch.into());
    }
    text.push_str(name);
    let mut separator = ':';
    for value in values {
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| SigV4Error::incomplete("A signed header is not UTF-8."))?;
        text.push(separator);
        push_trimmed(text, value);
        separator = ',';
    }
    text.push('\n');
    Ok(())
}

/// The value without space at its ends, and with one space for each run of spaces.
fn push_trimmed(text: &mut String, value: &str) {
    let mut words = value.split([' ', '\t']).filter(|word| !word.is_empty());
    text.push_str(words.next().unwrap_or_default());
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_and_encoded_once_more() {
        for (raw, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//a//b/", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/../..", "/"),
            ("/a%2Fb%20c", "/a%252Fb%2520c"),
            ("/ሴ@:~", "/%E1%88%B4%40%3A~"),
            ("no-slash", "/no-slash"),
        ] {
            assert_eq!(canonical_path(raw), canonical, "{raw}");
        }
    }

    #[test]
    fn queries_are_sorted_after_encoding_and_lose_the_signature() {
        for (raw, canonical) in [
            ("", ""),
            ("b=2&a=1&a=0&c", "a=0&a=1&b=2&c="),
            ("a=1&&X-Amz-Signature=00&X%2DAmz%2DSignature=11&", "a=1"),
            ("a%3Db=c", "a%3Db=c"),
            ("a=b=c", "a=b%3Dc"),
            ("a=%2f+%7e&B=%FF", "B=%FF&a=%2F%2B~"),
            ("a-=1&a=2&a%20=3", "a=2&a%20=3&a-=1"),
        ] {
            assert_eq!(canonical_query(raw), canonical, "{raw}");
        }
    }

    #[test]
    fn header_values_are_trimmed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("a", "  x \t y  ".parse().unwrap());
        headers.append("a", "".parse().unwrap());
        headers.append("a", "\"q   q\"".parse().unwrap());
        let mut text = String::new();
        push_header(&mut text, "a", &headers).unwrap();
        assert_eq!(text, "a:x y,,\"q q\"\n");
        assert!(push_header(&mut text, "b", &headers).is_err());
    }
}
