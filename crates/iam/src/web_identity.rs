//! Sessions of roles for whom an identity provider vouches: STS `AssumeRoleWithWebIdentity`.
//!
//! The token says which provider it is from. Only if the role's account has that provider is
//! anything of it believed, and only after the provider's own keys have proved its signature. Then the
//! trust policy of the role decides.

mod claims;
mod https_url;
mod json_web_key;
mod json_web_token;
mod provider_keys;

use wharfinger_auth::{SessionFacts, WebIdentity};
use wharfinger_core::{AccountId, Arn, RequestContext, Secret};
use wharfinger_metadata::oidc_provider::{self, OidcProviderRow};

pub use https_url::HttpsUrl;
pub(crate) use provider_keys::ProviderKeys;
pub use provider_keys::{BoxFuture, OidcDocument, OidcDocuments, OidcFetchError};

use claims::{VerifiedIdentity, check_trust};
use json_web_token::{JsonWebToken, Proof};

use crate::{Error, Iam, RoleSession, RoleSessionRequest};

const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// What such a session is asked for with.
#[derive(Clone, Debug)]
pub struct WebIdentityRequest {
    /// `RoleArn`.
    pub role_arn: String,
    /// `WebIdentityToken`.
    pub token: Secret<String>,
    /// Name, duration and session policies; the tags are those of the token.
    pub session: RoleSessionRequest,
}

/// Such a session that has just begun.
#[derive(Debug)]
pub struct WebIdentitySession {
    /// The session.
    pub session: RoleSession,
    /// The claim `sub`.
    pub subject: String,
    /// The claim `aud` (or `azp`).
    pub audience: String,
    /// The ARN of the provider.
    pub provider_arn: String,
}

impl Iam {
    /// Begins a session of a role for the subject of a token.
    ///
    /// # Errors
    /// [`Error::InvalidIdentityToken`] for what is no token of a provider of the role's account,
    /// [`Error::ExpiredToken`] for one whose time is over, [`Error::IdpCommunication`] if the provider's keys
    /// cannot be had; [`Error::RoleRefused`] if the role does not trust it, or is not there.
    pub async fn assume_role_with_web_identity(
        &self,
        context: &RequestContext,
        request: WebIdentityRequest,
    ) -> Result<WebIdentitySession, Error> {
        let role = self.role_to_assume(&request.role_arn).await?;
        let account = role.account();
        let token = JsonWebToken::parse(request.token.expose())?;
        let provider = self.provider(account, &token).await?;
        self.prove(&provider.url, &token).await?;
        let identity = VerifiedIdentity::new(token.into_claims(), &provider, self.now())?;
        let provider_arn = Arn::oidc_provider(&account, &provider.url).to_string();
        let session = identity.complete(request.session)?;
        let anonymous = self.auth().anonymous(context);
        check_trust(&anonymous, &role.asked(), &identity, &provider_arn, &session)?;
        let VerifiedIdentity { subject, audience, .. } = identity;
        let web_identity = WebIdentity {
            provider_arn: provider_arn.clone(),
            subject: subject.clone(),
            audience: audience.clone(),
        };
        let facts = SessionFacts { web_identity: Some(web_identity), ..SessionFacts::default() };
        let session = self.begin_role_session(role, session, facts, not_authorized).await?;
        Ok(WebIdentitySession { session, subject, audience, provider_arn })
    }

    /// The provider that a token says it is from, if the account has it.
    async fn provider(
        &self,
        account: AccountId,
        token: &JsonWebToken<'_>,
    ) -> Result<OidcProviderRow, Error> {
        let issuer = token.issuer()?.to_owned();
        let unknown = || {
            let text = format!("No OpenIDConnect provider found in your account for {issuer}");
            Error::InvalidIdentityToken(text)
        };
        let url = issuer.strip_prefix("https://").ok_or_else(unknown)?.to_owned();
        let found: Option<OidcProviderRow> = self
            .metadata()
            .read(move |tx| Box::pin(async move { oidc_provider::find(tx, &account, &url).await }))
            .await?;
        found.ok_or_else(unknown)
    }

    /// Proves the signature of a token with the keys of the provider. If it is of a key that is not
    /// known, the provider may have a new one.
    async fn prove(&self, url: &str, token: &JsonWebToken<'_>) -> Result<(), Error> {
        let keys = self.provider_keys().get(url, self.now()).await?;
        let mut proof = token.prove(&keys);
        if proof == Proof::UnknownKey {
            let keys = self.provider_keys().renew(url, self.now()).await?;
            proof = token.prove(&keys);
        }
        match proof {
            Proof::Holds => Ok(()),
            Proof::UnknownKey => Err(Error::InvalidIdentityToken(
                "Couldn't retrieve verification key from your identity provider, please reference \
                 AssumeRoleWithWebIdentity documentation for requirements"
                    .into(),
            )),
            Proof::Fails => Err(Error::InvalidIdentityToken("Token signature invalid".into())),
        }
    }
}

fn not_authorized() -> Error {
    Error::AccessDenied(format!("Not authorized to perform {ASSUME_ROLE_WITH_WEB_IDENTITY}"))
}
