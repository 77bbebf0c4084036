//! Bills of materials: whatever is read can be written, and comes back as it was.
#![no_main]

use wharfinger_core::{Digest, Timestamp};
use wharfinger_inventory::Limits;
use wharfinger_inventory::sbom::{Subject, cyclonedx, read, spdx};

libfuzzer_sys::fuzz_target!(|document: &[u8]| {
    let (image, limits) = (Digest::Sha256([0; 32]), Limits::default());
    let Ok(imported) = read(document, image, &limits) else { return };
    let created_at = Timestamp::from_seconds(0);
    let subject = Subject { name: "image".to_owned(), digest: image, created_at };
    let written = cyclonedx(&imported.inventory, &subject).expect("an inventory can be written");
    let again = read(&written, image, &limits).expect("what was written can be read");
    assert_eq!(again.inventory.packages.len(), imported.inventory.packages.len());
    spdx(&imported.inventory, &subject).expect("an inventory can be written");
});
