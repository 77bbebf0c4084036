//! The rules of IAM and STS: who there is in an account, which policies hold for them, and the
//! sessions they are given. No HTTP, SQL or wire shapes.
//!
//! Each noun is a file: `user`, `group`, `role`, `managed_policy` … Every method takes a
//! [`Permit`](wharfinger_auth::Permit), as those of the registry do; the command line, which works
//! for whoever owns the data directory, makes itself one of the system. What policies decide is for
//! `auth` to say, never for this crate.

mod access_key;
mod access_key_info;
mod account;
mod account_details;
mod assumed_role;
mod authorization_message;
mod boundary;
mod error;
mod group;
mod guardrail;
mod inline_policy;
mod instance_profile;
mod managed_policy;
mod name;
mod oidc_provider;
mod page;
mod policy_attachment;
mod policy_holder;
mod role;
mod scope;
mod service_linked_role;
mod session;
mod session_scope;
mod simulation;
mod tag;
mod trust_policy;
mod user;
mod user_tag;
mod web_identity;

use std::sync::Arc;

use wharfinger_auth::Auth;
use wharfinger_core::{Clock, Entropy, Timestamp};
use wharfinger_metadata::Metadata;

use web_identity::ProviderKeys;

pub use access_key::{AccessKeySummary, AccessKeyUse, KeyOwner, NewAccessKey};
pub use account::{Account, AccountSummary};
pub use account_details::{
    Detail, DetailKind, HeldPolicies, OwnPolicy, PolicyDetail, ProfileDetail, RoleDetail,
};
pub use assumed_role::{RoleSession, RoleSessionRequest};
pub use error::Error;
pub use group::Group;
pub use guardrail::Guardrail;
pub use instance_profile::{InstanceProfile, NewInstanceProfile};
pub use managed_policy::{
    ManagedPolicy, NewManagedPolicy, PolicyFilter, PolicyScope, PolicyUse, PolicyVersion,
};
pub use oidc_provider::{NewOidcProvider, OidcProvider};
pub use page::{Page, PageRequest};
pub use policy_attachment::{AttachedPolicy, EntityFilter, PolicyEntity};
pub use policy_holder::{
    AttachPolicy, DeleteBoundary, DeleteInlinePolicy, DetachPolicy, GetInlinePolicy, HolderAction,
    HolderFacts, HolderKind, ListAttachedPolicies, ListInlinePolicies, PutBoundary,
    PutInlinePolicy,
};
pub use role::{NewRole, Role, RoleLastUse};
pub use session::{FederatedSession, FederationRequest};
pub use session_scope::{SessionScope, Tags};
pub use simulation::{Evaluation, Exclusion, MatchedStatement, Simulation};
pub use tag::{Tag, Tagged};
pub use user::{NewUser, User};
pub use web_identity::{
    BoxFuture, HttpsUrl, OidcDocument, OidcDocuments, OidcFetchError, WebIdentityRequest,
    WebIdentitySession,
};
pub use wharfinger_iam_policy::{Decision, PolicyType, Position};
pub use wharfinger_metadata::policy_attachment::PolicyUsage;

/// IAM and STS of all accounts of an installation.
pub struct Iam {
    metadata: Metadata,
    auth: Arc<Auth>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    provider_keys: ProviderKeys,
}

impl Iam {
    /// IAM over a metadata store. `auth` seals the secrets it makes.
    pub fn new(
        metadata: Metadata,
        auth: Arc<Auth>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { metadata, auth, clock, entropy, provider_keys: ProviderKeys::unreachable() }
    }

    /// The same with a way to identity providers; without one, no web identity is believed.
    #[must_use]
    pub fn with_oidc_documents(mut self, documents: Arc<dyn OidcDocuments>) -> Self {
        self.provider_keys = ProviderKeys::new(documents);
        self
    }

    /// The authentication whose principals these are.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(crate) fn provider_keys(&self) -> &ProviderKeys {
        &self.provider_keys
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
