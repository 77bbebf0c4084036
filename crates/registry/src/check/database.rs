//! Of the check: what the engine of the database says of its file.

use wharfinger_metadata::SCHEMA_VERSION;

use super::{Check, Finding, FindingCode, STEP};
use crate::Error;

impl Check<'_> {
    /// The file of the database, a table at a time.
    pub(super) async fn database(&mut self) -> Result<(), Error> {
        let metadata = self.registry.metadata.clone();
        let version = metadata.schema_version().await?;
        if version != SCHEMA_VERSION {
            self.found(Finding::new(
                FindingCode::DatabaseSchema,
                format!("the database has format {version}, this version knows {SCHEMA_VERSION}"),
                "use the version that wrote it, or start `wharfinger serve` once to migrate it",
            ));
        }
        let tables = metadata.tables().await?;
        for (done, table) in tables.iter().enumerate() {
            self.progress("tables", done as u64, Some(tables.len() as u64));
            for fault in metadata.faults(table).await? {
                self.found(Finding::new(
                    FindingCode::DatabaseDamaged,
                    format!("the file of the database is damaged at table {table}: {fault}"),
                    "stop the server and restore the database from a backup",
                ));
            }
            self.references(table).await?;
        }
        Ok(())
    }

    async fn references(&mut self, table: &str) -> Result<(), Error> {
        let metadata = self.registry.metadata.clone();
        for broken in metadata.broken_references(table).await? {
            let (rows, referred) = (broken.rows, &broken.referred);
            let mut finding = Finding::new(
                FindingCode::DatabaseReference,
                format!("{rows} rows of table {table} belong to rows of {referred} that are gone"),
                "they are of no use; `--repair` removes them, and what they were about can be \
                 pushed again",
            );
            if self.options.repair {
                while metadata.remove_broken(table, STEP).await? > 0 {}
                finding = finding.repaired("they were removed; push again what they were about");
            }
            self.found(finding);
        }
        Ok(())
    }
}
