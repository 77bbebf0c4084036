//! Proving a signature against the request it came with, the secret and the time.

use std::time::Duration;

use http::HeaderMap;
use subtle::ConstantTimeEq;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::SIGNATURE_SKEW_SECONDS_MAX;

use super::canonical::{canonical_request, string_to_sign};
use super::{
    InvalidSignature, RequestParts, SigV4Error, SignatureKind, SignedRequest, SigningKey, day,
};

const SKEW: Duration = Duration::from_secs(SIGNATURE_SKEW_SECONDS_MAX);
const CONTENT_SHA256: &str = "x-amz-content-sha256";

impl SignedRequest {
    /// Whether the request was signed with `secret_access_key`, for now, and whole.
    ///
    /// `parts` are those the signature was read from, `body_sha256` the hash of the body that was
    /// received (of no bytes for a presigned GET). The skew allowed is ECR's 15 minutes. The path
    /// that is compared is the resolved one: a route must not give `/a/../b` another meaning than
    /// `/b`.
    pub fn verify(
        &self,
        parts: &RequestParts<'_>,
        body_sha256: &[u8; 32],
        secret_access_key: &str,
        now: Timestamp,
    ) -> Result<(), SigV4Error> {
        let key = SigningKey::derive(secret_access_key, &self.scope);
        self.verify_with_key(parts, body_sha256, &key, now)
    }

    /// [`SignedRequest::verify`] with a key that was derived before. A key of another scope
    /// matches nothing.
    pub fn verify_with_key(
        &self,
        parts: &RequestParts<'_>,
        body_sha256: &[u8; 32],
        key: &SigningKey,
        now: Timestamp,
    ) -> Result<(), SigV4Error> {
        self.check_signed_headers(parts.headers)?;
        check_body_hash(parts.headers, body_sha256)?;
        self.check_time(now)?;
        let canonical = canonical_request(parts, &self.signed_headers, body_sha256)?;
        let signature = key.signature(&string_to_sign(self.timestamp, &self.scope, &canonical));
        let same = signature.as_bytes().ct_eq(self.signature.expose().as_bytes());
        if bool::from(same) && *key.scope() == self.scope {
            Ok(())
        } else {
            Err(InvalidSignature::Mismatch.into())
        }
    }

    /// Whether the signature is for `service` and, if one is named, `allowed_region`.
    pub fn check_scope(
        &self,
        service: &str,
        allowed_region: Option<&str>,
    ) -> Result<(), SigV4Error> {
        if self.scope.service != service {
            let expected = service.to_owned();
            return Err(InvalidSignature::WrongService { expected }.into());
        }
        match allowed_region {
            Some(region) if region != self.scope.region.as_str() => {
                Err(InvalidSignature::WrongRegion.into())
            }
            _ => Ok(()),
        }
    }

    /// `host`, the date and every `x-amz-*` header there is: what changes the meaning of a
    /// request must not be changed without the secret.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), InvalidSignature> {
        let signed = |name: &str| {
            self.signed_headers.binary_search_by(|have| have.as_str().cmp(name)).is_ok()
        };
        if !signed("host") {
            return Err(InvalidSignature::UnsignedHeader("Host".to_owned()));
        }
        let amz =
            headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-"));
        match self.date_header.into_iter().chain(amz).find(|name| !signed(name)) {
            Some(name) => Err(InvalidSignature::UnsignedHeader(name.to_owned())),
            None => Ok(()),
        }
    }

    fn check_time(&self, now: Timestamp) -> Result<(), InvalidSignature> {
        let signed_at = self.timestamp;
        let now = Timestamp::from_seconds(now.seconds());
        let at = signed_at.amz_date();
        if day(&at) != self.scope.date {
            let (scope, day) = (self.scope.date.clone(), day(&at).to_owned());
            return Err(InvalidSignature::WrongDate { scope, day, at });
        }
        let latest = now.plus(SKEW);
        if signed_at > latest {
            return Err(InvalidSignature::NotYetCurrent { signed_at, latest, now });
        }
        match self.kind {
            SignatureKind::Header => {
                let oldest = now.minus(SKEW);
                if signed_at < oldest {
                    return Err(InvalidSignature::Expired { signed_at, oldest, now });
                }
            }
            SignatureKind::Presigned { expires_seconds } => {
                let expired_at = signed_at.plus(Duration::from_secs(expires_seconds.into()));
                if expired_at < now {
                    return Err(InvalidSignature::PresignedExpired { expired_at, now });
                }
            }
        }
        Ok(())
    }
}

/// `UNSIGNED-PAYLOAD` is S3's alone, and is refused here like any other wrong hash.
fn check_body_hash(headers: &HeaderMap, body_sha256: &[u8; 32]) -> Result<(), InvalidSignature> {
    let expected = hex::encode(body_sha256);
    if headers.get_all(CONTENT_SHA256).iter().all(|value| value.as_bytes() == expected.as_bytes()) {
        Ok(())
    } else {
        Err(InvalidSignature::WrongBodyHash)
    }
}
