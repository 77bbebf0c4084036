//! What the catalog of ECR Public says of repositories, and their logos.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wharfinger_auth::actions::{
    CreateRepository, GetRepositoryCatalogData, PutRepositoryCatalogData, TagResource,
};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::limits::{LOGO_BYTES_MAX, LOGO_PIXELS_MAX, LOGO_PIXELS_MIN};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, Tx, catalog_data};

use crate::manifest::digest_of;
use crate::repository::{insert_repository, must_find};
use crate::{Encryption, Error, NewRepository, Registry, Repository, TagMutability};

/// What the catalog says of a repository. The model bounds the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogData {
    /// A short description.
    pub description: Option<String>,
    /// The architectures its images are for, such as `ARM 64`.
    pub architectures: Option<Vec<String>>,
    /// The operating systems its images are for, such as `Linux`.
    pub operating_systems: Option<Vec<String>>,
    /// Markdown about it.
    pub about_text: Option<String>,
    /// Markdown about its use.
    pub usage_text: Option<String>,
    /// The digest of its logo, by which [`Registry::logo`] finds it.
    #[serde(skip)]
    pub logo: Option<Digest>,
}

/// What the catalog is to say of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCatalogData {
    /// All but the logo, in place of what was said before.
    pub texts: CatalogData,
    /// A PNG image in place of the logo; no bytes take the logo away, `None` leaves it.
    pub logo_image: Option<Vec<u8>>,
}

/// The logo that a change brings.
enum Logo {
    Same,
    None,
    New(Digest, Vec<u8>),
}

impl Registry {
    /// ECR Public `CreateRepository`, with what the catalog says of it in the same transaction. A
    /// public repository has no settings: its tags move, and its bytes are sealed with the keys
    /// of the registry.
    ///
    /// # Errors
    /// Those of [`Self::create_repository`] and of [`Self::put_repository_catalog_data`].
    pub async fn create_public_repository(
        &self,
        permit: &Permit<CreateRepository>,
        tagging: Option<&Permit<TagResource>>,
        tags: Vec<(String, String)>,
        catalog: Option<NewCatalogData>,
    ) -> Result<(Repository, Option<CatalogData>), Error> {
        check_public(permit.resource())?;
        let new = NewRepository {
            tag_mutability: TagMutability::Mutable,
            scan_on_push: false,
            encryption: Encryption::new(None, None)?,
            tags,
        };
        let row = self.new_repository(permit, tagging, &new)?;
        let catalog = match catalog {
            Some(new) => Some((self.seal_logo(&row.key_domain, new.logo_image)?, new.texts)),
            None => None,
        };
        let (limit, now) = (self.repositories_max(&row.registry), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = insert_repository(tx, row, &new.tags, limit).await?;
                    let catalog = match catalog {
                        Some((logo, texts)) => Some(put(tx, row.id, texts, logo, now).await?),
                        None => None,
                    };
                    Ok((Repository::from_row(row)?, catalog))
                })
            })
            .await
    }

    /// ECR Public `GetRepositoryCatalogData`.
    ///
    /// # Errors
    /// [`Error::RepositoryCatalogDataNotFound`] while the catalog says nothing.
    pub async fn get_repository_catalog_data(
        &self,
        permit: &Permit<GetRepositoryCatalogData>,
    ) -> Result<CatalogData, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let said = find(tx, repository.id).await?;
                    said.filter(|said| *said != CatalogData::default()).ok_or_else(|| {
                        Error::RepositoryCatalogDataNotFound {
                            name: repository.name,
                            registry: repository.registry.account,
                        }
                    })
                })
            })
            .await
    }

    /// ECR Public `PutRepositoryCatalogData`: replaces what the catalog says. Answers all of it.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a logo that is no PNG image of 60 to 2,048 pixels and at
    /// most 512,000 bytes, and for a private repository, which no catalog shows.
    pub async fn put_repository_catalog_data(
        &self,
        permit: &Permit<PutRepositoryCatalogData>,
        new: NewCatalogData,
    ) -> Result<CatalogData, Error> {
        check_public(permit.resource())?;
        let (resource, now) = (permit.resource().clone(), self.now());
        let key_domain = self.key_domain(&resource).await?;
        let logo = self.seal_logo(&key_domain, new.logo_image)?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let RepositoryRow { id, .. } = must_find(tx, &resource).await?;
                    put(tx, id, new.texts, logo, now).await
                })
            })
            .await
    }

    /// A logo by its digest, for anyone: catalogs are public. `None` if no repository has it.
    pub async fn logo(&self, digest: Digest) -> Result<Option<Bytes>, Error> {
        let found = self
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(catalog_data::logo(tx, &digest).await?) })
            })
            .await?;
        found.map(|logo| self.open_manifest(&logo.key_domain, &digest, &logo.sealed)).transpose()
    }

    /// A logo as it is kept: sealed like a manifest, under its digest. The key domain of public
    /// repositories is that of their registry for ever, so it fits the row it will be put in.
    fn seal_logo(&self, key_domain: &str, image: Option<Vec<u8>>) -> Result<Logo, Error> {
        let Some(image) = image else { return Ok(Logo::Same) };
        if image.is_empty() {
            return Ok(Logo::None);
        }
        check_logo(&image).map_err(|reason| Error::invalid("logoImageBlob", reason))?;
        let digest = digest_of(&image);
        Ok(Logo::New(digest, self.seal_manifest(key_domain, &digest, &image)?))
    }
}

/// Only public repositories have a catalog.
fn check_public(resource: &RepositoryResource) -> Result<(), Error> {
    if resource.registry.is_public() {
        return Ok(());
    }
    Err(Error::invalid("repositoryName", "The repository is not one of a public registry"))
}

async fn find(tx: &mut Tx, repository: RepositoryId) -> Result<Option<CatalogData>, Error> {
    let Some(row) = catalog_data::find(tx, repository).await? else { return Ok(None) };
    let said: CatalogData =
        serde_json::from_str(&row.document).map_err(|error| Error::Server(Box::new(error)))?;
    Ok(Some(CatalogData { logo: row.logo_digest, ..said }))
}

async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    texts: CatalogData,
    logo: Logo,
    now: Timestamp,
) -> Result<CatalogData, Error> {
    let document = serde_json::to_string(&texts).map_err(|error| Error::Server(Box::new(error)))?;
    catalog_data::put(tx, repository, &document, now).await?;
    match &logo {
        Logo::Same => {}
        Logo::None => catalog_data::put_logo(tx, repository, None).await?,
        Logo::New(digest, sealed) => {
            catalog_data::put_logo(tx, repository, Some((digest, sealed.as_slice()))).await?;
        }
    }
    Ok(find(tx, repository).await?.unwrap_or_default())
}

/// Whether this is a PNG image of the right size, as far as its first chunk says (PNG
/// specification, 5.2 "PNG signature" and 11.2.1 "IHDR").
fn check_logo(image: &[u8]) -> Result<(), String> {
    if image.len() > LOGO_BYTES_MAX {
        return Err(format!("The logo must have at most {LOGO_BYTES_MAX} bytes"));
    }
    let header = image
        .strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")
        .and_then(|rest| rest.first_chunk::<8>());
    let Some(&[w0, w1, w2, w3, h0, h1, h2, h3]) = header else {
        return Err("The logo must be a PNG image".into());
    };
    let sides = [u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3])];
    if sides.iter().all(|side| (LOGO_PIXELS_MIN..=LOGO_PIXELS_MAX).contains(side)) {
        return Ok(());
    }
    Err(format!(
        "The logo must be {LOGO_PIXELS_MIN} to {LOGO_PIXELS_MAX} pixels wide and as many high"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut image = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        image.extend_from_slice(&width.to_be_bytes());
        image.extend_from_slice(&height.to_be_bytes());
        image.extend_from_slice(&[8, 6, 0, 0, 0]);
        image
    }

    #[test]
    fn a_logo_is_a_png_image_of_some_size() {
        for (width, height) in [(60, 60), (2048, 60), (60, 2048), (2048, 2048)] {
            assert_eq!(check_logo(&png(width, height)), Ok(()), "{width} {height}");
        }
        for (width, height) in [(59, 60), (60, 59), (2049, 60), (60, 2049), (0, 0), (u32::MAX, 60)]
        {
            assert!(check_logo(&png(width, height)).unwrap_err().contains("pixels"));
        }
        let mut jpeg = png(60, 60);
        jpeg[0] = 0xff;
        for other in [b"\x89PNG\r\n\x1a\n".as_slice(), b"<svg/>", &jpeg, &png(60, 60)[..23]] {
            assert!(check_logo(other).unwrap_err().contains("PNG"));
        }
        let mut large = png(60, 60);
        large.resize(LOGO_BYTES_MAX, 0);
        assert_eq!(check_logo(&large), Ok(()));
        large.push(0);
        assert!(check_logo(&large).unwrap_err().contains("512000 bytes"));
    }
}
