//! `_catalog`: the repositories of a registry, as docker's registry API lists them.

use http::header::LINK;
use wharfinger_auth::RepositoriesResource;
use wharfinger_auth::actions::DescribeRepositories;
use wharfinger_core::limits::PAGE_MAX;
use wharfinger_oci::{Catalog, Page, Route};

use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::tag::{invalid_page, list_answer};

/// `GET /v2/_catalog`; ECR `DescribeRepositories`.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let registry = call.session.registry.clone();
    let resource = RepositoriesResource { registry, names: Vec::new() };
    let permit = call.session.caller.authorize::<DescribeRepositories>(resource).await?;
    let page = Page::of_query(&call.query()?, PAGE_MAX).map_err(invalid_page)?;
    let last = page.last.as_deref().unwrap_or_default();
    let (names, more) = call.registry.catalog(&permit, last, page.limit).await?;
    let repositories = names.iter().map(AsRef::as_ref).collect();
    let answer = list_answer(&Catalog { repositories })?;
    Ok(match names.last() {
        Some(last) if more => {
            answer.header(LINK, call.origin().next_page(&page, &Route::Catalog, last.as_str()))
        }
        _ => answer,
    })
}
