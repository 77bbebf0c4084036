//! Logins that have run out, of those who are in the middle of an upload.
//!
//! Nothing but a request about one session profits: what else a client asks for with such a login
//! is answered as ever.

use http::request::Parts;
use wharfinger_auth::{Caller, RepositoryResource, TokenError};
use wharfinger_core::{RegistryId, RequestContext};
use wharfinger_oci::Route;

use crate::ApiOci;
use crate::host::registry_of_host;

impl ApiOci {
    /// Who comes with a token that has run out, and the registry it was issued for.
    ///
    /// # Errors
    /// [`TokenError::Expired`] unless they began the upload that the request is about.
    pub(crate) async fn authenticate_upload(
        &self,
        context: &RequestContext,
        head: &Parts,
        password: &str,
    ) -> Result<(Caller, RegistryId), TokenError> {
        let Ok(Route::BlobUpload { name, upload_id }) = Route::parse(head.uri.path()) else {
            return Err(TokenError::Expired);
        };
        let asked = registry_of_host(&context.host);
        self.auth.authenticate_upload(context, password, asked, &name, upload_id).await
    }

    /// The same for what follows `/v2/` (and the prefix) in a path to a public registry:
    /// `<alias>/<repository>/…`.
    ///
    /// # Errors
    /// As [`Self::authenticate_upload`].
    pub(crate) async fn authenticate_public_upload(
        &self,
        context: &RequestContext,
        path: &str,
        password: &str,
    ) -> Result<Caller, TokenError> {
        let (alias, path) = path.split_once('/').ok_or(TokenError::Expired)?;
        let Ok(Route::BlobUpload { name, upload_id }) = Route::parse(&format!("/v2/{path}")) else {
            return Err(TokenError::Expired);
        };
        let registry = self.registry.registry_of_alias(alias).await;
        let registry = registry.map_err(|_| TokenError::Expired)?;
        let resource = RepositoryResource { registry, name };
        self.auth.authenticate_public_upload(context, password, resource, upload_id).await
    }
}
