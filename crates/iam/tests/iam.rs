//! The rules of IAM over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod iam {
    mod access_key;
    mod account;
    mod account_details;
    mod boundary;
    mod fixture;
    mod group;
    mod guardrail;
    mod inline_policy;
    mod instance_profile;
    mod managed_policy;
    mod oidc_provider;
    mod people;
    mod policy_attachment;
    mod policy_fixture;
    mod principal_fixture;
    mod role;
    mod service_linked_role;
    mod session;
    mod session_world;
    mod simulation;
    mod trust_policy;
    mod user;
    mod web_identity;
}
