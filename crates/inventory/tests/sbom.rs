//! Bills of materials: those of others read, ours written as their formats demand, and read back.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what it did not expect")]

#[path = "sbom/formats.rs"]
mod formats;
#[path = "sbom/import.rs"]
mod import;
#[path = "sbom/round_trip.rs"]
mod round_trip;
#[path = "sbom/sample.rs"]
mod sample;
#[path = "sbom/schema.rs"]
mod schema;
