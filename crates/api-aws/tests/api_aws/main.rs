//! The AWS edge, driven with signed requests over a real registry in a scratch folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account_settings;
mod authentication;
mod authorization;
mod bad_input;
mod creation_templates;
mod cross_account;
mod every_operation;
mod generated_inputs;
mod iam_access_key;
mod iam_account;
mod iam_answers;
mod iam_group;
mod iam_user;
mod images;
mod images_archived;
mod kms;
mod layers;
mod lifecycle_policies;
mod never_fails;
mod pagination;
mod policies;
mod public_every_operation;
mod public_images;
mod public_policies;
mod public_registries;
mod public_repositories;
mod pull_through_cache_rules;
mod pull_time_exclusions;
mod quotas;
mod referrers;
mod replication;
mod repositories;
mod resource_tags;
mod scanning;
mod scanning_configuration;
mod signing;
mod sts;
mod world;

#[path = "../../../iam/tests/iam/people.rs"]
mod people;
