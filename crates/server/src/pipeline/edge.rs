//! What the pipeline knows of an edge.

use futures_util::future::BoxFuture;
use http::{Request, Response};
use wharfinger_api_aws::ApiAws;
use wharfinger_api_oci::ApiOci;
use wharfinger_core::RequestContext;

use super::Body;

/// One protocol at the front of the registry.
pub(crate) trait Edge: Send + Sync + 'static {
    /// Answers a request. What goes wrong is an answer in the edge's own protocol.
    fn handle<'a>(
        &'a self,
        context: &'a RequestContext,
        request: Request<Body>,
    ) -> BoxFuture<'a, Response<Body>>;
}

impl Edge for ApiOci {
    fn handle<'a>(
        &'a self,
        context: &'a RequestContext,
        request: Request<Body>,
    ) -> BoxFuture<'a, Response<Body>> {
        Box::pin(ApiOci::handle(self, context, request))
    }
}

impl Edge for ApiAws {
    fn handle<'a>(
        &'a self,
        context: &'a RequestContext,
        request: Request<Body>,
    ) -> BoxFuture<'a, Response<Body>> {
        Box::pin(ApiAws::handle(self, context, request))
    }
}
