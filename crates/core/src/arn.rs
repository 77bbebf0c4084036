//! Amazon Resource Names, as far as a registry meets them.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, ParseError, RegistryId, RepositoryName};

/// The partition all resources of this registry are in.
pub const PARTITION: &str = "aws";

/// An ARN: `arn:partition:service:region:account:resource`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Arn {
    text: String,
    /// Byte offsets of the five colons that separate the six fields.
    colons: [usize; 5],
}

impl Arn {
    /// `arn:aws:ecr:R:A:repository/name`, or `arn:aws:ecr-public::A:repository/name`.
    pub fn repository(registry: &RegistryId, name: &RepositoryName) -> Self {
        // Each decision and each record of the audit log asks for one: made without formatting.
        let region = if registry.is_public() { "" } else { registry.region.as_str() };
        let (service, account) = (registry.service(), registry.account.as_str());
        let parts = [
            "arn:",
            PARTITION,
            ":",
            service,
            ":",
            region,
            ":",
            account,
            ":repository/",
            name.as_str(),
        ];
        Self::of_text(parts.concat())
    }

    /// `arn:aws:ecr:R:A:repository/*`: the resource of a call that names no repository.
    pub fn every_repository(registry: &RegistryId) -> Self {
        Self::in_registry(registry, "repository/*")
    }

    /// `arn:aws:ecr-public::A:registry/A`: a public registry as a whole.
    pub fn public_registry(account: &AccountId) -> Self {
        Self::build("ecr-public", "", account, &format!("registry/{account}"))
    }

    fn in_registry(registry: &RegistryId, resource: &str) -> Self {
        let region = if registry.is_public() { "" } else { registry.region.as_str() };
        Self::build(registry.service(), region, &registry.account, resource)
    }

    /// `arn:aws:iam::A:root`.
    pub fn root(account: &AccountId) -> Self {
        Self::build("iam", "", account, "root")
    }

    /// `arn:aws:iam::A:user/name`, with the user's path (which starts and ends with `/`).
    pub fn user(account: &AccountId, path: &str, name: &str) -> Self {
        Self::build("iam", "", account, &format!("user{path}{name}"))
    }

    /// `arn:aws:iam::A:group/name`, with the group's path.
    pub fn group(account: &AccountId, path: &str, name: &str) -> Self {
        Self::build("iam", "", account, &format!("group{path}{name}"))
    }

    /// `arn:aws:iam::A:role/name`, with the role's path.
    pub fn role(account: &AccountId, path: &str, name: &str) -> Self {
        Self::build("iam", "", account, &format!("role{path}{name}"))
    }

    /// `arn:aws:iam::A:policy/name`, with the policy's path.
    pub fn managed_policy(account: &AccountId, path: &str, name: &str) -> Self {
        Self::build("iam", "", account, &format!("policy{path}{name}"))
    }

    /// `arn:aws:iam::A:instance-profile/name`, with the profile's path.
    pub fn instance_profile(account: &AccountId, path: &str, name: &str) -> Self {
        Self::build("iam", "", account, &format!("instance-profile{path}{name}"))
    }

    /// `arn:aws:iam::A:oidc-provider/host/path`, of the URL without its scheme.
    pub fn oidc_provider(account: &AccountId, url: &str) -> Self {
        Self::build("iam", "", account, &format!("oidc-provider/{url}"))
    }

    /// `arn:aws:sts::A:assumed-role/Role/Session`.
    pub fn assumed_role(account: &AccountId, role_name: &str, session_name: &str) -> Self {
        Self::build("sts", "", account, &format!("assumed-role/{role_name}/{session_name}"))
    }

    /// `arn:aws:sts::A:federated-user/name`.
    pub fn federated_user(account: &AccountId, name: &str) -> Self {
        Self::build("sts", "", account, &format!("federated-user/{name}"))
    }

    /// `arn:aws:kms:R:A:key/id`.
    pub fn kms_key(registry: &RegistryId, key_id: &str) -> Self {
        let region = registry.region.as_str();
        Self::build("kms", region, &registry.account, &format!("key/{key_id}"))
    }

    /// `arn:aws:kms:R:A:alias/name`, of the alias `alias/name`.
    pub fn kms_alias(registry: &RegistryId, alias: &str) -> Self {
        Self::build("kms", registry.region.as_str(), &registry.account, alias)
    }

    /// `arn:aws:iam::A:anonymous`: somebody without a login.
    pub fn anonymous(account: &AccountId) -> Self {
        Self::build("iam", "", account, "anonymous")
    }

    fn build(service: &str, region: &str, account: &AccountId, resource: &str) -> Self {
        Self::of_text(format!("arn:{PARTITION}:{service}:{region}:{account}:{resource}"))
    }

    fn of_text(text: String) -> Self {
        let colons = colons(&text).unwrap_or_default();
        Self { text, colons }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same, without a copy.
    pub fn into_string(self) -> String {
        self.text
    }

    /// The second field, `aws` as a rule.
    pub fn partition(&self) -> &str {
        self.field(0)
    }

    /// The third field, such as `ecr`.
    pub fn service(&self) -> &str {
        self.field(1)
    }

    /// The fourth field; empty for global services.
    pub fn region(&self) -> &str {
        self.field(2)
    }

    /// The fifth field; an account id, or empty.
    pub fn account(&self) -> &str {
        self.field(3)
    }

    /// Everything after the fifth colon.
    pub fn resource(&self) -> &str {
        &self.text[self.colons[4] + 1..]
    }

    fn field(&self, index: usize) -> &str {
        &self.text[self.colons[index] + 1..self.colons[index + 1]]
    }
}

impl FromStr for Arn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let form = ParseError::new("an ARN is arn:partition:service:region:account:resource");
        let colons = colons(text).ok_or_else(|| form.clone())?;
        let arn = Self { text: text.to_owned(), colons };
        let whole = text.starts_with("arn:")
            && !arn.partition().is_empty()
            && !arn.service().is_empty()
            && !arn.resource().is_empty();
        if whole { Ok(arn) } else { Err(form) }
    }
}

fn colons(text: &str) -> Option<[usize; 5]> {
    let mut found = [0; 5];
    let mut places = text.bytes().enumerate().filter(|(_, byte)| *byte == b':');
    for slot in &mut found {
        *slot = places.next()?.0;
    }
    Some(found)
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_repositories_are_in_no_region() {
        let registry = RegistryId::public("111122223333".parse().unwrap());
        let arn = Arn::repository(&registry, &"app".parse().unwrap());
        assert_eq!(arn.as_str(), "arn:aws:ecr-public::111122223333:repository/app");
        let whole = Arn::public_registry(&registry.account);
        assert_eq!(whole.as_str(), "arn:aws:ecr-public::111122223333:registry/111122223333");
    }

    #[test]
    fn a_repository_arn_reads_back() {
        let registry =
            RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let arn = Arn::repository(&registry, &"team/app".parse().unwrap());
        assert_eq!(arn.as_str(), "arn:aws:ecr:eu-west-1:111122223333:repository/team/app");
        let read: Arn = arn.as_str().parse().unwrap();
        assert_eq!(read, arn);
        assert_eq!(read.service(), "ecr");
        assert_eq!(read.region(), "eu-west-1");
        assert_eq!(read.account(), "111122223333");
        assert_eq!(read.resource(), "repository/team/app");
    }

    #[test]
    fn colons_in_the_resource_belong_to_the_resource() {
        let arn: Arn = "arn:aws:ecs:r:a:task-definition/x:3".parse().unwrap();
        assert_eq!(arn.resource(), "task-definition/x:3");
    }

    #[test]
    fn what_lacks_a_field_is_no_arn() {
        for bad in [
            "",
            "arn",
            "arn:aws:ecr:r:a",
            "arn:aws:ecr:r:a:",
            "xrn:aws:ecr:r:a:b",
            "arn::ecr:r:a:b",
        ] {
            assert!(bad.parse::<Arn>().is_err(), "{bad:?}");
        }
    }
}
