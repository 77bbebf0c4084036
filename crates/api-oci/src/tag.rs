//! Tags of a repository.

use http::StatusCode;
use http::header::LINK;
use serde::Serialize;
use wharfinger_auth::actions::ListImages;
use wharfinger_core::RepositoryName;
use wharfinger_core::limits::TAGS_PAGE_MAX;
use wharfinger_oci::listing::PageError;
use wharfinger_oci::{Page, Route};
use wharfinger_registry::{Error, TagNames};

use crate::answer::Answer;
use crate::call::Call;
use crate::error::invalid_parameter;
use crate::refusal::Refusal;

const JSON: &str = "application/json";

/// `[end-8a] GET /v2/<name>/tags/list`; ECR `ListImages` of tagged images.
pub(crate) async fn list(call: &Call<'_>, name: &RepositoryName) -> Result<Answer, Refusal> {
    let permit = call.permit::<ListImages>(name).await?;
    let page = Page::of_query(&call.query()?, TAGS_PAGE_MAX).map_err(invalid_page)?;
    let last = page.last.as_deref().unwrap_or_default();
    let tags = call.registry.list_tags(&permit, last, page.limit).await?;
    let json = json_of(&call.full_name(name), &tags.names);
    let answer = Answer::full(StatusCode::OK, JSON, json);
    Ok(match tags.names.last() {
        Some(last) if tags.more => {
            let route = Route::TagsList { name: name.clone() };
            answer.header(LINK, call.origin().next_page(&page, &route, last))
        }
        _ => answer,
    })
}

/// What [`wharfinger_oci::TagList`] is as JSON. Ten thousand names at a time are worth that they are
/// not looked through for what JSON would have escaped: neither a name nor a tag may have it.
fn json_of(name: &str, tags: &TagNames) -> Vec<u8> {
    const BEFORE: &[u8] = br#"{"name":""#;
    const BETWEEN: &[u8] = br#"","tags":["#;
    let quoted = tags.text_bytes() + 3 * tags.len();
    let mut json = Vec::with_capacity(BEFORE.len() + name.len() + BETWEEN.len() + quoted + 2);
    json.extend_from_slice(BEFORE);
    json.extend_from_slice(name.as_bytes());
    json.extend_from_slice(BETWEEN);
    for (number, tag) in tags.iter().enumerate() {
        json.extend_from_slice(if number == 0 { b"\"" } else { b",\"" });
        json.extend_from_slice(tag.as_bytes());
        json.push(b'"');
    }
    json.extend_from_slice(b"]}");
    json
}

/// A list as JSON.
pub(crate) fn list_answer(list: &impl Serialize) -> Result<Answer, Refusal> {
    let json = serde_json::to_vec(list).map_err(|error| Error::Server(Box::new(error)))?;
    Ok(Answer::full(StatusCode::OK, JSON, json))
}

/// `n` is no number; ECR calls it `maxResults`.
pub(crate) fn invalid_page(_: PageError) -> Refusal {
    invalid_parameter("maxResults", "Member must be a number, 0 or more")
}

#[cfg(test)]
mod tests {
    use wharfinger_oci::TagList;

    use super::*;

    #[test]
    fn a_list_is_the_json_that_a_serializer_would_write() {
        for tags in [&[][..], &["1.0"], &["1.0", "A_b-c.d", "latest"]] {
            let names: TagNames = tags.iter().copied().collect();
            let list = TagList { name: "team/app", tags: tags.iter().copied() };
            let json = json_of(list.name, &names);
            assert_eq!(json, serde_json::to_vec(&list).unwrap());
        }
    }
}
