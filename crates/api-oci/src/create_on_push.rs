//! Pushes to repositories that are not there: a creation template for `CREATE_ON_PUSH` creates
//! them.

use wharfinger_auth::actions::{CreateRepository, TagResource};
use wharfinger_auth::{Action, Permit, RepositoryResource, call_keys};
use wharfinger_core::RepositoryName;
use wharfinger_registry::Error;

use crate::call::Call;
use crate::refusal::Refusal;

/// Creates the repository that a push, for which there is a permit, has not found. Who pushes must
/// be allowed to create it, and to tag it if the template has resource tags.
///
/// # Errors
/// `missing`, which is what the push was told, where no template is for this repository.
pub(crate) async fn create_missing<A: Action<Resource = RepositoryResource>>(
    call: &Call<'_>,
    name: &RepositoryName,
    push: &Permit<A>,
    missing: Error,
) -> Result<(), Refusal> {
    let Some(template) = call.registry.template_on_push(push).await? else {
        return Err(missing.into());
    };
    let keys = call_keys::request_tags(&template.resource_tags);
    let create = call.permit_with::<CreateRepository>(name, keys.clone()).await?;
    let tagging = match template.resource_tags.is_empty() {
        true => None,
        false => Some(call.permit_with::<TagResource>(name, keys).await?),
    };
    let registry = call.registry;
    match registry.create_repository_from_template(&create, tagging.as_ref(), template).await {
        Ok(_) => {
            call.trail.has_created();
            Ok(())
        }
        // Another push was first: its repository is this one's as well.
        Err(Error::RepositoryAlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
