//! The rules of IAM over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod iam {
    mod guardrail;
    mod session;
    mod session_world;
    mod simulation;
    mod web_identity;
}
