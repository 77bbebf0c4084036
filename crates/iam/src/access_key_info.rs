//! Whose an access key is: STS `GetAccessKeyInfo`.

use wharfinger_auth::{Permit, sts_actions};
use wharfinger_core::AccountId;
use wharfinger_metadata::{access_key, session};

use crate::{Error, Iam};

impl Iam {
    /// The account of a key, be it long-lived or temporary, switched off or over.
    ///
    /// AWS reads it out of the id. Ours say nothing by themselves, so only those that there are have an
    /// account.
    ///
    /// # Errors
    /// [`Error::Validation`] for a key that there is none.
    pub async fn get_access_key_info(
        &self,
        _permit: &Permit<sts_actions::GetAccessKeyInfo>,
        access_key_id: &str,
    ) -> Result<AccountId, Error> {
        let id = access_key_id.to_owned();
        let found: Option<AccountId> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    if let Some(key) = access_key::find(tx, &id).await? {
                        return Ok::<_, Error>(Some(key.account));
                    }
                    Ok(session::find(tx, &id).await?.map(|session| session.account))
                })
            })
            .await?;
        let unknown = || Error::Validation(format!("Invalid AccessKeyId: {access_key_id}"));
        found.ok_or_else(unknown)
    }
}
