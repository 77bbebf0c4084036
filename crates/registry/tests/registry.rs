//! The rules of the registry over its real stores.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod registry {
    mod account;
    mod deleting;
    mod fixture;
    mod layers;
    mod listing;
    mod policies;
    mod public;
    mod pushing;
    mod racing;
    mod repositories;
    mod signing;
    mod uploading;
}
