//! The keys of an identity provider (RFC 7517), and the signatures they prove (RFC 7518).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use wharfinger_core::limits::OIDC_KEYS_MAX;

/// Bytes of a modulus that is still looked at (8,192 bits).
const MODULUS_BYTES_MAX: usize = 1_024;

/// The algorithms that STS takes. No other is ever looked at, least of all one without a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// The name of the curve and the bytes of a coordinate; none for RSA.
    fn curve(self) -> Option<(&'static str, usize)> {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 => None,
            Self::Es256 => Some(("P-256", 32)),
            Self::Es384 => Some(("P-384", 48)),
            Self::Es512 => Some(("P-521", 66)),
        }
    }
}

/// The members of a key that count.
#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Curve { name: String, point: Vec<u8> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonWebKey {
    id: Option<String>,
    /// The only algorithm it is for, if it says so.
    algorithm: Option<String>,
    key: PublicKey,
}

/// The keys of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonWebKeys(Vec<JsonWebKey>);

impl JsonWebKeys {
    /// Reads a set of keys. Those that are not understood, or not for signatures, are left out; `None`
    /// for what is no set of keys.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let set: Value = serde_json::from_slice(bytes).ok()?;
        let keys = set.get("keys")?.as_array()?.iter().take(OIDC_KEYS_MAX);
        Some(Self(keys.filter_map(JsonWebKey::read).collect()))
    }

    /// The keys that a signature can be of: by their id, or, where none is named, the only one for the
    /// algorithm.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&JsonWebKey> {
        let mut fitting = self.0.iter().filter(|key| key.is_for(algorithm));
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

impl JsonWebKey {
    fn read(value: &Value) -> Option<Self> {
        let raw = RawKey::deserialize(value).ok()?;
        if raw.purpose.as_ref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let key = match raw.kty.as_str() {
            "RSA" => PublicKey::Rsa { modulus: number(&raw.n?)?, exponent: number(&raw.e?)? },
            "EC" => PublicKey::Curve {
                name: raw.crv?,
                point: [vec![4], decode(&raw.x?)?, decode(&raw.y?)?].concat(),
            },
            _ => return None,
        };
        Some(Self { id: raw.kid, algorithm: raw.alg, key })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        let fits = match (&self.key, algorithm.curve()) {
            (PublicKey::Rsa { .. }, None) => true,
            (PublicKey::Curve { name, point }, Some((curve, bytes))) => {
                name == curve && point.len() == 1 + 2 * bytes
            }
            _ => false,
        };
        fits && self.algorithm.as_ref().is_none_or(|only| only == algorithm.name())
    }

    /// Whether this key made the signature.
    pub(crate) fn proves(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            PublicKey::Rsa { modulus, exponent } => {
                let parameters = match algorithm {
                    Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => return false,
                };
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, signature).is_ok()
            }
            PublicKey::Curve { point, .. } => {
                let parameters = match algorithm {
                    Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
                    Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
                    Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
                    Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => return false,
                };
                UnparsedPublicKey::new(parameters, point).verify(message, signature).is_ok()
            }
        }
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// A big-endian number without leading zeros.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text).filter(|bytes| bytes.len() <= MODULUS_BYTES_MAX + 1)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}
