//! Registries by host name: `<account>.dkr.ecr.<region>.<domain>` and its kin.

use wharfinger_core::RegistryId;

/// The registry that a `Host` names, if it has the form of an ECR registry: `dkr.ecr`,
/// `dkr.ecr-fips`, `dkr-ecr` or `dkr-ecr-fips` between account and region, and any domain after
/// it. Case, port and a final dot do not matter.
pub(crate) fn registry_of_host(host: &str) -> Option<RegistryId> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let (account, rest) = name.split_once('.')?;
    let rest = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."]
        .into_iter()
        .find_map(|form| rest.strip_prefix(form))?;
    let (region, domain) = rest.split_once('.')?;
    if domain.split('.').any(str::is_empty) {
        return None;
    }
    Some(RegistryId::new(account.parse().ok()?, region.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn registries_are_told_by_their_host() {
        for host in [
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com:4566",
            "111122223333.DKR.ECR.EU-WEST-1.Example.COM.",
            "111122223333.dkr-ecr.eu-west-1.on.aws",
            "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
            "111122223333.dkr-ecr-fips.eu-west-1.on.aws",
            "111122223333.dkr.ecr.eu-west-1.localhost:80",
        ] {
            let registry = registry_of_host(host).unwrap();
            assert_eq!(registry.account.as_str(), "111122223333", "{host}");
            assert_eq!(registry.region.as_str(), "eu-west-1", "{host}");
        }
    }

    #[test]
    fn any_other_host_names_none() {
        for host in [
            "",
            "localhost:4566",
            "[::1]:4566",
            "dkr.ecr.eu-west-1.amazonaws.com",
            "11112222333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1",
            "111122223333.dkr.ecr.eu-west-1.",
            "111122223333.dkr.ecr.eu-west-1..com",
            "111122223333.dkr.ecr..com",
            "111122223333.ecr.eu-west-1.amazonaws.com",
            "x.111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu_west_1.amazonaws.com",
        ] {
            assert_eq!(registry_of_host(host), None, "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_host_makes_it_panic(host in "([0-9]{12}|[a-z]*)[.]dkr[.-]ecr[a-z0-9.:-]{0,20}|.*") {
            let _ = registry_of_host(&host);
        }
    }
}
