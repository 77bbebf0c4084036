//! Referrers of a manifest.

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::LINK;
use wharfinger_auth::actions::BatchGetImage;
use wharfinger_core::limits::REFERRERS_PAGE_MAX;
use wharfinger_core::{Digest, RepositoryName};
use wharfinger_oci::media_type::OCI_INDEX;
use wharfinger_oci::{Referrer as Descriptor, ReferrersIndex, Route};
use wharfinger_registry::{Error, ImageStatus, PageRequest, Referrer, ReferrersFilter};

use crate::answer::{Answer, FILTERS_APPLIED};
use crate::call::Call;
use crate::refusal::Refusal;

/// `[end-12a] GET /v2/<name>/referrers/<digest>`, `[end-12b]` with `artifactType`; ECR
/// `ListImageReferrers`. An index of none for a digest that nothing refers to: 404 would say that
/// there is no such API.
pub(crate) async fn list(
    call: &Call<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<BatchGetImage>(name).await?;
    let query = call.query()?;
    let types = query.all("artifactType").filter(|text| !text.is_empty()).map(str::to_owned);
    let filter =
        ReferrersFilter { artifact_types: types.collect(), status: Some(ImageStatus::Active) };
    let artifact_types = filter.artifact_types.clone();
    // The largest page there is: not every client follows links.
    let next_token = query.get("last").filter(|last| !last.is_empty()).map(str::to_owned);
    let page = PageRequest { max_results: Some(REFERRERS_PAGE_MAX), next_token };
    let page = call.registry.list_image_referrers(&permit, *digest, filter, &page).await?;
    let index = ReferrersIndex::new(page.items.iter().map(descriptor).collect());
    let json = serde_json::to_vec(&index).map_err(|error| Error::Server(Box::new(error)))?;
    let mut answer = Answer::full(StatusCode::OK, OCI_INDEX, json);
    if !artifact_types.is_empty() {
        answer = answer.header(FILTERS_APPLIED, "artifactType");
    }
    let Some(next) = &page.next_token else { return Ok(answer) };
    let mut parameters = vec![("last", next.as_str())];
    parameters.extend(artifact_types.iter().map(|text| ("artifactType", text.as_str())));
    let route = Route::Referrers { name: name.clone(), digest: *digest };
    Ok(answer.header(LINK, call.origin().next_link(&route, &parameters)))
}

fn descriptor(referrer: &Referrer) -> Descriptor<'_> {
    let annotations = referrer.annotations.iter();
    let annotations: BTreeMap<&str, &str> =
        annotations.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Descriptor {
        media_type: &referrer.media_type,
        digest: referrer.digest,
        size: referrer.manifest_size_bytes,
        artifact_type: referrer.artifact_type.as_deref(),
        annotations,
    }
}
