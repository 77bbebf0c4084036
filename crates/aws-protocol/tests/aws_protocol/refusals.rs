//! What is refused, and in which words.

use std::time::Duration;

use wharfinger_aws_protocol::sigv4::{
    AUTHORIZATION_BYTES_MAX, InvalidSignature, SESSION_TOKEN_BYTES_MAX, SigV4Error, Signer,
    TARGET_BYTES_MAX, body_sha256,
};
use wharfinger_core::Timestamp;

use super::{ACCESS_KEY_ID, HeaderMap, HeaderValue, Request, SECRET, signed_at};

const DAY: Duration = Duration::from_secs(86_400);

fn plain() -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost:4566"));
    let (method, path) = ("POST".to_owned(), "/".to_owned());
    Request { method, path, query: None, headers, body: b"{}".to_vec() }
}

fn sign(mut request: Request) -> Request {
    let region = "eu-central-1".parse().unwrap();
    let added =
        signer(&region).sign(&request.parts(), &body_sha256(&request.body), signed_at()).unwrap();
    request.headers.extend(added);
    request
}

fn presign(mut request: Request, expires_seconds: u32) -> Request {
    let region = "eu-central-1".parse().unwrap();
    request.body.clear();
    let query = signer(&region).presign(&request.parts(), expires_seconds, signed_at());
    request.query = Some(query.unwrap());
    request
}

fn signer(region: &wharfinger_core::Region) -> Signer<'_> {
    Signer {
        access_key_id: ACCESS_KEY_ID,
        secret_access_key: SECRET,
        session_token: None,
        region,
        service: "ecr",
    }
}

fn message(request: &Request) -> String {
    request.verify(signed_at()).unwrap_err().message()
}

/// The `Authorization` of `request` with `from` made `to`.
fn reworded(request: &Request, from: &str, to: &str) -> Request {
    let text = request.headers["authorization"].to_str().unwrap();
    assert!(text.contains(from), "{from}");
    let text = text.replace(from, to);
    let mut request = request.clone();
    request.set("authorization", &text);
    request
}

/// The query of `request` with `from` made `to`.
fn requeried(request: &Request, from: &str, to: &str) -> Request {
    let query = request.query.as_deref().unwrap();
    assert!(query.contains(from), "{from}");
    Request { query: Some(query.replace(from, to)), ..request.clone() }
}

fn is_incomplete(request: &Request) -> bool {
    matches!(request.verify(signed_at()), Err(SigV4Error::IncompleteSignature(_)))
}

#[test]
fn nothing_at_all_is_a_missing_token() {
    assert_eq!(plain().verify(signed_at()).unwrap_err(), SigV4Error::MissingAuthenticationToken);
    let mut request = plain();
    request.query = Some("Action=GetCallerIdentity".to_owned());
    assert_eq!(message(&request), "Missing Authentication Token");
}

#[test]
fn missing_parts_are_listed() {
    let mut request = plain();
    request.set("authorization", "AWS4-HMAC-SHA256");
    assert_eq!(
        message(&request),
        "Authorization header requires 'Credential' parameter. Authorization header requires \
         'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. \
         Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
    );
    let request = requeried(&presign(plain(), 60), "X-Amz-Expires", "X-Amz-Other");
    assert_eq!(
        message(&request),
        "AWS query-string parameters must include 'X-Amz-Expires'. Re-examine the query-string \
         parameters."
    );
    let mut request = plain();
    request.query = Some("X-Amz-Algorithm=AWS4-HMAC-SHA256".to_owned());
    assert!(message(&request).contains("must include 'X-Amz-Signature'."));
}

#[test]
fn malformed_signatures_are_incomplete() {
    let good = sign(plain());
    assert!(good.verify(signed_at()).is_ok());
    for (from, to) in [
        ("AWS4-HMAC-SHA256", "Bearer"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("SignedHeaders=", "SignedHeaders"),
        ("Signature=", "Signature=0, Signature="),
        ("/ecr/", "/"),
        ("/ecr/", "/ecr/more/"),
        ("/ecr/", "//"),
        ("/20260301/", "/2026031/"),
        ("host;x-amz-date", "x-amz-date;host"),
        ("host;x-amz-date", "host;host;x-amz-date"),
        ("host;x-amz-date", "Host;x-amz-date"),
        ("host;x-amz-date", "host;;x-amz-date"),
        (ACCESS_KEY_ID, ""),
    ] {
        assert!(is_incomplete(&reworded(&good, from, to)), "{from} -> {to}");
    }
    for date in ["", "2026-03-01T12:30:00Z", "20260301T123000", "+0260301T123000Z"] {
        let mut request = good.clone();
        request.set("x-amz-date", date);
        assert!(is_incomplete(&request), "{date}");
    }
    let spaceless = reworded(&good, ", ", ",");
    assert!(spaceless.verify(signed_at()).is_ok(), "spaces after commas are optional");
}

#[test]
fn malformed_presigned_queries_are_incomplete() {
    let good = presign(plain(), 60);
    assert!(good.verify(signed_at()).is_ok());
    for (from, to) in [
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60", "X-Amz-Expires=%2B60"),
        ("X-Amz-Expires=60", "X-Amz-Expires="),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=61"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz%2DExpires=60"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Security-Token=%FF"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("X-Amz-Date=20260301T", "X-Amz-Date=20260332T"),
    ] {
        assert!(is_incomplete(&requeried(&good, from, to)), "{from} -> {to}");
    }
}

#[test]
fn repeated_unreadable_and_huge_headers_are_refused() {
    let good = sign(plain());
    for name in ["authorization", "x-amz-date"] {
        let mut request = good.clone();
        request.headers.append(name, good.headers[name].clone());
        assert!(is_incomplete(&request), "{name}");
        let mut request = good.clone();
        request.headers.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(is_incomplete(&request), "{name}");
    }
    let mut request = good.clone();
    request.set("authorization", &"A".repeat(AUTHORIZATION_BYTES_MAX + 1));
    assert!(is_incomplete(&request));
    let mut request = good.clone();
    request.set("x-amz-security-token", &"A".repeat(SESSION_TOKEN_BYTES_MAX + 1));
    assert_eq!(request.verify(signed_at()).unwrap_err(), SigV4Error::UnrecognizedClient);
    let long = "a".repeat(TARGET_BYTES_MAX + 1);
    assert!(is_incomplete(&Request { path: long.clone(), ..good.clone() }));
    assert!(is_incomplete(&Request { query: Some(long), ..good.clone() }));
    let names: Vec<String> = (0..200).map(|n| format!("h{n:03}")).collect();
    assert!(is_incomplete(&reworded(&good, "host;", &format!("{};host;", names.join(";")))));
    let request = reworded(&good, ACCESS_KEY_ID, &"A".repeat(129));
    assert_eq!(request.verify(signed_at()).unwrap_err(), SigV4Error::UnrecognizedClient);
}

#[test]
fn what_changes_the_meaning_must_be_signed() {
    let good = sign(plain());
    let unsigned = |name: &str| Err(InvalidSignature::UnsignedHeader(name.to_owned()).into());
    let verify = |request: &Request| request.verify(signed_at()).map(|_| ());
    assert_eq!(verify(&reworded(&good, "host;", "")), unsigned("Host"));
    assert_eq!(verify(&reworded(&good, ";x-amz-date", "")), unsigned("x-amz-date"));
    let mut request = good.clone();
    request.set("x-amz-target", "A.B");
    assert_eq!(verify(&request), unsigned("x-amz-target"));
    let mut request = good.clone();
    request.set("user-agent", "any");
    assert_eq!(verify(&request), Ok(()));
    let mut request = reworded(&good, ";x-amz-date", "");
    request.headers.remove("x-amz-date");
    request.set("date", "Sun, 01 Mar 2026 12:30:00 GMT");
    assert_eq!(verify(&request), unsigned("date"));
}

#[test]
fn a_declared_body_hash_is_held_to() {
    let hash = hex::encode(body_sha256(b"{}"));
    let mut request = plain();
    request.set("x-amz-content-sha256", &hash);
    assert!(sign(request).verify(signed_at()).is_ok());
    for wrong in ["UNSIGNED-PAYLOAD", "", &hash.to_uppercase(), &hash.replace('4', "5")] {
        let mut request = plain();
        request.set("x-amz-content-sha256", wrong);
        let error = sign(request).verify(signed_at()).unwrap_err();
        assert_eq!(error, InvalidSignature::WrongBodyHash.into(), "{wrong}");
    }
}

#[test]
fn a_signature_in_capitals_is_another_signature() {
    let good = sign(plain());
    let text = good.headers["authorization"].to_str().unwrap();
    let (_, signature) = text.split_once("Signature=").unwrap();
    for other in [signature.to_uppercase(), signature[1..].to_owned(), format!("{signature}0")] {
        let error = reworded(&good, signature, &other).verify(signed_at()).unwrap_err();
        assert_eq!(error, InvalidSignature::Mismatch.into());
    }
}

#[test]
fn a_request_is_good_for_fifteen_minutes_either_way() {
    let request = sign(plain());
    let skew = Duration::from_secs(900);
    for now in [signed_at().minus(skew), signed_at(), signed_at().plus(skew)] {
        assert!(request.verify(now).is_ok(), "{now}");
    }
    let late = request.verify(signed_at().plus(Duration::from_secs(901))).unwrap_err();
    assert_eq!(
        late.message(),
        "Signature expired: 20260301T123000Z is now earlier than 20260301T123001Z \
         (20260301T124501Z - 15 min.)"
    );
    let early = request.verify(signed_at().minus(Duration::from_secs(901))).unwrap_err();
    assert_eq!(
        early.message(),
        "Signature not yet current: 20260301T123000Z is still later than 20260301T122959Z \
         (20260301T121459Z + 15 min.)"
    );
    for now in [Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)] {
        assert!(request.verify(now).is_err());
    }
}

#[test]
fn a_presigned_url_is_good_until_it_expires() {
    let request = presign(plain(), 3_600);
    for now in [signed_at().minus(Duration::from_secs(900)), signed_at().plus(DAY / 24)] {
        assert!(request.verify(now).is_ok(), "{now}");
    }
    let late = request.verify(signed_at().plus(Duration::from_secs(3_601))).unwrap_err();
    assert_eq!(
        late.message(),
        "Signature expired: 20260301T133000Z is now earlier than 20260301T133001Z"
    );
    assert!(request.verify(signed_at().minus(Duration::from_secs(901))).is_err());
    assert!(presign(plain(), 604_800).verify(signed_at().plus(7 * DAY)).is_ok());
    for expires_seconds in [0, 604_801] {
        let region = "eu-central-1".parse().unwrap();
        let request = plain();
        let result = signer(&region).presign(&request.parts(), expires_seconds, signed_at());
        assert!(result.is_err(), "{expires_seconds}");
    }
}

#[test]
fn scopes_that_fit_nothing_are_refused() {
    let good = sign(plain());
    for (from, to, expected) in [
        (
            "/20260301/",
            "/20260302/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20260302' != '20260301', from '20260301T123000Z'.",
        ),
        ("/eu-central-1/", "/EU/", "Credential should be scoped to a valid region."),
        (
            "aws4_request",
            "aws3_request",
            "Credential should be scoped with a valid terminator: 'aws4_request'.",
        ),
    ] {
        assert_eq!(message(&reworded(&good, from, to)), expected);
    }
    let signed = good.verify(signed_at()).unwrap();
    assert_eq!(signed.check_scope("ecr", None), Ok(()));
    assert_eq!(
        signed.check_scope("sts", None).unwrap_err().message(),
        "Credential should be scoped to correct service: 'sts'."
    );
    assert_eq!(
        signed.check_scope("ecr", Some("us-east-1")).unwrap_err().message(),
        "Credential should be scoped to a valid region."
    );
}

#[test]
fn signing_twice_or_without_a_host_is_an_error() {
    let region = "eu-central-1".parse().unwrap();
    let signer = signer(&region);
    let request = presign(plain(), 60);
    assert!(signer.presign(&request.parts(), 60, signed_at()).is_err());
    let mut request = plain();
    request.headers.remove("host");
    assert!(signer.sign(&request.parts(), &body_sha256(b""), signed_at()).is_err());
    assert!(signer.presign(&request.parts(), 60, signed_at()).is_err());
}
