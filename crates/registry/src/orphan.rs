//! What an index or a subject leaves behind: its children and its referrers go with it, a while
//! later, unless something else holds them by then.

use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::{RepositoryId, Tx};

use crate::job::JobOutcome;
use crate::removal::Removal;
use crate::{Error, Registry};

/// Notes what the deletion of an image leaves behind.
pub(crate) async fn note_deletion(
    _tx: &mut Tx,
    _repository: RepositoryId,
    _image: &ImageRow,
    _removal: &Removal,
) -> Result<(), Error> {
    Ok(())
}

impl Registry {
    /// Deletes or archives the images that are due, unless something holds them.
    pub(crate) async fn follow_holders(&self) -> Result<JobOutcome, Error> {
        Ok(JobOutcome::default())
    }
}
