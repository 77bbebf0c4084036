//! Images of any registry: `HOST[:PORT]/REPOSITORY[:TAG]`.

use std::fmt;
use std::str::FromStr;

/// An image, and the registry it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageReference {
    pub(super) host: String,
    pub(super) repository: String,
    /// A tag, or a digest.
    pub(super) part: String,
}

impl FromStr for ImageReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text} is no image: HOST[:PORT]/REPOSITORY[:TAG]");
        let (host, rest) = text.split_once('/').ok_or_else(wrong)?;
        let (repository, part) = match rest.split_once('@') {
            Some((repository, digest)) => (repository, digest),
            None => rest.rsplit_once(':').unwrap_or((rest, "latest")),
        };
        let is_name = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let is_host = host.contains(['.', ':']) || host == "localhost";
        let is_it = is_host
            && is_name(host, "-.:[]")
            && is_name(repository, "-._/")
            && is_name(part, "-._:");
        is_it
            .then(|| Self { host: host.into(), repository: repository.into(), part: part.into() })
            .ok_or_else(wrong)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.part.contains(':') { '@' } else { ':' };
        write!(f, "{}/{}{separator}{}", self.host, self.repository, self.part)
    }
}

impl ImageReference {
    /// Whether the registry is on this machine.
    pub(super) fn is_local(&self) -> bool {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        host == "localhost"
            || host == "[::1]"
            || host.starts_with("127.")
            || host.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read() {
        for (text, shown, is_local) in [
            ("127.0.0.1:4566/advisories:1", "127.0.0.1:4566/advisories:1", true),
            ("r.test/team/advisories", "r.test/team/advisories:latest", false),
            ("localhost:5000/a@sha256:00", "localhost:5000/a@sha256:00", true),
        ] {
            let image: ImageReference = text.parse().unwrap();
            assert_eq!((image.to_string().as_str(), image.is_local()), (shown, is_local));
        }
        for wrong in
            ["advisories", "team/advisories", "r.test/", "r.test/a b", "r.test/a:", "u@r.test/a"]
        {
            assert!(wrong.parse::<ImageReference>().is_err(), "{wrong}");
        }
    }
}
