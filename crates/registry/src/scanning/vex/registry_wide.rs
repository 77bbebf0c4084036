//! VEX documents that hold for all images of a registry.

use std::sync::Arc;

use wharfinger_auth::Permit;
use wharfinger_auth::actions::PutRegistryScanningConfiguration;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::VEX_DOCUMENTS_PER_REGISTRY_MAX;
use wharfinger_metadata::vex_document::{self, VexDocumentRow};
use wharfinger_scanner::suppression::Document;

use super::super::recount::ask_for_recount;
use super::registry_wide;
use crate::{Error, Registry};

/// A document that holds for all images of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexDocument {
    /// Its `@id`.
    pub id: String,
    /// Who speaks.
    pub author: String,
    /// How many statements it has.
    pub statement_count: usize,
    /// When it was added.
    pub added_at: Timestamp,
}

impl Registry {
    /// Adds a document that holds for all images of the registry, in place of one of its id. A job
    /// counts their findings anew.
    ///
    /// # Errors
    /// [`Error::Validation`] with what is wrong with it, or if there are too many.
    pub async fn add_vex_document(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
        content: Vec<u8>,
    ) -> Result<String, Error> {
        let parsed = Document::parse(&content);
        let document_id =
            parsed.map_err(|error| Error::Validation { reason: error.to_string() })?.id;
        let registry = permit.resource().registry.clone();
        let row =
            VexDocumentRow { document_id: document_id.clone(), content, added_at: self.now() };
        let entropy = Arc::clone(&self.entropy);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let max = VEX_DOCUMENTS_PER_REGISTRY_MAX;
                    let all = vex_document::list(tx, &registry, "", max).await?;
                    let known = all.iter().any(|it| it.document_id == row.document_id);
                    if all.len() >= max as usize && !known {
                        let reason = format!("A registry has at most {max} VEX documents");
                        return Err(Error::Validation { reason });
                    }
                    vex_document::put(tx, &registry, &row).await?;
                    ask_for_recount(tx, &registry, (&*entropy, row.added_at)).await
                })
            })
            .await?;
        Ok(document_id)
    }

    /// The documents that hold for all images of the registry, in the order of their ids.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn vex_documents(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
    ) -> Result<Vec<VexDocument>, Error> {
        let registry = permit.resource().registry.clone();
        let rows = self.metadata.read(move |tx| {
            Box::pin(async move { Ok::<_, Error>(registry_wide(tx, &registry).await?) })
        });
        let shown = rows.await?.into_iter().filter_map(|row| {
            let document = Document::parse(&row.content).ok()?;
            Some(VexDocument {
                id: row.document_id,
                author: document.author,
                statement_count: document.statements.len(),
                added_at: row.added_at,
            })
        });
        Ok(shown.collect())
    }

    /// Removes such a document, and has the findings counted anew; answers whether it was there.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn remove_vex_document(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
        document_id: String,
    ) -> Result<bool, Error> {
        let registry = permit.resource().registry.clone();
        let (entropy, now) = (Arc::clone(&self.entropy), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let found = vex_document::delete(tx, &registry, &document_id).await?;
                    if found {
                        ask_for_recount(tx, &registry, (&*entropy, now)).await?;
                    }
                    Ok(found)
                })
            })
            .await
    }
}
