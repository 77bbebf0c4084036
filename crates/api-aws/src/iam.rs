//! IAM, which is not served yet: a request that is meant for it is told so in its own dialect.

use http::StatusCode;
use http::request::Parts;
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::query::{self, Params};
use wharfinger_aws_protocol::sigv4::SignedRequest;
use wharfinger_core::RequestContext;

use crate::body::{self, FORMS, WholeBody};
use crate::endpoint::is_iam;
use crate::sts::CallError;
use crate::{ApiAws, Body, signed_parts};

const SIGNING_NAME: &str = "iam";
const XML_NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Whether a Query request is meant for IAM: by its host, or by what it is signed for.
pub(crate) fn is_meant(context: &RequestContext, head: &Parts) -> bool {
    is_iam(&context.host)
        || SignedRequest::from_request(&signed_parts(head))
            .is_ok_and(|signed| signed.scope().service == SIGNING_NAME)
}

impl ApiAws {
    /// Refuses a request for IAM: first whoever must not come in, then the operation.
    pub(crate) async fn answer_iam(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
    ) -> Answer {
        let outcome = self.call_iam(context, head, body).await;
        let failure = match &outcome {
            Ok(action) => CallError::IamNotImplemented(action.clone()).failure(),
            Err(error) => {
                let failure = error.failure();
                failure.log(context, "iam", error);
                failure
            }
        };
        let (status, message): (StatusCode, _) = (failure.status, &failure.message);
        query::error(XML_NAMESPACE, status, failure.code, message, context.request_id)
    }

    /// The operation that an authenticated caller asks for.
    async fn call_iam(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
    ) -> Result<String, CallError> {
        let limit_bytes = self.form_bytes_max(head).await?;
        let WholeBody { bytes, sha256, room: _room } =
            body::read(body, limit_bytes, FORMS, &self.body_room).await?;
        let params = Params::parse(head.uri.query(), &bytes)?;
        let action = params.action()?.to_owned();
        self.auth
            .authenticate_signature(context, &signed_parts(head), &sha256, SIGNING_NAME)
            .await?;
        Ok(action)
    }
}
