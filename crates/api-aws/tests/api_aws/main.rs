//! The AWS edge, driven with signed requests over a real registry in a scratch folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account_settings;
mod authentication;
mod authorization;
mod bad_input;
mod cross_account;
mod every_operation;
mod images;
mod layers;
mod never_fails;
mod pagination;
mod policies;
mod public_every_operation;
mod public_images;
mod public_policies;
mod public_registries;
mod public_repositories;
mod pull_time_exclusions;
mod repositories;
mod resource_tags;
mod signing;
mod sts;
mod world;
