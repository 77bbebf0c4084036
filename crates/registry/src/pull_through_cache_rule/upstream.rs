//! The upstream registries that a rule may name, and what each needs.

use wharfinger_core::{AccountId, Region};

/// A kind of upstream registry: ECR's `upstreamRegistry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamRegistry {
    /// A private registry of ECR.
    Ecr,
    /// ECR Public.
    EcrPublic,
    /// Quay.
    Quay,
    /// The registry of Kubernetes.
    K8s,
    /// Docker Hub.
    DockerHub,
    /// GitHub's container registry.
    GithubContainerRegistry,
    /// A registry of Azure.
    AzureContainerRegistry,
    /// GitLab's container registry.
    GitlabContainerRegistry,
    /// Chainguard.
    Chainguard,
}

impl UpstreamRegistry {
    const ALL: [Self; 9] = [
        Self::Ecr,
        Self::EcrPublic,
        Self::Quay,
        Self::K8s,
        Self::DockerHub,
        Self::GithubContainerRegistry,
        Self::AzureContainerRegistry,
        Self::GitlabContainerRegistry,
        Self::Chainguard,
    ];

    /// Its name in ECR's model.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
            Self::Quay => "quay",
            Self::K8s => "k8s",
            Self::DockerHub => "docker-hub",
            Self::GithubContainerRegistry => "github-container-registry",
            Self::AzureContainerRegistry => "azure-container-registry",
            Self::GitlabContainerRegistry => "gitlab-container-registry",
            Self::Chainguard => "chainguard",
        }
    }

    /// The kind of that name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind of the registry at that URL, which is a host without a scheme (ECR API reference,
    /// `upstreamRegistryUrl`).
    pub(super) fn of_url(url: &str) -> Option<Self> {
        Some(match url {
            "public.ecr.aws" => Self::EcrPublic,
            "registry.k8s.io" => Self::K8s,
            "quay.io" => Self::Quay,
            "registry-1.docker.io" => Self::DockerHub,
            "ghcr.io" => Self::GithubContainerRegistry,
            "registry.gitlab.com" => Self::GitlabContainerRegistry,
            "cgr.dev" => Self::Chainguard,
            url if is_azure(url) => Self::AzureContainerRegistry,
            url if ecr_account(url).is_some() => Self::Ecr,
            _ => return None,
        })
    }

    /// Whether nothing can be pulled from it without a login.
    pub(super) fn needs_credential(self) -> bool {
        match self {
            Self::DockerHub
            | Self::GithubContainerRegistry
            | Self::AzureContainerRegistry
            | Self::GitlabContainerRegistry
            | Self::Chainguard => true,
            Self::Ecr | Self::EcrPublic | Self::Quay | Self::K8s => false,
        }
    }
}

/// The account of a private registry of ECR: `A.dkr.ecr.R.amazonaws.com`.
pub(super) fn ecr_account(url: &str) -> Option<AccountId> {
    let (account, rest) = url.split_once(".dkr.ecr.")?;
    let region =
        rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
    region.parse::<Region>().ok()?;
    account.parse().ok()
}

/// `<name>.azurecr.io`, where the name is one label of a host.
fn is_azure(url: &str) -> bool {
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    url.strip_suffix(".azurecr.io").is_some_and(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_tell_the_kind() {
        for (url, expected) in [
            ("public.ecr.aws", Some("ecr-public")),
            ("registry.k8s.io", Some("k8s")),
            ("quay.io", Some("quay")),
            ("registry-1.docker.io", Some("docker-hub")),
            ("ghcr.io", Some("github-container-registry")),
            ("acme.azurecr.io", Some("azure-container-registry")),
            ("registry.gitlab.com", Some("gitlab-container-registry")),
            ("cgr.dev", Some("chainguard")),
            ("111122223333.dkr.ecr.us-east-1.amazonaws.com", Some("ecr")),
            ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", Some("ecr")),
            ("docker.io", None),
            ("https://quay.io", None),
            ("quay.io/", None),
            ("Quay.io", None),
            ("azurecr.io", None),
            (".azurecr.io", None),
            ("a.b.azurecr.io", None),
            ("-a.azurecr.io", None),
            ("1111.dkr.ecr.us-east-1.amazonaws.com", None),
            ("111122223333.dkr.ecr.x.amazonaws.com", None),
            ("111122223333.dkr.ecr.us-east-1.example.com", None),
            ("", None),
        ] {
            assert_eq!(UpstreamRegistry::of_url(url).map(UpstreamRegistry::as_str), expected);
        }
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in UpstreamRegistry::ALL {
            assert_eq!(UpstreamRegistry::of_name(kind.as_str()), Some(kind));
        }
        assert_eq!(UpstreamRegistry::of_name("harbor"), None);
    }
}
