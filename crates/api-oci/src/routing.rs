//! From a route and a method to a handler.
//!
//! Which IAM actions each of them demands is listed in
//! [`REQUIRED_ACTIONS`](crate::required_actions::REQUIRED_ACTIONS), and a test holds the handlers
//! to it.

use http::header::ALLOW;
use http::{Method, Response, StatusCode};
use wharfinger_oci::{ErrorCode, Route};

use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::{Body, blob, catalog, manifest, referrers, tag, upload};

/// The methods that have a meaning under `/v2`.
pub(crate) enum Verb {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Other,
}

/// Answers an authenticated request. `HEAD` is answered as `GET` where nothing else is said; its
/// body is left out later.
///
/// Boxed is all but what is asked for most: a future is as large as the largest that it may wait
/// for, and those of uploads are so large that to allocate them takes longer than to find a manifest.
pub(crate) async fn dispatch(
    call: &Call<'_>,
    route: &Route,
    body: Body,
) -> Result<Response<Body>, Refusal> {
    let verb = Verb::of(&call.head.method);
    let answer = match route {
        Route::Base => match verb {
            Verb::Get | Verb::Head => Answer::full(StatusCode::OK, "application/json", "{}"),
            _ => return Err(not_allowed("GET, HEAD")),
        },
        Route::Catalog => match verb {
            Verb::Get | Verb::Head => Box::pin(catalog::list(call)).await?,
            _ => return Err(not_allowed("GET, HEAD")),
        },
        Route::TagsList { name } => match verb {
            Verb::Get | Verb::Head => Box::pin(tag::list(call, name)).await?,
            _ => return Err(not_allowed("GET, HEAD")),
        },
        Route::Manifest { name, reference } => match verb {
            Verb::Get => manifest::get(call, name, reference).await?,
            Verb::Head => manifest::head(call, name, reference).await?,
            Verb::Put => Box::pin(manifest::put(call, name, reference, body)).await?,
            Verb::Delete => Box::pin(manifest::delete(call, name, reference)).await?,
            _ => return Err(not_allowed("GET, HEAD, PUT, DELETE")),
        },
        Route::Blob { name, digest } => match verb {
            Verb::Get => Box::pin(blob::get(call, name, digest)).await?,
            Verb::Head => blob::head(call, name, digest).await?,
            Verb::Delete => blob::delete(call, name, digest).await?,
            _ => return Err(not_allowed("GET, HEAD, DELETE")),
        },
        Route::BlobUploads { name } => match verb {
            Verb::Post => Box::pin(upload::start(call, name, body)).await?,
            _ => return Err(not_allowed("POST")),
        },
        Route::BlobUpload { name, upload_id } => match verb {
            Verb::Get | Verb::Head => Box::pin(upload::status(call, name, *upload_id)).await?,
            Verb::Patch => Box::pin(upload::append(call, name, *upload_id, body)).await?,
            Verb::Put => Box::pin(upload::complete(call, name, *upload_id, body)).await?,
            Verb::Delete => Box::pin(upload::cancel(call, name, *upload_id)).await?,
            _ => return Err(not_allowed("GET, HEAD, PATCH, PUT, DELETE")),
        },
        Route::Referrers { name, digest } => match verb {
            Verb::Get | Verb::Head => Box::pin(referrers::list(call, name, digest)).await?,
            _ => return Err(not_allowed("GET, HEAD")),
        },
    };
    Ok(answer.into_response())
}

impl Verb {
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::PATCH => Self::Patch,
            Method::DELETE => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// 405, with the methods that the route has.
pub(crate) fn not_allowed(methods: &'static str) -> Refusal {
    let message = "The operation is unsupported.";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, message)
        .with_header(ALLOW, methods.to_owned())
}
