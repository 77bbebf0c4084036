//! ECR `UploadLayerPart`: parts with offsets, each in one piece.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use wharfinger_auth::actions::UploadLayerPart;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::UploadId;
use wharfinger_core::limits::LAYER_PART_BYTES_MIN;
use wharfinger_metadata::upload::UploadRow;

use super::feed::Feed;
use super::milestone::Milestones;
use super::{UploadProgress, invalid_part};
use crate::kind_limits::KindLimits;
use crate::{Error, Registry};

/// A part of a layer.
#[derive(Clone, Debug)]
pub struct LayerPart {
    /// The offset of its first byte.
    pub first_byte: u64,
    /// The offset of its last byte.
    pub last_byte: u64,
    /// The bytes.
    pub bytes: Bytes,
}

impl Registry {
    /// ECR `UploadLayerPart`. A part that is sent again as it was is acknowledged again.
    ///
    /// # Errors
    /// [`Error::InvalidLayerPart`] for a part that does not go on where the last one ended or is
    /// not as long as it says; [`Error::LimitExceeded`]; [`Error::UploadNotFound`];
    /// [`Error::Throttling`] while another request writes to the upload, or there is no room.
    pub async fn upload_layer_part(
        &self,
        permit: &Permit<UploadLayerPart>,
        upload_id: UploadId,
        part: LayerPart,
    ) -> Result<UploadProgress, Error> {
        let resource = permit.resource().clone();
        // The part is in memory: it does not wait for whoever writes, for clients try again.
        let lock = self.uploads.try_lock(upload_id).ok_or(Error::Throttling)?;
        let (repository, row) = self.find_upload(&resource, upload_id).await?;
        let sha256 = sha256_of(part.bytes.clone()).await?;
        if is_repeated(&row, &part, &sha256) {
            return Ok(UploadProgress { upload_id, received_bytes: row.received_bytes });
        }
        check_part(&resource, &row, &part)?;
        let limit = KindLimits::of(&resource.registry).layer_bytes;
        let feed = Feed {
            metadata: self.metadata.clone(),
            blobs: Arc::clone(&self.blobs),
            clock: Arc::clone(&self.clock),
            resource,
            key_domain: repository.key_domain,
        };
        let place = self.upload_room.place().await?;
        // In a task of its own, so that a client that goes away leaves nothing half done.
        let work = tokio::spawn(async move {
            let _kept = (lock, place);
            let mut writer = feed.writer(&row).await?;
            let mut milestones = Milestones::new(feed.clone(), row);
            let written = milestones.write(limit, &mut writer, part.bytes).await;
            let (row, written) = milestones.end(written).await;
            if let Err(error) = written {
                feed.abandon(&row, writer).await;
                return Err(error);
            }
            let last_was_short = last_part_bytes(&row).is_some_and(|b| b < LAYER_PART_BYTES_MIN);
            feed.checkpoint(row, writer, |row| {
                row.part_count += 1;
                row.short_part |= last_was_short;
                row.last_part_first_byte = Some(part.first_byte);
                row.last_part_sha256 = Some(sha256);
            })
            .await
        });
        let outcome = work.await.map_err(|error| Error::Server(Box::new(error)))?;
        self.unless_ended(permit.resource(), upload_id, outcome).await
    }
}

fn last_part_bytes(row: &UploadRow) -> Option<u64> {
    row.last_part_first_byte.map(|first| row.received_bytes.saturating_sub(first))
}

fn is_repeated(row: &UploadRow, part: &LayerPart, sha256: &[u8]) -> bool {
    row.last_part_first_byte == Some(part.first_byte)
        && part.last_byte.checked_add(1) == Some(row.received_bytes)
        && row.last_part_sha256.as_deref() == Some(sha256)
}

fn check_part(
    resource: &RepositoryResource,
    row: &UploadRow,
    part: &LayerPart,
) -> Result<(), Error> {
    let LayerPart { first_byte, last_byte, bytes } = part;
    if *first_byte != row.received_bytes {
        let expected = row.received_bytes;
        let reason = format!("First byte of the layer part is {first_byte} instead of {expected}");
        return Err(invalid_part(resource, row, reason));
    }
    let length = last_byte.checked_sub(*first_byte).and_then(|span| span.checked_add(1));
    if length != Some(bytes.len() as u64) {
        let got = bytes.len();
        let reason =
            format!("The layer part from {first_byte} to {last_byte} does not have {got} bytes");
        return Err(invalid_part(resource, row, reason));
    }
    let limits = KindLimits::of(&resource.registry);
    if row.part_count >= limits.layer_parts {
        return Err(Error::LimitExceeded { what: "parts per layer", limit: limits.layer_parts });
    }
    if *last_byte >= limits.layer_bytes {
        return Err(Error::LimitExceeded { what: "bytes per layer", limit: limits.layer_bytes });
    }
    Ok(())
}

/// Hashes off the async threads: 20 MiB take some ten milliseconds.
async fn sha256_of(bytes: Bytes) -> Result<Vec<u8>, Error> {
    tokio::task::spawn_blocking(move || digest(&SHA256, &bytes).as_ref().to_vec())
        .await
        .map_err(|error| Error::Server(Box::new(error)))
}
