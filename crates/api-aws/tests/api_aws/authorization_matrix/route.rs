//! The routes of `/v2`, each asked for something that is not there where it would change anything.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use wharfinger_api_oci::required_actions::{REQUIRED_ACTIONS, RequiredActions};
use wharfinger_core::RequestContext;

use super::oracle::{self, State};
use super::principals::Principal;
use super::{Outcome, allowed_if};
use crate::world::{ACCOUNT, REGION, World, digest_of};

const UPLOAD: &str = "00000000-0000-4000-8000-000000000000";

/// A request for a line of the table of routes.
pub struct Probe {
    line: &'static RequiredActions,
    target: String,
    body: &'static [u8],
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.line.method, self.line.route)
    }
}

/// A request for each line.
pub fn probes(name: &str) -> Vec<Probe> {
    let digest = digest_of(b"nowhere");
    let of_line = |line: &'static RequiredActions| {
        let (target, body): (String, &'static [u8]) = match (line.method, line.route) {
            ("GET", "/v2/") => ("/v2/".into(), b""),
            ("GET", "/v2/_catalog") => ("/v2/_catalog".into(), b""),
            ("GET", "/v2/<name>/tags/list") => (format!("/v2/{name}/tags/list"), b""),
            ("GET" | "HEAD", "/v2/<name>/manifests/<reference>") => {
                (format!("/v2/{name}/manifests/v1"), b"")
            }
            ("PUT", "/v2/<name>/manifests/<reference>") => {
                (format!("/v2/{name}/manifests/v2"), b"{}")
            }
            ("DELETE", "/v2/<name>/manifests/<reference>") => {
                (format!("/v2/{name}/manifests/nowhere"), b"")
            }
            ("GET" | "HEAD" | "DELETE", "/v2/<name>/blobs/<digest>") => {
                (format!("/v2/{name}/blobs/{digest}"), b"")
            }
            ("POST", "/v2/<name>/blobs/uploads/") => (format!("/v2/{name}/blobs/uploads/"), b""),
            ("POST", "/v2/<name>/blobs/uploads/?digest=<digest>") => {
                (format!("/v2/{name}/blobs/uploads/?digest={digest}"), b"another")
            }
            ("POST", "/v2/<name>/blobs/uploads/?mount=<digest>&from=<source>") => {
                (format!("/v2/{name}/blobs/uploads/?mount={digest}&from=matrix/nowhere"), b"")
            }
            ("GET" | "DELETE", "/v2/<name>/blobs/uploads/<upload>") => {
                (format!("/v2/{name}/blobs/uploads/{UPLOAD}"), b"")
            }
            ("PATCH", "/v2/<name>/blobs/uploads/<upload>") => {
                (format!("/v2/{name}/blobs/uploads/{UPLOAD}"), b"part")
            }
            ("PUT", "/v2/<name>/blobs/uploads/<upload>?digest=<digest>") => {
                (format!("/v2/{name}/blobs/uploads/{UPLOAD}?digest={digest}"), b"part")
            }
            ("GET", "/v2/<name>/referrers/<digest>") => {
                (format!("/v2/{name}/referrers/{digest}"), b"")
            }
            other => panic!("{other:?} is not classified"),
        };
        Probe { line, target, body }
    };
    REQUIRED_ACTIONS.iter().map(of_line).collect()
}

impl Probe {
    /// What ought to come out: all the actions of the line are needed.
    pub fn expected(&self, principal: &Principal, state: State) -> Outcome {
        if let Some(outcome) = principal.login.outcome() {
            return outcome;
        }
        let mut actions = self.line.actions.iter().filter_map(|name| name.strip_prefix("ecr:"));
        // The catalog is of no repository, so that no repository's policy is asked.
        let state = if self.line.route == "/v2/_catalog" { State::Plain } else { state };
        allowed_if(actions.all(|action| oracle::allows(principal.asker, action, state, false)))
    }

    /// Sends it to the registry of [`ACCOUNT`], by the registry's own host name.
    pub async fn send(&self, world: &World, principal: &Principal) -> (Outcome, String) {
        let body = Full::from(self.body).map_err(|never| match never {});
        let mut request = Request::builder().method(self.line.method).uri(&self.target);
        let password = principal.credentials.as_ref().and_then(|it| it.password.as_ref());
        if let Some(password) = password {
            // What the API answers is the whole of a Basic login already.
            assert!(STANDARD.decode(password).unwrap().starts_with(b"AWS:"));
            request = request.header("authorization", format!("Basic {password}"));
        }
        let host = format!("{ACCOUNT}.dkr.ecr.{REGION}.localhost:4566");
        let context = RequestContext { host, ..world.context() };
        let request = request.body(body.boxed_unsync()).unwrap();
        let response = world.oci.handle(&context, request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (self.outcome(principal, head.status, &text), text)
    }

    fn outcome(&self, principal: &Principal, status: StatusCode, text: &str) -> Outcome {
        match status {
            StatusCode::UNAUTHORIZED => Outcome::Unknown,
            StatusCode::FORBIDDEN if text.contains("Your authorization token has expired") => {
                Outcome::Expired
            }
            // The answer to HEAD has no body to say so.
            StatusCode::FORBIDDEN if self.line.method == "HEAD" => {
                match principal.login.outcome() {
                    Some(outcome) => outcome,
                    None => Outcome::Denied,
                }
            }
            StatusCode::FORBIDDEN => {
                assert!(text.contains(" is not authorized to perform: ecr:"), "{self}: {text}");
                Outcome::Denied
            }
            status => {
                assert!(!status.is_server_error(), "{self}: {text}");
                Outcome::Allowed
            }
        }
    }
}
