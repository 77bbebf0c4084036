//! The AWS edge, driven with signed requests over a real registry in a scratch folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authentication;
mod authorization;
mod bad_input;
mod creation_templates;
mod every_operation;
mod generated_inputs;
mod images;
mod layers;
mod never_fails;
mod pagination;
mod pull_through_cache_rules;
mod repositories;
mod resource_tags;
mod sts;
mod world;
