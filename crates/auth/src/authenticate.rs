//! From a signature or a token to a [`Caller`].

use std::sync::Arc;

use wharfinger_aws_protocol::sigv4::{RequestParts, SignedRequest};
use wharfinger_core::{Clock, Entropy, Region, RegistryId, RequestContext, Secret, Timestamp};
use wharfinger_metadata::Metadata;

use crate::active_key::{ActiveKey, ActiveKeys};
use crate::credential::secret_aad;
use crate::last_used::LastUsed;
use crate::seal::SealingKey;
use crate::stored_policies::PolicyStore;
use crate::{AccessKey, AuthorizationToken, Caller, CredentialError, TokenError, token};

/// The keys that `auth` seals with, derived by `server` from the master key.
pub struct AuthKeys {
    /// Seals authorization tokens.
    pub token_key: Secret<[u8; 32]>,
    /// Seals the secrets of access keys.
    pub secret_key: Secret<[u8; 32]>,
}

/// What signs in the name of a key.
#[derive(Debug)]
pub struct SigningSecret {
    /// The secret of the key.
    pub secret_access_key: Secret<String>,
    /// The token that goes with it; none for a long-lived key.
    pub session_token: Option<Secret<String>>,
}

/// The service that takes no temporary credentials of users.
const IAM: &str = "iam";

/// Authentication and the management of those who authenticate.
pub struct Auth {
    metadata: Metadata,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    token_key: SealingKey,
    secret_key: SealingKey,
    keys: ActiveKeys,
    last_used: LastUsed,
    policies: Arc<PolicyStore>,
}

impl Auth {
    /// Authentication over a metadata store. `None` only if the crypto provider refuses a key.
    pub fn new(
        metadata: Metadata,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        keys: &AuthKeys,
    ) -> Option<Self> {
        let token_key = SealingKey::new(&keys.token_key)?;
        let secret_key = SealingKey::new(&keys.secret_key)?;
        let (keys, policies) =
            (ActiveKeys::default(), Arc::new(PolicyStore::new(metadata.clone())));
        let last_used = LastUsed::default();
        Some(Self { metadata, clock, entropy, token_key, secret_key, keys, last_used, policies })
    }

    /// Verifies a signed request (in its header, or presigned in its query) for `service` and
    /// answers who signed it and for which region. What is known of the request goes with the
    /// caller, for the conditions of policies.
    ///
    /// # Errors
    /// [`CredentialError`]; a key that is unknown, one that is switched off and one that came with
    /// another's session token look alike. IAM takes no credentials of `GetSessionToken` and
    /// `GetFederationToken` (IAM user guide, "Compare AWS STS credentials").
    pub async fn authenticate_signature(
        &self,
        context: &RequestContext,
        parts: &RequestParts<'_>,
        body_sha256: &[u8; 32],
        service: &str,
    ) -> Result<(Caller, Region), CredentialError> {
        let signed = SignedRequest::from_request(parts)?;
        signed.check_scope(service, None)?;
        let region = signed.scope().region.clone();
        let key = self.key_of(&signed).await?;
        if service == IAM && key.is_kept_from_iam() {
            return Err(CredentialError::UnrecognizedClient);
        }
        let secret = self
            .secret_key
            .open(&secret_aad(key.access_key_id()), key.secret_sealed())
            .ok_or(CredentialError::SecretUnreadable)?;
        let secret = std::str::from_utf8(&secret).map_err(|_| CredentialError::SecretUnreadable)?;
        signed.verify(parts, body_sha256, secret, self.clock.now())?;
        self.note_use(&key.identity().principal, service, region.as_str());
        Ok((self.caller(context, &key).signed_for(&region), region))
    }

    /// Whether the key of a signature is one that may sign at all: a first look, before the body
    /// that the signature covers is read.
    ///
    /// # Errors
    /// [`CredentialError::UnrecognizedClient`] and [`CredentialError::Expired`], as
    /// [`Self::authenticate_signature`] would say.
    pub async fn check_key(&self, signed: &SignedRequest) -> Result<(), CredentialError> {
        self.key_of(signed).await.map(|_| ())
    }

    /// The key of a signature that is not proved yet. A temporary one comes with a session token of
    /// its own, a long-lived one with none.
    async fn key_of(&self, signed: &SignedRequest) -> Result<Arc<ActiveKey>, CredentialError> {
        let key = self.active_key(signed.access_key_id()).await?;
        let key = key.ok_or(CredentialError::UnrecognizedClient)?;
        let Some(expires_at) = key.expires_at() else {
            return match signed.session_token() {
                None => Ok(key),
                Some(_) => Err(CredentialError::UnrecognizedClient),
            };
        };
        let token = signed.session_token().ok_or(CredentialError::UnrecognizedClient)?;
        if !self.goes_with(token, key.access_key_id()) {
            return Err(CredentialError::UnrecognizedClient);
        }
        if self.clock.now() >= expires_at { Err(CredentialError::Expired) } else { Ok(key) }
    }

    /// Verifies the password of an `AWS:<password>` login and answers whose it is, and the registry
    /// it was issued for.
    ///
    /// # Errors
    /// [`TokenError`]; only an expired token is told apart from a bad one.
    pub async fn authenticate_token(
        &self,
        context: &RequestContext,
        password: &str,
    ) -> Result<(Caller, RegistryId), TokenError> {
        let claims = token::verify(&self.token_key, password, self.clock.now())?;
        let key = self.active_key(&claims.access_key_id).await?.ok_or(TokenError::Invalid)?;
        let RegistryId { region, .. } = &claims.registry;
        self.note_use(&key.identity().principal, claims.registry.service(), region.as_str());
        Ok((self.caller(context, &key), claims.registry))
    }

    /// Issues the 12-hour token of `GetAuthorizationToken` for a private registry. `None` if the
    /// crypto provider fails, and for public registries, whose tokens are of another kind.
    pub fn issue_token(
        &self,
        permit: &crate::Permit<crate::actions::GetAuthorizationToken>,
        registry: &RegistryId,
    ) -> Option<AuthorizationToken> {
        if permit.resource().registry.is_public() || registry.is_public() {
            return None;
        }
        let principal = permit.principal()?;
        let (key, now) = (&principal.access_key_id, self.clock.now());
        token::issue(&self.token_key, &*self.entropy, registry, key, now)
    }

    /// What the key that a caller came with signs with, to presign a URL on its behalf.
    pub async fn secret_of(&self, caller: &Caller) -> Result<SigningSecret, CredentialError> {
        let key = self.active_key(&caller.principal().access_key_id).await?;
        let key = key.ok_or(CredentialError::UnrecognizedClient)?;
        let secret = self.secret_key.open(&secret_aad(key.access_key_id()), key.secret_sealed());
        let secret = secret.ok_or(CredentialError::SecretUnreadable)?;
        let text = std::str::from_utf8(&secret).map_err(|_| CredentialError::SecretUnreadable)?;
        let session_token = match key.expires_at() {
            None => None,
            Some(_) => Some(
                self.session_token(key.access_key_id(), 0)
                    .ok_or(CredentialError::SecretUnreadable)?,
            ),
        };
        Ok(SigningSecret { secret_access_key: Secret::new(text.to_owned()), session_token })
    }

    /// The caller behind a key.
    pub(crate) fn caller(&self, context: &RequestContext, key: &ActiveKey) -> Caller {
        Caller::new(Arc::clone(key.identity()), context.clone(), Arc::clone(&self.policies))
    }

    pub(crate) fn policies(&self) -> &Arc<PolicyStore> {
        &self.policies
    }

    pub(crate) fn keys(&self) -> &ActiveKeys {
        &self.keys
    }

    pub(crate) fn last_used(&self) -> &LastUsed {
        &self.last_used
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(crate) fn token_key(&self) -> &SealingKey {
        &self.token_key
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new key whose id begins with `prefix` (`AKIA`, or `ASIA` of sessions), and its secret as it is
    /// kept. `None` only if the crypto provider fails.
    pub fn new_key(&self, prefix: &str) -> Option<(AccessKey, Vec<u8>)> {
        let key = AccessKey::random(prefix, self.entropy());
        let sealed = self.seal_secret(&key)?;
        Some((key, sealed))
    }

    pub(crate) fn seal_secret(&self, key: &AccessKey) -> Option<Vec<u8>> {
        let secret = key.secret_access_key.expose().as_bytes();
        self.secret_key.seal(&*self.entropy, &secret_aad(&key.access_key_id), secret)
    }
}
