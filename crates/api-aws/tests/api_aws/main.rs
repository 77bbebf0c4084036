//! The AWS edge, driven with signed requests over a real registry in a scratch folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authentication;
mod authorization;
mod bad_input;
mod every_operation;
mod images;
mod layers;
mod never_fails;
mod pagination;
mod public_every_operation;
mod public_images;
mod public_registries;
mod public_repositories;
mod repositories;
mod resource_tags;
mod sts;
mod world;
