//! Who is asking, and may they: principals, credentials, authorization tokens, and the one way to
//! a [`Permit`].
//!
//! The edges call [`Auth`] to turn a signature or a token into a [`Caller`], and
//! [`Caller::authorize`] to turn a caller into a [`Permit`], which every method of the registry
//! demands. Nothing else makes permits, so an edge that forgets the check does not compile.

mod account;
mod action;
mod active_key;
mod asked;
mod authenticate;
mod authorization_message;
pub mod call_keys;
mod caller;
mod credential;
mod decision;
mod error;
mod explanation;
mod held_policy;
mod identity;
mod named_caller;
mod organization;
mod permit;
mod principal;
mod public_token;
mod resource_policy;
mod seal;
mod session;
mod stored_policies;
mod supposition;
mod token;
pub mod trust;
mod upload_credential;
mod user;

pub use account::RootKey;
pub use action::{Action, actions, iam_actions, organization_actions, sts_actions};
pub use authenticate::{Auth, AuthKeys, SigningSecret};
pub use caller::Caller;
pub use credential::{AccessKey, AccessKeySummary, KeyOwner, unique_id};
pub use error::{AccessDenied, AuthorizeError, CredentialError, TokenError, UserError};
pub use explanation::{DecidingStatement, Explanation};
pub use held_policy::PolicySource;
pub use permit::{
    IamResource, Permit, PublicRegistryResource, RegistryResource, RepositoriesResource,
    RepositoryResource, Resource,
};
pub use principal::{Principal, PrincipalKind, SessionFacts, WebIdentity};
pub use public_token::PublicLogin;
pub use resource_policy::{InvalidPolicy, ResourcePolicy};
pub use session::{NewSession, SessionIssuer, TemporaryCredentials};
pub use supposition::Supposition;
pub use token::AuthorizationToken;
pub use user::User;
pub use wharfinger_iam_policy::ContextKeys;
