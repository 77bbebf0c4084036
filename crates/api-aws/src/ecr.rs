//! ECR: from a JSON 1.1 request to the operation it names, and back.
//!
//! The operations stand in one file per noun; the match over all of them stands here.

mod account_setting;
mod authorization;
mod creation_template;
pub(crate) mod error;
pub(crate) mod image;
pub(crate) mod layer;
mod lifecycle_policy;
pub(crate) mod page;
mod pull_through_cache_rule;
mod pull_time_exclusion;
mod referrer;
mod registry;
mod registry_policy;
mod replication;
mod repository;
mod repository_policy;
mod resource_tag;
mod scan_finding;
mod scanning;
mod signing;
mod storage_class;
pub(crate) mod upload;

use http::request::Parts;
use serde::Serialize;
use wharfinger_auth::{
    Action, Caller, CredentialError, Permit, RegistryResource, RepositoryResource,
};
use wharfinger_aws_model::DecodeError;
use wharfinger_aws_model::ecr::{Operation, Request, SIGNING_NAME};
use wharfinger_aws_protocol::sigv4::{InvalidSignature, SigV4Error};
use wharfinger_aws_protocol::{Answer, json};
use wharfinger_core::repository_name::REPOSITORY_NAME_PATTERN;
use wharfinger_core::{Region, RegistryId, RepositoryName, RequestContext};
use wharfinger_registry::Registry;

use crate::body::WholeBody;
use crate::endpoint::names_another_region;
use crate::json_service::JsonService;
use crate::trail::Trail;
use crate::{ApiAws, Body};
use error::CallError;

/// An authenticated call of an operation.
pub(crate) struct Call<'a> {
    api: &'a ApiAws,
    context: &'a RequestContext,
    caller: Caller,
    /// The region of the signature, which is the region of the registry.
    region: Region,
}

impl ApiAws {
    /// Answers an operation of ECR.
    pub(crate) async fn call_ecr(
        &self,
        context: &RequestContext,
        head: &Parts,
        operation: &str,
        body: Body,
        trail: &Trail<'_>,
    ) -> Result<Answer, CallError> {
        let signed = self.admit::<Ecr>(context, head, body, trail).await?;
        if names_another_region(&context.host, &signed.region) {
            let wrong_region = SigV4Error::from(InvalidSignature::WrongRegion);
            return Err(CredentialError::from(wrong_region).into());
        }
        let WholeBody { bytes, room: _room, .. } = signed.body;
        let request = self.decode::<Ecr>(operation, bytes, trail).await?;
        Call { api: self, context, caller: signed.caller, region: signed.region }.run(request).await
    }
}

/// Private ECR among the services of the JSON protocol.
enum Ecr {}

impl JsonService for Ecr {
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
            Request::BatchGetImage(input) => self.answer(image::batch_get_image(self, input).await),
            Request::CompleteLayerUpload(input) => {
                self.answer(upload::complete_layer_upload(self, input).await)
            }
            Request::CreateRepository(input) => {
                self.answer(repository::create_repository(self, input).await)
            }
            Request::DeleteRepository(input) => {
                self.answer(repository::delete_repository(self, input).await)
            }
            Request::DescribeImages(input) => {
                self.answer(image::describe_images(self, input).await)
            }
            Request::DescribeRegistry(_) => self.answer(registry::describe_registry(self).await),
            Request::DescribeRepositories(input) => {
                self.answer(repository::describe_repositories(self, input).await)
            }
            Request::GetAuthorizationToken(input) => {
                self.answer(authorization::get_authorization_token(self, input).await)
            }
            Request::GetDownloadUrlForLayer(input) => {
                self.answer(layer::get_download_url_for_layer(self, input).await)
            }
            Request::InitiateLayerUpload(input) => {
                self.answer(upload::initiate_layer_upload(self, input).await)
            }
            Request::ListImages(input) => self.answer(image::list_images(self, input).await),
            Request::ListTagsForResource(input) => {
                self.answer(resource_tag::list_tags_for_resource(self, input).await)
            }
            Request::PutImage(input) => self.answer(image::put_image(self, input).await),
            Request::PutImageScanningConfiguration(input) => {
                self.answer(repository::put_image_scanning_configuration(self, input).await)
            }
            Request::PutImageTagMutability(input) => {
                self.answer(repository::put_image_tag_mutability(self, input).await)
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
            Request::GetAccountSetting(input) => {
                self.answer(account_setting::get_account_setting(self, input).await)
            }
            Request::PutAccountSetting(input) => {
                self.answer(account_setting::put_account_setting(self, input).await)
            }
            Request::CreateRepositoryCreationTemplate(input) => self
                .answer(creation_template::create_repository_creation_template(self, input).await),
            Request::DeleteRepositoryCreationTemplate(input) => self
                .answer(creation_template::delete_repository_creation_template(self, input).await),
            Request::DescribeRepositoryCreationTemplates(input) => self.answer(
                creation_template::describe_repository_creation_templates(self, input).await,
            ),
            Request::UpdateRepositoryCreationTemplate(input) => self
                .answer(creation_template::update_repository_creation_template(self, input).await),
            Request::DeleteLifecyclePolicy(input) => {
                self.answer(lifecycle_policy::delete_lifecycle_policy(self, input).await)
            }
            Request::GetLifecyclePolicy(input) => {
                self.answer(lifecycle_policy::get_lifecycle_policy(self, input).await)
            }
            Request::GetLifecyclePolicyPreview(input) => {
                self.answer(lifecycle_policy::get_lifecycle_policy_preview(self, input).await)
            }
            Request::PutLifecyclePolicy(input) => {
                self.answer(lifecycle_policy::put_lifecycle_policy(self, input).await)
            }
            Request::StartLifecyclePolicyPreview(input) => {
                self.answer(lifecycle_policy::start_lifecycle_policy_preview(self, input).await)
            }
            Request::CreatePullThroughCacheRule(input) => self
                .answer(pull_through_cache_rule::create_pull_through_cache_rule(self, input).await),
            Request::DeletePullThroughCacheRule(input) => self
                .answer(pull_through_cache_rule::delete_pull_through_cache_rule(self, input).await),
            Request::DescribePullThroughCacheRules(input) => self.answer(
                pull_through_cache_rule::describe_pull_through_cache_rules(self, input).await,
            ),
            Request::UpdatePullThroughCacheRule(input) => self
                .answer(pull_through_cache_rule::update_pull_through_cache_rule(self, input).await),
            Request::ValidatePullThroughCacheRule(input) => self.answer(
                pull_through_cache_rule::validate_pull_through_cache_rule(self, input).await,
            ),
            Request::DeregisterPullTimeUpdateExclusion(input) => self.answer(
                pull_time_exclusion::deregister_pull_time_update_exclusion(self, input).await,
            ),
            Request::ListPullTimeUpdateExclusions(input) => self
                .answer(pull_time_exclusion::list_pull_time_update_exclusions(self, input).await),
            Request::RegisterPullTimeUpdateExclusion(input) => self.answer(
                pull_time_exclusion::register_pull_time_update_exclusion(self, input).await,
            ),
            Request::ListImageReferrers(input) => {
                self.answer(referrer::list_image_referrers(self, input).await)
            }
            Request::UpdateImageStorageClass(input) => {
                self.answer(storage_class::update_image_storage_class(self, input).await)
            }
            Request::DeleteRegistryPolicy(input) => {
                self.answer(registry_policy::delete_registry_policy(self, input).await)
            }
            Request::GetRegistryPolicy(input) => {
                self.answer(registry_policy::get_registry_policy(self, input).await)
            }
            Request::PutRegistryPolicy(input) => {
                self.answer(registry_policy::put_registry_policy(self, input).await)
            }
            Request::DeleteRepositoryPolicy(input) => {
                self.answer(repository_policy::delete_repository_policy(self, input).await)
            }
            Request::GetRepositoryPolicy(input) => {
                self.answer(repository_policy::get_repository_policy(self, input).await)
            }
            Request::SetRepositoryPolicy(input) => {
                self.answer(repository_policy::set_repository_policy(self, input).await)
            }
            Request::DescribeImageReplicationStatus(input) => {
                self.answer(replication::describe_image_replication_status(self, input).await)
            }
            Request::DescribeReplicationBackfillResults(input) => {
                self.answer(replication::describe_replication_backfill_results(self, input).await)
            }
            Request::ListReplicationBackfills(input) => {
                self.answer(replication::list_replication_backfills(self, input).await)
            }
            Request::PutReplicationConfiguration(input) => {
                self.answer(replication::put_replication_configuration(self, input).await)
            }
            Request::StartReplicationBackfill(input) => {
                self.answer(replication::start_replication_backfill(self, input).await)
            }
            Request::StopReplicationBackfill(input) => {
                self.answer(replication::stop_replication_backfill(self, input).await)
            }
            Request::BatchGetRepositoryScanningConfiguration(input) => self
                .answer(scanning::batch_get_repository_scanning_configuration(self, input).await),
            Request::DescribeImageScanFindings(input) => {
                self.answer(scanning::describe_image_scan_findings(self, input).await)
            }
            Request::GetRegistryScanningConfiguration(input) => {
                self.answer(scanning::get_registry_scanning_configuration(self, input).await)
            }
            Request::PutRegistryScanningConfiguration(input) => {
                self.answer(scanning::put_registry_scanning_configuration(self, input).await)
            }
            Request::StartImageScan(input) => {
                self.answer(scanning::start_image_scan(self, input).await)
            }
            Request::DeleteSigningConfiguration(input) => {
                self.answer(signing::delete_signing_configuration(self, input).await)
            }
            Request::DescribeImageSigningStatus(input) => {
                self.answer(signing::describe_image_signing_status(self, input).await)
            }
            Request::GetSigningConfiguration(input) => {
                self.answer(signing::get_signing_configuration(self, input).await)
            }
            Request::PutSigningConfiguration(input) => {
                self.answer(signing::put_signing_configuration(self, input).await)
            }
        }
    }

    fn answer<T: Serialize>(&self, outcome: Result<T, CallError>) -> Result<Answer, CallError> {
        outcome.map(|output| json::success(&output, self.context.request_id))
    }

    fn service(&self) -> &Registry {
        &self.api.registry
    }

    /// The registry a call is about: the caller's own unless `registryId` names another account,
    /// which only authorization can refuse.
    fn registry(&self, registry_id: Option<&str>) -> Result<RegistryId, CallError> {
        let account = match registry_id {
            None => self.caller.principal().account,
            Some(text) => text.parse().map_err(|_| {
                CallError::invalid("registryId", "must satisfy regular expression '[0-9]{12}'")
            })?,
        };
        Ok(RegistryId::new(account, self.region.clone()))
    }

    /// The permit for an action on one repository.
    async fn permit<A: Action<Resource = RepositoryResource>>(
        &self,
        registry_id: Option<&str>,
        name: &str,
    ) -> Result<Permit<A>, CallError> {
        let registry = self.registry(registry_id)?;
        let resource = RepositoryResource { registry, name: repository_name(name)? };
        Ok(self.service().throttle(self.caller.authorize(resource).await?)?)
    }

    /// The permit for an action on the caller's registry as a whole.
    async fn registry_permit<A: Action<Resource = RegistryResource>>(
        &self,
        registry_id: Option<&str>,
    ) -> Result<Permit<A>, CallError> {
        let registry = self.registry(registry_id)?;
        let permit = self.caller.authorize(RegistryResource { registry }).await?;
        Ok(self.service().throttle(permit)?)
    }
}

pub(crate) fn repository_name(text: &str) -> Result<RepositoryName, CallError> {
    text.parse().map_err(|_| {
        let reason = format!("must satisfy regular expression '{REPOSITORY_NAME_PATTERN}'");
        CallError::invalid("repositoryName", reason)
    })
}

/// Sizes and offsets as the wire has them; none here comes near the end of `i64`.
pub(crate) fn long(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
