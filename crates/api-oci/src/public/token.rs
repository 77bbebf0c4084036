//! `/token/`: where clients that were challenged get the Bearer token of their login, or that of
//! nobody in particular (docker's token authentication, "Requesting a Token").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Serialize;
use wharfinger_auth::TokenError;
use wharfinger_core::{RequestContext, Secret, Timestamp};
use wharfinger_registry::Error;

use super::login::{Credentials, of_token};
use crate::ApiOci;
use crate::answer::Answer;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::routing::not_allowed;

/// The body of an answer.
#[derive(Serialize)]
struct Issued<'a> {
    token: &'a str,
    /// Seconds. Without them clients come back each minute.
    expires_in: i64,
}

impl ApiOci {
    /// `GET /token/`. `service` and `scope` change nothing: a token says whose it is, and what its
    /// bearer may do is decided when it is used.
    ///
    /// Who brings a login gets back that very token, as Bearer tokens are written: it is good as
    /// long as it was, and no longer.
    pub(super) async fn token(
        &self,
        context: &RequestContext,
        head: &Parts,
    ) -> Result<Answer, Refusal> {
        if head.method != Method::GET && head.method != Method::HEAD {
            return Err(not_allowed("GET, HEAD"));
        }
        let refused = |error| of_token(error, || Refusal::bad_login(&Origin::of(context)));
        let (password, expires_at) = match Credentials::of(&head.headers) {
            Credentials::Nobody => {
                let token = self.auth.issue_anonymous_token().ok_or_else(|| {
                    Refusal::from(Error::Server("a token could not be sealed".into()))
                })?;
                (token.password, token.expires_at)
            }
            Credentials::Token(token) => {
                let login = self.auth.authenticate_public_token(context, token.expose()).await;
                let expires_at = login.map_err(refused)?.expires_at;
                (token, expires_at)
            }
            Credentials::MalformedBearer | Credentials::Unusable => {
                return Err(refused(TokenError::Invalid));
            }
        };
        issued(&password, expires_at, context.received_at)
    }
}

fn issued(
    password: &Secret<String>,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let login = Secret::new(format!("AWS:{}", password.expose()));
    let token = Secret::new(STANDARD.encode(login.expose()));
    let expires_in = (expires_at.seconds() - now.seconds()).max(0);
    let json = serde_json::to_vec(&Issued { token: token.expose(), expires_in })
        .map_err(|error| Error::Server(Box::new(error)))?;
    Ok(Answer::full(StatusCode::OK, "application/json", json).header(CACHE_CONTROL, "no-store"))
}
