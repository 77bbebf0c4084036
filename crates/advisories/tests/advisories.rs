//! What is imported is what is read.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "advisories/bundle.rs"]
mod bundle;
#[path = "advisories/database.rs"]
mod database;
#[path = "advisories/fixture.rs"]
mod fixture;
#[path = "advisories/osv.rs"]
mod osv;
#[path = "advisories/store.rs"]
mod store;
