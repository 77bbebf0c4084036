//! The AWS edge, driven with signed requests over a real registry in a scratch folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account_settings;
mod audit;
mod audit_log;
mod authentication;
mod authorization;
mod authorization_matrix;
mod bad_input;
mod creation_templates;
mod cross_account;
mod every_operation;
mod generated_inputs;
mod iam_access_key;
mod iam_account;
mod iam_answers;
mod iam_client;
mod iam_every_operation;
mod iam_group;
mod iam_inline_policies;
mod iam_instance_profiles;
mod iam_policies;
mod iam_policy_authorization;
mod iam_roles;
mod iam_roles_allowed;
mod iam_simulation;
mod iam_user;
mod images;
mod images_archived;
mod kms;
mod layers;
mod lifecycle_policies;
mod never_fails;
mod pagination;
mod policies;
mod providers;
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
mod scan_findings;
mod scan_indexes;
mod scan_refusals;
mod scanning;
mod scanning_configuration;
mod signing;
mod sts;
mod sts_sessions;
mod sts_sessions_ended;
mod sts_user_sessions;
mod sts_web_identity;
mod temporary;
mod token_attacks;
mod undo;
mod world;

#[path = "../../../iam/tests/iam/people.rs"]
mod people;
