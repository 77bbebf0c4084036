//! Content digests, `sha256:` and `sha512:`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ParseError;

/// The digest of a blob or manifest: an algorithm and the hash in lower-case hex.
///
/// OCI image-spec, descriptor.md, "Digests": both registered algorithms are accepted, in their
/// canonical lower-case form only, so that two equal digests are equal texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Digest {
    /// SHA-256, 32 bytes.
    Sha256([u8; 32]),
    /// SHA-512, 64 bytes.
    Sha512([u8; 64]),
}

impl Digest {
    /// The hash itself.
    pub fn hash(&self) -> &[u8] {
        match self {
            Self::Sha256(hash) => hash,
            Self::Sha512(hash) => hash,
        }
    }

    /// `sha256` or `sha512`.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(hash) = text.strip_prefix("sha256:") {
            decode(hash).map(Self::Sha256)
        } else if let Some(hash) = text.strip_prefix("sha512:") {
            decode(hash).map(Self::Sha512)
        } else {
            Err(DIGEST_FORM)
        }
    }
}

const DIGEST_FORM: ParseError =
    ParseError::new("a digest is sha256: and 64, or sha512: and 128, lower-case hex digits");

fn decode<const N: usize>(hash: &str) -> Result<[u8; N], ParseError> {
    if hash.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(DIGEST_FORM);
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(hash, &mut bytes).map_err(|_| DIGEST_FORM)?;
    Ok(bytes)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 128];
        let digits = &mut digits[..2 * self.hash().len()];
        hex::encode_to_slice(self.hash(), digits).map_err(|_| fmt::Error)?;
        f.write_str(self.algorithm())?;
        f.write_str(":")?;
        f.write_str(std::str::from_utf8(digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_text_form() {
        let text = format!("sha256:{}", "0a".repeat(32));
        let digest: Digest = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        assert!(format!("sha512:{}", "0a".repeat(64)).parse::<Digest>().is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        let upper = format!("sha256:{}", "0A".repeat(32));
        let short = format!("sha256:{}", "0a".repeat(31));
        let crossed = format!("sha512:{}", "0a".repeat(32));
        let md5 = format!("md5:{}", "0a".repeat(16));
        for bad in ["", "sha256:", &upper, &short, &crossed, &md5, "sha256", "../../etc/passwd"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad:?}");
        }
    }
}
