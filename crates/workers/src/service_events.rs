//! What the registry did by itself goes to the audit log: at least once, in order, whenever the process
//! ends. A row goes when its record is on disk.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::watch;
use wharfinger_audit::{Audit, Resource, ServiceEvent, Unrecorded};
use wharfinger_registry::{Error, Registry, ServiceEventRow};

use crate::failing::Failing;
use crate::{POLL, end_of, told};

pub(crate) struct ServiceEvents {
    registry: Arc<Registry>,
    audit: Audit,
    ended: watch::Receiver<bool>,
    failing: Failing,
}

impl ServiceEvents {
    pub(crate) fn new(registry: Arc<Registry>, audit: Audit, ended: watch::Receiver<bool>) -> Self {
        Self { registry, audit, ended, failing: Failing::new("recording service events") }
    }

    pub(crate) async fn run(mut self) {
        let mut ended = self.ended.clone();
        tokio::select! {
            biased;
            () = end_of(&mut ended) => {}
            () = self.deliver_all() => {}
        }
        // Those of what was done last, if that is a moment's work.
        let last = self.deliver().await;
        self.failing.note(last);
    }

    /// Goes on for ever.
    async fn deliver_all(&mut self) {
        let mut asked = self.registry.jobs_asked();
        loop {
            // Before the look: what comes after it is not missed.
            asked.mark_unchanged();
            let delivered = self.deliver().await;
            if self.failing.note(delivered).is_some_and(|count| count > 0) {
                continue;
            }
            tokio::select! {
                () = told(&mut asked) => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Records those that have waited longest; answers how many.
    async fn deliver(&self) -> Result<usize, Error> {
        let events = self.registry.waiting_service_events().await?;
        if events.is_empty() {
            return Ok(0);
        }
        self.record(&events).await.map_err(|error| Error::Server(Box::new(error)))?;
        let count = events.len();
        self.registry.forget_service_events(events).await?;
        Ok(count)
    }

    /// Returns when all of them are on disk.
    async fn record(&self, events: &[ServiceEventRow]) -> Result<(), Unrecorded> {
        for event in events {
            record(&self.audit, event).await?;
        }
        self.audit.settled().await
    }
}

/// What is read of the details.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct About {
    repository_name: Option<String>,
}

async fn record(audit: &Audit, row: &ServiceEventRow) -> Result<(), Unrecorded> {
    let (account, region) = (row.registry.account.as_str(), row.registry.region.as_str());
    // What is no JSON would make the whole log unreadable from here.
    let details = serde_json::from_str::<Box<RawValue>>(&row.detail);
    let details = details.unwrap_or_else(|_| RawValue::NULL.to_owned());
    let about: About = serde_json::from_str(&row.detail).unwrap_or_default();
    let resource = about.repository_name.map(|name| Resource {
        arn: format!("arn:aws:ecr:{region}:{account}:repository/{name}").into(),
        account_id: account.into(),
        kind: "AWS::ECR::Repository",
    });
    let event = ServiceEvent {
        number: row.event_id,
        occurred_at: row.occurred_at,
        event_name: &row.event_name,
        aws_region: region,
        account_id: account,
        resources: resource.as_slice(),
        details: &details,
    };
    audit.record_service_event(&event).await
}
