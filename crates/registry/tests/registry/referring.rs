//! Referrers: found by subject, whenever they were pushed, page by page.

use std::collections::BTreeSet;

use wharfinger_core::Digest;
use wharfinger_registry::{
    Error, ImageStatus, Page, PageRequest, Referrer, ReferrersFilter, StorageClass,
};

use super::fixture::{Fixture, by_digest, digest_of, index_of, permit_for};

fn active(artifact_types: &[&str]) -> ReferrersFilter {
    let artifact_types = artifact_types.iter().map(|text| (*text).to_owned()).collect();
    ReferrersFilter { artifact_types, status: Some(ImageStatus::Active) }
}

async fn page(
    fixture: &Fixture,
    subject: Digest,
    filter: ReferrersFilter,
    page: &PageRequest,
) -> Page<Referrer> {
    let permit = permit_for("app");
    fixture.registry.list_image_referrers(&permit, subject, filter, page).await.unwrap()
}

async fn all(fixture: &Fixture, subject: Digest, filter: ReferrersFilter) -> Vec<Referrer> {
    let (mut found, mut request) = (Vec::new(), PageRequest::default());
    request.max_results = Some(3);
    loop {
        let part = page(fixture, subject, filter.clone(), &request).await;
        assert!(part.items.len() <= 3);
        found.extend(part.items);
        let Some(token) = part.next_token else { return found };
        request.next_token = Some(token);
    }
}

/// A manifest that refers to `subject`, of a type and with annotations.
async fn referrer(fixture: &Fixture, subject: Digest, artifact_type: &str, note: &str) -> Digest {
    let config = fixture.layer("app", b"{}").await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"{artifact_type}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[],"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{subject}","size":1}},"annotations":{{"note":"{note}"}}}}"#
    );
    let stored = fixture.put("app", &manifest, None).await.unwrap();
    assert_eq!(stored.subject, Some(subject));
    let again = fixture.put("app", &manifest, None).await;
    assert!(
        matches!(again, Err(Error::ImageAlreadyExists { subject: Some(told), .. }) if *told == subject)
    );
    stored.id.digest
}

#[tokio::test]
async fn referrers_are_listed_with_what_their_manifests_say() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let subject = digest_of(b"a subject that is pushed later, if ever");
    assert_eq!(all(&fixture, subject, active(&[])).await, []);
    let signature = referrer(&fixture, subject, "application/signature", "one").await;
    let [found] = &all(&fixture, subject, active(&[])).await[..] else { panic!("one referrer") };
    assert_eq!(found.digest, signature);
    assert_eq!(found.media_type, "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(found.artifact_type.as_deref(), Some("application/signature"));
    assert_eq!(found.annotations["note"], "one");
    let (permit, id) = (permit_for("app"), by_digest(&signature));
    let head = fixture.registry.head_image(&permit, id).await.unwrap().unwrap();
    assert_eq!(found.manifest_size_bytes, head.manifest_size_bytes);
    assert_eq!(found.status, ImageStatus::Active);
    // What a client kept under the tag of the fallback is there once.
    let tag = subject.to_string().replace(':', "-");
    fixture.put("app", &index_of(&[signature]), Some(&tag)).await.unwrap();
    assert_eq!(all(&fixture, subject, active(&[])).await.len(), 1);
    // An image without an artifact type is of the type of its config.
    let manifest = fixture.manifest("app", "image").await;
    let descriptor = format!(
        r#"{{"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{subject}","size":1}},"#
    );
    fixture.put("app", &manifest.replacen('{', &descriptor, 1), None).await.unwrap();
    let config = "application/vnd.oci.image.config.v1+json";
    assert_eq!(all(&fixture, subject, active(&[config])).await.len(), 1);
}

#[tokio::test]
async fn referrers_are_filtered_and_paged() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let (subject, other) = (digest_of(b"subject"), digest_of(b"other"));
    let mut pushed = BTreeSet::new();
    for number in 0..8 {
        let artifact_type = ["t/a", "t/b", "t/c", "t/a"][number % 4];
        pushed.insert(referrer(&fixture, subject, artifact_type, &number.to_string()).await);
    }
    referrer(&fixture, other, "t/a", "of another subject").await;
    let found = all(&fixture, subject, active(&[])).await;
    assert_eq!(found.iter().map(|it| it.digest).collect::<BTreeSet<_>>(), pushed);
    assert_eq!(found.len(), 8, "each once");
    assert_eq!(all(&fixture, subject, active(&["t/a"])).await.len(), 4);
    assert_eq!(all(&fixture, subject, active(&["t/b", "t/c"])).await.len(), 4);
    assert_eq!(all(&fixture, subject, active(&["t/d"])).await, []);
    // Archived ones are shown to those who ask.
    let archived = found[2].digest;
    let (permit, id) = (permit_for("app"), by_digest(&archived));
    let update = fixture.registry.update_image_storage_class(&permit, id, StorageClass::Archive);
    update.await.unwrap();
    assert_eq!(all(&fixture, subject, active(&[])).await.len(), 7);
    let with = |status| ReferrersFilter { artifact_types: vec![], status };
    let [shown] = &all(&fixture, subject, with(Some(ImageStatus::Archived))).await[..] else {
        panic!("one is archived")
    };
    assert_eq!((shown.digest, shown.status), (archived, ImageStatus::Archived));
    assert_eq!(all(&fixture, subject, with(None)).await.len(), 8);
}

#[tokio::test]
async fn pages_of_referrers_have_limits_of_their_own() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let subject = digest_of(b"subject");
    for number in 0..52 {
        referrer(&fixture, subject, "t/a", &number.to_string()).await;
    }
    for (max_results, expected) in [(None, 20), (Some(1), 1), (Some(50), 50), (Some(900), 50)] {
        let request = PageRequest { max_results, next_token: None };
        let first = page(&fixture, subject, active(&[]), &request).await;
        assert_eq!(first.items.len(), expected);
        let request = PageRequest { max_results, next_token: first.next_token };
        let (permit, other) = (permit_for("app"), active(&["t/a"]));
        let refused = fixture.registry.list_image_referrers(&permit, subject, other, &request);
        assert!(
            matches!(refused.await, Err(Error::InvalidParameter { member: "nextToken", .. })),
            "a token is for the filter it came with"
        );
    }
}

/// 50 manifests of 4 MiB would take much memory for a page.
#[tokio::test]
async fn a_page_of_large_referrers_is_short() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let subject = digest_of(b"subject");
    let large = "x".repeat(3 * 1024 * 1024);
    for number in 0..6 {
        referrer(&fixture, subject, "t/a", &format!("{number}{large}")).await;
    }
    let first = page(&fixture, subject, active(&[]), &PageRequest::default()).await;
    assert_eq!(first.items.len(), 5);
    let rest = PageRequest { max_results: None, next_token: first.next_token };
    let rest = page(&fixture, subject, active(&[]), &rest).await;
    assert_eq!((rest.items.len(), rest.next_token), (1, None));
}
