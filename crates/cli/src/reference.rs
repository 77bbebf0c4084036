//! What a command is about in a registry: a repository, a tag of it, or an image.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use wharfinger_audit::parse_time;
use wharfinger_auth::actions::BatchGetImage;
use wharfinger_auth::{Action, Permit, RepositoryResource};
use wharfinger_core::{Digest, Region, RegistryId, RepositoryName, Tag, Timestamp};
use wharfinger_registry::{Registry, RequestedImage, StoredImage};
use wharfinger_server::{DataDir, Installation, Settings};

use crate::arguments::PlaceArguments;

/// `REPO`, `REPO:TAG` or `REPO@DIGEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) repository: RepositoryName,
    pub(crate) part: Part,
}

/// What of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Tag(Tag),
    Image(Digest),
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, part) = if let Some((name, digest)) = text.split_once('@') {
            (name, Part::Image(digest.parse().map_err(|error| format!("{error}"))?))
        } else if let Some((name, tag)) = text.split_once(':') {
            (name, Part::Tag(tag.parse().map_err(|error| format!("{error}"))?))
        } else {
            (text, Part::Whole)
        };
        let repository = name.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { repository, part })
    }
}

/// Reads what `--at` says. Times are printed to the second, so that one that was said to the second
/// means its end: whatever is printed leads back to itself.
pub(crate) fn moment(at: Option<&str>, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let at = at.map(|text| parse_time(text, now)).transpose();
    let at = at.map_err(anyhow::Error::msg).context("--at")?;
    Ok(at.map(|at| match at.millis() % 1000 {
        0 => at.plus(Duration::from_millis(999)),
        _ => at,
    }))
}

/// Which registry of which installation a command is about.
#[derive(Args, Debug)]
pub(crate) struct RegistryArguments {
    /// The region of the registry [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "WHARFINGER_REGION")]
    region: Option<Region>,
    /// The account's public registry
    #[arg(long, conflicts_with = "region")]
    public: bool,
    #[command(flatten)]
    place: PlaceArguments,
}

/// A registry of an installation.
#[derive(Clone)]
pub(crate) struct OpenRegistry {
    pub(crate) registry: Arc<Registry>,
    pub(crate) id: RegistryId,
}

impl RegistryArguments {
    /// The data directory, which need not exist.
    pub(crate) fn data_dir(&self) -> anyhow::Result<PathBuf> {
        let config = self.place.directory.resolve()?;
        Ok(DataDir::new(&config.data_dir).path().to_owned())
    }

    /// Opens the installation, whether or not a server runs on it.
    pub(crate) async fn open(self) -> anyhow::Result<OpenRegistry> {
        let settings = Settings { region: self.region, ..Settings::default() };
        let PlaceArguments { of_account, directory } = self.place;
        let config = directory.resolve_with(settings)?;
        let installation = Installation::existing(&config).await?;
        let account = installation.account_or_first(of_account).await?;
        let id = match self.public {
            true => RegistryId::public(account),
            false => RegistryId::new(account, config.region.clone()),
        };
        Ok(OpenRegistry { registry: installation.registry(&config)?, id })
    }
}

impl OpenRegistry {
    /// A permit of the installation itself for a repository.
    pub(crate) fn permit<A: Action<Resource = RepositoryResource>>(
        &self,
        name: &RepositoryName,
    ) -> Permit<A> {
        Permit::system(RepositoryResource { registry: self.id.clone(), name: name.clone() })
    }

    /// An image of a repository, with its manifest.
    pub(crate) async fn image(
        &self,
        name: &RepositoryName,
        wanted: RequestedImage,
    ) -> anyhow::Result<StoredImage> {
        let permit = self.permit::<BatchGetImage>(name);
        let (images, failures) = self.registry.batch_get_image(&permit, vec![wanted]).await?;
        match (images.into_iter().next(), failures.into_iter().next()) {
            (Some(image), _) => Ok(image),
            (None, Some(failure)) => Err(anyhow!("{}", failure.code)),
            (None, None) => Err(anyhow!("there is no such image")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_time_leads_back_to_itself() {
        let changed_at = Timestamp::from_millis(1_772_368_200_250);
        let read = moment(Some(&changed_at.to_string()), changed_at).unwrap().unwrap();
        assert!(read > changed_at && read.seconds() == changed_at.seconds());
        let ago = moment(Some("1s"), changed_at).unwrap().unwrap();
        assert_eq!(ago.millis(), changed_at.millis() - 1000);
        assert!(moment(Some("tomorrow"), changed_at).unwrap_err().to_string().contains("--at"));
        assert_eq!(moment(None, changed_at).unwrap(), None);
    }

    #[test]
    fn a_reference_names_a_repository_a_tag_or_an_image() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, part) in [
            ("team/app", Part::Whole),
            ("team/app:v1.0", Part::Tag("v1.0".parse().unwrap())),
            (&format!("team/app@{digest}"), Part::Image(digest.parse().unwrap())),
        ] {
            let read: Reference = text.parse().unwrap();
            assert_eq!((read.repository.as_str(), read.part), ("team/app", part));
        }
        for bad in ["", "App", "app:", "app:a b", "app@sha256:1", "localhost:4566/app:v1", "app@"] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
