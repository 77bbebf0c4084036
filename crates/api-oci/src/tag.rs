//! Tags of a repository.

use http::StatusCode;
use http::header::LINK;
use serde::Serialize;
use wharfinger_auth::actions::ListImages;
use wharfinger_core::RepositoryName;
use wharfinger_core::limits::TAGS_PAGE_MAX;
use wharfinger_oci::listing::PageError;
use wharfinger_oci::{Page, Route, TagList};
use wharfinger_registry::Error;

use crate::answer::Answer;
use crate::call::Call;
use crate::error::invalid_parameter;
use crate::refusal::Refusal;

/// `[end-8a] GET /v2/<name>/tags/list`; ECR `ListImages` of tagged images.
pub(crate) async fn list(call: &Call<'_>, name: &RepositoryName) -> Result<Answer, Refusal> {
    let permit = call.permit::<ListImages>(name).await?;
    let page = Page::of_query(&call.query()?, TAGS_PAGE_MAX).map_err(invalid_page)?;
    let last = page.last.as_deref().unwrap_or_default();
    let tags = call.registry.list_tags(&permit, last, page.limit).await?;
    let list = TagList { name: &call.full_name(name), tags: tags.names.iter() };
    let answer = list_answer(&list)?;
    Ok(match tags.names.last() {
        Some(last) if tags.more => {
            let route = Route::TagsList { name: name.clone() };
            answer.header(LINK, call.origin().next_page(&page, &route, last))
        }
        _ => answer,
    })
}

/// A list as JSON.
pub(crate) fn list_answer(list: &impl Serialize) -> Result<Answer, Refusal> {
    let json = serde_json::to_vec(list).map_err(|error| Error::Server(Box::new(error)))?;
    Ok(Answer::full(StatusCode::OK, "application/json", json))
}

/// `n` is no number; ECR calls it `maxResults`.
pub(crate) fn invalid_page(_: PageError) -> Refusal {
    invalid_parameter("maxResults", "Member must be a number, 0 or more")
}
