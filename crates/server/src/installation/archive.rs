//! Where the archive keeps its objects, if that is a directory of its own.
//!
//! The installation remembers which archive is its own, and the archive's directory says which it is.
//! Commands that need no objects work whatever became of it, so that what is wrong is told only when
//! the registry is opened.

use std::path::{Path, PathBuf};

use wharfinger_core::{Entropy, EntropyExt};
use wharfinger_metadata::{Metadata, MetadataError, blob, installation};

use super::{InstallationError, fact, keep_fact};
use crate::data_dir::ArchiveDir;
use crate::{Config, DataDirError};

/// The id of the archive, and behind a space where it was last.
const FACT: &str = "archive";

/// Why the archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is something in it, and nobody says where it is.
    #[error(
        "images of this registry are archived in {path}: name that directory with --archive-dir \
         (or WHARFINGER_ARCHIVE_DIR, or archive_dir in the configuration file)"
    )]
    NotNamed {
        /// Where it was last.
        path: PathBuf,
    },
    /// It is not where it is said to be.
    #[error(
        "the archive of this registry is not in {path} (the file {marker} is missing or another's); \
         is it mounted? It was in {was} before"
    )]
    NotThere {
        /// The directory that was named.
        path: PathBuf,
        /// The file that would say so.
        marker: PathBuf,
        /// Where it was last.
        was: PathBuf,
    },
    /// It belongs to another registry.
    #[error("{path} is the archive of another registry; choose another --archive-dir")]
    Foreign {
        /// The directory that was named.
        path: PathBuf,
    },
    /// It is the data directory.
    #[error("--archive-dir is the data directory, {path}, itself; choose another")]
    IsDataDir {
        /// The directory that was named.
        path: PathBuf,
    },
    /// The directory or its marker.
    #[error(transparent)]
    Directory(#[from] DataDirError),
}

/// Finds the archive that the configuration names, and makes it if it is new. `None` if it has no
/// directory of its own.
pub(super) async fn find(
    metadata: &Metadata,
    config: &Config,
    entropy: &dyn Entropy,
) -> Result<Result<Option<PathBuf>, ArchiveError>, InstallationError> {
    let remembered = fact(metadata, FACT).await?;
    let remembered = remembered.as_deref().map(|text| text.split_once(' ').unwrap_or((text, "")));
    let in_use =
        metadata.read(|tx| Box::pin(async move { blob::is_archive_in_use(tx).await })).await?;
    let Some(path) = &config.archive_dir else {
        return Ok(match remembered {
            Some((_, path)) if in_use => Err(ArchiveError::NotNamed { path: path.into() }),
            _ => Ok(None),
        });
    };
    if is_same(path, &config.data_dir) {
        return Ok(Err(ArchiveError::IsDataDir { path: path.clone() }));
    }
    let directory = ArchiveDir::new(path);
    let found = match directory.id() {
        Ok(found) => found,
        Err(error) => return Ok(Err(error.into())),
    };
    let id = match (remembered, found) {
        (Some((id, _)), Some(found)) if *id == found => id.to_owned(),
        (Some((_, was)), _) if in_use => {
            let (path, marker) = (path.clone(), directory.marker_file());
            return Ok(Err(ArchiveError::NotThere { path, marker, was: was.into() }));
        }
        (_, Some(_)) => return Ok(Err(ArchiveError::Foreign { path: path.clone() })),
        (Some((id, _)), None) => id.to_owned(),
        (None, None) => hex::encode(entropy.bytes::<16>()),
    };
    // Remembered first: a start that is cut off in between finds its own archive unmade.
    let now_at = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    remember(metadata, format!("{id} {}", now_at.display())).await?;
    Ok(directory.create(&id).map(|()| Some(path.clone())).map_err(ArchiveError::from))
}

async fn remember(metadata: &Metadata, value: String) -> Result<(), MetadataError> {
    if fact(metadata, FACT).await?.is_none() {
        return keep_fact(metadata, FACT, value).await;
    }
    metadata
        .write(move |tx| Box::pin(async move { installation::put(tx, FACT, &value).await }))
        .await
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
