//! The rules of the registry over its real stores.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod registry {
    mod account;
    mod archive_store;
    mod archiving;
    mod caching;
    mod checking;
    mod checking_rows;
    mod checking_traffic;
    mod collecting;
    mod collecting_races;
    mod collecting_readers;
    mod collecting_unknown;
    mod counting;
    mod creation_templates;
    mod deleting;
    mod encrypting;
    mod fixture;
    mod following;
    mod jobs;
    mod layers;
    mod leasing;
    mod lifecycle_policies;
    mod lifecycle_previews;
    mod lifecycle_runs;
    mod listing;
    mod mounting;
    mod policies;
    mod public;
    mod pull_through_cache_rules;
    mod pushing;
    mod quotas;
    mod racing;
    mod referring;
    mod rematching;
    mod replication;
    mod repositories;
    mod scanned;
    mod scanning;
    mod scans;
    mod scans_ended;
    mod scans_kept;
    mod scrubbing;
    mod signing;
    mod small_layers;
    mod suppressing;
    mod undoing;
    mod undoing_repositories;
    mod undoing_tags;
    mod undoing_upkeep;
    mod uploading;
    mod uploads_at_once;
    mod uploads_killed;
    mod uploads_model;
    mod work;
}
