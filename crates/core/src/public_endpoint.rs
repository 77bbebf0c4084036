//! Where public registries (ECR Public) are served: under a host of their own, under a prefix of
//! paths, or both.
//!
//! `server` makes it from the configuration, `registry` keeps it, and both edges ask it. Without
//! one, nothing of ECR Public is served.

use crate::limits::{PUBLIC_PATH_PREFIX_CHARS_MAX, REPOSITORY_NAME_CHARS_MIN};
use crate::{ParseError, RepositoryName};

/// The places where public registries are served; there is at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicEndpoint {
    host: Option<String>,
    path_prefix: Option<String>,
}

impl PublicEndpoint {
    /// The places with this host (see [`Self::parse_host`]) and this prefix (see
    /// [`Self::parse_path_prefix`]); none if there is neither.
    ///
    /// # Errors
    /// What either of the two says of a text that is not one.
    pub fn new(host: Option<&str>, path_prefix: Option<&str>) -> Result<Option<Self>, ParseError> {
        if host.is_none() && path_prefix.is_none() {
            return Ok(None);
        }
        let host = host.map(Self::parse_host).transpose()?;
        let path_prefix = path_prefix.map(Self::parse_path_prefix).transpose()?;
        Ok(Some(Self { host, path_prefix }))
    }

    /// Reads a host with an optional port, such as `public.example.com:4566`.
    ///
    /// # Errors
    /// For `localhost`, an address, and the host of a private registry, too: all of `/v2` under
    /// this host is public, so it must be a name that is used for nothing else.
    pub fn parse_host(text: &str) -> Result<String, ParseError> {
        const FORM: ParseError = ParseError::new(
            "the host of public registries is a host name that nothing else is reached by, such \
             as public.example.com, with an optional port",
        );
        let name = match text.split_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok_and(|port| port > 0) => name,
            Some(_) => return Err(FORM),
            None => text,
        };
        let label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let labels: Vec<&str> = name.split('.').collect();
        let address = labels.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        let private =
            labels.get(1).is_some_and(|label| label.to_ascii_lowercase().starts_with("dkr"));
        let fits = name.len() <= 253
            && labels.len() > 1
            && labels.iter().all(|text| label(text))
            && !address
            && !private;
        if fits { Ok(text.to_ascii_lowercase()) } else { Err(FORM) }
    }

    /// Reads the first component of the paths under which public registries are served:
    /// `public.ecr.aws` serves them under `/v2/public.ecr.aws/<alias>/<repository>/…`.
    ///
    /// # Errors
    /// For anything but one component of a repository name, of 2 to
    /// [`PUBLIC_PATH_PREFIX_CHARS_MAX`] characters.
    pub fn parse_path_prefix(text: &str) -> Result<String, ParseError> {
        let length = REPOSITORY_NAME_CHARS_MIN..=PUBLIC_PATH_PREFIX_CHARS_MAX;
        let component = text.parse::<RepositoryName>().is_ok() && !text.contains('/');
        if component && length.contains(&text.len()) {
            Ok(text.to_owned())
        } else {
            Err(ParseError::new(
                "the path prefix of public registries is one part of a repository name, of 2 to \
                 50 characters, such as public.ecr.aws",
            ))
        }
    }

    /// Whether a request's `Host` is that of the public registries. Case, port and a final dot do
    /// not matter: whoever asks by this name means them.
    pub fn is_host(&self, asked: &str) -> bool {
        let own = self.host.as_deref().map(host_name);
        let asked = host_name(asked);
        own.is_some_and(|own| own.eq_ignore_ascii_case(asked.strip_suffix('.').unwrap_or(asked)))
    }

    /// The first component of paths that lead to public registries on other hosts.
    pub fn path_prefix(&self) -> Option<&str> {
        self.path_prefix.as_deref()
    }

    /// The host under which a client reaches public registries and what is served beside them:
    /// their own, else the one it asked.
    pub fn host<'a>(&'a self, asked: &'a str) -> &'a str {
        self.host.as_deref().unwrap_or(asked)
    }

    /// The URI of a registry by its alias: `public.example.com/<alias>`, or, without a host of
    /// their own, `<the host asked>/<prefix>/<alias>`. It has no scheme.
    pub fn registry_uri(&self, asked: &str, alias: &str) -> String {
        match (&self.host, &self.path_prefix) {
            (None, Some(prefix)) => format!("{asked}/{prefix}/{alias}"),
            _ => format!("{}/{alias}", self.host(asked)),
        }
    }

    /// Whether a private repository of this name could not be reached: its paths would lead to
    /// public registries.
    pub fn shadows(&self, name: &RepositoryName) -> bool {
        let first = name.as_str().split('/').next();
        self.path_prefix.is_some() && first == self.path_prefix()
    }
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: Option<&str>, prefix: Option<&str>) -> PublicEndpoint {
        PublicEndpoint::new(host, prefix).unwrap().unwrap()
    }

    #[test]
    fn there_is_none_unless_a_place_is_named() {
        assert_eq!(PublicEndpoint::new(None, None).unwrap(), None);
    }

    #[test]
    fn a_host_serves_nothing_else() {
        for good in ["public.example.com", "Public.Example.com:4566", "public.localhost:80"] {
            assert!(PublicEndpoint::parse_host(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "localhost:4566",
            "127.0.0.1",
            "10.0.0.1:80",
            "[::1]:80",
            "public.example.com:",
            "public.example.com:0",
            "public.example.com:80:80",
            "public..com",
            "public.example.com/",
            "pu blic.example.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr-ecr.eu-west-1.on.aws",
        ] {
            assert!(PublicEndpoint::parse_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_host_is_known_in_every_spelling() {
        let endpoint = endpoint(Some("public.example.com:4566"), None);
        for asked in ["public.example.com", "PUBLIC.example.com:4566", "public.example.com.:1"] {
            assert!(endpoint.is_host(asked), "{asked}");
        }
        for asked in ["", "example.com", "xpublic.example.com", "public.example.com.evil.org"] {
            assert!(!endpoint.is_host(asked), "{asked}");
        }
        let uri = endpoint.registry_uri("localhost:4566", "a1b2");
        assert_eq!(uri, "public.example.com:4566/a1b2");
    }

    #[test]
    fn a_prefix_is_one_component_and_keeps_names_for_itself() {
        for bad in ["", "x", "a/b", "Public", "_catalog", "a..b", &"a".repeat(51)] {
            assert!(PublicEndpoint::parse_path_prefix(bad).is_err(), "{bad}");
        }
        let endpoint = endpoint(None, Some("public.ecr.aws"));
        assert!(!endpoint.is_host("localhost:4566") && !endpoint.is_host(""));
        let uri = endpoint.registry_uri("localhost:4566", "a1b2");
        assert_eq!(uri, "localhost:4566/public.ecr.aws/a1b2");
        for (name, shadowed) in
            [("public.ecr.aws", true), ("public.ecr.aws/a/b", true), ("public.ecr.aws2/a", false)]
        {
            assert_eq!(endpoint.shadows(&name.parse().unwrap()), shadowed, "{name}");
        }
        let host = PublicEndpoint::new(Some("public.example.com"), None).unwrap().unwrap();
        assert!(!host.shadows(&"public.ecr.aws/a".parse().unwrap()));
    }
}
