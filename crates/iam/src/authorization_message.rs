//! Why a request was denied, for those only who may know: STS `DecodeAuthorizationMessage`.

use wharfinger_auth::{Permit, Resource, sts_actions};

use crate::{Error, Iam};

impl Iam {
    /// What an encoded message says (JSON), if it is about the account of the permit.
    ///
    /// # Errors
    /// [`Error::InvalidAuthorizationMessage`] for anything else.
    pub fn decode_authorization_message(
        &self,
        permit: &Permit<sts_actions::DecodeAuthorizationMessage>,
        encoded: &str,
    ) -> Result<String, Error> {
        let account = permit.resource().account();
        let message = self.auth().decode_authorization_message(account, encoded);
        let text = "Error decoding authorization message";
        message.ok_or_else(|| Error::InvalidAuthorizationMessage(text.into()))
    }
}
