//! What the audit log gets to know of a request: gathered on its way in, written when its outcome
//! is known, before the client hears of it.
//!
//! `ApiOci::handle` makes one for every request, so that no route goes without. A request that
//! brings no credentials at all and is asked for some is no attempt of anybody, and not recorded.

mod operation;
mod parameters;

use std::borrow::Cow;
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Serialize, Serializer};
use wharfinger_audit::{Audit, Effect, Entry, Resource, Unrecorded, UserIdentity, Who, capped};
use wharfinger_auth::Caller;
use wharfinger_core::limits::AUDIT_TEXT_BYTES_MAX;
use wharfinger_core::{Arn, RegistryId, RequestContext};
use wharfinger_oci::{ErrorCode, Query, Route};

use crate::authenticate::{Session, is_presigned};
use crate::refusal::Refusal;
use operation::{Operation, UNKNOWN, error_code};
use parameters::{Asked, asked};

/// The source of the events of private registries, and of public ones.
const ECR: &str = "ecr.amazonaws.com";
const ECR_PUBLIC: &str = "ecr-public.amazonaws.com";
/// Where ECR Public is called.
const PUBLIC_REGION: &str = "us-east-1";
/// What a request is recorded as whose client went away before it was answered.
const INTERRUPTED: (&str, &str) = (
    "RequestInterrupted",
    "The client went away before it was answered; the request may have been carried out",
);

/// One request and what became of it.
pub(crate) struct Trail<'a> {
    audit: &'a Audit,
    context: &'a RequestContext,
    head: &'a Parts,
    session: OnceLock<Session>,
    caller: OnceLock<Caller>,
    registry: OnceLock<RegistryId>,
    route: OnceLock<Route>,
    operation: OnceLock<Operation>,
    /// Whether a push has created its repository.
    has_created: AtomicBool,
    finished: bool,
}

/// Why a request was not carried out.
pub(crate) struct Failed {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    decided_by: Option<String>,
}

/// What CloudTrail has no member for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Additional<'a> {
    /// `BatchGetImage` is asked with GET and HEAD.
    http_method: &'a str,
    /// Of a request that is several operations at once: those before the one it is named after.
    #[serde(skip_serializing_if = "AlsoPerformed::is_empty")]
    also_performed: AlsoPerformed,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    /// Failed logins that were not recorded before this one.
    #[serde(skip_serializing_if = "is_zero")]
    failed_logins_left_out: u64,
}

/// The operations that a request carried out before the one it is named after.
#[derive(Clone, Copy)]
struct AlsoPerformed {
    created: bool,
    steps: &'static [&'static str],
}

impl<'a> Trail<'a> {
    pub(crate) fn new(audit: &'a Audit, context: &'a RequestContext, head: &'a Parts) -> Self {
        Self {
            audit,
            context,
            head,
            session: OnceLock::new(),
            caller: OnceLock::new(),
            registry: OnceLock::new(),
            route: OnceLock::new(),
            operation: OnceLock::new(),
            has_created: AtomicBool::new(false),
            // Nothing to be said by the one who goes away early.
            finished: !audit.is_on(),
        }
    }

    /// Who asks, and which registry. The trail keeps it for the handler.
    pub(crate) fn session(&self, session: Session) -> &Session {
        self.session.get_or_init(|| session)
    }

    /// Who asks, before it is known which registry.
    pub(crate) fn caller(&self, caller: &Caller) {
        let _ = self.caller.set(caller.clone());
    }

    /// Which registry is asked, before there is a session with it.
    pub(crate) fn registry(&self, registry: &RegistryId) {
        let _ = self.registry.set(registry.clone());
    }

    /// What is beside registries.
    pub(crate) fn beside(&self, name: &'static str) {
        let _ = self.operation.set(Operation::reading(name));
    }

    /// What is asked for. Nothing is begun that could not be recorded. The trail keeps it for the
    /// handler.
    pub(crate) fn route(&self, route: Route) -> Result<&Route, Refusal> {
        let operation = Operation::of(&route, self.head);
        self.audit.check_writable(operation.effect).map_err(|_| not_carried_out())?;
        let _ = self.operation.set(operation);
        Ok(self.route.get_or_init(|| route))
    }

    /// A push has created its repository, which is there whatever becomes of the push.
    pub(crate) fn has_created(&self) {
        self.has_created.store(true, Ordering::Relaxed);
    }

    fn known_caller(&self) -> Option<&Caller> {
        self.session.get().map(|session| &session.caller).or(self.caller.get())
    }

    fn known_registry(&self) -> Option<&RegistryId> {
        self.session.get().map(|session| &session.registry).or(self.registry.get())
    }

    /// Records the request with its outcome. An error means that what was done is not on record.
    pub(crate) async fn finish(
        mut self,
        outcome: Result<(StatusCode, &HeaderMap), Failed>,
    ) -> Result<(), Unrecorded> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        let failed = outcome.as_ref().err();
        let operation = self.operation.get().copied().unwrap_or(UNKNOWN);
        let denied = failed.is_some_and(|failed| is_denied(failed.code));
        if !self.audit.wants(operation.effect, denied) {
            return Ok(());
        }
        let Some(left_out) = self.left_out(failed.is_some()) else { return Ok(()) };
        let error = failed.map(|failed| {
            let message = capped(&failed.message, AUDIT_TEXT_BYTES_MAX);
            (error_code(failed.status, failed.code), message)
        });
        let decided_by = failed.and_then(|failed| failed.decided_by.as_deref());
        let resource = self.resource();
        let answer = outcome.as_ref().ok().map(|(_, headers)| *headers);
        let entry = self.entry(operation, error, resource.as_ref(), answer);
        let Some(entry) = entry else { return Ok(()) };
        let additional = self.additional(operation, decided_by, left_out);
        let entry = Entry { additional_event_data: Some(additional), ..entry };
        match self.effect(operation, outcome.as_ref().ok().map(|(status, _)| *status)) {
            Effect::Reads => self.audit.record(&entry).await,
            Effect::Prepares => return self.audit.record_in_order(&entry).await,
            Effect::Issues | Effect::Writes => return self.audit.record_durably(&entry).await,
        }
        Ok(())
    }

    /// What a request has done, as against what it was about to do.
    fn effect(&self, operation: Operation, status: Option<StatusCode>) -> Effect {
        match status {
            _ if self.has_created.load(Ordering::Relaxed) => Effect::Writes,
            // What failed has changed nothing that its client relies on.
            None => Effect::Reads,
            // A layer was mounted: no upload was begun, and nothing follows.
            Some(StatusCode::CREATED) => Effect::Writes,
            Some(_) => operation.effect,
        }
    }

    /// How many failed logins were left out before this request; none if it is left out too.
    fn left_out(&self, failed: bool) -> Option<u64> {
        if self.known_caller().is_some() {
            return Some(0);
        }
        let brought = self.head.headers.contains_key(AUTHORIZATION) || is_presigned(self.head);
        match (failed, brought) {
            (false, _) => Some(0),
            (true, true) => self.audit.admit_failed_login(self.context.received_at),
            (true, false) => None,
        }
    }

    fn entry<'b, X>(
        &'b self,
        operation: Operation,
        error: Option<(&'b str, &'b str)>,
        resource: Option<&'b Resource<'b>>,
        answer: Option<&'b HeaderMap>,
    ) -> Option<Entry<'b, Asked<'b>, parameters::Answered<'b>, X>> {
        let (registry, route) = (self.known_registry(), self.route.get());
        let source = match registry.is_some_and(RegistryId::is_public) || operation.is_public {
            true => ECR_PUBLIC,
            false => ECR,
        };
        let region = match registry {
            Some(registry) if !registry.is_public() => registry.region.as_str(),
            _ => PUBLIC_REGION,
        };
        let ids = (self.context.request_id, self.audit.event_id()?);
        let what = (source, operation.name, region);
        let (received_at, source_ip) = (self.context.received_at, self.context.source_ip);
        let identity = self.user_identity(error.is_some());
        let user_agent = self.context.user_agent.as_deref().unwrap_or_default();
        let asked = asked(registry, route, self.head);
        Some(Entry {
            user_agent: capped(user_agent, AUDIT_TEXT_BYTES_MAX),
            error_code: error.map(|(code, _)| code),
            error_message: error.map(|(_, message)| message),
            response_elements: match answer.filter(|_| !operation.effect.is_read_only()) {
                None => None,
                Some(answer) => parameters::answered(operation.name, registry, route, answer),
            },
            request_parameters: asked,
            read_only: operation.effect.is_read_only(),
            resources: resource.map(slice::from_ref).unwrap_or_default(),
            recipient_account_id: registry.map(|registry| registry.account.as_str()),
            ..Entry::new(identity, received_at, what, source_ip, ids)
        })
    }

    fn user_identity(&self, failed: bool) -> Who<'_> {
        let identity = match (self.known_caller(), failed) {
            (Some(caller), _) => return Who::Rendered(caller.rendered_identity(Some(ECR))),
            (None, true) => UserIdentity { kind: "Unknown", ..UserIdentity::default() },
            // What anyone may have.
            (None, false) => UserIdentity {
                kind: "AWSAccount",
                principal_id: Some(Cow::Borrowed("")),
                account_id: Some("ANONYMOUS_PRINCIPAL"),
                ..UserIdentity::default()
            },
        };
        Who::Described(UserIdentity { invoked_by: Some(ECR), ..identity })
    }

    fn resource(&self) -> Option<Resource<'_>> {
        let (registry, name) = (self.known_registry()?, self.route.get()?.name()?);
        Some(Resource {
            arn: Cow::Owned(Arn::repository(registry, name).into_string()),
            account_id: Cow::Borrowed(registry.account.as_str()),
            kind: match registry.is_public() {
                true => "AWS::ECR::PublicRepository",
                false => "AWS::ECR::Repository",
            },
        })
    }

    fn additional<'b>(
        &'b self,
        operation: Operation,
        decided_by: Option<&'b str>,
        failed_logins_left_out: u64,
    ) -> Additional<'b> {
        let http_method = capped(self.head.method.as_str(), 16);
        let created = self.has_created.load(Ordering::Relaxed);
        let also_performed = AlsoPerformed { created, steps: operation.also_performed };
        Additional { http_method, also_performed, decided_by, failed_logins_left_out }
    }
}

impl Drop for Trail<'_> {
    /// A request that is given up half way, because its client went away or its handler panicked.
    fn drop(&mut self) {
        if self.finished || self.known_caller().is_none() {
            return;
        }
        let operation = self.operation.get().copied().unwrap_or(UNKNOWN);
        if !self.audit.wants(operation.effect, false) {
            return;
        }
        let resource = self.resource();
        let additional = self.additional(operation, None, 0);
        if let Some(entry) = self.entry(operation, Some(INTERRUPTED), resource.as_ref(), None) {
            self.audit.record_now(&Entry { additional_event_data: Some(additional), ..entry });
        }
    }
}

impl AlsoPerformed {
    fn is_empty(&self) -> bool {
        !self.created && self.steps.is_empty()
    }
}

impl Serialize for AlsoPerformed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let created = self.created.then_some("CreateRepository");
        serializer.collect_seq(created.iter().chain(self.steps))
    }
}

impl Failed {
    pub(crate) fn of(refusal: &Refusal) -> Self {
        Self {
            status: refusal.status(),
            code: refusal.code(),
            message: refusal.message().to_owned(),
            decided_by: refusal.decided_by().map(str::to_owned),
        }
    }
}

fn is_denied(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Denied | ErrorCode::Unauthorized)
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The refusal of what could not be recorded, before it is begun.
fn not_carried_out() -> Refusal {
    unrecorded("The audit log cannot be written, and the request was not carried out")
}

/// The answer to a request that has been carried out and is not on record.
pub(crate) fn not_acknowledged() -> Refusal {
    unrecorded("The audit log could not be written; the request may have been carried out")
}

fn unrecorded(message: &str) -> Refusal {
    Refusal::new(StatusCode::INSUFFICIENT_STORAGE, ErrorCode::Unknown, message)
        .with_cause(Unrecorded)
}

/// The parameter of a request's query, if the query can be read.
fn query_parameter(head: &Parts, name: &str) -> Option<String> {
    let query = Query::parse(head.uri.query().filter(|query| !query.is_empty())?).ok()?;
    query.get(name).map(|text| capped(text, AUDIT_TEXT_BYTES_MAX).to_owned())
}
