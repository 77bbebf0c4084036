//! The rules of IAM over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod iam {
    mod fixture;
    mod instance_profile;
    mod oidc_provider;
    mod role;
    mod service_linked_role;
    mod trust_policy;
}
