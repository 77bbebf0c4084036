//! What the registry did by itself, on its way to the audit log: workers write the records, and then
//! the rows go.

use wharfinger_core::limits::SERVICE_EVENTS_AT_ONCE_MAX;
use wharfinger_metadata::MetadataError;
use wharfinger_metadata::service_event::{self, ServiceEventRow};

use crate::{Error, Registry};

impl Registry {
    /// The service events that have waited longest for their records, in order;
    /// [`SERVICE_EVENTS_AT_ONCE_MAX`] of them at the most.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn waiting_service_events(&self) -> Result<Vec<ServiceEventRow>, Error> {
        let events = self.metadata.read(|tx| {
            Box::pin(async move { service_event::oldest(tx, SERVICE_EVENTS_AT_ONCE_MAX).await })
        });
        events.await.map_err(|error: MetadataError| error.into())
    }

    /// Removes service events whose records are on disk.
    ///
    /// # Errors
    /// If the metadata fails: then they are recorded again.
    pub async fn forget_service_events(&self, events: Vec<ServiceEventRow>) -> Result<(), Error> {
        let forgotten = self.metadata.write(move |tx| {
            Box::pin(async move {
                for event in &events {
                    service_event::delete(tx, event.occurred_at, event.event_id).await?;
                }
                Ok::<_, MetadataError>(())
            })
        });
        forgotten.await.map_err(Error::from)
    }
}
