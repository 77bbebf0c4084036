//! Whatever is signed here verifies here, and no longer once a single part of it has changed.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;
use wharfinger_aws_protocol::query::Params;
use wharfinger_aws_protocol::sigv4::{
    EMPTY_BODY_SHA256, RequestParts, SignedRequest, Signer, SigningKey, body_sha256,
};
use wharfinger_aws_protocol::{json, sigv4::CredentialScope};
use wharfinger_core::Region;

use super::{ACCESS_KEY_ID, HeaderMap, HeaderName, HeaderValue, Request, SECRET, signed_at};

fn unsigned() -> impl Strategy<Value = Request> {
    let method = prop_oneof![Just("GET"), Just("POST"), Just("PUT")];
    let path = vec("[^/?#]{1,8}", 0..5).prop_map(|segments| {
        let encode = |text: &String| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!("/{}", segments.iter().map(encode).collect::<Vec<_>>().join("/"))
    });
    let query = vec((".{1,6}", ".{0,6}"), 0..5).prop_map(|pairs| {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("&"))
    });
    let headers = vec(("x-amz-[a-z]{4,6}", "[ -~é]{0,12}"), 0..5);
    (method, path, query, headers, any::<Vec<u8>>()).prop_map(
        |(method, path, query, extra, body)| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("localhost:4566"));
            for (name, value) in extra {
                let name: HeaderName = name.parse().unwrap();
                headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            Request { method: method.to_owned(), path, query, headers, body }
        },
    )
}

fn with_signer<T>(token: Option<&str>, run: impl FnOnce(Signer<'_>) -> T) -> T {
    let region: Region = "eu-central-1".parse().unwrap();
    run(Signer {
        access_key_id: ACCESS_KEY_ID,
        secret_access_key: SECRET,
        session_token: token,
        region: &region,
        service: "ecr",
    })
}

fn signed(mut request: Request, token: Option<&str>) -> Request {
    let added = with_signer(token, |signer| {
        signer.sign(&request.parts(), &body_sha256(&request.body), signed_at()).unwrap()
    });
    request.headers.extend(added);
    request
}

fn presigned(mut request: Request, token: Option<&str>) -> Request {
    request.body.clear();
    let query =
        with_signer(token, |signer| signer.presign(&request.parts(), 3_600, signed_at()).unwrap());
    request.query = Some(query);
    request
}

/// `text` with one of its letters or digits made another one.
fn flipped(text: &str, at: Index) -> Option<String> {
    // Not the digits of an escape: `%2f` and `%2F` are one character.
    let bytes = text.as_bytes();
    let escaped = |i: usize| (1..=2).any(|back| i >= back && bytes[i - back] == b'%');
    let places: Vec<usize> =
        (0..bytes.len()).filter(|i| bytes[*i].is_ascii_alphanumeric() && !escaped(*i)).collect();
    if places.is_empty() {
        return None;
    }
    let mut changed = bytes.to_vec();
    let place = places[at.index(places.len())];
    changed[place] = if changed[place] == b'Q' { b'R' } else { b'Q' };
    Some(String::from_utf8(changed).unwrap())
}

proptest! {
    #[test]
    fn signed_requests_verify(request in unsigned(), token in proptest::option::of("[!-~]{1,40}")) {
        let request = signed(request, token.as_deref());
        let read = request.verify(signed_at()).unwrap();
        prop_assert_eq!(read.access_key_id(), ACCESS_KEY_ID);
        prop_assert_eq!(read.session_token(), token.as_deref());
        prop_assert_eq!(read.check_scope("ecr", Some("eu-central-1")), Ok(()));
    }

    #[test]
    fn presigned_requests_verify(request in unsigned(), token in proptest::option::of(".{1,40}")) {
        let mut request = presigned(request, token.as_deref());
        let read = request.verify(signed_at()).unwrap();
        prop_assert_eq!(read.session_token(), token.as_deref());
        request.set("authorization", "Basic QVdTOnRva2Vu");
        prop_assert!(request.verify(signed_at()).is_ok(), "another Authorization is no matter");
    }

    #[test]
    fn a_changed_target_or_body_does_not_verify(
        request in unsigned(), presign in any::<bool>(), at in any::<Index>()
    ) {
        let request = if presign { presigned(request, None) } else { signed(request, None) };
        let mut changed = Vec::new();
        if let Some(path) = flipped(&request.path, at) {
            changed.push(Request { path, ..request.clone() });
        }
        if let Some(query) = request.query.as_deref().and_then(|query| flipped(query, at)) {
            changed.push(Request { query: Some(query), ..request.clone() });
        }
        let method = format!("{}S", request.method);
        changed.push(Request { method, ..request.clone() });
        let mut body = request.body.clone();
        body.push(0);
        changed.push(Request { body, ..request.clone() });
        if !request.body.is_empty() {
            let mut body = request.body.clone();
            body[at.index(request.body.len())] ^= 1;
            changed.push(Request { body, ..request });
        }
        for request in changed {
            prop_assert!(request.verify(signed_at()).is_err(), "{request:?}");
        }
    }

    #[test]
    fn a_changed_header_does_not_verify(
        request in unsigned(), presign in any::<bool>(),
        which in any::<Index>(), at in any::<Index>(),
    ) {
        let token = Some("token");
        let request = if presign { presigned(request, token) } else { signed(request, token) };
        let names: Vec<String> = request.headers.keys().map(ToString::to_string).collect();
        let name = &names[which.index(names.len())];
        let value = String::from_utf8(request.headers[name].as_bytes().to_vec()).unwrap();
        if let Some(value) = flipped(&value, at) {
            let mut changed = request.clone();
            let first = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            if let http::header::Entry::Occupied(mut entry) =
                changed.headers.entry(name.parse::<HeaderName>().unwrap())
            {
                *entry.get_mut() = first;
            }
            prop_assert!(changed.verify(signed_at()).is_err(), "{name}: {value}");
        }
        let mut removed = request.clone();
        removed.headers.remove(name);
        prop_assert!(removed.verify(signed_at()).is_err(), "without {name}");
        let mut added = request;
        added.set("x-amz-added", "1");
        prop_assert!(added.verify(signed_at()).is_err(), "with one more");
    }

    #[test]
    fn no_input_panics(
        path in any::<String>(), query in proptest::option::of(any::<String>()),
        values in vec(("authorization|x-amz-(date|security-token)|date|host", any::<Vec<u8>>()), 0..6),
        body in any::<Vec<u8>>(),
        date in "[0-9TZ+-]{15,17}",
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(name.parse::<HeaderName>().unwrap(), value);
            }
        }
        let _ = Params::parse(query.as_deref(), &body);
        let _ = json::Target::from_headers(&headers);
        let mut request = Request { method: "GET".to_owned(), path, query, headers, body };
        let _ = request.verify(signed_at());
        request.set("x-amz-date", &date).set(
            "authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential=A/20260301/us-east-1/ecr/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={date}"
            ),
        );
        prop_assert!(request.verify(signed_at()).is_err());
    }

    #[test]
    fn no_fields_panic(rest in "(Credential=|SignedHeaders=|Signature=|[a-z0-9/;,= ]){0,12}") {
        let mut headers = HeaderMap::new();
        let text = format!("AWS4-HMAC-SHA256 {rest}");
        headers.insert("authorization", HeaderValue::from_str(&text).unwrap());
        headers.insert("x-amz-date", HeaderValue::from_static("20260301T123000Z"));
        let parts = RequestParts { method: "GET", path: "/", query: None, headers: &headers };
        if let Ok(read) = SignedRequest::from_request(&parts) {
            prop_assert!(read.verify(&parts, &EMPTY_BODY_SHA256, SECRET, signed_at()).is_err());
        }
    }
}

#[test]
fn a_key_is_derived_once_for_many_requests() {
    let scope = CredentialScope::new(signed_at(), "eu-central-1".parse().unwrap(), "ecr");
    let key = SigningKey::derive(SECRET, &scope);
    assert_eq!(key.scope().to_string(), "20260301/eu-central-1/ecr/aws4_request");
    for body in ["", "{}"] {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("localhost:4566"));
        let body = body.as_bytes().to_vec();
        let (method, path) = ("POST".to_owned(), "/".to_owned());
        let request = signed(Request { method, path, query: None, headers, body }, None);
        let read = SignedRequest::from_request(&request.parts()).unwrap();
        let hash = body_sha256(&request.body);
        assert_eq!(read.verify_with_key(&request.parts(), &hash, &key, signed_at()), Ok(()));
    }
}
