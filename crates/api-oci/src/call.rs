//! An authenticated request on its way through a handler.

use http::HeaderMap;
use http::StatusCode;
use http::header::HeaderName;
use http::request::Parts;
use wharfinger_auth::{Action, ContextKeys, Permit, RepositoryResource};
use wharfinger_core::{RepositoryName, RequestContext};
use wharfinger_oci::{ErrorCode, Query};
use wharfinger_registry::Registry;

use crate::authenticate::Session;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::trail::Trail;

/// What a handler knows of its request, the body apart.
pub(crate) struct Call<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) context: &'a RequestContext,
    pub(crate) session: &'a Session,
    pub(crate) head: &'a Parts,
    pub(crate) trail: &'a Trail<'a>,
}

impl Call<'_> {
    /// The permit to do `A` to a repository of the registry that was asked.
    pub(crate) async fn permit<A>(&self, name: &RepositoryName) -> Result<Permit<A>, Refusal>
    where
        A: Action<Resource = RepositoryResource>,
    {
        self.permit_with(name, ContextKeys::default()).await
    }

    /// The same, with the condition keys that only this request has.
    pub(crate) async fn permit_with<A>(
        &self,
        name: &RepositoryName,
        keys: ContextKeys,
    ) -> Result<Permit<A>, Refusal>
    where
        A: Action<Resource = RepositoryResource>,
    {
        let registry = self.session.registry.clone();
        let resource = RepositoryResource { registry, name: name.clone() };
        let caller = &self.session.caller;
        let refused = match caller.authorize_with(resource.clone(), keys).await {
            Ok(permit) => return Ok(self.registry.throttle(permit)?),
            Err(denied) => Refusal::from(denied),
        };
        match &self.session.public {
            None => Err(refused),
            Some(public) => public.permit(&self.origin(), caller, resource, refused).await,
        }
    }

    /// The request's query, decoded.
    pub(crate) fn query(&self) -> Result<Query, Refusal> {
        Query::parse(self.head.uri.query().unwrap_or_default()).map_err(|error| {
            Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::Unsupported, error.to_string())
        })
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The text of a header; one that is no text counts as absent.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// Where the client reached the registry.
    pub(crate) fn origin(&self) -> Origin {
        Origin::of(self.context).mounted(self.mount())
    }

    /// A repository's name as the client knows it: that of a public one begins with its registry's
    /// alias.
    pub(crate) fn full_name(&self, name: &RepositoryName) -> String {
        format!("{}{name}", self.mount())
    }

    /// The repository of this registry that a client knows by a name.
    pub(crate) fn name_of(&self, full_name: &str) -> Option<RepositoryName> {
        full_name.strip_prefix(self.mount())?.parse().ok()
    }

    fn mount(&self) -> &str {
        self.session.public.as_ref().map_or("", |public| &public.mount)
    }
}
