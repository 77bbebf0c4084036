//! Pagination members of requests.

use wharfinger_registry::PageRequest;

use super::error::CallError;

/// `nextToken` and `maxResults`, which the model has bounded already.
pub(crate) fn page_request(next_token: Option<String>, max_results: Option<i32>) -> PageRequest {
    let max_results = max_results.and_then(|count| u32::try_from(count).ok());
    PageRequest { max_results, next_token }
}

/// Refuses pagination beside a member that names the elements ("this option cannot be used when
/// you specify …" in ECR's API reference).
pub(crate) fn refuse_page_beside(
    page: &PageRequest,
    names_member: &'static str,
) -> Result<(), CallError> {
    let reason = || format!("Member can't be set when {names_member} is set");
    if page.next_token.is_some() {
        return Err(CallError::invalid("nextToken", reason()));
    }
    if page.max_results.is_some() {
        return Err(CallError::invalid("maxResults", reason()));
    }
    Ok(())
}
