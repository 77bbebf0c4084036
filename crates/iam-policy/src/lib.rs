//! The IAM policy language: identity policies, their patterns, and what they decide.
//!
//! Everything here is pure. A policy is compiled once, when it is parsed; evaluation allocates
//! nothing and its cost is bounded by the sizes of policy and request. What this version does not
//! evaluate (conditions, principals, policy variables) is refused when a policy is parsed, so
//! that no policy can mean less or more than it says.
//!
//! Sources: the IAM user guide, "IAM JSON policy element reference" and "Policy evaluation
//! logic".

mod action;
pub mod denial;
pub mod document;
pub mod evaluate;
mod glob;
pub mod malformed;
pub mod managed;
mod resource;

pub use denial::AccessDenied;
pub use document::{Effect, PolicyDocument, Statement, Version};
pub use evaluate::{Decision, evaluate};
pub use malformed::MalformedPolicy;
pub use managed::ManagedPolicy;
