//! Lifecycle policies: whatever parses can be evaluated, and acts on no image twice.
#![no_main]

use wharfinger_core::{Digest, Timestamp};
use wharfinger_lifecycle_policy::{ImageFacts, LifecyclePolicy, StorageClass, evaluate};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = LifecyclePolicy::parse_template(text);
    let Ok(policy) = LifecyclePolicy::parse(text) else { return };
    let tags: Vec<_> = ["v1", "prod-1", "latest"].iter().flat_map(|tag| tag.parse()).collect();
    let image = |at: u8| ImageFacts {
        digest: Digest::Sha256([at; 32]),
        tags: &tags[..usize::from(at) % (tags.len() + 1)],
        pushed_at: Timestamp::from_seconds(i64::from(at) * 86_400),
        last_pulled_at: None,
        archived_at: None,
        activated_at: None,
        storage_class: if at % 2 == 0 { StorageClass::Standard } else { StorageClass::Archive },
        listed_in: None,
        has_live_subject: false,
        mark: u64::from(at),
    };
    let images: Vec<_> = (0..20).map(image).collect();
    let outcome = evaluate(&policy, &images, Timestamp::from_seconds(200 * 86_400));
    assert!(outcome.decisions.len() + outcome.failures.len() <= images.len());
});
