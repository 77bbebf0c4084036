//! Of the check: what is in the store, held against rows; and what rows keep that nothing needs.

use wharfinger_core::ObjectId;
use wharfinger_metadata::check::{self, Knowledge};

use super::{Check, Finding, FindingCode};
use crate::Error;

impl Check<'_> {
    /// Every object of the store: a row knows each, before it has a file and as long as it has one.
    pub(super) async fn objects(&mut self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let listed = self.registry.store_named("").list(after, 1000).await?;
            for (object_id, _) in listed.objects {
                self.object(object_id).await?;
                self.report.object_count += 1;
                self.progress("objects", self.report.object_count, None);
            }
            for name in listed.foreign_files {
                let what = format!("among the objects is a file of another kind: {name:?}");
                let remedy = "look what it is; nothing reads or deletes it";
                self.found(Finding::new(FindingCode::StrangeFile, what, remedy));
            }
            after = listed.next_after;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn object(&mut self, object_id: ObjectId) -> Result<(), Error> {
        let known = self
            .registry
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(check::knowledge(tx, &object_id).await?) })
            })
            .await?;
        // What no row knew after its file was seen may have been deleted between the two.
        if known == Knowledge::Known || !self.registry.store_named("").contains(object_id).await? {
            return Ok(());
        }
        let what = format!("no row knows object {object_id}");
        let remedy = "a crash left it behind; the collection of garbage removes it";
        self.found(Finding::new(FindingCode::ObjectUnknown, what, remedy));
        Ok(())
    }
}
