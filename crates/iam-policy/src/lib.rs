//! The IAM policy language: policies of identities, repositories and registries, their patterns and
//! conditions, and what they decide.
//!
//! Everything here is pure. A policy is compiled once, when it is parsed; evaluation allocates only
//! for patterns with policy variables, and its cost is bounded by the sizes of policy and request.
//! What cannot be evaluated is refused when a policy is parsed, so that no policy can mean less or
//! more than it says.
//!
//! Sources: the IAM user guide, "IAM JSON policy element reference" and "Policy evaluation
//! logic".

mod action;
mod condition;
pub mod denial;
pub mod document;
pub mod evaluate;
mod glob;
pub mod malformed;
pub mod managed;
pub mod outline;
pub mod principal;
pub mod request;
mod resource;
mod template;

pub use denial::{AccessDenied, DenialReason, PolicyType};
pub use document::{Effect, PolicyDocument, PolicyKind, Statement, Version};
pub use evaluate::{Decision, ResourceDecision, evaluate, evaluate_resource_policy, matching};
pub use malformed::MalformedPolicy;
pub use managed::ManagedPolicy;
pub use outline::{Outline, Position};
pub use principal::{Naming, PrincipalName};
pub use request::{ContextKeys, PrincipalFacts, Request};
