//! Encoded authorization messages: why a request was denied, for those only who may know
//! (STS `DecodeAuthorizationMessage`).
//!
//! A message is sealed for the account whose request it is about, so it can be shown to whoever was
//! denied without telling anything.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wharfinger_core::AccountId;
use wharfinger_core::limits::AUTHORIZATION_MESSAGE_CHARS_MAX;

use crate::Auth;

fn aad(account: &AccountId) -> Vec<u8> {
    [b"wharfinger authorization message 1 ".as_slice(), account.as_str().as_bytes()].concat()
}

impl Auth {
    /// Seals a message (JSON) about a request of `account`. `None` if it is longer than STS takes
    /// back ([`AUTHORIZATION_MESSAGE_CHARS_MAX`] when it is sealed), or the crypto provider fails.
    pub fn encode_authorization_message(
        &self,
        account: &AccountId,
        message: &str,
    ) -> Option<String> {
        let sealed = self.token_key().seal(self.entropy(), &aad(account), message.as_bytes())?;
        let encoded = URL_SAFE_NO_PAD.encode(sealed);
        (encoded.len() <= AUTHORIZATION_MESSAGE_CHARS_MAX).then_some(encoded)
    }

    /// The message; `None` for anything that was not sealed for `account` in this installation.
    pub fn decode_authorization_message(
        &self,
        account: &AccountId,
        encoded: &str,
    ) -> Option<String> {
        if encoded.len() > AUTHORIZATION_MESSAGE_CHARS_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let message = self.token_key().open(&aad(account), &sealed)?;
        String::from_utf8(message.to_vec()).ok()
    }
}
