//! Images of whose findings something is stated. What is suppressed there is looked up before the audit
//! log is told of changes: within the transaction that tells, nobody can read documents.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use wharfinger_advisories::Database;
use wharfinger_auth::RepositoryResource;
use wharfinger_core::{Digest, RegistryId};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, vex_document};
use wharfinger_package::Severity;
use wharfinger_scanner::suppression::Document;

use super::super::inventory::blocking;
use super::super::suppressed::Suppressed;
use super::super::{ScanType, finding, vex};
use crate::{Error, Registry, RequestedImage};

/// Registries that are read at once.
const PAGE: u32 = 100;

/// What is known of some images.
pub(super) type Judged = HashMap<(RepositoryId, Digest), Judgement>;

/// What is stated of the findings of an image.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgement {
    pub(super) suppressed: Suppressed,
    /// What its findings come to; none if nobody can say.
    pub(super) counts: Option<BTreeMap<Severity, u64>>,
}

impl Registry {
    /// The registries of which a document that holds for all images says something of any of these
    /// vulnerabilities.
    pub(super) async fn registries_spoken_of(
        &self,
        database: &Arc<Database>,
        vulnerabilities: &[String],
    ) -> Result<BTreeSet<RegistryId>, Error> {
        let (mut spoken_of, mut after) = (BTreeSet::new(), (String::new(), String::new()));
        // The vulnerabilities under all their names, once anybody asks.
        let mut names: Option<Arc<BTreeSet<String>>> = None;
        loop {
            let (account, region) = std::mem::take(&mut after);
            let page = self.metadata.read(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(vex_document::registries(tx, (&account, &region), PAGE).await?)
                })
            });
            let page = page.await?;
            let Some(last) = page.last() else { return Ok(spoken_of) };
            after = (last.account.to_string(), last.region.to_string());
            let known = match &names {
                Some(names) => Arc::clone(names),
                None => Arc::new(all_names(Arc::clone(database), vulnerabilities.to_vec()).await?),
            };
            names = Some(Arc::clone(&known));
            for registry in page {
                if self.speaks_of(&registry, &known).await? {
                    spoken_of.insert(registry);
                }
            }
        }
    }

    async fn speaks_of(
        &self,
        registry: &RegistryId,
        names: &Arc<BTreeSet<String>>,
    ) -> Result<bool, Error> {
        let (registry, names) = (registry.clone(), Arc::clone(names));
        let documents = self.metadata.read(move |tx| {
            Box::pin(async move { Ok::<_, Error>(vex::registry_wide(tx, &registry).await?) })
        });
        let documents = documents.await?;
        blocking(move || {
            let parsed = documents.iter().filter_map(|row| Document::parse(&row.content).ok());
            let mut stated = parsed.flat_map(|document| document.statements);
            Ok(stated.any(|statement| {
                let mut ids = statement.vulnerabilities.iter();
                ids.any(|id| names.contains(&id.to_ascii_uppercase()))
            }))
        })
        .await
    }

    /// What is suppressed of the findings of an image that is watched. Of one that cannot be read it is
    /// nothing.
    pub(super) async fn judge(
        &self,
        repository: &RepositoryRow,
        digest: Digest,
    ) -> Result<Judgement, Error> {
        let RepositoryRow { registry, name, .. } = repository.clone();
        let resource = RepositoryResource { registry, name };
        let requested = RequestedImage { digest: Some(digest.to_string()), tag: None };
        match self.find_image_scan(&resource, requested, Some(ScanType::Enhanced)).await {
            Ok(found) if found.scan.summary.is_some() => Ok(Judgement {
                suppressed: Suppressed::of(&found.findings),
                counts: Some(finding::counts(&found.findings, ScanType::Enhanced)),
            }),
            Ok(_) => Ok(Judgement::default()),
            Err(Error::Server(error)) => Err(Error::Server(error)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(image = digest.to_string(), error, "nobody knows what is stated");
                Ok(Judgement::default())
            }
        }
    }
}

/// Vulnerabilities and their other names, as statements are compared with them.
async fn all_names(
    database: Arc<Database>,
    vulnerabilities: Vec<String>,
) -> Result<BTreeSet<String>, Error> {
    blocking(move || {
        let mut names = BTreeSet::new();
        for id in vulnerabilities {
            let told = database.vulnerability(&id).unwrap_or_default();
            names.extend(
                told.into_iter().flat_map(|it| it.aliases).map(|it| it.to_ascii_uppercase()),
            );
            names.insert(id.to_ascii_uppercase());
        }
        Ok(names)
    })
    .await
}
