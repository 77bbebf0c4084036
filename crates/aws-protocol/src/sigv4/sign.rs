//! Making signatures: headers for a request, or the query of a presigned URL.

use std::fmt;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::utf8_percent_encode;
use wharfinger_core::{Region, Timestamp};

use super::canonical::{
    ENCODED, SIGNATURE_PARAMETER, canonical_request, query_pairs, string_to_sign,
};
use super::{
    ALGORITHM, CredentialScope, EMPTY_BODY_SHA256, InvalidSignature, PRESIGNED_SECONDS_MAX,
    RequestParts, SigV4Error, SigningKey,
};

/// Headers that proxies and connections change, and that no SDK signs.
const UNSIGNABLE: [&str; 12] = [
    "authorization",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// One who signs: a key, and the service and region that the requests are for.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The name of the key.
    pub access_key_id: &'a str,
    /// The secret of the key.
    pub secret_access_key: &'a str,
    /// The token of temporary credentials.
    pub session_token: Option<&'a str>,
    /// The region of the service.
    pub region: &'a Region,
    /// The signing name of the service.
    pub service: &'a str,
}

impl Signer<'_> {
    /// Signs a request: the headers to put into it, over those of the same name it has. They are
    /// `x-amz-date`, `authorization` and, with a session token, `x-amz-security-token`.
    ///
    /// Every header already in `parts` is signed, save those that connections and proxies change;
    /// `host` must be there.
    pub fn sign(
        &self,
        parts: &RequestParts<'_>,
        body_sha256: &[u8; 32],
        at: Timestamp,
    ) -> Result<HeaderMap, SigV4Error> {
        let mut added = HeaderMap::new();
        added.insert(HeaderName::from_static("x-amz-date"), header_value(&at.amz_date())?);
        if let Some(token) = self.session_token {
            let mut token = header_value(token)?;
            token.set_sensitive(true);
            added.insert(HeaderName::from_static("x-amz-security-token"), token);
        }
        let mut headers = parts.headers.clone();
        headers.extend(added.clone());
        let names = signed_names(&headers, |name| !UNSIGNABLE.contains(&name))?;

        let scope = CredentialScope::new(at, self.region.clone(), self.service);
        let signed = RequestParts { headers: &headers, ..*parts };
        let signature = self.signature(&signed, &names, body_sha256, &scope, at)?;
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            names.join(";"),
        );
        added.insert(AUTHORIZATION, header_value(&authorization)?);
        Ok(added)
    }

    /// Presigns a request without a body: its whole query, which begins with the one it had.
    ///
    /// The URL is good from 15 minutes before `at` until `expires_seconds` after it, 1 to
    /// [`PRESIGNED_SECONDS_MAX`]. Signed are `host`, which must be among the headers of `parts`,
    /// and the `x-amz-*` headers there; whoever uses the URL must send the same.
    pub fn presign(
        &self,
        parts: &RequestParts<'_>,
        expires_seconds: u32,
        at: Timestamp,
    ) -> Result<String, SigV4Error> {
        if !(1..=PRESIGNED_SECONDS_MAX).contains(&expires_seconds) {
            return Err(SigV4Error::incomplete("X-Amz-Expires is out of range."));
        }
        let mut query = parts.query.unwrap_or_default().to_owned();
        if query_pairs(&query).any(|(name, _)| name.starts_with(b"X-Amz-")) {
            return Err(SigV4Error::incomplete("The query to presign is signed already."));
        }
        let names =
            signed_names(parts.headers, |name| name == "host" || name.starts_with("x-amz-"))?;
        let scope = CredentialScope::new(at, self.region.clone(), self.service);
        let expires = expires_seconds.to_string();
        push_parameter(&mut query, "X-Amz-Algorithm", ALGORITHM);
        let credential = format!("{}/{scope}", self.access_key_id);
        push_parameter(&mut query, "X-Amz-Credential", &credential);
        push_parameter(&mut query, "X-Amz-Date", &at.amz_date());
        push_parameter(&mut query, "X-Amz-Expires", &expires);
        if let Some(token) = self.session_token {
            push_parameter(&mut query, "X-Amz-Security-Token", token);
        }
        push_parameter(&mut query, "X-Amz-SignedHeaders", &names.join(";"));

        let signed = RequestParts { query: Some(&query), ..*parts };
        let signature = self.signature(&signed, &names, &EMPTY_BODY_SHA256, &scope, at)?;
        push_parameter(&mut query, SIGNATURE_PARAMETER, &signature);
        Ok(query)
    }

    fn signature(
        &self,
        parts: &RequestParts<'_>,
        names: &[String],
        body_sha256: &[u8; 32],
        scope: &CredentialScope,
        at: Timestamp,
    ) -> Result<String, SigV4Error> {
        let canonical = canonical_request(parts, names, body_sha256)?;
        let key = SigningKey::derive(self.secret_access_key, scope);
        Ok(key.signature(&string_to_sign(at, scope, &canonical)).to_string())
    }
}

impl fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("access_key_id", &self.access_key_id)
            .field("region", &self.region)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

fn signed_names(
    headers: &HeaderMap,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<String>, SigV4Error> {
    let mut names: Vec<String> =
        headers.keys().map(|name| name.as_str().to_owned()).filter(|name| wanted(name)).collect();
    if !names.iter().any(|name| name == "host") {
        return Err(InvalidSignature::UnsignedHeader("Host".to_owned()).into());
    }
    names.sort_unstable();
    Ok(names)
}

fn push_parameter(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.extend(utf8_percent_encode(value, ENCODED));
}

fn header_value(text: &str) -> Result<HeaderValue, SigV4Error> {
    HeaderValue::from_str(text)
        .map_err(|_| SigV4Error::incomplete("A credential has characters a header cannot carry."))
}
