//! What the audit log gets to know of a call: gathered on its way in, written when its outcome is
//! known, before the client hears of it.
//!
//! `ApiAws::handle` makes one for every request, so that no operation goes without. A request that is
//! not signed at all is no attempt of anybody, and not recorded.

mod elements;
mod redaction;

use std::borrow::Cow;
use std::sync::OnceLock;

use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde_json::value::RawValue;
use wharfinger_audit::{
    Audit, Effect, Entry, Resource, Unrecorded, UserIdentity, Who, capped, effect_of,
};
use wharfinger_auth::{AccessDenied, Caller, decided_by};
use wharfinger_aws_model::{ecr, ecr_public};
use wharfinger_aws_protocol::json::Target;
use wharfinger_aws_protocol::query::{self, Params};
use wharfinger_aws_protocol::sigv4::{SigV4Error, SignedRequest};
use wharfinger_aws_protocol::{Answer, json};
use wharfinger_core::limits::AUDIT_TEXT_BYTES_MAX;
use wharfinger_core::{Region, RequestContext};

use crate::failure::Failure;
use crate::signed_parts;

pub(crate) const ECR: &str = "ecr.amazonaws.com";
pub(crate) const ECR_PUBLIC: &str = "ecr-public.amazonaws.com";
pub(crate) const IAM: &str = "iam.amazonaws.com";
pub(crate) const STS: &str = "sts.amazonaws.com";
/// The name of an operation that no service has.
const UNKNOWN: &str = "UnknownOperation";
/// Where services without regions are called, and those of whom nobody said where.
const GLOBAL_REGION: &str = "us-east-1";
/// What a call is told that has been carried out and is not on record.
const NOT_ACKNOWLEDGED: &str =
    "The audit log could not be written; the request may have been carried out";
const INTERRUPTED: (&str, &str) = (
    "RequestInterrupted",
    "The client went away before it was answered; the request may have been carried out",
);

/// A call cannot be recorded, and is therefore not carried out.
#[derive(Debug, thiserror::Error)]
#[error("The audit log cannot be written, and the request was not carried out")]
pub(crate) struct NotRecordable(#[source] Unrecorded);

/// One call and what became of it.
pub(crate) struct Trail<'a> {
    audit: &'a Audit,
    context: &'a RequestContext,
    head: &'a Parts,
    called: OnceLock<Called>,
    caller: OnceLock<Caller>,
    region: OnceLock<Region>,
    parameters: OnceLock<Box<RawValue>>,
    failed: OnceLock<Failed>,
    finished: bool,
}

/// The operation that is called.
#[derive(Clone, Copy)]
struct Called {
    source: &'static str,
    name: &'static str,
    effect: Effect,
    /// Whether it is one that nobody signs, because it brings a token.
    is_unsigned: bool,
}

struct Failed {
    code: &'static str,
    message: String,
    decided_by: Option<String>,
    is_denied: bool,
}

/// What CloudTrail has no member for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Additional<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    /// Failed logins that were not recorded before this one.
    #[serde(skip_serializing_if = "is_zero")]
    failed_logins_left_out: u64,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(audit: &'a Audit, context: &'a RequestContext, head: &'a Parts) -> Self {
        Self {
            audit,
            context,
            head,
            called: OnceLock::new(),
            caller: OnceLock::new(),
            region: OnceLock::new(),
            parameters: OnceLock::new(),
            failed: OnceLock::new(),
            finished: !audit.is_on(),
        }
    }

    /// Which operation of ECR or ECR Public is called.
    pub(crate) fn target(&self, target: &Target<'_>) {
        let (source, name) = match target.prefix {
            ecr_public::TARGET_PREFIX => {
                let found = ecr_public::Operation::from_name(target.operation);
                (ECR_PUBLIC, found.map(|operation| operation.name()))
            }
            _ => (ECR, ecr::Operation::from_name(target.operation).map(|found| found.name())),
        };
        self.called(source, name, false);
    }

    /// Which operation of a service is called; none if the service has no such.
    fn called(&self, source: &'static str, name: Option<&'static str>, is_unsigned: bool) {
        let effect = name.map_or(Effect::Reads, |name| effect_of(source, name));
        let name = name.unwrap_or(UNKNOWN);
        let _ = self.called.set(Called { source, name, effect, is_unsigned });
    }

    /// Which operation of IAM or STS is called, and with what. Nothing is begun that could not be
    /// recorded.
    pub(crate) fn form(
        &self,
        source: &'static str,
        name: &'static str,
        is_unsigned: bool,
        params: &Params,
    ) -> Result<(), NotRecordable> {
        self.called(source, Some(name), is_unsigned);
        if self.records() {
            self.parameters(elements::of_form(params));
        }
        self.check_writable()
    }

    /// Who calls, and for which region.
    pub(crate) fn signed(&self, caller: &Caller, region: &Region) {
        let _ = self.caller.set(caller.clone());
        let _ = self.region.set(region.clone());
    }

    /// Whether anything is made of the parameters.
    pub(crate) fn records(&self) -> bool {
        let effect = self.called.get().map_or(Effect::Reads, |called| called.effect);
        self.audit.wants(effect, true)
    }

    /// What is asked for, without its secrets.
    pub(crate) fn parameters(&self, parameters: Option<Box<RawValue>>) {
        if let Some(parameters) = parameters {
            let _ = self.parameters.set(parameters);
        }
    }

    /// Nothing is begun that could not be recorded.
    pub(crate) fn check_writable(&self) -> Result<(), NotRecordable> {
        let effect = self.called.get().map_or(Effect::Reads, |called| called.effect);
        self.audit.check_writable(effect).map_err(NotRecordable)
    }

    /// Why the call fails; `denied` if it is because the caller may not.
    pub(crate) fn failed(&self, failure: &Failure, denied: Option<&AccessDenied>) {
        let _ = self.failed.set(Failed {
            code: failure.code,
            message: capped(&failure.message, AUDIT_TEXT_BYTES_MAX).to_owned(),
            decided_by: denied.and_then(decided_by),
            is_denied: denied.is_some() || self.caller.get().is_none(),
        });
    }

    /// Records the call, and hands back its answer; another one if what was done is not on record.
    pub(crate) async fn finish(mut self, answer: Answer) -> Answer {
        if std::mem::replace(&mut self.finished, true) {
            return answer;
        }
        match self.record(&answer).await {
            Ok(()) => answer,
            Err(Unrecorded) => self.not_acknowledged(),
        }
    }

    async fn record(&self, answer: &Answer) -> Result<(), Unrecorded> {
        let failed = self.failed.get();
        let effect = self.called.get().map_or(Effect::Reads, |called| called.effect);
        if !self.audit.wants(effect, failed.is_some_and(|failed| failed.is_denied)) {
            return Ok(());
        }
        let Some(left_out) = self.left_out(failed.is_some()) else { return Ok(()) };
        let elements = match effect == Effect::Reads || failed.is_some() {
            true => None,
            false => elements::of_answer(self.is_query(), &answer.body),
        };
        let parameters = self.parameters.get().map(|parameters| &**parameters);
        let account = self.account();
        let resources = elements::resources(parameters, &account, self.region());
        let Some(mut entry) = self.entry(&resources) else { return Ok(()) };
        entry.response_elements = elements.as_deref();
        let recipient = resources.first().map_or(account.as_ref(), |first| &first.account_id);
        entry.recipient_account_id = Some(recipient).filter(|account| !account.is_empty());
        entry.error_code = failed.map(|failed| failed.code);
        entry.error_message = failed.map(|failed| failed.message.as_str());
        let decided_by = failed.and_then(|failed| failed.decided_by.as_deref());
        if decided_by.is_some() || left_out > 0 {
            entry.additional_event_data =
                Some(Additional { decided_by, failed_logins_left_out: left_out });
        }
        // What failed has changed nothing that its client relies on.
        match effect {
            _ if failed.is_some() => self.audit.record(&entry).await,
            Effect::Reads => self.audit.record(&entry).await,
            Effect::Prepares => return self.audit.record_in_order(&entry).await,
            Effect::Issues | Effect::Writes => return self.audit.record_durably(&entry).await,
        }
        Ok(())
    }

    /// How many failed logins were left out before this call; none if it is left out too.
    fn left_out(&self, failed: bool) -> Option<u64> {
        if self.caller.get().is_some() || !failed {
            return Some(0);
        }
        let is_unsigned = self.called.get().is_some_and(|called| called.is_unsigned);
        match SignedRequest::from_request(&signed_parts(self.head)) {
            Err(SigV4Error::MissingAuthenticationToken) if !is_unsigned => None,
            _ => self.audit.admit_failed_login(self.context.received_at),
        }
    }

    fn entry<'b>(
        &'b self,
        resources: &'b [Resource<'b>],
    ) -> Option<Entry<'b, &'b RawValue, &'b RawValue, Additional<'b>>> {
        let called = self.called.get().copied().unwrap_or(Called {
            source: ECR,
            name: UNKNOWN,
            effect: Effect::Reads,
            is_unsigned: false,
        });
        let ids = (self.context.request_id, self.audit.event_id()?);
        let region = match called.source {
            IAM | ECR_PUBLIC => GLOBAL_REGION,
            _ => self.region(),
        };
        let what = (called.source, called.name, region);
        let (received_at, source_ip) = (self.context.received_at, self.context.source_ip);
        let user_agent = self.context.user_agent.as_deref().unwrap_or_default();
        Some(Entry {
            user_agent: capped(user_agent, AUDIT_TEXT_BYTES_MAX),
            request_parameters: self.parameters.get().map(|parameters| &**parameters),
            read_only: called.effect.is_read_only(),
            resources,
            ..Entry::new(self.user_identity(&called), received_at, what, source_ip, ids)
        })
    }

    fn user_identity(&self, called: &Called) -> Who<'_> {
        if let Some(caller) = self.caller.get() {
            return Who::Rendered(caller.rendered_identity(None));
        }
        let kind = if called.is_unsigned { "WebIdentityUser" } else { "Unknown" };
        Who::Described(UserIdentity { kind, ..UserIdentity::default() })
    }

    fn account(&self) -> Cow<'_, str> {
        let account = self.caller.get().map(|caller| caller.principal().account.as_str());
        Cow::Borrowed(account.unwrap_or_default())
    }

    fn region(&self) -> &str {
        self.region.get().map_or(GLOBAL_REGION, Region::as_str)
    }

    fn is_query(&self) -> bool {
        self.called.get().is_some_and(|called| matches!(called.source, IAM | STS))
    }

    fn not_acknowledged(&self) -> Answer {
        let (status, id) = (StatusCode::INSUFFICIENT_STORAGE, self.context.request_id);
        let namespace = match self.called.get().map(|called| called.source) {
            Some(IAM) => wharfinger_aws_model::iam::XML_NAMESPACE,
            Some(STS) => wharfinger_aws_model::sts::XML_NAMESPACE,
            _ => {
                let members = serde_json::Map::new();
                return json::error(status, "ServerException", NOT_ACKNOWLEDGED, members, id);
            }
        };
        query::error(namespace, status, "ServiceFailure", NOT_ACKNOWLEDGED, id)
    }
}

impl Drop for Trail<'_> {
    /// A call that is given up half way, because its client went away or its handler panicked.
    fn drop(&mut self) {
        let effect = self.called.get().map_or(Effect::Reads, |called| called.effect);
        let is_known = self.caller.get().is_some() && self.audit.wants(effect, false);
        if self.finished || !is_known {
            return;
        }
        let parameters = self.parameters.get().map(|parameters| &**parameters);
        let account = self.account();
        let resources = elements::resources(parameters, &account, self.region());
        if let Some(mut entry) = self.entry(&resources) {
            entry.recipient_account_id = Some(&account);
            entry.error_code = Some(INTERRUPTED.0);
            entry.error_message = Some(INTERRUPTED.1);
            self.audit.record_now(&entry);
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The input of an operation of the JSON protocol, without its secrets.
pub(crate) fn input_parameters(body: &[u8]) -> Option<Box<RawValue>> {
    redaction::redacted(body)
}
