//! Of the check: what is in the stores, held against rows; and objects that rows keep and nothing needs.

use wharfinger_blobs::ObjectPage;
use wharfinger_core::ObjectId;
use wharfinger_metadata::blob;
use wharfinger_metadata::check::{self, recount};

use super::{Check, Finding, FindingCode, STEP};
use crate::Error;

impl Check<'_> {
    /// Every object of the stores: a row knows each, before it has a file and as long as it has one.
    pub(super) async fn objects(&mut self) -> Result<(), Error> {
        for store in self.registry.store_names() {
            let mut after = None;
            loop {
                let listed = self.registry.store_named(store).list(after, STEP as usize).await?;
                for (object_id, _) in &listed.objects {
                    self.object(store, *object_id).await?;
                    self.report.object_count += 1;
                    self.progress("objects", self.report.object_count, None);
                }
                self.strangers(&listed);
                after = listed.next_after;
                if after.is_none() {
                    break;
                }
            }
            self.quarantined(store).await?;
        }
        self.discarded().await?;
        self.inline().await
    }

    async fn object(&mut self, store: &'static str, object_id: ObjectId) -> Result<(), Error> {
        let metadata = self.registry.metadata.clone();
        let known = metadata.read(move |tx| {
            Box::pin(async move { Ok::<_, Error>(check::is_known(tx, &object_id).await?) })
        });
        // What no row knew after its file was seen may have been deleted between the two.
        if known.await? || !self.registry.store_named(store).contains(object_id).await? {
            return Ok(());
        }
        let what = format!("no row knows object {object_id}");
        let remedy = "a crash left it behind; the collection of garbage removes it";
        let mut finding = Finding::new(FindingCode::ObjectUnknown, what, remedy);
        if self.options.repair {
            // No row that is to come names an object that is there: ids are drawn for new ones.
            self.registry.store_named(store).delete(object_id).await?;
            finding = finding.repaired("it was removed");
        }
        self.found(finding);
        Ok(())
    }

    fn strangers(&mut self, listed: &ObjectPage) {
        let named = listed.foreign_files.len() as u64;
        for name in &listed.foreign_files {
            let what = format!("among the objects is a file of another kind: {name:?}");
            let remedy = "look what it is; nothing reads or deletes it";
            self.found(Finding::new(FindingCode::StrangeFile, what, remedy));
        }
        if listed.foreign_file_count > named {
            let what = format!("and {} more of such files", listed.foreign_file_count - named);
            let remedy = "look what they are; nothing reads or deletes them";
            self.found(Finding::new(FindingCode::StrangeFile, what, remedy));
        }
    }

    async fn quarantined(&mut self, store: &'static str) -> Result<(), Error> {
        let names = self.registry.store_named(store).quarantined().await?;
        let Some(first) = names.first() else { return Ok(()) };
        let what = format!("{} damaged objects were put aside, such as {first}", names.len());
        let remedy = "look at them in the folder `quarantine`, or delete them";
        self.found(Finding::new(FindingCode::Quarantined, what, remedy));
        Ok(())
    }

    /// Objects that are about to be deleted and must not be.
    async fn discarded(&mut self) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let from = after;
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::discarded_objects(tx, &from, STEP).await?)
                    })
                })
                .await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = last.to_string();
            for (object_id, _) in page.into_iter().filter(|(_, used)| *used) {
                let what = format!("object {object_id} is to be deleted, and a blob has it");
                let remedy = "`--repair` keeps it; do that before the server collects garbage";
                let finding = Finding::new(FindingCode::DiscardedInUse, what, remedy);
                self.corrected(finding, "it is kept", move |tx| {
                    Box::pin(
                        async move { recount::keep_discarded(tx, &object_id).await.map(|_| ()) },
                    )
                })
                .await?;
            }
        }
    }

    /// Bytes of small objects that no blob has.
    async fn inline(&mut self) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let from = after;
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::inline_objects(tx, &from, STEP).await?)
                    })
                })
                .await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = last.to_string();
            for (object_id, _) in page.into_iter().filter(|(_, used)| !*used) {
                let what = format!("the database keeps small object {object_id} for no blob");
                let remedy = "it is of no use; `--repair` removes it";
                let finding = Finding::new(FindingCode::InlineUnused, what, remedy);
                self.corrected(finding, "it was removed", move |tx| {
                    Box::pin(async move { recount::drop_inline(tx, &object_id).await.map(|_| ()) })
                })
                .await?;
            }
        }
    }

    /// The bytes of a small object, if the database keeps it.
    pub(super) async fn inline_bytes(
        &mut self,
        object_id: ObjectId,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.registry
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(blob::find_inline(tx, &object_id).await?) })
            })
            .await
    }
}
