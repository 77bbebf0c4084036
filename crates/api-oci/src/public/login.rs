//! Who asks for something of a public registry: a Bearer or Basic login, or nobody in particular.

use http::HeaderMap;
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use wharfinger_auth::{Caller, TokenError};
use wharfinger_core::{RequestContext, Secret};
use wharfinger_oci::ErrorCode;
use wharfinger_registry::Error;

use super::Place;
use crate::ApiOci;
use crate::authenticate::{USER, login_of};
use crate::origin::Origin;
use crate::refusal::Refusal;

/// What the credentials of a request say.
#[derive(Debug)]
pub(super) enum Credentials {
    /// None were sent. An empty login counts as none: some clients send one for want of another.
    Nobody,
    /// A token, in Basic (`AWS:<token>`) or Bearer (the same text, encoded the same way).
    Token(Secret<String>),
    /// A Bearer that is no token of ECR's form.
    MalformedBearer,
    /// Anything else, or more than one.
    Unusable,
}

impl Credentials {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Self::Nobody };
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        let Some((scheme, encoded)) = text.and_then(|text| text.trim().split_once(' ')) else {
            return Self::Unusable;
        };
        let bearer = scheme.eq_ignore_ascii_case("Bearer");
        if !bearer && !scheme.eq_ignore_ascii_case("Basic") {
            return Self::Unusable;
        }
        match login_of(encoded) {
            Some((user, password)) if user == USER => Self::Token(password),
            _ if bearer => Self::MalformedBearer,
            Some((user, password)) if user.is_empty() && password.expose().is_empty() => {
                Self::Nobody
            }
            _ => Self::Unusable,
        }
    }
}

impl ApiOci {
    /// Who asks. Under the host of the public registries everyone must bring a token, be it that
    /// of nobody in particular; under a path prefix, where clients do not come to know how to get
    /// one, nobody needs to for reading.
    pub(super) async fn public_caller(
        &self,
        context: &RequestContext,
        head: &Parts,
        place: Place<'_>,
    ) -> Result<Caller, Refusal> {
        let challenge = || Refusal::bearer_challenge(&Origin::of(context));
        let token = match Credentials::of(&head.headers) {
            Credentials::Nobody if place.has_own_host() => return Err(challenge()),
            Credentials::Nobody => return Ok(self.auth.anonymous(context)),
            Credentials::Unusable => return Err(challenge()),
            Credentials::MalformedBearer => return Err(malformed_bearer()),
            Credentials::Token(token) => token,
        };
        match self.auth.authenticate_public_token(context, token.expose()).await {
            Ok(login) => Ok(login.caller),
            Err(TokenError::Expired) => self
                .authenticate_public_upload(context, place.rest, token.expose())
                .await
                .map_err(|error| of_token(error, challenge)),
            Err(TokenError::Invalid | TokenError::Missing) if !place.has_own_host() => {
                // A client that is logged in to the private registries of this host sends that
                // login here as well. It counts for nothing, so its bearer is nobody in particular.
                let private = self.auth.authenticate_token(context, token.expose()).await;
                private
                    .map(|_| self.auth.anonymous(context))
                    .map_err(|error| of_token(error, challenge))
            }
            Err(error) => Err(of_token(error, challenge)),
        }
    }
}

/// What is told to those whose token is not good.
pub(super) fn of_token(error: TokenError, challenge: impl FnOnce() -> Refusal) -> Refusal {
    match error {
        TokenError::Missing | TokenError::Invalid => challenge(),
        TokenError::Expired => Refusal::denied(error.to_string()),
        TokenError::Store(error) => Error::Server(Box::new(error)).into(),
    }
}

/// 400, as ECR Public answers what cannot be one of its tokens.
fn malformed_bearer() -> Refusal {
    let message = "The authorization token is malformed.";
    Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::Denied, message)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        match Credentials::of(&headers) {
            Credentials::Token(token) => token.expose().clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn basic_and_bearer_carry_the_same_text() {
        for scheme in ["Basic", "Bearer", "bearer"] {
            assert_eq!(read(&[&format!("{scheme} QVdTOnRva2Vu")]), "token", "{scheme}");
        }
    }

    #[test]
    fn no_login_and_an_empty_one_are_nobody() {
        assert_eq!(read(&[]), "Nobody");
        assert_eq!(read(&["Basic Og=="]), "Nobody");
    }

    #[test]
    fn what_is_no_token_is_told_apart_by_its_scheme() {
        for value in ["Bearer x", "Bearer Og==", "Bearer YXdzOnRva2Vu", "Bearer %%%"] {
            assert_eq!(read(&[value]), "MalformedBearer", "{value}");
        }
        for value in ["", "Basic", "Basic %%%", "Basic YXdzOnRva2Vu", "Digest QVdTOnRva2Vu"] {
            assert_eq!(read(&[value]), "Unusable", "{value}");
        }
        assert_eq!(read(&["Bearer QVdTOnRva2Vu", "Bearer QVdTOnRva2Vu"]), "Unusable");
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "(Basic |Bearer )?[A-Za-z0-9+/=]{0,40}|[ -~]*") {
            let _ = read(&[&value]);
        }
    }
}
