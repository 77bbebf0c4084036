//! The rules of the registry over its real stores.

mod registry {
    mod deleting;
    mod fixture;
    mod layers;
    mod listing;
    mod pushing;
    mod repositories;
    mod uploading;
}
