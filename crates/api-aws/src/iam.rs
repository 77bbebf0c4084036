//! IAM: from a Query request to the operation it names, and back. Each noun has a file of its own,
//! which says which operations it answers.

mod access_key;
mod account;
mod boundary;
mod foreign_credential;
mod group;
mod inline_policy;
mod instance_profile;
mod managed_policy;
mod oidc_provider;
mod role;
mod simulation;
mod tag;
mod user;

use http::StatusCode;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wharfinger_auth::{Action, AuthorizeError, Caller, ContextKeys, IamResource, Permit};
use wharfinger_aws_model::iam::{API_VERSION, Operation, Request, SIGNING_NAME, XML_NAMESPACE};
use wharfinger_aws_model::{XmlSink, XmlStructure};
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::query::{self, Params};
use wharfinger_aws_protocol::sigv4::SignedRequest;
use wharfinger_core::{AccountId, Arn, RequestContext};
use wharfinger_iam::{Iam, Tagged};

use crate::body::{self, FORMS, WholeBody};
use crate::endpoint::is_iam;
use crate::query_service::{CallError, Form, Sink};
use crate::trail::{self, Trail};
use crate::{ApiAws, Body, signed_parts};

/// What an operation answers: its output, or why not.
type Outcome = Result<Box<dyn XmlStructure + Send>, CallError>;

/// Which noun answers an operation.
const NOUNS: [(&[Operation], Noun); 12] = [
    (access_key::OPERATIONS, Noun::AccessKey),
    (account::OPERATIONS, Noun::Account),
    (boundary::OPERATIONS, Noun::Boundary),
    (foreign_credential::OPERATIONS, Noun::ForeignCredential),
    (group::OPERATIONS, Noun::Group),
    (inline_policy::OPERATIONS, Noun::InlinePolicy),
    (instance_profile::OPERATIONS, Noun::InstanceProfile),
    (managed_policy::OPERATIONS, Noun::ManagedPolicy),
    (oidc_provider::OPERATIONS, Noun::OidcProvider),
    (role::OPERATIONS, Noun::Role),
    (simulation::OPERATIONS, Noun::Simulation),
    (user::OPERATIONS, Noun::User),
];

/// The nouns of IAM.
#[derive(Clone, Copy)]
enum Noun {
    AccessKey,
    Account,
    Boundary,
    ForeignCredential,
    Group,
    InlinePolicy,
    InstanceProfile,
    ManagedPolicy,
    OidcProvider,
    Role,
    Simulation,
    User,
}

/// Whether an operation of IAM acts; the others are listed as gaps.
pub(crate) fn acts(operation: Operation) -> bool {
    NOUNS.iter().any(|(operations, _)| operations.contains(&operation))
}

/// A call of an authenticated caller.
pub(crate) struct Call<'a> {
    api: &'a ApiAws,
    caller: &'a Caller,
}

impl<'a> Call<'a> {
    /// The service that has the rules.
    pub(crate) fn iam(&self) -> &'a Iam {
        &self.api.iam
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// The account of the caller, which is the one that every operation is about.
    pub(crate) fn account(&self) -> AccountId {
        self.caller.principal().account
    }

    /// Whether the caller may do `A` to what has this ARN in its account.
    pub(crate) async fn authorize<A: Action<Resource = IamResource>>(
        &self,
        arn: &Arn,
    ) -> Result<Permit<A>, AuthorizeError> {
        self.caller.authorize(IamResource::new(self.account(), arn)).await
    }

    /// The same of what has tags, with the condition keys that only this call has.
    pub(crate) async fn authorize_tagged<A: Action<Resource = IamResource>>(
        &self,
        tagged: &Tagged,
        mut keys: ContextKeys,
    ) -> Result<Permit<A>, AuthorizeError> {
        for (key, value) in &tagged.tags {
            for service in ["aws", "iam"] {
                keys.insert(&format!("{service}:ResourceTag/{key}"), value.as_str());
            }
        }
        self.authorize_with(&tagged.arn, keys).await
    }

    /// The same, with the condition keys that only this call has.
    pub(crate) async fn authorize_with<A: Action<Resource = IamResource>>(
        &self,
        arn: &Arn,
        keys: ContextKeys,
    ) -> Result<Permit<A>, AuthorizeError> {
        self.caller.authorize_with(IamResource::new(self.account(), arn), keys).await
    }

    /// The same of something that may be there, and then has a path and tags. `absent` is the ARN it
    /// would have at the path `/`: who may do `A` to neither is told of that one, and learns nothing
    /// of what is there.
    pub(crate) async fn authorize_found<A: Action<Resource = IamResource>>(
        &self,
        found: &Tagged,
        absent: &Arn,
        keys: ContextKeys,
    ) -> Result<Permit<A>, AuthorizeError> {
        let denied = match self.authorize_tagged(found, keys.clone()).await {
            Err(AuthorizeError::Denied(denied)) => denied,
            decided => return decided,
        };
        match self.authorize_with::<A>(absent, keys).await {
            Err(AuthorizeError::Denied(as_of_absent)) => Err(as_of_absent.into()),
            _ => Err(denied.into()),
        }
    }

    /// The same of the account as a whole, for what names nothing in it.
    pub(crate) async fn authorize_account<A: Action<Resource = IamResource>>(
        &self,
    ) -> Result<Permit<A>, AuthorizeError> {
        self.caller.authorize(IamResource::account_wide(self.account())).await
    }
}

/// A policy as IAM answers it: percent-encoded (RFC 3986), and otherwise the text that was given.
pub(crate) fn encoded_policy(text: &str) -> String {
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The output of an operation that answers nothing.
struct Nothing;

impl XmlStructure for Nothing {
    fn members(&self, _sink: &mut dyn XmlSink) {}
}

/// What an operation answers that has nothing to answer.
pub(crate) fn nothing() -> Outcome {
    Ok(Box::new(Nothing))
}

/// The refusal of an operation that a noun does not answer.
pub(crate) fn not_implemented(operation: Operation) -> CallError {
    CallError::NotImplemented(operation.name())
}

/// Whether a Query request is meant for IAM: by its host, or by what it is signed for.
pub(crate) fn is_meant(context: &RequestContext, head: &Parts) -> bool {
    is_iam(&context.host)
        || SignedRequest::from_request(&signed_parts(head))
            .is_ok_and(|signed| signed.scope().service == SIGNING_NAME)
}

impl ApiAws {
    /// Answers a request for IAM.
    pub(crate) async fn answer_iam(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        trail: &Trail<'_>,
    ) -> Answer {
        self.call_iam(context, head, body, trail).await.unwrap_or_else(|error| {
            let failure = error.failure();
            trail.failed(&failure, error.denied());
            failure.log(context, "iam", &error);
            let (status, message): (StatusCode, _) = (failure.status, &failure.message);
            query::error(XML_NAMESPACE, status, failure.code, message, context.request_id)
        })
    }

    async fn call_iam(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        trail: &Trail<'_>,
    ) -> Result<Answer, CallError> {
        let limit_bytes = self.form_bytes_max(head).await?;
        let WholeBody { bytes, sha256, room: _room } =
            body::read(body, limit_bytes, FORMS, &self.body_room).await?;
        let params = Params::parse(head.uri.query(), &bytes)?;
        let operation = operation(&params)?;
        trail.form(trail::IAM, operation.name(), false, &params)?;
        let parts = signed_parts(head);
        let signed = self.auth.authenticate_signature(context, &parts, &sha256, SIGNING_NAME);
        let (caller, region) = signed.await?;
        trail.signed(&caller, &region);
        let request = Request::decode(operation, &Form(&params))?;
        let output = self.carry_out(&Call { api: self, caller: &caller }, request).await?;
        let (name, request_id) = (operation.name(), context.request_id);
        if operation.is_resultless() {
            return Ok(query::success_without_result(XML_NAMESPACE, name, request_id));
        }
        Ok(query::success(XML_NAMESPACE, name, request_id, |result| {
            output.members(&mut Sink(result));
        }))
    }

    async fn carry_out(&self, call: &Call<'_>, request: Request) -> Outcome {
        let operation = request.operation();
        let noun = NOUNS.iter().find(|(operations, _)| operations.contains(&operation));
        let Some((_, noun)) = noun else { return Err(not_implemented(operation)) };
        match noun {
            Noun::AccessKey => access_key::answer(call, request).await,
            Noun::Account => account::answer(call, request).await,
            Noun::Boundary => boundary::answer(call, request).await,
            Noun::ForeignCredential => foreign_credential::answer(call, request).await,
            Noun::Group => group::answer(call, request).await,
            Noun::InlinePolicy => inline_policy::answer(call, request).await,
            Noun::InstanceProfile => instance_profile::answer(call, request).await,
            Noun::ManagedPolicy => managed_policy::answer(call, request).await,
            Noun::OidcProvider => oidc_provider::answer(call, request).await,
            Noun::Role => role::answer(call, request).await,
            Noun::Simulation => simulation::answer(call, request).await,
            Noun::User => user::answer(call, request).await,
        }
    }
}

/// The operation of IAM that a request names, with its version.
fn operation(params: &Params) -> Result<Operation, CallError> {
    let action = params.action()?;
    let version = params.version().unwrap_or("NO_VERSION_SPECIFIED");
    let known = Operation::from_name(action).filter(|_| version == API_VERSION);
    known.ok_or_else(|| CallError::UnknownAction {
        action: action.to_owned(),
        version: version.to_owned(),
    })
}
