//! What is imported is what is read.

#[path = "advisories/database.rs"]
mod database;
#[path = "advisories/fixture.rs"]
mod fixture;
#[path = "advisories/store.rs"]
mod store;
