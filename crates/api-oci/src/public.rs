//! Public registries (ECR Public): which requests are about them, and how those are answered.
//!
//! A public registry is reached under a host of its own, or under a path prefix of any other host
//! (`/v2/<prefix>/…`); the first component of a name is then the registry's alias. What comes
//! after it is served by the very handlers of private registries, on a registry whose id no
//! private one has. Nothing here is reached unless the installation says where.

mod login;
mod logo;
mod token;

use http::request::Parts;
use http::{Method, Response, StatusCode};
use wharfinger_auth::{Action, Caller, Permit, Resource};
use wharfinger_core::{PublicEndpoint, RequestContext};
use wharfinger_oci::{ErrorCode, Route};

use crate::answer::Answer;
use crate::authenticate::Session;
use crate::call::Call;
use crate::host::registry_of_host;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::trail::Trail;
use crate::{ApiOci, Body, error, routing};

/// What a request is about.
pub(crate) enum Plane<'a> {
    /// Private registries.
    Private,
    /// Public registries.
    Public(Place<'a>),
    /// Logins to public registries.
    Token,
    /// The logo of a public repository, by its file name.
    Logo(&'a str),
    /// What is served beside public registries, where none are.
    Nothing,
}

/// Where among the public registries a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// The prefix of the path; none under the host of the public registries.
    prefix: Option<&'a str>,
    /// What follows: `<alias>/<repository>/…`.
    rest: &'a str,
}

/// What a session with a public registry has.
pub(crate) struct PublicSession {
    /// Somebody without a login, for what anyone may.
    anyone: Caller,
    /// What comes before repository names in paths: `<alias>/`, or `<prefix>/<alias>/`.
    pub(crate) mount: String,
}

impl<'a> Plane<'a> {
    /// What a request for `path` at `host` is about.
    pub(crate) fn of(endpoint: Option<&'a PublicEndpoint>, host: &str, path: &'a str) -> Self {
        let beside = match path {
            "/token" | "/token/" => Some(Self::Token),
            path => path.strip_prefix("/logo/").map(Self::Logo),
        };
        match (beside, endpoint) {
            (Some(_), None) => Self::Nothing,
            (Some(beside), Some(_)) => beside,
            (None, None) => Self::Private,
            (None, Some(endpoint)) => {
                Place::of(endpoint, host, path).map_or(Self::Private, Self::Public)
            }
        }
    }
}

impl<'a> Place<'a> {
    fn of(endpoint: &'a PublicEndpoint, host: &str, path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v2").filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let rest = rest?.strip_prefix('/').unwrap_or_default();
        if endpoint.is_host(host) {
            return Some(Self { prefix: None, rest });
        }
        // Under the host of a private registry all names are private.
        let prefix = endpoint.path_prefix().filter(|_| registry_of_host(host).is_none())?;
        let rest = rest.strip_prefix(prefix)?;
        match rest.strip_prefix('/') {
            Some(rest) => Some(Self { prefix: Some(prefix), rest }),
            None => rest.is_empty().then_some(Self { prefix: Some(prefix), rest }),
        }
    }

    /// Whether it was asked for under the host of the public registries, where all clients find
    /// out by themselves how to log in.
    fn has_own_host(&self) -> bool {
        self.prefix.is_none()
    }
}

impl ApiOci {
    /// Answers a request about public registries.
    pub(crate) async fn answer_public(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        place: Place<'_>,
        trail: &Trail<'_>,
    ) -> Result<Response<Body>, Refusal> {
        let caller = self.public_caller(context, head, place).await?;
        trail.caller(&caller);
        if place.rest.is_empty() {
            trail.beside("CheckLogin");
            return base(&head.method);
        }
        let (alias, path) = place.rest.split_once('/').ok_or_else(no_route)?;
        let registry = self.registry.registry_of_alias(alias).await?;
        trail.registry(&registry);
        let route = Route::parse(&format!("/v2/{path}"))
            .map_err(|error| error::of_path(&error, &head.method, path, &registry))?;
        // ECR Public has no catalog, and a registry alone is no place.
        if route.name().is_none() {
            return Err(no_route());
        }
        let route = trail.route(route)?;
        let prefix = place.prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
        let mount = format!("{prefix}{alias}/");
        let public = Some(PublicSession { anyone: self.auth.anonymous(context), mount });
        let session = trail.session(Session { caller, registry, public });
        let call = Call { registry: &self.registry, context, session, head, trail };
        routing::dispatch(&call, route, body).await
    }

    /// Answers what is served beside public registries, and nothing where there are none.
    pub(crate) async fn answer_beside(
        &self,
        context: &RequestContext,
        head: &Parts,
        plane: &Plane<'_>,
        trail: &Trail<'_>,
    ) -> Result<Response<Body>, Refusal> {
        let answer = match plane {
            Plane::Token => {
                trail.beside("GetAuthorizationToken");
                self.token(context, head).await?
            }
            Plane::Logo(file) => {
                trail.beside("GetRepositoryLogo");
                self.logo(head, file).await?
            }
            Plane::Private | Plane::Public(_) | Plane::Nothing => return Err(no_route()),
        };
        Ok(answer.into_response())
    }
}

impl PublicSession {
    /// The permit to do `A` for a caller who was refused it: anyone may pull, whatever policies
    /// say of those who are logged in. Who is not, is asked to be.
    pub(crate) async fn permit<A: Action>(
        &self,
        origin: &Origin,
        caller: &Caller,
        resource: A::Resource,
        refused: Refusal,
    ) -> Result<Permit<A>, Refusal>
    where
        A::Resource: Resource,
    {
        match self.anyone.authorize(resource).await {
            Ok(permit) => Ok(permit),
            Err(_) if caller.is_anonymous() => Err(Refusal::bearer_challenge(origin)),
            Err(_) => Err(refused),
        }
    }
}

/// `[end-1] GET /v2/`: those who come here are logged in, or somebody without a login.
fn base(method: &Method) -> Result<Response<Body>, Refusal> {
    match *method {
        Method::GET | Method::HEAD => {
            Ok(Answer::full(StatusCode::OK, "application/json", "{}").into_response())
        }
        _ => Err(routing::not_allowed("GET, HEAD")),
    }
}

fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, ErrorCode::Unsupported, "there is no such route")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(endpoint: &'a PublicEndpoint, host: &str, path: &'a str) -> Option<Place<'a>> {
        match Plane::of(Some(endpoint), host, path) {
            Plane::Public(place) => Some(place),
            _ => None,
        }
    }

    #[test]
    fn all_of_v2_is_public_under_the_host_and_nothing_elsewhere() {
        let endpoint = PublicEndpoint::new(Some("public.example.com"), None).unwrap().unwrap();
        for (path, rest) in [
            ("/v2", ""),
            ("/v2/", ""),
            ("/v2/a1/app/tags/list", "a1/app/tags/list"),
            ("/v2/_catalog", "_catalog"),
        ] {
            let expected = Some(Place { prefix: None, rest });
            assert_eq!(place(&endpoint, "public.example.com:4566", path), expected, "{path}");
            assert_eq!(place(&endpoint, "localhost:4566", path), None, "{path}");
        }
        assert_eq!(place(&endpoint, "public.example.com", "/v2x"), None);
    }

    #[test]
    fn a_prefix_is_a_whole_component_and_not_of_a_private_registry() {
        let endpoint = PublicEndpoint::new(None, Some("pub")).unwrap().unwrap();
        let prefix = Some("pub");
        for (path, expected) in [
            ("/v2/pub", Some(Place { prefix, rest: "" })),
            ("/v2/pub/", Some(Place { prefix, rest: "" })),
            ("/v2/pub/a1/app/tags/list", Some(Place { prefix, rest: "a1/app/tags/list" })),
            ("/v2/public/app/tags/list", None),
            ("/v2/Pub/app/tags/list", None),
            ("/v2/%70ub/app/tags/list", None),
            ("/v2//pub/app/tags/list", None),
            ("/v2/", None),
            ("/v2", None),
        ] {
            assert_eq!(place(&endpoint, "localhost:4566", path), expected, "{path}");
            let private = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
            assert_eq!(place(&endpoint, private, path), None, "{path}");
        }
    }

    #[test]
    fn without_public_registries_all_of_v2_is_private() {
        for path in ["/v2/", "/v2/public.ecr.aws/a1/app/tags/list", "/v2/app/tags/list"] {
            assert!(matches!(Plane::of(None, "public.ecr.aws", path), Plane::Private), "{path}");
        }
        for path in ["/token", "/token/", "/logo/x.png"] {
            assert!(matches!(Plane::of(None, "public.ecr.aws", path), Plane::Nothing), "{path}");
        }
    }
}
