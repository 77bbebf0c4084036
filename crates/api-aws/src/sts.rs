//! STS: from a Query request to the operation it names, and back.

use http::request::Parts;
use wharfinger_auth::{Caller, CredentialError};
use wharfinger_aws_model::sts::{API_VERSION, Operation, Request, SIGNING_NAME, XML_NAMESPACE};
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::query::{self, Params};
use wharfinger_aws_protocol::sigv4::{InvalidSignature, SigV4Error};
use wharfinger_core::RequestContext;

use crate::body::{self, FORMS, WholeBody};
use crate::endpoint::sts_of_another_region;
use crate::query_service::{CallError, Form};
use crate::trail::{self, Trail};
use crate::{ApiAws, Body, signed_parts};

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
        match Request::decode(operation, &Form(&params))? {
            Request::GetCallerIdentity(_) => {
                let caller = caller.ok_or(CallError::CallerMissing)?;
                Ok(caller_identity(context, &caller))
            }
            Request::AssumeRole(_)
            | Request::AssumeRoleWithSAML(_)
            | Request::AssumeRoleWithWebIdentity(_)
            | Request::AssumeRoot(_)
            | Request::DecodeAuthorizationMessage(_)
            | Request::GetAccessKeyInfo(_)
            | Request::GetDelegatedAccessToken(_)
            | Request::GetFederationToken(_)
            | Request::GetSessionToken(_)
            | Request::GetWebIdentityToken(_) => Err(CallError::NotImplemented(operation.name())),
        }
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

/// STS `GetCallerIdentity`, which needs no permission: who holds a key may know whose it is.
fn caller_identity(context: &RequestContext, caller: &Caller) -> Answer {
    let principal = caller.principal();
    query::success(XML_NAMESPACE, "GetCallerIdentity", context.request_id, |result| {
        result.text("Arn", principal.arn().as_str());
        result.text("UserId", &principal.unique_id());
        result.text("Account", principal.account.as_str());
    })
}
