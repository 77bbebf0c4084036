//! Who asks, and which registry: `AWS:<token>` logins and presigned URLs.
//!
//! Every route under `/v2` comes through here first, those that do not exist included.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method};
use wharfinger_auth::{Caller, CredentialError, TokenError};
use wharfinger_aws_protocol::sigv4::{EMPTY_BODY_SHA256, RequestParts};
use wharfinger_core::{AccountId, RegistryId, RequestContext, Secret};
use wharfinger_oci::Query;
use wharfinger_registry::Error;

use crate::ApiOci;
use crate::host::registry_of_host;
use crate::origin::Origin;
use crate::public::PublicSession;
use crate::refusal::Refusal;

/// The user of every login; the password is the token.
pub(crate) const USER: &str = "AWS";
/// What marks a presigned query.
const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";
/// What names the account of the registry in a presigned query.
const REGISTRY_PARAMETER: &str = "registryId";
/// The signing name of presigned URLs.
const SERVICE: &str = "ecr";
/// The message of AWS for a signature of another region.
const WRONG_REGION: &str = "Credential should be scoped to a valid region.";

/// Clients differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An authenticated request.
pub(crate) struct Session {
    /// Who asks.
    pub(crate) caller: Caller,
    /// The registry that is asked: the one of the `Host`, else the one the credentials are for.
    pub(crate) registry: RegistryId,
    /// What sessions with public registries have besides.
    pub(crate) public: Option<PublicSession>,
}

impl Session {
    fn private(caller: Caller, registry: RegistryId) -> Self {
        Self { caller, registry, public: None }
    }
}

impl ApiOci {
    /// Who asks, from a presigned query if there is one, else from the `Authorization` header.
    pub(crate) async fn authenticate(
        &self,
        context: &RequestContext,
        head: &Parts,
    ) -> Result<Session, Refusal> {
        if is_presigned(head) {
            return self.authenticate_presigned(context, head).await;
        }
        let unauthorized = || Refusal::unauthorized(&Origin::of(context));
        let password = basic_password(&head.headers).ok_or_else(unauthorized)?;
        let mut login = self.auth.authenticate_token(context, password.expose()).await;
        if matches!(login, Err(TokenError::Expired)) {
            login = self.authenticate_upload(context, head, password.expose()).await;
        }
        let (caller, issued_for) = login.map_err(|error| match error {
            TokenError::Missing | TokenError::Invalid => unauthorized(),
            TokenError::Expired => Refusal::denied(error.to_string()),
            TokenError::Store(error) => Error::Server(Box::new(error)).into(),
        })?;
        match registry_of_host(&context.host) {
            // A token is good for all registries of its region, and for no other region.
            Some(asked) if asked.region != issued_for.region => Err(unauthorized()),
            asked => Ok(Session::private(caller, asked.unwrap_or(issued_for))),
        }
    }

    async fn authenticate_presigned(
        &self,
        context: &RequestContext,
        head: &Parts,
    ) -> Result<Session, Refusal> {
        let headers = with_host(&head.headers, &context.host);
        let parts = RequestParts {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query(),
            headers: &headers,
        };
        let auth = &self.auth;
        let proved = auth.authenticate_signature(context, &parts, &EMPTY_BODY_SHA256, SERVICE);
        let (caller, region) = proved.await.map_err(|error| match error {
            CredentialError::Signature(_)
            | CredentialError::UnrecognizedClient
            | CredentialError::Expired => Refusal::denied(error.to_string()),
            CredentialError::Store(_) | CredentialError::SecretUnreadable => {
                Error::Server(Box::new(error)).into()
            }
        })?;
        let asked = registry_of_host(&context.host);
        if asked.as_ref().is_some_and(|asked| asked.region != region) {
            return Err(Refusal::denied(WRONG_REGION));
        }
        // What the signature covers by name goes before what it covers as the host.
        let account = registry_parameter(head)
            .or(asked.map(|asked| asked.account))
            .unwrap_or_else(|| caller.principal().account);
        Ok(Session::private(caller, RegistryId::new(account, region)))
    }
}

/// A URL that was handed out to be read. Whatever `Authorization` a client adds to it, as those do
/// that follow a redirect within one host, does not count.
pub(crate) fn is_presigned(head: &Parts) -> bool {
    let is_read = head.method == Method::GET || head.method == Method::HEAD;
    let mut pairs = head.uri.query().unwrap_or_default().split('&');
    is_read && pairs.any(|pair| pair.split('=').next() == Some(SIGNATURE_PARAMETER))
}

/// The account whose registry a presigned URL is of, where that is not the signer's own: what
/// `GetDownloadUrlForLayer` puts into the query, whichever host it was asked under.
///
/// Decoded, as the signature covers it: written in another way, a URL must not lead elsewhere.
fn registry_parameter(head: &Parts) -> Option<AccountId> {
    let query = Query::parse(head.uri.query().unwrap_or_default()).ok()?;
    query.get(REGISTRY_PARAMETER)?.parse().ok()
}

/// The password of a Basic login of the user `AWS`.
fn basic_password(headers: &HeaderMap) -> Option<Secret<String>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    // Two of them would leave it to chance which one counts.
    if values.next().is_some() {
        return None;
    }
    let (scheme, credentials) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let (user, password) = login_of(credentials)?;
    (user == USER).then_some(password)
}

/// User and password of encoded credentials.
pub(crate) fn login_of(encoded: &str) -> Option<(String, Secret<String>)> {
    let decoded = Secret::new(BASE64.decode(encoded.trim()).ok()?);
    let (user, password) = std::str::from_utf8(decoded.expose()).ok()?.split_once(':')?;
    Some((user.to_owned(), Secret::new(password.to_owned())))
}

/// The headers with the `Host`, which HTTP/2 keeps elsewhere and every signature covers.
fn with_host(headers: &HeaderMap, host: &str) -> HeaderMap {
    let mut headers = headers.clone();
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(host)
    {
        headers.insert(HOST, host);
    }
    headers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn password(value: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).ok()?)]);
        basic_password(&headers).map(|password| password.expose().clone())
    }

    #[test]
    fn a_login_is_read_from_its_header() {
        assert_eq!(password("Basic QVdTOnRva2Vu").unwrap(), "token");
        assert_eq!(password("basic  QVdTOnRva2Vu ").unwrap(), "token");
        let padded = format!("Basic {}", BASE64.encode("AWS:to:ken1"));
        assert_eq!(password(&padded).unwrap(), "to:ken1");
        assert_eq!(password(padded.trim_end_matches('=')).unwrap(), "to:ken1");
    }

    #[test]
    fn anything_else_is_no_login() {
        let other = format!("Basic {}", BASE64.encode("aws:token"));
        let alone = format!("Basic {}", BASE64.encode("AWS"));
        for value in ["", "Basic", "Basic ", "Basic %%%", "Bearer QVdTOnRva2Vu", &other, &alone] {
            assert_eq!(password(value), None, "{value:?}");
        }
        let login = HeaderValue::from_static("Basic QVdTOnRva2Vu");
        let mut twice = HeaderMap::new();
        twice.append(AUTHORIZATION, login.clone());
        twice.append(AUTHORIZATION, login);
        assert!(basic_password(&twice).is_none());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "(Basic |basic)?[A-Za-z0-9+/=]{0,40}|.*") {
            let _ = password(&value);
        }
    }
}
