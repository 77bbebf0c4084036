//! Tokens that run out while their bearer uploads.
//!
//! A session that was begun with a good token may be gone on with by way of that token after its
//! time: by who began it, and only as long as [`UPLOAD_CREDENTIAL_SECONDS_MAX`] says. What the
//! bearer may do is decided anew for each request, as ever. The edge comes here only for requests
//! about one session; for everything else a token that has run out is worth nothing.

use std::time::Duration;

use wharfinger_core::limits::UPLOAD_CREDENTIAL_SECONDS_MAX;
use wharfinger_core::{RegistryId, RepositoryName, RequestContext, Timestamp, UploadId};
use wharfinger_metadata::{MetadataError, repository, upload};

use crate::{Auth, Caller, RepositoryResource, TokenError, public_token, token};

/// What a token says whose time may be over.
struct Spent {
    access_key_id: String,
    expired_at: Timestamp,
}

impl Auth {
    /// Who comes with a token that has run out to go on with an upload, and the registry the token
    /// was issued for. `asked` is the registry that the request names, if it names one.
    ///
    /// # Errors
    /// [`TokenError::Expired`] wherever the token does not do any more: an upload that there is not
    /// looks like one of somebody else.
    pub async fn authenticate_upload(
        &self,
        context: &RequestContext,
        password: &str,
        asked: Option<RegistryId>,
        name: &RepositoryName,
        upload_id: UploadId,
    ) -> Result<(Caller, RegistryId), TokenError> {
        let (expired_at, claims) = token::open(self.token_key(), password)?;
        let registry = asked.unwrap_or_else(|| claims.registry.clone());
        if registry.region != claims.registry.region {
            return Err(TokenError::Expired);
        }
        let resource = RepositoryResource { registry, name: name.clone() };
        let token = Spent { access_key_id: claims.access_key_id, expired_at };
        let caller = self.go_on(context, token, resource, upload_id).await?;
        Ok((caller, claims.registry))
    }

    /// The same for a token of public registries.
    ///
    /// # Errors
    /// As [`Self::authenticate_upload`].
    pub async fn authenticate_public_upload(
        &self,
        context: &RequestContext,
        password: &str,
        resource: RepositoryResource,
        upload_id: UploadId,
    ) -> Result<Caller, TokenError> {
        let (expired_at, access_key_id) = public_token::open(self.token_key(), password)?;
        self.go_on(context, Spent { access_key_id, expired_at }, resource, upload_id).await
    }

    async fn go_on(
        &self,
        context: &RequestContext,
        token: Spent,
        resource: RepositoryResource,
        upload_id: UploadId,
    ) -> Result<Caller, TokenError> {
        let begun = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let RepositoryResource { registry, name } = resource;
                    match repository::find(tx, &registry, &name).await? {
                        Some(repository) => upload::begun(tx, repository.id, &upload_id).await,
                        None => Ok::<_, MetadataError>(None),
                    }
                })
            })
            .await?;
        let (begun_by, begun_at) = begun.ok_or(TokenError::Expired)?;
        if !token.may_go_on(&begun_by, begun_at, self.now()) {
            return Err(TokenError::Expired);
        }
        let key = self.active_key(&token.access_key_id).await?.ok_or(TokenError::Expired)?;
        Ok(self.caller(context, &key))
    }
}

impl Spent {
    /// Whether this token may still be used for a session that `begun_by` began at `begun_at`: it
    /// must have been good then, and the session must be young enough now.
    fn may_go_on(&self, begun_by: &str, begun_at: Timestamp, now: Timestamp) -> bool {
        let until = begun_at.plus(Duration::from_secs(UPLOAD_CREDENTIAL_SECONDS_MAX));
        self.access_key_id == begun_by && begun_at < self.expired_at && now < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_outlives_itself_only_for_what_it_began() {
        let at = Timestamp::from_seconds;
        let token = Spent { access_key_id: "AKIA".into(), expired_at: at(1_000) };
        assert!(token.may_go_on("AKIA", at(999), at(1_000)));
        assert!(token.may_go_on("AKIA", at(999), at(999 + 86_399)));
        assert!(!token.may_go_on("AKIA", at(999), at(999 + 86_400)), "the session is too old");
        assert!(!token.may_go_on("AKIA", at(1_000), at(1_001)), "it had run out before");
        assert!(!token.may_go_on("ASIA", at(999), at(1_000)), "somebody else began it");
    }
}
