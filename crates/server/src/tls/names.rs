//! The names this server answers to: those that AWS's clients ask for, those of this machine, and
//! those it was told.

use std::net::IpAddr;

use wharfinger_core::{AccountId, Region};

/// The domains of all names that [`ServedNames`] knows by itself. The local CA vouches for nothing
/// outside of them but what it was told when it was made.
pub(super) const DOMAINS: [&str; 8] = [
    "localhost",
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "on.aws",
    "ecr.aws",
    "api.amazonwebservices.com.cn",
    "on.amazonwebservices.com.cn",
];
/// Services at `<service>.<region>.<domain>`: ECR, ECR Public, STS and IAM, with their FIPS forms.
const REGIONAL: [&str; 8] =
    ["api.ecr", "api.ecr-fips", "api.ecr-public", "ecr", "ecr-fips", "sts", "sts-fips", "iam"];
/// The same at the domain of the dual-stack endpoints.
const REGIONAL_DUAL_STACK: [&str; 5] = ["ecr", "ecr-fips", "ecr-public", "sts", "iam"];
/// Hosts without a region.
const GLOBAL: [&str; 3] = ["public.ecr.aws", "sts.amazonaws.com", "iam.amazonaws.com"];

/// The names of one server.
#[derive(Clone, Debug, Default)]
pub(super) struct ServedNames {
    /// In lower case.
    pub(super) configured: Vec<String>,
    /// The host of `--registry-host`, without its port.
    pub(super) registry_host: Option<String>,
}

impl ServedNames {
    pub(super) fn new(configured: &[String], registry_host: Option<&str>) -> Self {
        let registry_host = registry_host.map(|host| {
            let host = host.to_ascii_lowercase();
            let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
            name.map_or(host.clone(), |(name, _)| name.to_owned())
        });
        Self { configured: configured.to_vec(), registry_host }
    }

    /// Whether this server answers to a DNS name in lower case.
    pub(super) fn answers(&self, name: &str) -> bool {
        name == "localhost"
            || is_of_aws(name)
            || self.configured.iter().any(|configured| configured == name)
            || self.registry_host.as_deref().is_some_and(|template| fits(template, name))
    }

    /// The IP addresses that were configured.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.configured.iter().filter_map(|name| name.parse().ok())
    }

    /// What a new CA has to vouch for beside [`DOMAINS`].
    pub(super) fn domains(&self) -> Vec<String> {
        let template = self.registry_host.as_deref();
        let domain = template.and_then(|template| match template.rsplit_once('}') {
            Some((_, rest)) => rest.split_once('.').map(|(_, domain)| domain),
            None => Some(template),
        });
        let domain = domain.filter(|domain| !domain.is_empty() && !domain.starts_with('['));
        self.configured.iter().cloned().chain(domain.map(str::to_owned)).collect()
    }
}

/// The names under which the clients of a registry look for it and for STS and IAM.
pub(crate) fn of_registry(account: AccountId, region: &Region) -> [String; 5] {
    [
        format!("{account}.dkr.ecr.{region}.amazonaws.com"),
        format!("api.ecr.{region}.amazonaws.com"),
        format!("sts.{region}.amazonaws.com"),
        "sts.amazonaws.com".to_owned(),
        "iam.amazonaws.com".to_owned(),
    ]
}

/// Whether AWS has this name for something that this server does.
fn is_of_aws(name: &str) -> bool {
    let regional = |domain: &str| {
        let (service, region) = name.strip_suffix(domain)?.strip_suffix('.')?.rsplit_once('.')?;
        region.parse::<Region>().ok().map(|_| service)
    };
    let is_registry = |service: &str, forms: [&str; 2]| {
        service.split_once('.').is_some_and(|(account, form)| {
            account.parse::<AccountId>().is_ok() && forms.contains(&form)
        })
    };
    GLOBAL.contains(&name)
        || ["amazonaws.com", "amazonaws.com.cn"].into_iter().filter_map(regional).any(|service| {
            REGIONAL.contains(&service) || is_registry(service, ["dkr.ecr", "dkr.ecr-fips"])
        })
        || ["api.aws", "api.amazonwebservices.com.cn"]
            .into_iter()
            .filter_map(regional)
            .any(|service| REGIONAL_DUAL_STACK.contains(&service))
        || ["on.aws", "on.amazonwebservices.com.cn"]
            .into_iter()
            .filter_map(regional)
            .any(|service| is_registry(service, ["dkr-ecr", "dkr-ecr-fips"]))
}

/// Whether `name` is what a template of `--registry-host` makes of some account and region.
fn fits(template: &str, name: &str) -> bool {
    let is_region = |text: &str| text.parse::<Region>().is_ok();
    if let Some(rest) = template.strip_prefix("{account}") {
        let account = name.get(..12).filter(|text| text.parse::<AccountId>().is_ok());
        return account.is_some() && fits(rest, &name[12..]);
    }
    if let Some(rest) = template.strip_prefix("{region}") {
        let label = name.split('.').next().unwrap_or_default();
        // A region has 25 characters at the most, and nothing of it is a dot.
        let ends = (1..=label.len().min(25)).filter(|end| label.is_char_boundary(*end));
        return ends.into_iter().any(|end| is_region(&name[..end]) && fits(rest, &name[end..]));
    }
    let mut characters = template.chars();
    match characters.next() {
        None => name.is_empty(),
        Some(first) => name.strip_prefix(first).is_some_and(|rest| fits(characters.as_str(), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_aws_are_answered_and_no_others() {
        let names = ServedNames::new(&["registry.lan".into(), "192.0.2.1".into()], None);
        for good in [
            "localhost",
            "registry.lan",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "123456789012.dkr-ecr.eu-west-1.on.aws",
            "123456789012.dkr-ecr-fips.us-east-1.on.aws",
            "api.ecr.us-east-1.amazonaws.com",
            "ecr-fips.us-east-1.amazonaws.com",
            "ecr.eu-west-1.api.aws",
            "ecr-fips.us-east-1.api.aws",
            "sts.eu-central-1.amazonaws.com",
            "sts.amazonaws.com",
            "sts-fips.us-east-1.amazonaws.com",
            "iam.amazonaws.com",
            "public.ecr.aws",
            "api.ecr-public.us-east-1.amazonaws.com",
            "ecr-public.us-east-1.api.aws",
        ] {
            assert!(names.answers(good), "{good}");
            let covered = |domain: &&str| good == *domain || good.ends_with(&format!(".{domain}"));
            assert!(DOMAINS.iter().any(covered) || good == "registry.lan", "{good}");
        }
        for bad in [
            "",
            "example.com",
            "other.lan",
            "a.registry.lan",
            "amazonaws.com",
            "s3.us-east-1.amazonaws.com",
            "12345678901.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr.us_east_1.amazonaws.com",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com.example.com",
            "123456789012.dkr.ecr.us-east-1.on.aws",
            "x.api.ecr.us-east-1.amazonaws.com",
            "sts..amazonaws.com",
            "www.public.ecr.aws",
            "dkr.ecr.us-east-1.amazonaws.com",
        ] {
            assert!(!names.answers(bad), "{bad}");
        }
        assert_eq!(names.addresses().collect::<Vec<_>>(), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn the_configured_registry_host_is_answered() {
        let host = Some("{account}.dkr.ecr.{region}.Example.com:8443");
        let names = ServedNames::new(&[], host);
        assert!(names.answers("123456789012.dkr.ecr.eu-west-1.example.com"));
        assert!(!names.answers("123456789012.dkr.ecr.eu.west.example.com"));
        assert!(!names.answers("12345678901x.dkr.ecr.eu-west-1.example.com"));
        assert_eq!(names.domains(), ["example.com"]);
        let names = ServedNames::new(&["a.test".into()], Some("registry-{region}x.lan"));
        assert!(names.answers("registry-us-east-1x.lan") && !names.answers("registry-x.lan"));
        assert_eq!(names.domains(), ["a.test", "lan"]);
        let names = ServedNames::new(&[], Some("registry.lan"));
        assert!(names.answers("registry.lan"));
        assert_eq!(names.domains(), ["registry.lan"]);
        assert!(ServedNames::new(&[], Some("[::1]:80")).domains().is_empty());
    }
}
