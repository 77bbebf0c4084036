//! Roles that rules and templates name (`customRoleArn`). They are kept and answered; nothing
//! assumes them.

use wharfinger_core::{Arn, RegistryId};

use crate::Error;

/// Whether `text` names an IAM role of the registry's account, which is what AWS asks for.
///
/// # Errors
/// [`Error::InvalidParameter`].
pub(crate) fn check_custom_role(text: &str, registry: &RegistryId) -> Result<(), Error> {
    let names_role = |arn: Arn| {
        arn.service() == "iam"
            && arn.region().is_empty()
            && arn.account() == registry.account.as_str()
            && arn.resource().strip_prefix("role/").is_some_and(|name| !name.is_empty())
    };
    if text.parse().is_ok_and(names_role) {
        return Ok(());
    }
    let reason = "Member must be the ARN of an IAM role of the registry's account";
    Err(Error::invalid("customRoleArn", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roles_of_the_account_will_do() {
        let registry =
            RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        for (text, good) in [
            ("arn:aws:iam::111122223333:role/ecr", true),
            ("arn:aws:iam::111122223333:role/path/ecr", true),
            ("arn:aws:iam::999999999999:role/ecr", false),
            ("arn:aws:iam::111122223333:user/ecr", false),
            ("arn:aws:iam::111122223333:role/", false),
            ("arn:aws:sts::111122223333:role/ecr", false),
            ("arn:aws:iam:eu-west-1:111122223333:role/ecr", false),
            ("ecr", false),
        ] {
            assert_eq!(check_custom_role(text, &registry).is_ok(), good, "{text}");
        }
    }
}
