//! The rules of IAM over a real store.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod iam {
    mod access_key;
    mod account;
    mod account_details;
    mod fixture;
    mod group;
    mod people;
    mod user;
}
