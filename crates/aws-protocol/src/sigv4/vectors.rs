//! AWS's own signing test suite against the canonicaliser, the verifier and the signer.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use wharfinger_core::{Region, Timestamp};

use super::canonical::{canonical_request, string_to_sign};
use super::{
    EMPTY_BODY_SHA256, InvalidSignature, RequestParts, SigV4Error, SignatureKind, SignedRequest,
    Signer, SigningKey, body_sha256,
};

const VECTORS: &str = include_str!("../../tests/data/sigv4_vectors.jsonl");

/// Signed as S3 signs, with the path as it stands, though it has something to resolve. No service
/// here is signed for so; such a signature must not verify.
const UNRESOLVED_PATH: [&str; 6] = [
    "get-relative-relative-unnormalized",
    "get-relative-unnormalized",
    "get-slash-dot-slash-unnormalized",
    "get-slash-pointless-dot-unnormalized",
    "get-slash-unnormalized",
    "get-slashes-unnormalized",
];
/// The session token was added after signing. Every `x-amz-*` header must be signed here, and
/// every parameter is.
const TOKEN_UNSIGNED: &str = "post-sts-header-after";

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
    resolves: bool,
    body: String,
    header: Option<Form>,
    query: Option<Form>,
}

#[derive(Deserialize)]
struct Form {
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    canonical: String,
    string_to_sign: String,
}

impl Form {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn parts<'a>(&'a self, headers: &'a HeaderMap) -> RequestParts<'a> {
        let query = self.query.as_deref();
        RequestParts { method: &self.method, path: &self.path, query, headers }
    }
}

fn vectors() -> Vec<Vector> {
    VECTORS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Each form of each vector with the signature that was read from it.
fn each_form(mut check: impl FnMut(&Vector, &Form, &HeaderMap, &SignedRequest)) {
    let mut forms = 0;
    for vector in vectors() {
        for form in vector.header.iter().chain(&vector.query) {
            let headers = form.headers();
            let signed = SignedRequest::from_request(&form.parts(&headers)).unwrap();
            check(&vector, form, &headers, &signed);
            forms += 1;
        }
    }
    assert_eq!(forms, 78, "40 vectors, 38 of them in both forms");
}

fn is_unresolved(vector: &Vector) -> bool {
    let listed = UNRESOLVED_PATH.contains(&vector.name.as_str());
    assert!(!(listed && vector.resolves));
    listed
}

#[test]
fn canonical_requests_and_strings_to_sign_are_those_of_the_suite() {
    each_form(|vector, form, headers, signed| {
        if is_unresolved(vector) {
            return;
        }
        let mut parts = form.parts(headers);
        let query = form.query.as_deref().map(without_token);
        if vector.name == TOKEN_UNSIGNED {
            parts.query = query.as_deref();
        }
        let body = body_sha256(vector.body.as_bytes());
        let canonical = canonical_request(&parts, signed.signed_headers(), &body).unwrap();
        assert_eq!(canonical, form.canonical, "{}", vector.name);
        let string = string_to_sign(signed.timestamp(), signed.scope(), &canonical);
        assert_eq!(string, form.string_to_sign, "{}", vector.name);
    });
}

#[test]
fn signatures_of_the_suite_verify() {
    each_form(|vector, form, headers, signed| {
        let body = body_sha256(vector.body.as_bytes());
        let now = signed.timestamp();
        let verify = |headers, query: Option<&str>| {
            let parts = RequestParts { query, ..form.parts(headers) };
            let signed = SignedRequest::from_request(&parts).unwrap();
            signed.verify(&parts, &body, &vector.secret, now)
        };
        let result = verify(headers, form.query.as_deref());
        if is_unresolved(vector) {
            assert_eq!(result, Err(InvalidSignature::Mismatch.into()), "{}", vector.name);
        } else if vector.name == TOKEN_UNSIGNED {
            let expected = match signed.kind() {
                SignatureKind::Header => {
                    InvalidSignature::UnsignedHeader("x-amz-security-token".to_owned())
                }
                SignatureKind::Presigned { .. } => InvalidSignature::Mismatch,
            };
            assert_eq!(result, Err(expected.into()));
            let mut without = headers.clone();
            without.remove("x-amz-security-token");
            let query = form.query.as_deref().map(without_token);
            assert_eq!(verify(&without, query.as_deref()), Ok(()), "as it was signed");
        } else {
            assert_eq!(result, Ok(()), "{}", vector.name);
        }
    });
}

#[test]
fn signing_makes_the_signatures_of_the_suite() {
    let mut made = 0;
    each_form(|vector, form, headers, signed| {
        if is_unresolved(vector) || vector.name == TOKEN_UNSIGNED {
            return;
        }
        let region: &Region = &signed.scope().region;
        let signer = Signer {
            access_key_id: signed.access_key_id(),
            secret_access_key: &vector.secret,
            session_token: signed.session_token(),
            region,
            service: &signed.scope().service,
        };
        match signed.kind() {
            SignatureKind::Header => {
                let mut unsigned = headers.clone();
                for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
                    unsigned.remove(name);
                }
                let body = body_sha256(vector.body.as_bytes());
                let added = signer.sign(&form.parts(&unsigned), &body, signed.timestamp()).unwrap();
                assert_eq!(added["authorization"], headers["authorization"], "{}", vector.name);
                made += 1;
            }
            SignatureKind::Presigned { expires_seconds } => {
                if signed.signed_headers() != ["host"] {
                    return; // Presigning signs fewer headers here.
                }
                let query = form.query.as_deref().unwrap();
                let plain: Vec<&str> =
                    query.split('&').filter(|pair| !pair.starts_with("X-Amz-")).collect();
                let plain = plain.join("&");
                let parts = RequestParts { query: Some(&plain), ..form.parts(headers) };
                let query = signer.presign(&parts, expires_seconds, signed.timestamp()).unwrap();
                let parts = RequestParts { query: Some(&query), ..parts };
                let again = SignedRequest::from_request(&parts).unwrap();
                assert_eq!(again.signature.expose(), signed.signature.expose(), "{}", vector.name);
                made += 1;
            }
        }
    });
    assert_eq!(made, 33 + 23, "all in the header form; presigned, those that sign host alone");
}

#[test]
fn a_derived_key_is_good_for_its_scope_alone() {
    each_form(|vector, form, headers, signed| {
        if is_unresolved(vector) || vector.name == TOKEN_UNSIGNED {
            return;
        }
        let verify = |key: &SigningKey| {
            let body = body_sha256(vector.body.as_bytes());
            signed.verify_with_key(&form.parts(headers), &body, key, signed.timestamp())
        };
        assert_eq!(verify(&SigningKey::derive(&vector.secret, signed.scope())), Ok(()));
        let mut scope = signed.scope().clone();
        scope.service.push('2');
        let mismatch: Result<(), SigV4Error> = Err(InvalidSignature::Mismatch.into());
        assert_eq!(verify(&SigningKey::derive(&vector.secret, &scope)), mismatch);
        assert_eq!(verify(&SigningKey::derive("other", signed.scope())), mismatch);
    });
}

#[test]
fn the_empty_hash_and_the_debug_forms_are_right() {
    assert_eq!(body_sha256(b""), EMPTY_BODY_SHA256);
    let vector = &vectors()[2];
    let form = vector.query.as_ref().unwrap();
    let headers = form.headers();
    let parts = form.parts(&headers);
    let signed = SignedRequest::from_request(&parts).unwrap();
    let key = SigningKey::derive(&vector.secret, signed.scope());
    let shown = format!("{parts:?} {signed:?} {key:?}");
    assert!(!shown.contains(signed.signature.expose().as_str()));
    assert!(!shown.contains(&vector.secret));
    assert_eq!(signed.timestamp(), Timestamp::parse_amz_date("20150830T123600Z").unwrap());
}

fn without_token(query: &str) -> String {
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.starts_with("X-Amz-Security-Token")).collect();
    kept.join("&")
}
