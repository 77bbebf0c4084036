//! The rules of the registry over its real stores.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod registry {
    mod archiving;
    mod creation_templates;
    mod deleting;
    mod encrypting;
    mod fixture;
    mod layers;
    mod listing;
    mod mounting;
    mod pull_through_cache_rules;
    mod pushing;
    mod racing;
    mod referring;
    mod replication;
    mod repositories;
    mod scanning;
    mod uploading;
}
