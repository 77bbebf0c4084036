//! The rules of the registry over its real stores.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod registry {
    mod archiving;
    mod deleting;
    mod fixture;
    mod layers;
    mod listing;
    mod mounting;
    mod pushing;
    mod racing;
    mod referring;
    mod repositories;
    mod uploading;
}
