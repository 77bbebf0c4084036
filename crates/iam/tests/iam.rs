//! The rules of IAM over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod iam {
    mod boundary;
    mod inline_policy;
    mod managed_policy;
    mod policy_attachment;
    mod policy_fixture;
}
