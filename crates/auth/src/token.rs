//! The authorization token of `GetAuthorizationToken`: a sealed pointer to an access key.
//!
//! The token names the key it was issued to, the registry it was issued for and its times, and
//! nothing else: what its bearer may do is looked up at each use, so that a key that is switched
//! off takes its tokens along. It is sealed (AES-256-GCM), not signed, so it shows nothing, and
//! verifying it writes nothing.
//!
//! Layout before sealing: version (1) ‖ issued at, seconds (8, big-endian) ‖ expires at, seconds
//! (8) ‖ account (12) ‖ length of region (1) ‖ region ‖ access key id (the rest).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wharfinger_core::limits::AUTHORIZATION_TOKEN_SECONDS;
use wharfinger_core::{Entropy, RegistryId, Secret, Timestamp};

use crate::TokenError;
use crate::seal::SealingKey;

const VERSION: u8 = 1;
const AAD: &[u8] = b"wharfinger authorization token 1";
/// Longer passwords are not tokens of ours.
const PASSWORD_CHARS_MAX: usize = 1024;

/// A token as it is handed out.
#[derive(Debug)]
pub struct AuthorizationToken {
    /// The password for the user `AWS`. Holds no `:`, since clients split at it.
    pub password: Secret<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a token says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenClaims {
    pub(crate) registry: RegistryId,
    pub(crate) access_key_id: String,
}

pub(crate) fn issue(
    key: &SealingKey,
    entropy: &dyn Entropy,
    registry: &RegistryId,
    access_key_id: &str,
    now: Timestamp,
) -> Option<AuthorizationToken> {
    let expires_at = Timestamp::from_seconds(now.seconds())
        .plus(Duration::from_secs(AUTHORIZATION_TOKEN_SECONDS));
    let region = registry.region.as_str().as_bytes();
    let mut claims = vec![VERSION];
    claims.extend_from_slice(&now.seconds().to_be_bytes());
    claims.extend_from_slice(&expires_at.seconds().to_be_bytes());
    claims.extend_from_slice(registry.account.as_str().as_bytes());
    claims.push(u8::try_from(region.len()).ok()?);
    claims.extend_from_slice(region);
    claims.extend_from_slice(access_key_id.as_bytes());
    let sealed = key.seal(entropy, AAD, &claims)?;
    Some(AuthorizationToken { password: Secret::new(URL_SAFE_NO_PAD.encode(sealed)), expires_at })
}

/// Reads a password back.
///
/// # Errors
/// [`TokenError::Invalid`] for anything that is not a token of this installation,
/// [`TokenError::Expired`] for one whose time is over.
pub(crate) fn verify(
    key: &SealingKey,
    password: &str,
    now: Timestamp,
) -> Result<TokenClaims, TokenError> {
    let (expires_at, claims) = open(key, password)?;
    if now >= expires_at { Err(TokenError::Expired) } else { Ok(claims) }
}

/// What a password says and until when, whether or not that is over.
///
/// # Errors
/// [`TokenError::Invalid`].
pub(crate) fn open(
    key: &SealingKey,
    password: &str,
) -> Result<(Timestamp, TokenClaims), TokenError> {
    if password.len() > PASSWORD_CHARS_MAX {
        return Err(TokenError::Invalid);
    }
    let sealed = URL_SAFE_NO_PAD.decode(password).map_err(|_| TokenError::Invalid)?;
    let claims = key.open(AAD, &sealed).ok_or(TokenError::Invalid)?;
    parse(&claims).ok_or(TokenError::Invalid)
}

fn parse(claims: &[u8]) -> Option<(Timestamp, TokenClaims)> {
    let (&[version], rest) = claims.split_first_chunk::<1>()?;
    let (_issued_at, rest) = rest.split_first_chunk::<8>()?;
    let (expires_at, rest) = rest.split_first_chunk::<8>()?;
    let (account, rest) = rest.split_first_chunk::<12>()?;
    let (&[region_length], rest) = rest.split_first_chunk::<1>()?;
    let (region, access_key_id) = rest.split_at_checked(usize::from(region_length))?;
    if version != VERSION {
        return None;
    }
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let registry = RegistryId::new(text(account)?.parse().ok()?, text(region)?.parse().ok()?);
    let access_key_id = text(access_key_id)?.to_owned();
    let expires_at = Timestamp::from_seconds(i64::from_be_bytes(*expires_at));
    Some((expires_at, TokenClaims { registry, access_key_id }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharfinger_core::SeededEntropy;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(&Secret::new([byte; 32])).unwrap()
    }

    fn registry() -> RegistryId {
        RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    #[test]
    fn a_token_is_good_for_twelve_hours_and_no_longer() {
        let (entropy, now) = (SeededEntropy::new(1), Timestamp::from_seconds(1_000_000));
        let token = issue(&key(1), &entropy, &registry(), "AKIAEXAMPLE", now).unwrap();
        assert_eq!(token.expires_at, Timestamp::from_seconds(1_043_200));
        assert!(!token.password.expose().contains(':'));
        let last = Timestamp::from_seconds(1_043_199);
        let claims = verify(&key(1), token.password.expose(), last).unwrap();
        assert_eq!(claims.registry, registry());
        assert_eq!(claims.access_key_id, "AKIAEXAMPLE");
        let over = verify(&key(1), token.password.expose(), token.expires_at);
        assert_eq!(over.unwrap_err(), TokenError::Expired);
    }

    #[test]
    fn an_altered_or_foreign_token_is_refused() {
        let (entropy, now) = (SeededEntropy::new(1), Timestamp::from_seconds(1_000_000));
        let token = issue(&key(1), &entropy, &registry(), "AKIAEXAMPLE", now).unwrap();
        let password = token.password.expose();
        assert_eq!(verify(&key(2), password, now).unwrap_err(), TokenError::Invalid);
        for index in 0..password.len() {
            let mut altered = password.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            // The last character may hold bits that do not count; anything that decodes to the
            // same bytes is the same token.
            if URL_SAFE_NO_PAD.decode(&altered).ok() != URL_SAFE_NO_PAD.decode(password).ok() {
                assert_eq!(verify(&key(1), &altered, now).unwrap_err(), TokenError::Invalid);
            }
        }
        for bad in ["", "x", "not base64 at all!", &"A".repeat(100_000)] {
            assert_eq!(verify(&key(1), bad, now).unwrap_err(), TokenError::Invalid);
        }
    }
}
