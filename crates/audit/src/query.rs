//! What is looked for: filters, all of which a record must pass.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use wharfinger_core::Timestamp;

use crate::matches::Matches;
use crate::record::Record;

/// How much later than a request began its record may be written: an upload takes its time.
pub(crate) const REQUEST_HOURS_MAX: u64 = 24;

/// Which way to go through the log: in the order in which calls ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// The last first.
    #[default]
    NewestFirst,
    /// The first first.
    OldestFirst,
}

/// Filters. Absent ones let everything pass.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    /// Requests that arrived then or later.
    pub since: Option<Timestamp>,
    /// Requests that arrived before.
    pub until: Option<Timestamp>,
    /// The caller: its ARN, name, unique id, access key or session name; for sessions also the
    /// ARN or the name of the role.
    pub principal: Option<String>,
    /// The operation, such as `PutImage` or `ecr:PutImage`, in any case.
    pub event: Option<String>,
    /// An ARN that the call was about, the name of a repository, or any value of its parameters at
    /// the first level (the name of a user, a role or a policy).
    pub resource: Option<String>,
    /// The exception; `any` for whatever failed.
    pub error: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The account of the caller, or that of the resource.
    pub account: Option<String>,
}

impl Query {
    /// Searches the log in `folder`, also while it is written. Memory is bounded by a few records,
    /// whatever the size of the log. Lines that are no records are left out.
    ///
    /// # Errors
    /// If the folder cannot be read. One that is not there is an empty log.
    pub fn search(self, folder: &Path, order: Order) -> io::Result<Matches> {
        Matches::new(folder, self, order)
    }

    /// Whether a file can have records of this query that was begun at `begun_at`, and whose
    /// successor (if it has one) was begun at `ended_at`.
    pub(crate) fn may_be_in(&self, begun_at: Timestamp, ended_at: Option<Timestamp>) -> bool {
        // Names have whole seconds, and a clock may be set back a little.
        let slack = Duration::from_secs(60);
        let too_old = self.since.zip(ended_at).is_some_and(|(since, end)| end.plus(slack) < since);
        let longest = Duration::from_secs(REQUEST_HOURS_MAX * 60 * 60);
        let too_new = self.until.is_some_and(|until| begun_at > until.plus(longest));
        !too_old && !too_new
    }

    /// A cheap look at a line, before it is parsed.
    pub(crate) fn may_be_line(&self, line: &str) -> bool {
        // Nothing in these is ever escaped.
        let plain = [&self.request_id, &self.account];
        plain.into_iter().flatten().all(|text| line.contains(text.as_str()))
    }

    /// Whether a record passes.
    pub(crate) fn lets_pass(&self, record: &Record) -> bool {
        let passes = |wanted: &Option<String>, test: fn(&Record, &str) -> bool| {
            wanted.as_deref().is_none_or(|wanted| test(record, wanted))
        };
        self.is_of_time(record)
            && passes(&self.principal, is_of_principal)
            && passes(&self.event, is_event)
            && passes(&self.error, is_error)
            && passes(&self.request_id, |record, id| record.request_id.as_deref() == Some(id))
            && passes(&self.account, is_of_account)
            && passes(&self.resource, is_about)
    }

    fn is_of_time(&self, record: &Record) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        record.time().is_some_and(|time| {
            self.since.is_none_or(|since| time >= since)
                && self.until.is_none_or(|until| time < until)
        })
    }
}

fn is_of_principal(record: &Record, wanted: &str) -> bool {
    let who = &record.user_identity;
    let issuer = who.session_context.as_ref().and_then(|it| it.session_issuer.as_ref());
    let names = [&who.arn, &who.user_name, &who.principal_id, &who.access_key_id];
    let of_issuer = issuer.map(|issuer| [&issuer.arn, &issuer.user_name]);
    let mut known = names.into_iter().chain(of_issuer.into_iter().flatten()).flatten();
    // The last part of an ARN is the name of a user or a session, or `root`.
    let named = |arn: &String| arn.rsplit(['/', ':']).next() == Some(wanted);
    known.any(|text| text == wanted) || who.arn.as_ref().is_some_and(named)
}

fn is_event(record: &Record, wanted: &str) -> bool {
    let (service, name) = match wanted.split_once(':') {
        Some((service, name)) => (Some(service), name),
        None => (None, wanted),
    };
    let of_service = |service: &str| {
        let own = record.event_source.split('.').next().unwrap_or_default();
        own.eq_ignore_ascii_case(service)
    };
    record.event_name.eq_ignore_ascii_case(name) && service.is_none_or(of_service)
}

fn is_error(record: &Record, wanted: &str) -> bool {
    let any = wanted.eq_ignore_ascii_case("any");
    record.error_code.as_deref().is_some_and(|code| any || code.eq_ignore_ascii_case(wanted))
}

fn is_of_account(record: &Record, wanted: &str) -> bool {
    let accounts = [&record.recipient_account_id, &record.user_identity.account_id];
    accounts.into_iter().flatten().any(|account| account == wanted)
}

fn is_about(record: &Record, wanted: &str) -> bool {
    let named = |arn: &str| {
        let repository = arn.split_once(":repository/").map(|(_, name)| name);
        arn == wanted || repository == Some(wanted)
    };
    record.resources.iter().any(|resource| named(&resource.arn)) || has_parameter(record, wanted)
}

/// The values at the first level of an object, as far as they are texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Parameter {
    Text(String),
    Texts(Vec<String>),
    Other(serde::de::IgnoredAny),
}

fn has_parameter(record: &Record, wanted: &str) -> bool {
    let Some(parameters) = &record.request_parameters else { return false };
    let read: Result<std::collections::BTreeMap<String, Parameter>, _> =
        serde_json::from_str(parameters.get());
    read.is_ok_and(|parameters| {
        parameters.values().any(|value| match value {
            Parameter::Text(text) => text == wanted,
            Parameter::Texts(texts) => texts.iter().any(|text| text == wanted),
            Parameter::Other(_) => false,
        })
    })
}

#[cfg(test)]
mod tests;
