//! The rules of IAM over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod iam {
    mod boundary;
    mod fixture;
    mod guardrail;
    mod inline_policy;
    mod instance_profile;
    mod managed_policy;
    mod oidc_provider;
    mod policy_attachment;
    mod policy_fixture;
    mod role;
    mod service_linked_role;
    mod session;
    mod session_world;
    mod simulation;
    mod trust_policy;
    mod web_identity;
}
