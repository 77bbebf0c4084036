//! Replication backfills: copying to a destination what a registry held before it was set to
//! replicate there.
//!
//! Nothing here can copy yet. A backfill that is started is recorded as failed, so that nobody
//! waits for copies; the rules for those that are in progress hold all the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DescribeReplicationBackfillResults, ListReplicationBackfills, StartReplicationBackfill,
    StopReplicationBackfill,
};
use wharfinger_core::limits::{
    REPLICATION_BACKFILL_KEPT_SECONDS, REPLICATION_BACKFILLS_IN_PROGRESS_MAX,
    REPLICATION_BACKFILLS_KEPT_MAX, REPLICATION_BACKFILLS_PAGE_DEFAULT,
    REPLICATION_BACKFILLS_PAGE_MAX,
};
use wharfinger_core::{RegistryId, ReplicationBackfillId, Timestamp};
use wharfinger_metadata::replication_backfill::{
    self, ReplicationBackfillPosition, ReplicationBackfillRow,
};
use wharfinger_metadata::{Metadata, Tx};

use super::configuration::of_registry;
use crate::{Error, Page, PageRequest, Registry};

/// The failure code of a backfill that nothing carried out.
const NO_REPLICATOR: &str = "ReplicationNotSupported";

/// Backfills that are removed in one step, so that no step is long.
const PURGE_STEP: u32 = 100;

/// ECR's `ReplicationBackfillStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicationBackfillStatus {
    /// What is to be copied is being looked for.
    Preparing,
    /// Images are being copied.
    InProgress,
    /// All images were looked at.
    Complete,
    /// It could not be carried out.
    Failed,
    /// It was stopped, and copies under way are being finished.
    Stopping,
    /// It was stopped.
    Stopped,
}

impl ReplicationBackfillStatus {
    const ALL: [Self; 6] = [
        Self::Preparing,
        Self::InProgress,
        Self::Complete,
        Self::Failed,
        Self::Stopping,
        Self::Stopped,
    ];

    /// The name that the service model and the rows of backfills have for it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "PREPARING",
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }

    fn stored(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|status| status.as_str() == name).ok_or_else(|| {
            Error::Server(format!("a stored backfill has the unknown status {name}").into())
        })
    }
}

/// A backfill as clients see it. It has no progress: nothing was ever prepared for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationBackfill {
    /// Its id.
    pub id: ReplicationBackfillId,
    /// Where the images go.
    pub destination: RegistryId,
    /// How far it has come.
    pub status: ReplicationBackfillStatus,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
}

impl ReplicationBackfill {
    fn from_row(row: ReplicationBackfillRow) -> Result<Self, Error> {
        Ok(Self {
            status: ReplicationBackfillStatus::stored(&row.status)?,
            id: row.id,
            destination: row.destination,
            failure_code: row.failure_code,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}

/// A place in the list of backfills.
#[derive(Serialize, Deserialize)]
struct Position {
    started_at: i64,
    id: String,
}

impl Registry {
    /// ECR `StartReplicationBackfill`. The backfill that is recorded has failed: nothing here can
    /// copy to another registry.
    ///
    /// # Errors
    /// [`Error::Validation`] for a destination that the replication configuration does not have,
    /// [`Error::ReplicationBackfillInProgress`], [`Error::LimitExceeded`].
    pub async fn start_replication_backfill(
        &self,
        permit: &Permit<StartReplicationBackfill>,
        destination: RegistryId,
    ) -> Result<ReplicationBackfill, Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let row = ReplicationBackfillRow {
            id: ReplicationBackfillId::random(&*self.entropy),
            destination,
            status: ReplicationBackfillStatus::Failed.as_str().into(),
            failure_code: Some(NO_REPLICATOR.into()),
            started_at: now,
            ended_at: Some(now),
        };
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    check_start(tx, &registry, &row.destination).await?;
                    replication_backfill::insert(tx, &registry, &row).await?;
                    let kept = REPLICATION_BACKFILLS_KEPT_MAX;
                    replication_backfill::forget_oldest(tx, &registry, kept).await?;
                    ReplicationBackfill::from_row(row)
                })
            })
            .await
    }

    /// ECR `DescribeReplicationBackfillResults`. No image has a result, and so there is one page.
    ///
    /// # Errors
    /// [`Error::ReplicationBackfillNotFound`].
    pub async fn describe_replication_backfill_results(
        &self,
        permit: &Permit<DescribeReplicationBackfillResults>,
        id: ReplicationBackfillId,
        page: &PageRequest,
    ) -> Result<ReplicationBackfill, Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let (account, region) = (registry.account, &registry.region);
        page.position::<String>(&format!(
            "DescribeReplicationBackfillResults {account} {region} {id}"
        ))?;
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    ReplicationBackfill::from_row(must_find(tx, &registry, id, now).await?)
                })
            })
            .await
    }

    /// ECR `ListReplicationBackfills`: newest first, without those that ended more than
    /// [`REPLICATION_BACKFILL_KEPT_SECONDS`] ago.
    pub async fn list_replication_backfills(
        &self,
        permit: &Permit<ListReplicationBackfills>,
        page: &PageRequest,
    ) -> Result<Page<ReplicationBackfill>, Error> {
        let registry = permit.resource().registry.clone();
        let list = format!("ListReplicationBackfills {} {}", registry.account, registry.region);
        let after = match page.position::<Position>(&list)? {
            Some(Position { started_at, id }) => {
                ReplicationBackfillPosition { started_at: Timestamp::from_millis(started_at), id }
            }
            None => ReplicationBackfillPosition::start(),
        };
        let limit = page.max_results.unwrap_or(REPLICATION_BACKFILLS_PAGE_DEFAULT);
        let limit = limit.clamp(1, REPLICATION_BACKFILLS_PAGE_MAX);
        let ended_after = kept_since(self.now());
        let rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let list = replication_backfill::list;
                    Ok::<_, Error>(list(tx, &registry, &after, ended_after, limit + 1).await?)
                })
            })
            .await?;
        let page = Page::cut(rows, limit, &list, |last| Position {
            started_at: last.started_at.millis(),
            id: last.id.to_string(),
        });
        let items = page.items.into_iter().map(ReplicationBackfill::from_row);
        Ok(Page { items: items.collect::<Result<_, _>>()?, next_token: page.next_token })
    }

    /// ECR `StopReplicationBackfill`. No copies are under way, so that it stops at once.
    ///
    /// # Errors
    /// [`Error::ReplicationBackfillNotFound`]; [`Error::ReplicationBackfillInvalidStatus`] for one
    /// that has ended, or is being stopped already.
    pub async fn stop_replication_backfill(
        &self,
        permit: &Permit<StopReplicationBackfill>,
        id: ReplicationBackfillId,
    ) -> Result<ReplicationBackfill, Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, id, now).await?;
                    let mut backfill = ReplicationBackfill::from_row(row)?;
                    let running = matches!(
                        backfill.status,
                        ReplicationBackfillStatus::Preparing
                            | ReplicationBackfillStatus::InProgress
                    );
                    let stopped = ReplicationBackfillStatus::Stopped;
                    if !running
                        || !replication_backfill::end(tx, &id, stopped.as_str(), now).await?
                    {
                        let status = backfill.status.as_str();
                        return Err(Error::ReplicationBackfillInvalidStatus {
                            reason: format!(
                                "The replication backfill with id '{id}' cannot be stopped \
                                 because its status is {status}"
                            ),
                        });
                    }
                    backfill.status = stopped;
                    backfill.ended_at = Some(now);
                    Ok(backfill)
                })
            })
            .await
    }
}

/// Whether a backfill to this destination may begin.
async fn check_start(
    tx: &mut Tx,
    registry: &RegistryId,
    destination: &RegistryId,
) -> Result<(), Error> {
    let rules = of_registry(tx, registry).await?;
    if !rules.iter().any(|rule| rule.destinations.contains(destination)) {
        return Err(Error::Validation {
            reason: format!(
                "The destination with region '{}' and registry id '{}' is not in the replication \
                 configuration of the registry with id '{}'",
                destination.region, destination.account, registry.account
            ),
        });
    }
    let most = REPLICATION_BACKFILLS_IN_PROGRESS_MAX as u32;
    let running = replication_backfill::in_progress(tx, registry, most).await?;
    if running.iter().any(|other| other.destination.region == destination.region) {
        return Err(Error::ReplicationBackfillInProgress {
            reason: format!(
                "A replication backfill is already in progress for the destination region '{}'",
                destination.region
            ),
        });
    }
    if running.len() >= REPLICATION_BACKFILLS_IN_PROGRESS_MAX {
        let limit = REPLICATION_BACKFILLS_IN_PROGRESS_MAX as u64;
        return Err(Error::LimitExceeded { what: "replication backfills in progress", limit });
    }
    Ok(())
}

/// A backfill that is still shown.
async fn must_find(
    tx: &mut Tx,
    registry: &RegistryId,
    id: ReplicationBackfillId,
    now: Timestamp,
) -> Result<ReplicationBackfillRow, Error> {
    let found = replication_backfill::find(tx, registry, &id).await?;
    let shown = found.filter(|row| row.ended_at.is_none_or(|ended| ended > kept_since(now)));
    shown.ok_or_else(|| Error::ReplicationBackfillNotFound {
        id: id.to_string(),
        registry: registry.account,
    })
}

/// What ended then or before is shown no more.
fn kept_since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_secs(REPLICATION_BACKFILL_KEPT_SECONDS))
}

/// Removes the backfills that are shown no more, in steps between which others write.
pub(crate) async fn purge_backfills(metadata: &Metadata, now: Timestamp) -> Result<(), Error> {
    let ended_by = kept_since(now);
    let step = || {
        metadata.write(move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(replication_backfill::purge(tx, ended_by, PURGE_STEP).await?)
            })
        })
    };
    while step().await? == u64::from(PURGE_STEP) {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_back() {
        for status in ReplicationBackfillStatus::ALL {
            assert_eq!(ReplicationBackfillStatus::stored(status.as_str()).unwrap(), status);
        }
        assert!(matches!(ReplicationBackfillStatus::stored("?"), Err(Error::Server(_))));
    }
}
