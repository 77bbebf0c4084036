//! Tokens of identity providers: signed JSON (RFC 7515, RFC 7519) in the compact form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::json_web_key::{Algorithm, JsonWebKeys};
use crate::Error;

/// The members of a header that count. Keys that a token brings along itself (`jwk`, `jku`, `x5c`,
/// `x5u`) do not.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood; nothing of the kind is.
    crit: Option<Value>,
}

/// A token that is read, and not yet believed.
pub(crate) struct JsonWebToken<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Map<String, Value>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

/// What came of proving a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is of one of the keys.
    Holds,
    /// It is of a key that is not among them.
    UnknownKey,
    /// It is of none of them.
    Fails,
}

impl<'a> JsonWebToken<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`Error::InvalidIdentityToken`].
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            Error::InvalidIdentityToken(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an \
                 Access Token)"
                    .into(),
            )
        })
    }

    fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Map<String, Value> =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        let header = Header::deserialize(header).ok()?;
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let algorithm = Algorithm::from_name(&header.alg)?;
        let (key_id, signed) = (header.kid, signed.as_bytes());
        header.crit.is_none().then_some(Self { algorithm, key_id, claims, signed, signature })
    }

    /// The claim `iss`, which nobody has vouched for yet.
    ///
    /// # Errors
    /// [`Error::InvalidIdentityToken`] if there is none.
    pub(crate) fn issuer(&self) -> Result<&str, Error> {
        let missing = || Error::InvalidIdentityToken("Missing a required claim: iss".into());
        self.claims.get("iss").and_then(Value::as_str).ok_or_else(missing)
    }

    /// Proves the signature with the keys of the issuer.
    pub(crate) fn prove(&self, keys: &JsonWebKeys) -> Proof {
        match keys.find(self.key_id.as_deref(), self.algorithm) {
            None => Proof::UnknownKey,
            Some(key) if key.proves(self.algorithm, self.signed, &self.signature) => Proof::Holds,
            Some(_) => Proof::Fails,
        }
    }

    /// The claims, for whoever has proved them.
    pub(crate) fn into_claims(self) -> Map<String, Value> {
        self.claims
    }
}
