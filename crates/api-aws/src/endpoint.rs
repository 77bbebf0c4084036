//! Under which host a registry is reached: the one source of `repositoryUri` and `proxyEndpoint`.

use wharfinger_core::{AccountId, RegistryId, RepositoryName, RequestContext};

/// How clients reach registries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// The host (and port) of a registry, with `{account}` and `{region}` filled in. When there is
    /// none, a registry is reached where the client asked: under the `Host` of its request, or,
    /// if that is the API's (`api.ecr.<region>.<rest>` or `ecr.<region>.<rest>`), under
    /// `<account>.dkr.ecr.<region>.<rest>`.
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

/// The registry's host in the shape of AWS, if the host that was asked has that shape. It must
/// name the registry's own region: `ecr.example.com` is just a name.
fn aws_host(asked: &str, registry: &RegistryId) -> Option<String> {
    let asked = asked.to_ascii_lowercase();
    let host = match asked.split_once(".dkr.") {
        Some((account, rest)) if account.parse::<AccountId>().is_ok() => rest,
        _ => asked.strip_prefix("api.").unwrap_or(&asked),
    };
    let (region, rest) = host.strip_prefix("ecr.")?.split_once('.')?;
    let RegistryId { account, region: own } = registry;
    let shaped = region == own.as_str() && !rest.is_empty();
    shaped.then(|| format!("{account}.dkr.ecr.{own}.{rest}"))
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
            ("ecr.example.com", "ecr.example.com"),
            ("api.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com"),
            ("ecr.eu-west-1", "ecr.eu-west-1"),
        ] {
            assert_eq!(endpoints.host(asked, &registry()), host, "{asked}");
        }
    }

    #[test]
    fn a_template_says_where_it_is() {
        let registry_host = Some("{account}.{region}.registry.lan:5000".to_owned());
        let host = Endpoints { registry_host }.host("localhost:4566", &registry());
        assert_eq!(host, "111122223333.eu-west-1.registry.lan:5000");
    }
}
