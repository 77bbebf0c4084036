//! A point that an upload has passed, on its way to being durable while more comes.

use std::fmt;
use std::sync::Arc;

use crate::BlobError;
use crate::checkpoint::UploadCheckpoint;
use crate::object_file::{ObjectFile, blocking};

/// The state of a writer at some moment. Once [`Self::sync`] has succeeded the upload can be gone
/// on with from there, whatever the writer has taken since.
pub struct Mark {
    /// None while the checkpoint is all there is.
    file: Option<Arc<dyn ObjectFile>>,
    folder_synced: bool,
    checkpoint: UploadCheckpoint,
}

impl Mark {
    pub(crate) fn new(
        file: Option<Arc<dyn ObjectFile>>,
        folder_synced: bool,
        checkpoint: UploadCheckpoint,
    ) -> Self {
        Self { file, folder_synced, checkpoint }
    }

    /// Bytes of plaintext up to here.
    pub fn size_bytes(&self) -> u64 {
        self.checkpoint.size_bytes()
    }

    /// Makes everything up to here durable, beside the writer.
    ///
    /// # Errors
    /// After one the writer must be given up as well: the kernel may have dropped what it could not
    /// write, and say so only once.
    pub async fn sync(self) -> Result<UploadCheckpoint, BlobError> {
        let Self { file, folder_synced, checkpoint } = self;
        let Some(file) = file else { return Ok(checkpoint) };
        blocking(move || {
            file.sync().map_err(|error| BlobError::io("make an object durable", error))?;
            if !folder_synced {
                file.sync_folder()
                    .map_err(|error| BlobError::io("make an object's name durable", error))?;
            }
            Ok(checkpoint)
        })
        .await
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mark({:?})", self.checkpoint)
    }
}
