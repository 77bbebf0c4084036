//! How much one answer about images may hold. AWS names no such limits; without them a single
//! request could ask for 100 manifests of 4 MiB, or for 1,000 images with 1,000 tags each.

use wharfinger_core::limits::{BATCH_MANIFEST_BYTES_MAX, PAGE_TAGS_MAX};
use wharfinger_metadata::image::ImageRow;

use crate::Error;

/// The manifests of one answer.
#[derive(Default)]
pub(crate) struct ManifestBudget {
    taken_bytes: u64,
}

impl ManifestBudget {
    /// Makes room for one more manifest, if there is any. There is for the first.
    pub(crate) fn fits(&mut self, row: &ImageRow) -> bool {
        self.taken_bytes = self.taken_bytes.saturating_add(row.manifest_size_bytes);
        self.taken_bytes <= BATCH_MANIFEST_BYTES_MAX
    }

    /// Makes room for one more manifest that has to be in the answer.
    pub(super) fn take(&mut self, row: &ImageRow) -> Result<(), Error> {
        if self.fits(row) {
            return Ok(());
        }
        let reason = format!(
            "The manifests of all images must have at most {BATCH_MANIFEST_BYTES_MAX} bytes \
             together"
        );
        Err(Error::invalid("imageIds", reason))
    }
}

/// How many of `rows` a page of at most `limit` images shows: at least one, so that the list goes
/// on.
pub(super) fn images_of_page(rows: &[ImageRow], limit: u32) -> u32 {
    let (mut shown, mut tags) = (0, 0_u64);
    for row in rows.iter().take(limit as usize) {
        tags = tags.saturating_add(row.tag_count);
        if tags > PAGE_TAGS_MAX && shown > 0 {
            break;
        }
        shown += 1;
    }
    shown
}

#[cfg(test)]
mod tests {
    use wharfinger_core::{Digest, Timestamp};
    use wharfinger_metadata::image::ImageStatus;

    use super::*;

    fn rows(tag_counts: &[u64]) -> Vec<ImageRow> {
        let row = |tag_count: &u64| ImageRow {
            digest: Digest::Sha256([1; 32]),
            media_type: String::new(),
            artifact_media_type: None,
            artifact_type: None,
            subject: None,
            size_bytes: 0,
            manifest_size_bytes: 0,
            pushed_at: Timestamp::default(),
            tag_count: *tag_count,
            status: ImageStatus::Active,
            archived_at: None,
            activated_at: None,
            last_pulled_at: None,
        };
        tag_counts.iter().map(row).collect()
    }

    #[test]
    fn a_page_ends_early_when_its_images_have_many_tags() {
        for (tag_counts, shown) in [
            (&[][..], 0),
            (&[0; 5], 3),
            (&[9_999, 1, 0, 0], 3),
            (&[9_999, 1, 1, 0], 2),
            (&[20_000, 1], 1),
        ] {
            assert_eq!(images_of_page(&rows(tag_counts), 3), shown, "{tag_counts:?}");
        }
    }
}
