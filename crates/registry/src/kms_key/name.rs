//! How a KMS key is named: by its id, by an alias, or by the ARN of either.

use wharfinger_core::limits::KMS_ALIAS_CHARS_MAX;
use wharfinger_core::{Arn, RegistryId};

use super::KmsError;

/// The alias of the key that repositories use when they name none.
pub(super) const AWS_MANAGED_ALIAS: &str = "alias/aws/ecr";

/// A key of one registry's account and region, as a request names it. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyName {
    /// By its id.
    Id(String),
    /// By an alias, with `alias/`.
    Alias(String),
}

impl KeyName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`KmsError::InvalidArn`], [`KmsError::OtherRegion`], [`KmsError::OtherAccount`].
    pub(super) fn parse(text: &str, registry: &RegistryId) -> Result<Self, KmsError> {
        if text.starts_with("alias/") {
            return Ok(Self::Alias(text.to_owned()));
        }
        if !text.starts_with("arn:") {
            return Ok(Self::Id(text.to_owned()));
        }
        let name = || text.to_owned();
        let invalid = || KmsError::InvalidArn { arn: name() };
        let arn: Arn = text.parse().map_err(|_| invalid())?;
        let resource = arn.resource();
        let named = match resource.strip_prefix("key/") {
            Some(key_id) => Self::Id(key_id.to_owned()),
            None if resource.starts_with("alias/") => Self::Alias(resource.to_owned()),
            None => return Err(invalid()),
        };
        if arn.service() != "kms" || arn.partition() != wharfinger_core::arn::PARTITION {
            return Err(invalid());
        }
        if arn.region() != registry.region.as_str() {
            return Err(KmsError::OtherRegion { arn: name(), region: registry.region.clone() });
        }
        if arn.account() != registry.account.as_str() {
            return Err(KmsError::OtherAccount { arn: name() });
        }
        Ok(named)
    }

    /// Whether this is the alias of the AWS-managed key.
    pub(super) fn is_aws_managed(&self) -> bool {
        matches!(self, Self::Alias(alias) if alias == AWS_MANAGED_ALIAS)
    }
}

/// Whether an alias may be made or deleted.
///
/// # Errors
/// [`KmsError::InvalidAliasName`].
pub(super) fn check_alias(alias: &str) -> Result<(), KmsError> {
    let fits = alias.len() <= KMS_ALIAS_CHARS_MAX
        && alias.strip_prefix("alias/").is_some_and(|name| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
            !name.is_empty() && !name.starts_with("aws/") && name.bytes().all(good)
        });
    if fits { Ok(()) } else { Err(KmsError::InvalidAliasName { alias: alias.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_in_four_ways() {
        let registry =
            RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let id = |key_id: &str| Ok(KeyName::Id(key_id.into()));
        let alias = |alias: &str| Ok(KeyName::Alias(alias.into()));
        for (text, named) in [
            ("1234", id("1234")),
            ("", id("")),
            ("alias/x", alias("alias/x")),
            ("arn:aws:kms:eu-west-1:111122223333:key/1234", id("1234")),
            ("arn:aws:kms:eu-west-1:111122223333:alias/x", alias("alias/x")),
            ("arn:aws:kms:eu-west-1:111122223333:key", Err("InvalidArnException")),
            ("arn:aws:s3:eu-west-1:111122223333:key/1", Err("InvalidArnException")),
            ("arn:aws-cn:kms:eu-west-1:111122223333:key/1", Err("InvalidArnException")),
            ("arn:aws", Err("InvalidArnException")),
            ("arn:aws:kms:eu-west-2:111122223333:key/1", Err("NotFoundException")),
            ("arn:aws:kms:eu-west-1:999922223333:key/1", Err("NotFoundException")),
        ] {
            let read = KeyName::parse(text, &registry).map_err(|error| error.code());
            assert_eq!(read, named, "{text}");
        }
    }

    #[test]
    fn aliases_have_the_form_of_kms() {
        for good in ["alias/x", "alias/team/x_1-b", "alias/awsome"] {
            assert!(check_alias(good).is_ok(), "{good}");
        }
        let long = format!("alias/{}", "a".repeat(251));
        for bad in ["", "x", "alias/", "alias/aws/ecr", "alias/a b", "alias/ü", &long] {
            assert!(check_alias(bad).is_err(), "{bad}");
        }
    }
}
