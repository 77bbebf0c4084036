//! Previews of lifecycle policies: what they find, and what becomes of them.

use std::collections::BTreeSet;
use std::time::Duration;

use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::ListImages;
use wharfinger_core::limits::{LIFECYCLE_PREVIEW_KEPT_SECONDS, LIFECYCLE_PREVIEW_SECONDS_MAX};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus, TagStatus};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, lifecycle_preview, repository};
use wharfinger_registry::{
    Error, LifecyclePolicyPreview, PageRequest, PreviewFilter, PreviewStatus, PreviewSummary,
};

use super::fixture::{Fixture, by_digest, by_tag, index_of, permit_for};

/// Keeps the newest `kept` of the images selected.
fn keep(kept: u32, tags: &str, action: &str) -> String {
    format!(
        r#"{{"rules": [{{"rulePriority": 7, "selection": {{{tags},
            "countType": "imageCountMoreThan", "countNumber": {kept}}}, "action": {action}}}]}}"#
    )
}

fn expire_any(kept: u32) -> String {
    keep(kept, r#""tagStatus": "any""#, r#"{"type": "expire"}"#)
}

async fn start(fixture: &Fixture, text: Option<String>) -> Result<String, Error> {
    fixture.registry.start_lifecycle_policy_preview(&permit_for("app"), text).await
}

async fn get(fixture: &Fixture) -> Result<LifecyclePolicyPreview, Error> {
    get_page(fixture, PreviewFilter::default(), PageRequest::default()).await
}

async fn get_page(
    fixture: &Fixture,
    filter: PreviewFilter,
    page: PageRequest,
) -> Result<LifecyclePolicyPreview, Error> {
    fixture.registry.get_lifecycle_policy_preview(&permit_for("app"), filter, page).await
}

/// The preview once nobody works on it any more.
async fn finished(fixture: &Fixture) -> LifecyclePolicyPreview {
    let wait = async {
        loop {
            let preview = get(fixture).await.unwrap();
            if preview.status != PreviewStatus::InProgress {
                return preview;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap()
}

/// Images pushed a second apart, oldest first; every other one has a tag.
async fn with_images(count: usize) -> (Fixture, Vec<Digest>) {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut digests = Vec::new();
    for number in 0..count {
        let tag = format!("v{number}");
        let tag = (number % 2 == 0).then_some(tag.as_str());
        digests.push(fixture.image("app", &format!("image {number}"), tag).await);
        fixture.clock.advance(Duration::from_secs(1));
    }
    (fixture, digests)
}

fn digests_of(preview: &LifecyclePolicyPreview) -> Vec<Digest> {
    preview.results.items.iter().map(|image| image.digest).collect()
}

#[tokio::test]
async fn a_preview_tells_what_a_policy_would_do_and_does_nothing() {
    let (fixture, digests) = with_images(4).await;
    let missing = get(&fixture).await.unwrap_err();
    assert!(matches!(missing, Error::LifecyclePolicyPreviewNotFound { .. }));
    assert_eq!(start(&fixture, Some(expire_any(1))).await.unwrap(), expire_any(1));
    let preview = finished(&fixture).await;
    assert_eq!(preview.status, PreviewStatus::Complete);
    assert_eq!(preview.policy_text, expire_any(1));
    assert_eq!(preview.summary, Some(PreviewSummary { expiring: 3, transitioning: 0 }));
    assert_eq!(digests_of(&preview), digests[..3]);
    let first = &preview.results.items[0];
    assert_eq!(first.tags, ["v0".parse().unwrap()]);
    assert_eq!(first.pushed_at, Timestamp::from_seconds(1_800_000_000));
    assert_eq!(
        (first.is_archived, first.would_be_archived, first.rule_priority),
        (false, false, 7)
    );
    assert_eq!(preview.results.items[1].tags, []);
    let ids = digests.iter().map(by_digest).collect();
    let kept = fixture.registry.batch_get_image(&permit_for("app"), ids).await.unwrap();
    assert_eq!(kept.0.len(), 4, "nothing is deleted");
}

#[tokio::test]
async fn a_preview_is_of_the_text_given_or_else_of_the_policy() {
    let (fixture, digests) = with_images(3).await;
    let none = start(&fixture, None).await.unwrap_err();
    assert!(matches!(none, Error::LifecyclePolicyNotFound { .. }));
    let policy = expire_any(2);
    fixture.registry.put_lifecycle_policy(&permit_for("app"), policy.clone()).await.unwrap();
    assert_eq!(start(&fixture, None).await.unwrap(), policy);
    assert_eq!(digests_of(&finished(&fixture).await), digests[..1]);
    let archive = r#"{"type": "transition", "targetStorageClass": "archive"}"#;
    let other = keep(1, r#""tagStatus": "tagged", "tagPatternList": ["v*"]"#, archive);
    start(&fixture, Some(other)).await.unwrap();
    let preview = finished(&fixture).await;
    assert_eq!(preview.summary, Some(PreviewSummary { expiring: 0, transitioning: 1 }));
    assert_eq!(digests_of(&preview), digests[..1]);
    assert!(preview.results.items[0].would_be_archived);
    let bad = start(&fixture, Some("{}".into())).await.unwrap_err();
    assert!(matches!(bad, Error::InvalidLifecyclePolicy(_)));
    let stored = fixture.registry.get_lifecycle_policy(&permit_for("app")).await.unwrap();
    assert_eq!(stored.last_evaluated_at, Timestamp::default());
}

#[tokio::test]
async fn what_an_index_lists_or_refers_to_a_subject_stays() {
    let (fixture, digests) = with_images(2).await;
    fixture.put("app", &index_of(&digests), Some("multi")).await.unwrap();
    let manifest = fixture.manifest("app", "signature").await;
    let subject = format!(
        r#","subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":10}}}}"#,
        digests[0]
    );
    let manifest = manifest.strip_suffix('}').unwrap().to_owned() + &subject;
    fixture.put("app", &manifest, None).await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    let newest = fixture.image("app", "newest", None).await;
    start(&fixture, Some(expire_any(1))).await.unwrap();
    let found = digests_of(&finished(&fixture).await);
    assert_eq!(found.len(), 1, "the index alone");
    assert!(!digests.contains(&found[0]) && found[0] != newest);
}

#[tokio::test]
async fn results_are_narrowed_and_paged() {
    let (fixture, digests) = with_images(9).await;
    start(&fixture, Some(expire_any(1))).await.unwrap();
    let summary = finished(&fixture).await.summary;
    for (tag_status, expected) in [
        (TagStatus::Any, digests[..8].to_vec()),
        (TagStatus::Tagged, digests[..8].iter().step_by(2).copied().collect()),
        (TagStatus::Untagged, digests[..8].iter().skip(1).step_by(2).copied().collect()),
    ] {
        let (mut seen, mut page) = (Vec::new(), PageRequest::default());
        page.max_results = Some(3);
        loop {
            let filter = PreviewFilter { tag_status, ..PreviewFilter::default() };
            let part = get_page(&fixture, filter, page.clone()).await.unwrap();
            assert!(part.results.items.len() <= 3);
            assert_eq!(part.summary, summary);
            seen.extend(digests_of(&part));
            page.next_token = part.results.next_token;
            if page.next_token.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{tag_status:?}");
    }
    let named = |tag_status| PreviewFilter {
        images: vec![
            by_digest(&digests[3]),
            by_tag("v2"),
            by_digest(&digests[2]),
            by_tag("v8"),
            by_tag("unknown"),
            by_tag("/"),
            by_digest(&Digest::Sha256([0; 32])),
        ],
        tag_status,
    };
    let part = get_page(&fixture, named(TagStatus::Any), PageRequest::default()).await.unwrap();
    assert_eq!(digests_of(&part), [digests[3], digests[2]]);
    let part = get_page(&fixture, named(TagStatus::Tagged), PageRequest::default()).await.unwrap();
    assert_eq!(digests_of(&part), [digests[2]]);
}

#[tokio::test]
async fn a_token_is_of_one_preview() {
    let (fixture, _) = with_images(4).await;
    start(&fixture, Some(expire_any(1))).await.unwrap();
    finished(&fixture).await;
    let mut page = PageRequest { max_results: Some(1), next_token: None };
    page.next_token = get_page(&fixture, PreviewFilter::default(), page.clone())
        .await
        .unwrap()
        .results
        .next_token;
    start(&fixture, Some(expire_any(2))).await.unwrap();
    // On one thread the new run has not begun yet. Whoever walks the old results has to learn that
    // they are gone, not that they ended here.
    let refused = get_page(&fixture, PreviewFilter::default(), page.clone()).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "nextToken", .. })));
    finished(&fixture).await;
    let refused = get_page(&fixture, PreviewFilter::default(), page).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "nextToken", .. })));
}

/// On one thread the first run cannot begin before the second call has been made.
#[tokio::test]
async fn of_two_previews_at_once_one_is_refused() {
    let (fixture, _) = with_images(2).await;
    let (first, second) =
        tokio::join!(start(&fixture, Some(expire_any(1))), start(&fixture, Some(expire_any(2))));
    assert_eq!(first.unwrap(), expire_any(1));
    assert!(matches!(second, Err(Error::LifecyclePolicyPreviewInProgress { .. })));
    let preview = finished(&fixture).await;
    assert_eq!((preview.status, preview.policy_text), (PreviewStatus::Complete, expire_any(1)));
    start(&fixture, Some(expire_any(2))).await.unwrap();
    assert_eq!(finished(&fixture).await.policy_text, expire_any(2));
}

/// The task that was spawned has not been polled yet when the process "ends".
#[tokio::test]
async fn a_preview_that_a_restart_broke_off_has_failed_and_may_be_replaced() {
    let (fixture, digests) = with_images(3).await;
    start(&fixture, Some(expire_any(1))).await.unwrap();
    assert_eq!(get(&fixture).await.unwrap().status, PreviewStatus::InProgress);
    let fixture = fixture.restarted();
    let broken_off = get(&fixture).await.unwrap();
    assert_eq!(broken_off.status, PreviewStatus::Failed);
    assert_eq!((broken_off.summary, broken_off.results.items.len()), (None, 0));
    start(&fixture, Some(expire_any(2))).await.unwrap();
    let preview = finished(&fixture).await;
    assert_eq!((preview.status, preview.policy_text), (PreviewStatus::Complete, expire_any(2)));
    assert_eq!(digests_of(&get(&fixture).await.unwrap()), digests[..1]);
}

#[tokio::test]
async fn a_preview_that_takes_too_long_has_failed() {
    let (fixture, _) = with_images(2).await;
    start(&fixture, Some(expire_any(1))).await.unwrap();
    fixture.clock.advance(Duration::from_secs(LIFECYCLE_PREVIEW_SECONDS_MAX - 1));
    assert_eq!(get(&fixture).await.unwrap().status, PreviewStatus::InProgress);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&fixture).await.unwrap().status, PreviewStatus::Failed);
    // The run finds out as well, and so does the next sweep.
    fixture.registry.collect_garbage().await.unwrap();
    assert_eq!(get(&fixture).await.unwrap().status, PreviewStatus::Failed);
    start(&fixture, Some(expire_any(1))).await.unwrap();
    assert_eq!(finished(&fixture).await.status, PreviewStatus::Complete);
}

fn resource() -> RepositoryResource {
    permit_for::<ListImages>("app").resource().clone()
}

/// A second way into the store, for what the registry does not show.
fn store(fixture: &Fixture) -> Metadata {
    Metadata::open(&fixture.folder.path().join("metadata.db"), OpenMode::Existing).unwrap()
}

/// Whether results of the repository's preview are stored.
async fn has_results(fixture: &Fixture) -> bool {
    let RepositoryResource { registry, name } = resource();
    let found: Result<bool, MetadataError> = store(fixture)
        .read(move |tx| {
            Box::pin(async move {
                let id = repository::find(tx, &registry, &name).await?.unwrap().id;
                let run = lifecycle_preview::find(tx, id).await?.unwrap().run_id;
                let any = TagStatus::Any;
                Ok(!lifecycle_preview::results(tx, id, run, any, 0, 1).await?.is_empty())
            })
        })
        .await;
    found.unwrap()
}

#[tokio::test]
async fn results_are_kept_for_a_day() {
    let (fixture, _) = with_images(2).await;
    start(&fixture, Some(expire_any(1))).await.unwrap();
    finished(&fixture).await;
    fixture.clock.advance(Duration::from_secs(LIFECYCLE_PREVIEW_KEPT_SECONDS - 1));
    fixture.registry.collect_garbage().await.unwrap();
    assert_eq!(get(&fixture).await.unwrap().results.items.len(), 1);
    fixture.clock.advance(Duration::from_secs(1));
    for swept in [false, true] {
        assert_eq!(has_results(&fixture).await, !swept);
        let preview = get(&fixture).await.unwrap();
        assert_eq!(preview.status, PreviewStatus::Expired);
        assert_eq!((preview.summary, preview.results.items.len()), (None, 0));
        fixture.registry.collect_garbage().await.unwrap();
    }
}

#[tokio::test]
async fn a_large_repository_is_previewed_in_steps() {
    const COUNT: u32 = 1_203;
    let fixture = Fixture::with_repository("MUTABLE").await;
    let RepositoryResource { registry, name } = resource();
    let inserted: Result<(), MetadataError> = store(&fixture)
        .write(move |tx| {
            Box::pin(async move {
                let id = repository::find(tx, &registry, &name).await?.unwrap().id;
                for number in 0..COUNT {
                    let mut hash = [0; 32];
                    // Digests in another order than that of pushes.
                    hash[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_le_bytes());
                    let row = ImageRow {
                        digest: Digest::Sha256(hash),
                        media_type: String::new(),
                        artifact_media_type: None,
                        artifact_type: None,
                        subject: None,
                        size_bytes: 1,
                        manifest_size_bytes: 1,
                        pushed_at: Timestamp::from_seconds(i64::from(number)),
                        tag_count: 0,
                        status: ImageStatus::Active,
                        archived_at: None,
                        activated_at: None,
                        last_pulled_at: None,
                    };
                    image::insert(tx, id, &row, b"", &[], &[]).await?;
                }
                Ok(())
            })
        })
        .await;
    inserted.unwrap();
    for _again in 0..2 {
        start(&fixture, Some(expire_any(3))).await.unwrap();
        let expiring = u64::from(COUNT - 3);
        let summary = Some(PreviewSummary { expiring, transitioning: 0 });
        assert_eq!(finished(&fixture).await.summary, summary);
        let (mut seen, mut page) = (Vec::new(), PageRequest::default());
        page.max_results = Some(1_000);
        loop {
            let part = get_page(&fixture, PreviewFilter::default(), page.clone()).await.unwrap();
            assert!(part.results.items.len() <= 100);
            seen.extend(part.results.items.iter().map(|image| (image.pushed_at, image.digest)));
            page.next_token = part.results.next_token;
            if page.next_token.is_none() {
                break;
            }
        }
        assert_eq!(seen.len() as u64, expiring);
        assert!(seen.is_sorted(), "oldest first");
        let different: BTreeSet<_> = seen.iter().map(|(_, digest)| digest).collect();
        assert_eq!(different.len(), seen.len());
    }
}
