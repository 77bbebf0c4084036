//! The inventory of an image as it is kept: read out of its layers once, for all later looks.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharfinger_auth::Permit;
use wharfinger_auth::actions::DescribeImageScanFindings;
use wharfinger_core::Digest;
use wharfinger_core::limits::{INVENTORY_STEP_SECONDS_MAX, SCAN_STEP_ROWS};
use wharfinger_inventory::{Inventory, READER_VERSION};
use wharfinger_metadata::inventory::{self, InventoryRow};
use wharfinger_metadata::package::{self, PackageId, PackageName, PackageRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, Tx, image};
use wharfinger_package::PackageIdentity;
use wharfinger_scanner::advisory_names;

use super::compressed;
use super::failure::ScanFailure;
use crate::deletion::must_resolve;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, Registry, RequestedImage};

/// What an image is made of, and what its configuration says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageInventory {
    /// Its packages.
    pub inventory: Inventory,
    /// `architecture` of its configuration.
    pub architecture: Option<String>,
    /// `os` of its configuration.
    pub operating_system: Option<String>,
    /// `author` of its configuration.
    pub author: Option<String>,
}

impl ImageInventory {
    /// Its packages, each once, in order: those of [`InventoryRow::package_ids`].
    pub(crate) fn identities(&self) -> Vec<PackageIdentity> {
        let mut identities: Vec<&PackageIdentity> =
            self.inventory.packages.iter().map(|package| &package.identity).collect();
        identities.sort();
        identities.dedup();
        identities.into_iter().cloned().collect()
    }
}

/// An inventory with its row.
#[derive(Clone, Debug)]
pub(crate) struct KeptInventory {
    pub(crate) row: InventoryRow,
    pub(crate) content: ImageInventory,
    pub(crate) identities: Vec<PackageIdentity>,
}

impl KeptInventory {
    fn new(row: InventoryRow, content: ImageInventory) -> Result<Self, Error> {
        let identities = content.identities();
        if identities.len() != row.package_ids.len() {
            return Err(Error::Server("an inventory has other packages than its row".into()));
        }
        Ok(Self { row, content, identities })
    }
}

/// The inventory of an image, if there is one that this version has read.
pub(crate) async fn find_kept(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<(InventoryRow, Vec<u8>)>, Error> {
    let Some(row) = inventory::find(tx, repository, digest).await? else { return Ok(None) };
    if row.reader_version != READER_VERSION {
        return Ok(None);
    }
    let content = inventory::content(tx, row.inventory_id).await?;
    Ok(content.map(|content| (row, content)))
}

/// What [`find_kept`] has found, read. It takes a while: not on a thread that others wait for.
pub(crate) fn open_kept(row: InventoryRow, content: &[u8]) -> Result<KeptInventory, Error> {
    KeptInventory::new(row, compressed::unpack(content)?)
}

impl Registry {
    /// What an image is made of, read out of its layers if nobody has yet. For bills of materials.
    ///
    /// # Errors
    /// [`Error::ImageNotFound`]; [`Error::UnsupportedImageType`] for what has no layers of files;
    /// [`Error::Validation`] with what is wrong with an image that cannot be read.
    pub async fn inventory(
        &self,
        permit: &Permit<DescribeImageScanFindings>,
        requested: RequestedImage,
    ) -> Result<(ImageIdentifier, ImageInventory), Error> {
        let resource = permit.resource().clone();
        let (repository, id) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let name = crate::ImageName::from(requested.clone());
                    let (id, row) = must_resolve(tx, repository.id, requested, &resource).await?;
                    super::image_scan::check_type(&row, &name)?;
                    Ok::<_, Error>((repository, id))
                })
            })
            .await?;
        match self.inventory_of(&repository, id.digest).await {
            Ok(kept) => Ok((id, kept.content)),
            Err(ScanFailure::Passing(error)) => Err(error),
            Err(failure) => {
                let why = failure.status(super::ScanType::Basic).map(|(_, why)| why);
                Err(Error::Validation { reason: why.unwrap_or_default() })
            }
        }
    }

    /// The inventory of an image, read out of its layers if nobody has yet, with the rows of its
    /// packages.
    pub(super) async fn inventory_of(
        &self,
        repository: &RepositoryRow,
        digest: Digest,
    ) -> Result<KeptInventory, ScanFailure> {
        let id = repository.id;
        let kept =
            self.metadata.read(move |tx| Box::pin(async move { find_kept(tx, id, &digest).await }));
        let kept = kept.await.map_err(ScanFailure::from)?;
        if let Some((row, content)) = kept {
            return blocking(move || open_kept(row, &content)).await.map_err(ScanFailure::from);
        }
        let content = self.extract(repository, digest).await?;
        self.keep_inventory(id, digest, content).await.map_err(ScanFailure::from)
    }

    /// Writes an inventory: its packages in steps, then itself.
    async fn keep_inventory(
        &self,
        repository: RepositoryId,
        digest: Digest,
        content: ImageInventory,
    ) -> Result<KeptInventory, Error> {
        let now = self.now();
        let inventory_id = package::first_id(now, &*self.entropy);
        let next_id = package::first_id(now, &*self.entropy);
        let identities = content.identities();
        let mut ids: Vec<PackageId> = Vec::with_capacity(identities.len());
        let mut chunks = identities.chunks(SCAN_STEP_ROWS);
        // An image without packages has an inventory as well.
        let empty: &[PackageIdentity] = &[];
        let mut chunk = chunks.next().unwrap_or(empty);
        loop {
            let (known, packages) = (std::mem::take(&mut ids), chunk.to_vec());
            let due_at = self.now().plus(Duration::from_secs(INVENTORY_STEP_SECONDS_MAX));
            ids = self
                .metadata
                .write(move |tx| {
                    Box::pin(async move {
                        let (new_from, mut ids) = (known.len(), known);
                        for package in &packages {
                            let id = next_id.saturating_add(ids.len() as i64);
                            ids.push(id_of(tx, package, id).await?);
                        }
                        inventory::add_packages(tx, inventory_id, &ids, new_from, due_at).await?;
                        Ok::<_, Error>(ids)
                    })
                })
                .await?;
            match chunks.next() {
                Some(next) => chunk = next,
                None => break,
            }
        }
        let row = InventoryRow {
            inventory_id,
            repository,
            digest,
            reader_version: READER_VERSION,
            package_ids: ids,
            package_count: content.inventory.packages.len() as u64,
            created_at: now,
        };
        let (packed, content) =
            blocking(move || Ok((compressed::pack(&content)?, content))).await?;
        let written = row.clone();
        let kept = self.metadata.write(move |tx| {
            Box::pin(async move {
                // If the image is gone meanwhile, the packages go by themselves.
                if image::find(tx, repository, &digest).await?.is_none() {
                    return Ok::<_, Error>(false);
                }
                Ok(inventory::put(tx, &written, &packed).await?)
            })
        });
        match kept.await? {
            true => KeptInventory::new(row, content),
            false => Err(Error::Server("the image went while its inventory was written".into())),
        }
    }
}

async fn id_of(tx: &mut Tx, package: &PackageIdentity, new: PackageId) -> Result<i64, Error> {
    let identity =
        serde_json::to_string(package).map_err(|error| Error::Server(Box::new(error)))?;
    if let Some(row) = package::find_by_identity(tx, &identity).await? {
        return Ok(row.package_id);
    }
    let names = advisory_names(package).into_iter();
    let names = names.map(|(ecosystem, name)| PackageName {
        ecosystem: ecosystem.to_string(),
        name: name.to_owned(),
    });
    let row = PackageRow { package_id: new, identity, database_id: None };
    package::insert(tx, &row, &names.collect::<Vec<_>>()).await?;
    Ok(new)
}

/// Does what takes a while where nobody waits for the thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::Server(Box::new(error))),
    }
}
