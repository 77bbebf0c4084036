//! Logins to public registries: their tokens, and what takes none.
//!
//! A public token is sealed like those of `token`, but for another purpose, so that neither opens
//! where the other is asked for: who may push to a public registry is not thereby let into a
//! private one, nor the other way round. It names the access key it was issued to; the token of
//! somebody without a login names none.
//!
//! Layout before sealing: version (1) ‖ issued at, seconds (8, big-endian) ‖ expires at, seconds
//! (8) ‖ access key id (the rest, which may be nothing).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wharfinger_core::limits::AUTHORIZATION_TOKEN_SECONDS;
use wharfinger_core::{Entropy, RegistryId, RequestContext, Secret, Timestamp};

use crate::actions::{
    BatchCheckLayerAvailability, BatchGetImage, GetAuthorizationToken, GetDownloadUrlForLayer,
    ListImages,
};
use crate::identity::Identity;
use crate::seal::SealingKey;
use crate::{Action, Auth, AuthorizationToken, Caller, Permit, TokenError};

const VERSION: u8 = 1;
const AAD: &[u8] = b"wharfinger public registry token 1";
/// Longer passwords are not tokens of ours.
const PASSWORD_CHARS_MAX: usize = 1024;

/// What anyone may do to a public registry, with or without a login: pull.
const OPEN_TO_ANYONE: [&str; 4] = [
    BatchCheckLayerAvailability::NAME,
    BatchGetImage::NAME,
    GetDownloadUrlForLayer::NAME,
    ListImages::NAME,
];

/// Where ECR Public is called.
const PUBLIC_REGION: &str = "us-east-1";

/// Whether anyone may do `A` to a registry. Nothing of a private one is open to anyone.
pub(crate) fn anyone_may<A: Action>(registry: &RegistryId) -> bool {
    registry.is_public() && A::SERVICE.is_none() && OPEN_TO_ANYONE.contains(&A::NAME)
}

/// Whose a public token is, and until when.
#[derive(Clone, Debug)]
pub struct PublicLogin {
    /// Who came with it; somebody without a login if it names nobody.
    pub caller: Caller,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Auth {
    /// Somebody without a login, who may read public registries and nothing else.
    pub fn anonymous(&self, context: &RequestContext) -> Caller {
        Caller::new(Arc::new(Identity::anonymous()), context.clone(), Arc::clone(self.policies()))
    }

    /// Issues the 12-hour token of ECR Public's `GetAuthorizationToken`. `None` if the crypto
    /// provider fails, and for a permit of a private registry.
    pub fn issue_public_token(
        &self,
        permit: &Permit<GetAuthorizationToken>,
    ) -> Option<AuthorizationToken> {
        let principal = permit.principal().filter(|it| !it.access_key_id.is_empty())?;
        if !permit.resource().registry.is_public() {
            return None;
        }
        issue(self.token_key(), self.entropy(), &principal.access_key_id, self.now())
    }

    /// Issues a token to somebody without a login. `None` only if the crypto provider fails.
    pub fn issue_anonymous_token(&self) -> Option<AuthorizationToken> {
        issue(self.token_key(), self.entropy(), "", self.now())
    }

    /// Verifies the password of a login to public registries.
    ///
    /// # Errors
    /// [`TokenError`]; only an expired token is told apart from a bad one. The token of a private
    /// registry is a bad one.
    pub async fn authenticate_public_token(
        &self,
        context: &RequestContext,
        password: &str,
    ) -> Result<PublicLogin, TokenError> {
        let (expires_at, access_key_id) = verify(self.token_key(), password, self.now())?;
        if access_key_id.is_empty() {
            return Ok(PublicLogin { caller: self.anonymous(context), expires_at });
        }
        let key = self.active_key(&access_key_id).await?.ok_or(TokenError::Invalid)?;
        self.note_use(&key.identity().principal, "ecr-public", PUBLIC_REGION);
        Ok(PublicLogin { caller: self.caller(context, &key), expires_at })
    }
}

impl Caller {
    /// Whether this is somebody without a login.
    pub fn is_anonymous(&self) -> bool {
        self.principal().kind == crate::PrincipalKind::Anonymous
    }
}

fn issue(
    key: &SealingKey,
    entropy: &dyn Entropy,
    access_key_id: &str,
    now: Timestamp,
) -> Option<AuthorizationToken> {
    let expires_at = Timestamp::from_seconds(now.seconds())
        .plus(Duration::from_secs(AUTHORIZATION_TOKEN_SECONDS));
    let mut claims = vec![VERSION];
    claims.extend_from_slice(&now.seconds().to_be_bytes());
    claims.extend_from_slice(&expires_at.seconds().to_be_bytes());
    claims.extend_from_slice(access_key_id.as_bytes());
    let sealed = key.seal(entropy, AAD, &claims)?;
    Some(AuthorizationToken { password: Secret::new(URL_SAFE_NO_PAD.encode(sealed)), expires_at })
}

/// When a token ends, and the access key it names.
fn verify(
    key: &SealingKey,
    password: &str,
    now: Timestamp,
) -> Result<(Timestamp, String), TokenError> {
    let (expires_at, access_key_id) = open(key, password)?;
    if now >= expires_at { Err(TokenError::Expired) } else { Ok((expires_at, access_key_id)) }
}

/// The same, whether or not the token has ended.
pub(crate) fn open(key: &SealingKey, password: &str) -> Result<(Timestamp, String), TokenError> {
    if password.len() > PASSWORD_CHARS_MAX {
        return Err(TokenError::Invalid);
    }
    let sealed = URL_SAFE_NO_PAD.decode(password).map_err(|_| TokenError::Invalid)?;
    let claims = key.open(AAD, &sealed).ok_or(TokenError::Invalid)?;
    parse(&claims).ok_or(TokenError::Invalid)
}

fn parse(claims: &[u8]) -> Option<(Timestamp, String)> {
    let (&[version], rest) = claims.split_first_chunk::<1>()?;
    let (_issued_at, rest) = rest.split_first_chunk::<8>()?;
    let (expires_at, access_key_id) = rest.split_first_chunk::<8>()?;
    if version != VERSION {
        return None;
    }
    let access_key_id = std::str::from_utf8(access_key_id).ok()?.to_owned();
    Some((Timestamp::from_seconds(i64::from_be_bytes(*expires_at)), access_key_id))
}

#[cfg(test)]
mod tests {
    use wharfinger_core::SeededEntropy;

    use super::*;
    use crate::{actions, token};

    fn key() -> SealingKey {
        SealingKey::new(&Secret::new([1; 32])).unwrap()
    }

    #[test]
    fn a_token_is_good_for_twelve_hours_and_names_its_key_or_nobody() {
        let (entropy, now) = (SeededEntropy::new(1), Timestamp::from_seconds(1_000_000));
        for id in ["AKIAEXAMPLE", ""] {
            let token = issue(&key(), &entropy, id, now).unwrap();
            assert_eq!(token.expires_at, Timestamp::from_seconds(1_043_200));
            let last = Timestamp::from_seconds(1_043_199);
            let (expires_at, found) = verify(&key(), token.password.expose(), last).unwrap();
            assert_eq!((expires_at, found.as_str()), (token.expires_at, id));
            let over = verify(&key(), token.password.expose(), token.expires_at);
            assert_eq!(over.unwrap_err(), TokenError::Expired);
        }
        for bad in ["", "x", "not base64 at all!", &"A".repeat(100_000)] {
            assert_eq!(verify(&key(), bad, now).unwrap_err(), TokenError::Invalid);
        }
    }

    #[test]
    fn neither_kind_of_token_opens_where_the_other_is_asked_for() {
        let (entropy, now) = (SeededEntropy::new(1), Timestamp::from_seconds(1_000_000));
        let account = "111122223333".parse().unwrap();
        let private = RegistryId::new(account, "eu-west-1".parse().unwrap());
        let token = token::issue(&key(), &entropy, &private, "AKIAEXAMPLE", now).unwrap();
        let refused = verify(&key(), token.password.expose(), now);
        assert_eq!(refused.unwrap_err(), TokenError::Invalid);
        for id in ["AKIAEXAMPLE", ""] {
            let token = issue(&key(), &entropy, id, now).unwrap();
            let refused = token::verify(&key(), token.password.expose(), now);
            assert_eq!(refused.unwrap_err(), TokenError::Invalid);
        }
    }

    #[test]
    fn only_reading_public_registries_is_open_to_anyone() {
        let account = "111122223333".parse().unwrap();
        let public = RegistryId::public(account);
        let private = RegistryId::new(account, "us-east-1".parse().unwrap());
        assert!(anyone_may::<actions::BatchGetImage>(&public));
        assert!(anyone_may::<actions::GetDownloadUrlForLayer>(&public));
        assert!(!anyone_may::<actions::BatchGetImage>(&private));
        assert!(!anyone_may::<actions::GetDownloadUrlForLayer>(&private));
        assert!(!anyone_may::<actions::PutImage>(&public));
        assert!(!anyone_may::<actions::InitiateLayerUpload>(&public));
        assert!(!anyone_may::<actions::DescribeImages>(&public));
        assert!(!anyone_may::<actions::GetServiceBearerToken>(&public));
        assert!(!anyone_may::<actions::GetAuthorizationToken>(&public));
    }
}
