//! Lifecycle policies: which images of a repository are to be expired or archived.
//!
//! [`LifecyclePolicy::parse`] reads the JSON document that `PutLifecyclePolicy` stores, and refuses
//! what ECR refuses, in ECR's words. An [`Evaluation`] is told the facts of each image and decides.
//! Everything here is pure: nothing is read, written or deleted, and the time is handed in.
//!
//! Sources: the ECR user guide, "Lifecycle policy properties" and "Examples of lifecycle policies".

mod constraint;
mod evaluation;
mod invalid;
mod pattern;
mod policy;

pub use evaluation::{Decision, Evaluation, Failure, ImageFacts, Outcome, evaluate};
pub use invalid::InvalidPolicy;
pub use pattern::TagPattern;
pub use policy::{Action, Count, LifecyclePolicy, Rule, Selection, StorageClass, TagSelection};
