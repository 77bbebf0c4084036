//! The rules of the registry over its real stores.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod registry {
    mod deleting;
    mod fixture;
    mod layers;
    mod lifecycle_policies;
    mod lifecycle_previews;
    mod listing;
    mod pushing;
    mod racing;
    mod repositories;
    mod uploading;
}
