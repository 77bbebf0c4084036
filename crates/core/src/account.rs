//! Accounts, regions, and the registry that the two name together.

use std::fmt;
use std::str::FromStr;

use crate::ParseError;

/// An AWS account id: twelve decimal digits. Also the registry id of the account's registries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever stored, so the fallback cannot be reached.
        std::str::from_utf8(&self.0).unwrap_or("000000000000")
    }

    /// An account id made of the first twelve decimal digits of `seed`, never starting with zero.
    pub fn from_seed(seed: u64) -> Self {
        let mut digits = [b'0'; 12];
        let mut rest = seed % 900_000_000_000 + 100_000_000_000;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        Self(digits)
    }
}

impl FromStr for AccountId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| ACCOUNT_FORM)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(ACCOUNT_FORM) }
    }
}

const ACCOUNT_FORM: ParseError = ParseError::new("an account id is twelve digits");

/// A region such as `eu-central-1`: 2 to 25 characters of `[0-9a-z-]`.
///
/// Any name of that shape is a region here; which ones exist is for whoever runs the registry.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(String);

impl Region {
    /// The name of the region.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// Where the public registries are. No client can name it: its text does not parse.
    const PUBLIC: &str = "PUBLIC";
}

impl FromStr for Region {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fits = (2..=25).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("a region is 2 to 25 characters of a-z, 0-9 and -"))
        }
    }
}

/// The identity of a registry: one account in one region.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RegistryId {
    /// The owner, which the ECR API calls `registryId`.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
}

impl RegistryId {
    /// The registry of `account` in `region`.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region }
    }

    /// The public registry of `account` (ECR Public), which is in no region.
    ///
    /// No request names it: [`Region`] does not parse its region's text, so what is private is never
    /// taken for public because of what a client sent.
    pub fn public(account: AccountId) -> Self {
        Self { account, region: Region(Region::PUBLIC.to_owned()) }
    }

    /// A registry as it was stored: [`Self::new`] or [`Self::public`].
    ///
    /// # Errors
    /// A region that is neither.
    pub fn stored(account: AccountId, region: &str) -> Result<Self, ParseError> {
        match region {
            Region::PUBLIC => Ok(Self::public(account)),
            region => Ok(Self::new(account, region.parse()?)),
        }
    }

    /// Whether it is a public registry.
    pub fn is_public(&self) -> bool {
        self.region.as_str() == Region::PUBLIC
    }

    /// The service it belongs to, as ARNs and IAM actions begin: `ecr` or `ecr-public`.
    pub fn service(&self) -> &'static str {
        if self.is_public() { "ecr-public" } else { "ecr" }
    }
}

macro_rules! text_form {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
}
pub(crate) use text_form;

text_form!(AccountId);
text_form!(Region);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_is_twelve_digits_and_nothing_else() {
        assert_eq!("012345678901".parse::<AccountId>().unwrap().as_str(), "012345678901");
        for bad in ["", "1234", "1234567890123", "12345678901x", "１２３４"] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_seeded_account_id_parses_and_does_not_start_with_zero() {
        for seed in [0, 1, 899_999_999_999, 900_000_000_000, u64::MAX] {
            let id = AccountId::from_seed(seed);
            assert_eq!(id.as_str().parse::<AccountId>().unwrap(), id);
            assert!(!id.as_str().starts_with('0'));
        }
    }

    #[test]
    fn a_public_registry_cannot_be_named() {
        let account: AccountId = "111122223333".parse().unwrap();
        let public = RegistryId::public(account);
        assert!(public.is_public());
        assert!(public.region.as_str().parse::<Region>().is_err());
        assert_eq!(RegistryId::stored(account, public.region.as_str()).unwrap(), public);
        let private = RegistryId::stored(account, "us-east-1").unwrap();
        assert!(!private.is_public());
        assert!(RegistryId::stored(account, "public").is_ok_and(|id| !id.is_public()));
        assert!(RegistryId::stored(account, "").is_err());
    }

    #[test]
    fn regions_have_the_shape_of_regions() {
        assert!("us-east-1".parse::<Region>().is_ok());
        for bad in ["", "x", "US-EAST-1", "eu_west_1", "-a", "a-", "a-region-name-that-is-too-long"]
        {
            assert!(bad.parse::<Region>().is_err(), "{bad:?}");
        }
    }
}
