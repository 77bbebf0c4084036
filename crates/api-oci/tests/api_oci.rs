//! `/v2` over the real registry and its real stores: whole answers, route by route.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../../iam/tests/iam/people.rs"]
mod people;

#[path = "../../api-aws/tests/api_aws/audit_log.rs"]
mod audit_log;

mod api_oci {
    mod arbitrary;
    mod archived;
    mod audit;
    mod authentication;
    mod authorization;
    mod conformance;
    mod create_on_push;
    mod cross_account;
    mod exposure;
    mod fixture;
    mod kms;
    mod listing;
    mod mounting;
    mod presigned;
    mod public;
    mod public_world;
    mod pulling;
    mod pushing;
    mod referrers;
    mod refusals;
    mod refusing;
    mod throttling;
    mod undo;
    mod uploading;
    mod uploads_expired;
    mod uploads_retried;
}
