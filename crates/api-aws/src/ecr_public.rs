//! ECR Public: the same protocol, registry and rules as ECR, for registries that anyone may pull
//! from. Not served unless the installation says where its public registries are.
//!
//! The operations stand in one file per noun; the match over all of them stands here.

mod authorization;
mod catalog_data;
mod image;
mod layer;
mod registry;
mod repository;
mod repository_policy;
mod resource_tag;
mod upload;

use http::request::Parts;
use serde::Serialize;
use wharfinger_auth::{Action, Caller, Permit, PublicRegistryResource, RepositoryResource};
use wharfinger_aws_model::DecodeError;
use wharfinger_aws_model::ecr_public::{Operation, Request, SIGNING_NAME};
use wharfinger_aws_protocol::{Answer, json};
use wharfinger_core::{AccountId, PublicEndpoint, Region, RegistryId, RequestContext};
use wharfinger_registry::{Error, Registry};

use crate::body::WholeBody;
use crate::ecr::error::CallError;
use crate::ecr::repository_name;
use crate::json_service::JsonService;
use crate::trail::Trail;
use crate::{ApiAws, Body};

/// The one region where ECR Public is called.
const REGION: &str = "us-east-1";

/// An authenticated call of an operation.
pub(crate) struct Call<'a> {
    api: &'a ApiAws,
    context: &'a RequestContext,
    caller: Caller,
    endpoint: &'a PublicEndpoint,
}

/// ECR Public among the services of the JSON protocol.
enum EcrPublic {}

impl JsonService for EcrPublic {
    const SIGNING_NAME: &str = SIGNING_NAME;
    type Operation = Operation;
    type Request = Request;

    fn operation(name: &str) -> Option<Operation> {
        Operation::from_name(name)
    }

    fn request(operation: Operation, body: &[u8]) -> Result<Request, DecodeError> {
        Request::decode(operation, body)
    }
}

impl ApiAws {
    /// Answers an operation of ECR Public.
    pub(crate) async fn call_ecr_public(
        &self,
        context: &RequestContext,
        head: &Parts,
        operation: &str,
        body: Body,
        trail: &Trail<'_>,
    ) -> Result<Answer, CallError> {
        let signed = self.admit::<EcrPublic>(context, head, body, trail).await?;
        let endpoint = self.registry.public_endpoint().ok_or_else(not_served)?;
        check_region(&signed.region)?;
        let WholeBody { bytes, room: _room, .. } = signed.body;
        let request = self.decode::<EcrPublic>(operation, bytes, trail).await?;
        Call { api: self, context, caller: signed.caller, endpoint }.run(request).await
    }
}

fn not_served() -> Error {
    let reason = "Public registries are not served by this installation. Set [public] host \
                  (--public-host) or [public] path_prefix (--public-path-prefix) to serve them";
    Error::UnsupportedCommand { reason: reason.into() }
}

fn check_region(region: &Region) -> Result<(), Error> {
    if region.as_str() == REGION {
        return Ok(());
    }
    let reason = format!("ECR Public is not in {region}: sign its calls for {REGION}");
    Err(Error::UnsupportedCommand { reason })
}

impl Call<'_> {
    /// The operations, each in the file of its noun.
    async fn run(&self, request: Request) -> Result<Answer, CallError> {
        match request {
            Request::BatchCheckLayerAvailability(input) => {
                self.answer(layer::batch_check_layer_availability(self, input).await)
            }
            Request::BatchDeleteImage(input) => {
                self.answer(image::batch_delete_image(self, input).await)
            }
            Request::CompleteLayerUpload(input) => {
                self.answer(upload::complete_layer_upload(self, input).await)
            }
            Request::CreateRepository(input) => {
                self.answer(repository::create_repository(self, input).await)
            }
            Request::DeleteRepository(input) => {
                self.answer(repository::delete_repository(self, input).await)
            }
            Request::DeleteRepositoryPolicy(input) => {
                self.answer(repository_policy::delete_repository_policy(self, input).await)
            }
            Request::DescribeImageTags(input) => {
                self.answer(image::describe_image_tags(self, input).await)
            }
            Request::DescribeImages(input) => {
                self.answer(image::describe_images(self, input).await)
            }
            Request::DescribeRegistries(input) => {
                self.answer(registry::describe_registries(self, input).await)
            }
            Request::DescribeRepositories(input) => {
                self.answer(repository::describe_repositories(self, input).await)
            }
            Request::GetAuthorizationToken(_) => {
                self.answer(authorization::get_authorization_token(self).await)
            }
            Request::GetRegistryCatalogData(_) => {
                self.answer(registry::get_registry_catalog_data(self).await)
            }
            Request::GetRepositoryCatalogData(input) => {
                self.answer(catalog_data::get_repository_catalog_data(self, input).await)
            }
            Request::GetRepositoryPolicy(input) => {
                self.answer(repository_policy::get_repository_policy(self, input).await)
            }
            Request::InitiateLayerUpload(input) => {
                self.answer(upload::initiate_layer_upload(self, input).await)
            }
            Request::ListTagsForResource(input) => {
                self.answer(resource_tag::list_tags_for_resource(self, input).await)
            }
            Request::PutImage(input) => self.answer(image::put_image(self, input).await),
            Request::PutRegistryCatalogData(input) => {
                self.answer(registry::put_registry_catalog_data(self, input).await)
            }
            Request::PutRepositoryCatalogData(input) => {
                self.answer(catalog_data::put_repository_catalog_data(self, input).await)
            }
            Request::SetRepositoryPolicy(input) => {
                self.answer(repository_policy::set_repository_policy(self, input).await)
            }
            Request::TagResource(input) => {
                self.answer(resource_tag::tag_resource(self, input).await)
            }
            Request::UntagResource(input) => {
                self.answer(resource_tag::untag_resource(self, input).await)
            }
            Request::UploadLayerPart(input) => {
                self.answer(upload::upload_layer_part(self, input).await)
            }
        }
    }

    fn answer<T: Serialize>(&self, outcome: Result<T, CallError>) -> Result<Answer, CallError> {
        outcome.map(|output| json::success(&output, self.context.request_id))
    }

    fn service(&self) -> &Registry {
        &self.api.registry
    }

    /// The registry a call is about: the caller's own unless `registryId` names another account.
    fn registry(&self, registry_id: Option<&str>) -> Result<RegistryId, CallError> {
        let account = match registry_id {
            None => self.caller.principal().account,
            Some(text) => text.parse().map_err(|_| {
                CallError::invalid("registryId", "must satisfy regular expression '[0-9]{12}'")
            })?,
        };
        Ok(RegistryId::public(account))
    }

    /// The same where `registryId` may be an alias, too.
    async fn registry_by_alias(&self, id_or_alias: Option<&str>) -> Result<RegistryId, CallError> {
        match id_or_alias {
            Some(alias) if alias.parse::<AccountId>().is_err() => {
                Ok(self.service().registry_of_alias(alias).await?)
            }
            registry_id => self.registry(registry_id),
        }
    }

    /// The permit for an action on one repository.
    async fn permit<A: Action<Resource = RepositoryResource>>(
        &self,
        registry_id: Option<&str>,
        name: &str,
    ) -> Result<Permit<A>, CallError> {
        let registry = self.registry(registry_id)?;
        let resource = RepositoryResource { registry, name: repository_name(name)? };
        Ok(self.caller.authorize(resource).await?)
    }

    /// The same where `registryId` may be an alias, too.
    async fn permit_by_alias<A: Action<Resource = RepositoryResource>>(
        &self,
        id_or_alias: Option<&str>,
        name: &str,
    ) -> Result<Permit<A>, CallError> {
        let registry = self.registry_by_alias(id_or_alias).await?;
        let resource = RepositoryResource { registry, name: repository_name(name)? };
        Ok(self.caller.authorize(resource).await?)
    }

    /// The permit for an action on the caller's registry as a whole.
    async fn registry_permit<A: Action<Resource = PublicRegistryResource>>(
        &self,
    ) -> Result<Permit<A>, CallError> {
        let resource = PublicRegistryResource::new(self.caller.principal().account);
        Ok(self.caller.authorize(resource).await?)
    }

    /// The URI of a registry, `<public host>/<alias>`: what those of its repositories begin with.
    async fn registry_uri(&self, account: AccountId) -> Result<String, CallError> {
        let alias = self.service().alias_of(account).await?;
        Ok(self.endpoint.registry_uri(&self.context.host, &alias))
    }
}
