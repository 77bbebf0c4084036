//! STS: from a Query request to the operation it names, and back. Each noun has a file of its own.

mod access_key_info;
mod assumed_role;
mod authorization_message;
mod caller_identity;
mod session;
mod session_input;
mod web_identity;

use http::request::Parts;
use wharfinger_auth::{Caller, CredentialError, Principal, PrincipalKind};
use wharfinger_aws_model::XmlStructure;
use wharfinger_aws_model::sts::{API_VERSION, Operation, Request, SIGNING_NAME, XML_NAMESPACE};
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::query::{self, Params};
use wharfinger_aws_protocol::sigv4::{InvalidSignature, SigV4Error};
use wharfinger_core::RequestContext;
use wharfinger_iam::Error;

use crate::body::{self, FORMS, WholeBody};
use crate::endpoint::sts_of_another_region;
use crate::query_service::{CallError, Form, Sink};
use crate::trail::{self, Trail};
use crate::{ApiAws, Body, signed_parts};

/// What an operation answers: its output, or why not.
type Outcome = Result<Box<dyn XmlStructure + Send>, CallError>;

impl ApiAws {
    /// Answers a request of the Query protocol.
    pub(crate) async fn answer_sts(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        trail: &Trail<'_>,
    ) -> Answer {
        self.call_sts(context, head, body, trail).await.unwrap_or_else(|error| {
            let failure = error.failure();
            trail.failed(&failure, error.denied());
            failure.log(context, "sts", &error);
            let (status, message) = (failure.status, &failure.message);
            query::error(XML_NAMESPACE, status, failure.code, message, context.request_id)
        })
    }

    async fn call_sts(
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
        trail.form(trail::STS, operation.name(), operation.is_unsigned(), &params)?;
        let caller = match operation.is_unsigned() {
            true => None,
            false => {
                let parts = signed_parts(head);
                let auth = &self.auth;
                let signed = auth.authenticate_signature(context, &parts, &sha256, SIGNING_NAME);
                let (caller, region) = signed.await?;
                if sts_of_another_region(&context.host, &region) {
                    let wrong_region = SigV4Error::from(InvalidSignature::WrongRegion);
                    return Err(CredentialError::from(wrong_region).into());
                }
                trail.signed(&caller, &region);
                Some(caller)
            }
        };
        let request = Request::decode(operation, &Form(&params))?;
        let output = match caller {
            Some(caller) => self.carry_out_signed(&caller, request).await?,
            None => self.carry_out_unsigned(context, request).await?,
        };
        Ok(query::success(XML_NAMESPACE, operation.name(), context.request_id, |result| {
            output.members(&mut Sink(result));
        }))
    }

    async fn carry_out_unsigned(&self, context: &RequestContext, request: Request) -> Outcome {
        match request {
            Request::AssumeRoleWithWebIdentity(input) => {
                web_identity::assume_role_with_web_identity(self, context, input).await
            }
            Request::AssumeRoleWithSAML(_) => {
                Err(CallError::NotImplemented(request.operation().name()))
            }
            _ => Err(CallError::CallerMissing),
        }
    }

    async fn carry_out_signed(&self, caller: &Caller, request: Request) -> Outcome {
        let operation = request.operation();
        if !may_call(caller.principal(), operation) {
            let text = format!("Cannot call {operation} with session credentials");
            return Err(Error::AccessDenied(text).into());
        }
        match request {
            Request::AssumeRole(input) => assumed_role::assume_role(self, caller, input).await,
            Request::DecodeAuthorizationMessage(input) => {
                authorization_message::decode_authorization_message(self, caller, input).await
            }
            Request::GetAccessKeyInfo(input) => {
                access_key_info::get_access_key_info(self, caller, input).await
            }
            Request::GetCallerIdentity(_) => caller_identity::get_caller_identity(caller),
            Request::GetFederationToken(input) => {
                session::get_federation_token(self, caller, input).await
            }
            Request::GetSessionToken(input) => {
                session::get_session_token(self, caller, input).await
            }
            Request::AssumeRoleWithSAML(_)
            | Request::AssumeRoleWithWebIdentity(_)
            | Request::AssumeRoot(_)
            | Request::GetDelegatedAccessToken(_)
            | Request::GetWebIdentityToken(_) => Err(CallError::NotImplemented(operation.name())),
        }
    }
}

/// What STS lets sessions call (IAM user guide, "Compare AWS STS credentials"): those of
/// `GetFederationToken` only ask who they are, those of `GetSessionToken` may assume roles as well.
fn may_call(principal: &Principal, operation: Operation) -> bool {
    match (&principal.kind, operation) {
        _ if principal.session.is_none() => true,
        (_, Operation::GetCallerIdentity) => true,
        (PrincipalKind::AssumedRole { .. }, _) => true,
        (PrincipalKind::FederatedUser { .. }, _) => false,
        (_, operation) => operation == Operation::AssumeRole,
    }
}

/// The operation of STS that a request names, with its version.
fn operation(params: &Params) -> Result<Operation, CallError> {
    let action = params.action()?;
    let version = params.version().unwrap_or("NO_VERSION_SPECIFIED");
    let known = Operation::from_name(action).filter(|_| version == API_VERSION);
    known.ok_or_else(|| CallError::UnknownAction {
        action: action.to_owned(),
        version: version.to_owned(),
    })
}
