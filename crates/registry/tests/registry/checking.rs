//! `wharfinger fsck`: damage to objects is found by its code, and nothing else is; a repair and the next
//! push heal it.

use std::fs;
use std::path::PathBuf;

use futures_util::StreamExt;
use wharfinger_core::Digest;
use wharfinger_registry::{
    CheckEvent, CheckOptions, CheckReport, Finding, FindingCode, FindingSeverity,
};

use super::fixture::{Fixture, digest_of, index_of, manifest_of, permit_for};

/// Bytes of a layer that is a file: several segments.
pub fn large(seed: u8) -> Vec<u8> {
    (0..300_000_u32).map(|index| (index.wrapping_mul(31) >> 3) as u8 ^ seed).collect()
}

pub async fn check(fixture: &Fixture, read_data: bool) -> CheckReport {
    fixture.registry.check(CheckOptions { read_data, repair: false }).await.unwrap()
}

pub async fn repair(fixture: &Fixture) -> CheckReport {
    fixture.registry.check(CheckOptions { read_data: true, repair: true }).await.unwrap()
}

/// The codes of what was found to be damage.
pub fn damage(report: &CheckReport) -> Vec<FindingCode> {
    let is_damage = |finding: &&Finding| finding.code.severity() == FindingSeverity::Damage;
    let mut codes: Vec<_> =
        report.findings.iter().filter(is_damage).map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Pushes an image of a small config and a large layer, again if need be.
pub async fn push(fixture: &Fixture, name: &str, seed: u8, tag: &str) -> Digest {
    let (config, layer) = (format!("{{\"seed\":{seed}}}"), large(seed));
    push_layer(fixture, name, config.as_bytes()).await;
    push_layer(fixture, name, &layer).await;
    let manifest = manifest_of(config.as_bytes(), &layer);
    match fixture.put(name, &manifest, Some(tag)).await {
        Ok(_) | Err(wharfinger_registry::Error::ImageAlreadyExists { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    digest_of(manifest.as_bytes())
}

/// As clients do it: what is there is not sent.
async fn push_layer(fixture: &Fixture, name: &str, bytes: &[u8]) {
    let digest = digest_of(bytes);
    let asked = vec![digest.to_string()];
    let there =
        fixture.registry.batch_check_layer_availability(&permit_for(name), asked).await.unwrap();
    if !matches!(there[0], wharfinger_registry::LayerAvailability::Available { .. }) {
        fixture.layer(name, bytes).await;
    }
}

/// What a pull of the layer gets, if it gets it whole.
pub async fn pull(fixture: &Fixture, name: &str, seed: u8) -> Option<Vec<u8>> {
    let digest = digest_of(&large(seed));
    let blob = fixture.registry.open_blob(&permit_for(name), digest).await.ok()?;
    let mut bytes = Vec::new();
    let mut parts = Box::pin(blob.read_all());
    while let Some(part) = parts.next().await {
        bytes.extend_from_slice(&part.ok()?);
    }
    Some(bytes)
}

#[tokio::test]
async fn what_is_sound_is_clean() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.layer("app", &large(1)).await;
    let first = fixture.image("app", "one", Some("v1")).await;
    let second = fixture.image("app", "two", None).await;
    fixture.put("app", &index_of(&[first, second]), Some("all")).await.unwrap();
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, &large(2)).await.unwrap();
    let report = check(&fixture, true).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.blob_count, report.image_count), (5, 3));
}

/// Places of a file with five segments: its header, each segment, its end.
const PLACES: [usize; 8] = [20, 227, 700, 66_500, 132_000, 197_700, 263_300, 300_500];

#[tokio::test]
async fn a_flipped_bit_anywhere_is_found_and_a_push_heals_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let image = push(&fixture, "app", 1, "v1").await;
    for place in PLACES {
        let file = only_file(&fixture);
        let mut bytes = fs::read(&file).unwrap();
        assert!(place < bytes.len(), "{} bytes", bytes.len());
        bytes[place] ^= 4;
        fs::write(&file, bytes).unwrap();
        heals(&fixture, &[FindingCode::BlobDamaged], image, &format!("place {place}")).await;
    }
}

#[tokio::test]
async fn files_of_another_length_are_found_and_a_push_heals_them() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let image = push(&fixture, "app", 1, "v1").await;
    for length in [0, 100, 512, 66_000, 300_000, 400_000] {
        let file = fs::File::options().write(true).open(only_file(&fixture)).unwrap();
        file.set_len(length).unwrap();
        // The size of the file is enough to see it.
        assert_eq!(damage(&check(&fixture, false).await), [FindingCode::BlobDamaged]);
        heals(&fixture, &[FindingCode::BlobDamaged], image, &format!("length {length}")).await;
    }
    fs::remove_file(only_file(&fixture)).unwrap();
    assert_eq!(damage(&check(&fixture, false).await), [FindingCode::BlobMissing]);
    heals(&fixture, &[FindingCode::BlobMissing], image, "removed").await;
}

/// Damage was done to the one layer of `image`: it is found, named, put aside and healed.
async fn heals(fixture: &Fixture, codes: &[FindingCode], image: Digest, case: &str) {
    let report = check(fixture, true).await;
    assert_eq!(damage(&report), codes, "{case}");
    assert_eq!(report.finding_count, 1, "{case}");
    let finding = report.findings.iter().find(|finding| finding.code == codes[0]).unwrap();
    let hurt = format!("app:v1@{image} (111122223333, eu-west-1)");
    assert_eq!(finding.images, [hurt], "{case}");
    let layer = digest_of(&large(1));
    assert_eq!(finding.digest, Some(layer));
    let remedy = format!("push any image with layer {layer} to repository app again to heal it");
    assert_eq!(finding.what_to_do, remedy);
    assert_eq!(pull(fixture, "app", 1).await, None, "{case}");

    let report = repair(fixture).await;
    assert_eq!((report.finding_count, report.repaired_count), (1, 1), "{case}");
    assert!(report.findings[0].repaired && report.findings[0].what_to_do.ends_with(&remedy));
    assert_eq!(fixture.objects(), Vec::<PathBuf>::new(), "{case}: it was put aside");
    let report = check(fixture, true).await;
    assert_eq!(damage(&report), [FindingCode::BlobMissing], "{case}: a push is needed");
    push(fixture, "app", 1, "v1").await;
    let report = check(fixture, true).await;
    assert_eq!(damage(&report), [], "{case}");
    assert_eq!(report.leftover_count, 0, "{case}: {:?}", report.findings);
    assert!(pull(fixture, "app", 1).await.unwrap() == large(1), "{case}");
}

fn only_file(fixture: &Fixture) -> PathBuf {
    let [file] = &fixture.objects()[..] else { panic!("{:?}", fixture.objects()) };
    file.clone()
}

#[tokio::test]
async fn files_that_changed_places_are_found() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    push(&fixture, "app", 2, "v2").await;
    let [a, b] = &fixture.objects()[..] else { panic!("{:?}", fixture.objects()) };
    let aside = a.with_extension("aside");
    fs::rename(a, &aside).unwrap();
    fs::rename(b, a).unwrap();
    fs::rename(&aside, b).unwrap();
    let report = check(&fixture, false).await;
    assert_eq!(damage(&report), [FindingCode::BlobDamaged]);
    assert_eq!(report.finding_count, 2);
    assert_eq!(repair(&fixture).await.repaired_count, 2);
    push(&fixture, "app", 1, "v1").await;
    push(&fixture, "app", 2, "v2").await;
    assert_eq!(damage(&check(&fixture, true).await), []);
    let kept = fs::read_dir(fixture.folder.path().join("quarantine")).unwrap().count();
    assert_eq!(kept, 2, "what was put aside stays");
}

#[tokio::test]
async fn a_file_of_an_older_push_is_found() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let image = push(&fixture, "app", 1, "v1").await;
    let older = fs::read(only_file(&fixture)).unwrap();
    fs::remove_file(only_file(&fixture)).unwrap();
    repair(&fixture).await;
    push(&fixture, "app", 1, "v1").await;
    // The same blob under another key: as if a backup of the wrong day had been put back.
    fs::write(only_file(&fixture), older).unwrap();
    assert_eq!(damage(&check(&fixture, false).await), [FindingCode::BlobDamaged]);
    heals(&fixture, &[FindingCode::BlobDamaged], image, "older").await;
}

#[tokio::test]
async fn a_file_that_comes_back_is_served_again() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    let (file, aside) = (only_file(&fixture), fixture.folder.path().join("aside"));
    fs::rename(&file, &aside).unwrap();
    repair(&fixture).await;
    fs::rename(&aside, &file).unwrap();
    for read_data in [false, true] {
        assert_eq!(damage(&check(&fixture, read_data).await), [FindingCode::BlobMarked]);
    }
    assert_eq!(pull(&fixture, "app", 1).await, None);
    assert_eq!(repair(&fixture).await.repaired_count, 1);
    assert_eq!(check(&fixture, true).await.findings, []);
    assert!(pull(&fixture, "app", 1).await.unwrap() == large(1));
}

#[tokio::test]
async fn what_no_row_knows_is_no_damage() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    let shelf = only_file(&fixture).parent().unwrap().to_owned();
    let id = format!("{}{}", shelf.file_name().unwrap().to_str().unwrap(), "0".repeat(30));
    fs::write(shelf.join(&id), "left behind").unwrap();
    fs::write(shelf.join("notes.txt"), "mine").unwrap();
    let report = check(&fixture, false).await;
    assert_eq!((report.finding_count, report.leftover_count, report.notice_count), (0, 1, 1));
    repair(&fixture).await;
    assert!(!shelf.join(&id).exists() && shelf.join("notes.txt").exists());
    assert_eq!(check(&fixture, false).await.leftover_count, 0);
}

#[tokio::test]
async fn an_upload_whose_file_is_cut_is_ended() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, &large(2)).await.unwrap();
    assert_eq!(damage(&check(&fixture, false).await), []);
    fs::File::options().write(true).open(only_file(&fixture)).unwrap().set_len(70_000).unwrap();
    assert_eq!(damage(&check(&fixture, false).await), [FindingCode::UploadBroken]);
    assert_eq!(repair(&fixture).await.repaired_count, 1);
    fixture.registry.collect_garbage().await.unwrap();
    assert_eq!(damage(&check(&fixture, false).await), []);
    assert!(fixture.append("app", upload, None, b"more").await.is_err());
}

#[tokio::test]
async fn findings_are_told_as_they_come() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    fs::remove_file(only_file(&fixture)).unwrap();
    let (mut told, mut progress) = (Vec::new(), Vec::new());
    let options = CheckOptions::default();
    let report = fixture
        .registry
        .check_telling(options, &mut |event| match event {
            CheckEvent::Finding(finding) => told.push(finding.clone()),
            CheckEvent::Progress { what, done, total } => progress.push((what, done, total)),
        })
        .await
        .unwrap();
    assert_eq!(told, report.findings);
    assert!(progress.contains(&("blobs", 2, Some(2))), "{progress:?}");
    let line = told[0].to_string();
    assert!(line.starts_with("blob-missing: blob sha256:"), "{line}");
}

#[tokio::test]
async fn what_a_disabled_key_seals_is_not_held_to_be_damaged() {
    let fixture = Fixture::new();
    let key = fixture.key(None).await;
    fixture.create_encrypted("vault", "KMS", Some(&key.arn)).await.unwrap();
    push(&fixture, "vault", 1, "v1").await;
    fixture.switch(&key, false).await;
    let report = check(&fixture, true).await;
    assert_eq!((report.finding_count, report.notice_count), (0, 1), "{:?}", report.findings);
    assert_eq!(report.findings[0].code, FindingCode::KeyUnavailable);
    // That an object is missing shows all the same.
    fs::remove_file(only_file(&fixture)).unwrap();
    assert_eq!(damage(&check(&fixture, true).await), [FindingCode::BlobMissing]);
}

#[test]
fn every_code_is_documented_and_says_how_bad_it_is() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fsck.md");
    let page = fs::read_to_string(page).unwrap();
    let part = |from: &str, to: &str| {
        let begin = page.find(from).unwrap();
        page[begin..begin + page[begin..].find(to).unwrap()].to_owned()
    };
    for code in FindingCode::ALL {
        let part = match code.severity() {
            FindingSeverity::Damage => part("Damage:", "Leftovers,"),
            FindingSeverity::Leftover => part("Leftovers,", "Notices:"),
            FindingSeverity::Notice => part("Notices:", "## The scrub"),
        };
        assert!(part.contains(&format!("`{code}`")), "{code}");
    }
}
