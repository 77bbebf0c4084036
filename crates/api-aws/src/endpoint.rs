//! Under which host a registry is reached: the one source of `repositoryUri` and `proxyEndpoint`.

use std::borrow::Cow;

use wharfinger_core::{AccountId, Region, RegistryId, RepositoryName, RequestContext};

/// The domains of AWS's endpoints.
const AWS_DOMAINS: [&str; 4] =
    ["amazonaws.com", "amazonaws.com.cn", "api.aws", "api.amazonwebservices.com.cn"];
/// The region that AWS's hosts without a region are signed for.
const GLOBAL_REGION: &str = "us-east-1";

/// How clients reach registries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// The host (and port) of a registry, with `{account}` and `{region}` filled in. When there is
    /// none, a registry is reached where the client asked: under the `Host` of its request, or,
    /// if that is the API's (`api.ecr.<region>.<rest>` or `ecr.<region>.<rest>`), under
    /// `<account>.dkr.ecr.<region>.<rest>`. The names of AWS's FIPS and dual-stack endpoints have
    /// their counterparts, too.
    pub registry_host: Option<String>,
}

impl Endpoints {
    /// `repositoryUri`: host and name, without a scheme.
    pub fn repository_uri(
        &self,
        context: &RequestContext,
        registry: &RegistryId,
        name: &RepositoryName,
    ) -> String {
        format!("{}/{name}", self.host(&context.host, registry))
    }

    /// `proxyEndpoint`: scheme and host, without a path.
    pub fn proxy_endpoint(&self, context: &RequestContext, registry: &RegistryId) -> String {
        format!("{}://{}", context.scheme(), self.host(&context.host, registry))
    }

    fn host(&self, asked: &str, registry: &RegistryId) -> String {
        match &self.registry_host {
            Some(template) => template
                .replace("{account}", registry.account.as_str())
                .replace("{region}", registry.region.as_str()),
            None => aws_host(asked, registry).unwrap_or_else(|| asked.to_owned()),
        }
    }
}

/// Whether a host names a region as AWS's own hosts do, and it is not this one. The signature is
/// then meant for elsewhere.
///
/// `ecr.eu-west-1.lan` may be just a name, and `api.ecr.example.com` is one.
pub(crate) fn names_another_region(asked: &str, region: &Region) -> bool {
    let asked = asked.to_ascii_lowercase();
    let is_api = asked.starts_with("api.");
    AwsHost::parse(&asked).is_some_and(|host| {
        (host.is_registry || is_api && is_region_of_aws(host.region))
            && host.region != region.as_str()
    })
}

/// Whether a host is one of STS that AWS has for a region, and it is not this one. The global host
/// is that of `us-east-1`.
pub(crate) fn sts_of_another_region(asked: &str, region: &Region) -> bool {
    let asked = asked.to_ascii_lowercase();
    let host = without_port(&asked);
    let Some(rest) = host.strip_prefix("sts.").or_else(|| host.strip_prefix("sts-fips.")) else {
        return false;
    };
    if rest == "amazonaws.com" {
        return region.as_str() != GLOBAL_REGION;
    }
    rest.split_once('.').is_some_and(|(named, domain)| {
        AWS_DOMAINS.contains(&domain) && is_region_of_aws(named) && named != region.as_str()
    })
}

/// Whether a host is AWS's for IAM.
pub(crate) fn is_iam(asked: &str) -> bool {
    let asked = asked.to_ascii_lowercase();
    let Some(rest) = without_port(&asked).strip_prefix("iam.") else { return false };
    let domain = rest.split_once('.').map(|(_, domain)| domain);
    AWS_DOMAINS.contains(&rest) || domain.is_some_and(|domain| AWS_DOMAINS.contains(&domain))
}

fn without_port(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// The registry's host in the shape of AWS, if the host that was asked has that shape. It must
/// name the registry's own region: `ecr.example.com` is just a name.
fn aws_host(asked: &str, registry: &RegistryId) -> Option<String> {
    let asked = asked.to_ascii_lowercase();
    let AwsHost { form, region, domain, .. } = AwsHost::parse(&asked)?;
    let RegistryId { account, region: own } = registry;
    (region == own.as_str()).then(|| format!("{account}.{form}.{own}.{domain}"))
}

/// A host in the shape of AWS: of the API or of a registry.
struct AwsHost<'a> {
    /// What stands between account and region in the names of the registries that go with it.
    form: &'static str,
    region: &'a str,
    /// What comes after the region there, with the port.
    domain: Cow<'a, str>,
    /// Whether it is the host of a registry.
    is_registry: bool,
}

impl<'a> AwsHost<'a> {
    /// Reads a host in lower case.
    fn parse(asked: &'a str) -> Option<Self> {
        Self::of_registry(asked).or_else(|| Self::of_api(asked))
    }

    fn of_registry(asked: &'a str) -> Option<Self> {
        let (account, rest) = asked.split_once('.')?;
        account.parse::<AccountId>().ok()?;
        let forms = ["dkr.ecr", "dkr.ecr-fips", "dkr-ecr", "dkr-ecr-fips"];
        let mut tails = forms.into_iter().filter_map(|form| Some((form, after(rest, form)?)));
        let (form, (region, domain)) = tails.next()?;
        Some(Self { form, region, domain: domain.into(), is_registry: true })
    }

    fn of_api(asked: &'a str) -> Option<Self> {
        let host = asked.strip_prefix("api.").unwrap_or(asked);
        let (form, dual_stack_form, (region, domain)) = match after(host, "ecr") {
            Some(tail) => ("dkr.ecr", "dkr-ecr", tail),
            None => ("dkr.ecr-fips", "dkr-ecr-fips", after(host, "ecr-fips")?),
        };
        let (form, domain) = match dual_stack_domain(domain) {
            Some(domain) => (dual_stack_form, domain.into()),
            None => (form, domain.into()),
        };
        Some(Self { form, region, domain, is_registry: false })
    }
}

/// Region and domain of `<form>.<region>.<domain>`.
fn after<'a>(host: &'a str, form: &str) -> Option<(&'a str, &'a str)> {
    let (region, domain) = host.strip_prefix(form)?.strip_prefix('.')?.split_once('.')?;
    (!domain.is_empty()).then_some((region, domain))
}

/// The registries' domain where the API's is that of AWS's dual-stack endpoints
/// (`ecr.<region>.api.aws`, whose registries are `<account>.dkr-ecr.<region>.on.aws`).
fn dual_stack_domain(domain: &str) -> Option<String> {
    let name = domain.split_once(':').map_or(domain, |(name, _)| name);
    let is_dual_stack = matches!(name, "api.aws" | "api.amazonwebservices.com.cn");
    let rest = domain.strip_prefix("api.").filter(|_| is_dual_stack)?;
    Some(format!("on.{rest}"))
}

/// Whether this has the form of AWS's regions: words and a number, such as `us-gov-west-1`.
fn is_region_of_aws(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    words.contains('-')
        && words.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> RegistryId {
        RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    #[test]
    fn a_registry_is_where_the_client_asked() {
        let endpoints = Endpoints::default();
        let aws = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for (asked, host) in [
            ("localhost:4566", "localhost:4566"),
            ("[::1]:4566", "[::1]:4566"),
            ("api.ecr.eu-west-1.amazonaws.com", aws),
            ("API.ECR.eu-west-1.amazonaws.com", aws),
            ("ecr.eu-west-1.amazonaws.com", aws),
            ("999999999999.dkr.ecr.eu-west-1.amazonaws.com", aws),
            ("ecr.eu-west-1.lan:8443", "111122223333.dkr.ecr.eu-west-1.lan:8443"),
            (
                "api.ecr-fips.eu-west-1.amazonaws.com",
                "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
            ),
            (
                "ecr-fips.eu-west-1.amazonaws.com",
                "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
            ),
            ("ecr.eu-west-1.api.aws", "111122223333.dkr-ecr.eu-west-1.on.aws"),
            ("ecr.eu-west-1.api.aws:8443", "111122223333.dkr-ecr.eu-west-1.on.aws:8443"),
            ("ecr-fips.eu-west-1.api.aws", "111122223333.dkr-ecr-fips.eu-west-1.on.aws"),
            ("999999999999.dkr-ecr.eu-west-1.on.aws", "111122223333.dkr-ecr.eu-west-1.on.aws"),
            ("ecr.eu-west-1.api.lan", "111122223333.dkr.ecr.eu-west-1.api.lan"),
            ("ecr.example.com", "ecr.example.com"),
            ("api.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com"),
            ("ecr.eu-west-1", "ecr.eu-west-1"),
        ] {
            assert_eq!(endpoints.host(asked, &registry()), host, "{asked}");
        }
    }

    #[test]
    fn hosts_that_are_just_names_name_no_region() {
        let region = registry().region;
        for (asked, another) in [
            ("localhost:4566", false),
            ("api.ecr.eu-west-1.amazonaws.com", false),
            ("api.ecr.us-gov-west-1.amazonaws.com", true),
            ("API.ECR-FIPS.us-east-1.amazonaws.com", true),
            ("111122223333.dkr.ecr.us-east-1.lan:80", true),
            ("111122223333.dkr.ecr.eu-west-1.lan:80", false),
            ("api.ecr.example.com", false),
            ("api.ecr.my-company.com", false),
            ("ecr.us-east-1.lan", false),
            ("", false),
        ] {
            assert_eq!(names_another_region(asked, &region), another, "{asked}");
        }
    }

    #[test]
    fn hosts_of_sts_and_iam_are_known() {
        let region = registry().region;
        for (asked, another) in [
            ("sts.eu-west-1.amazonaws.com", false),
            ("STS.us-east-1.amazonaws.com:443", true),
            ("sts.amazonaws.com", true),
            ("sts-fips.us-east-1.amazonaws.com", true),
            ("sts.us-east-1.api.aws", true),
            ("sts.us-east-1.lan", false),
            ("localhost:4566", false),
        ] {
            assert_eq!(sts_of_another_region(asked, &region), another, "{asked}");
        }
        let global = "us-east-1".parse().unwrap();
        assert!(!sts_of_another_region("sts.amazonaws.com", &global));
        for (asked, iam) in [
            ("iam.amazonaws.com", true),
            ("IAM.amazonaws.com:443", true),
            ("iam.cn-north-1.amazonaws.com.cn", true),
            ("iam.global.api.aws", true),
            ("iam.lan", false),
            ("sts.amazonaws.com", false),
            ("", false),
        ] {
            assert_eq!(is_iam(asked), iam, "{asked}");
        }
    }

    #[test]
    fn a_template_says_where_it_is() {
        let registry_host = Some("{account}.{region}.registry.lan:5000".to_owned());
        let host = Endpoints { registry_host }.host("localhost:4566", &registry());
        assert_eq!(host, "111122223333.eu-west-1.registry.lan:5000");
    }
}
