//! One writer, what it was told is done, and whether it is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::http::Request;
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::wait;

use super::LEASE_SECONDS;

/// Contents that are pushed again and again, so that what was deleted comes back.
const CONTENTS: u64 = 6;
const TAGS: u64 = 4;
/// Half of the layers are files, the others rows.
const CONTENT_BYTES: usize = 50_000;

/// What holds in one repository.
#[derive(Default)]
pub struct Acknowledged {
    /// Tag → content; none if the tag was deleted.
    tags: BTreeMap<u64, Option<u64>>,
    /// Content → whether its image is there.
    images: BTreeMap<u64, bool>,
    /// Writes that were acknowledged.
    pub count: u64,
}

fn image(content: u64) -> Image {
    let length = CONTENT_BYTES * (1 + content as usize % 2);
    Image::new("amd64", &Seed::new(content).draw_bytes(length))
}

/// Writes until the server is gone.
pub fn write(
    distribution: &Distribution,
    repository: &str,
    cycle: u64,
    mut seed: Seed,
    kept: &mut Acknowledged,
    count: &AtomicU64,
) {
    loop {
        let (content, tag) = (cycle / 4 * 2 + seed.below(CONTENTS), seed.below(TAGS));
        let done = match seed.below(3) {
            0 => delete(distribution, repository, content, kept),
            _ => push(distribution, repository, content, tag, kept),
        };
        if done.is_err() {
            return;
        }
        kept.count += 1;
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn push(
    distribution: &Distribution,
    repository: &str,
    content: u64,
    tag: u64,
    kept: &mut Acknowledged,
) -> io::Result<()> {
    let (image, began) = (image(content), wait::begin());
    for blob in [&image.layer, &image.config] {
        let target = format!("/v2/{repository}/blobs/{}", blob.digest);
        if distribution.send(Request::new("HEAD", &target))?.status != 200 {
            distribution.push_blob(repository, &blob.digest, &blob.bytes)?;
        }
    }
    // From here on nobody knows what they are, unless an answer comes.
    let before = (kept.tags.remove(&tag), kept.images.remove(&content));
    let name = format!("t{tag}");
    let bytes = &image.manifest.bytes;
    let answer = distribution.put_manifest(repository, &name, OCI_MANIFEST, bytes)?;
    let took = began.elapsed();
    if answer.status == 404 && took > Duration::from_secs(LEASE_SECONDS / 2) {
        // It was too slow to rely on what it was told.
        kept.tags.extend(before.0.map(|content| (tag, content)));
        kept.images.extend(before.1.map(|there| (content, there)));
        return Ok(());
    }
    let status = answer.status;
    let text = String::from_utf8_lossy(&answer.body()?).into_owned();
    assert_eq!(status, 201, "{repository}:{name} after {took:?}: {text}");
    kept.tags.insert(tag, Some(content));
    kept.images.insert(content, true);
    Ok(())
}

fn delete(
    distribution: &Distribution,
    repository: &str,
    content: u64,
    kept: &mut Acknowledged,
) -> io::Result<()> {
    kept.images.remove(&content);
    let tagged = |tag: &u64| kept.tags[tag] == Some(content);
    let tags: BTreeSet<u64> = kept.tags.keys().copied().filter(tagged).collect();
    kept.tags.retain(|tag, _| !tags.contains(tag));
    let digest = image(content).manifest.digest;
    let target = format!("/v2/{repository}/manifests/{digest}");
    let answer = distribution.send(Request::new("DELETE", &target))?;
    assert!(matches!(answer.status, 202 | 404), "{target}: {}", answer.status);
    kept.images.insert(content, false);
    kept.tags.extend(tags.into_iter().map(|tag| (tag, None)));
    Ok(())
}

impl Acknowledged {
    /// Holds what is there against what was acknowledged: all of it, or the last contents.
    pub fn verify(&mut self, distribution: &Distribution, repository: &str, cycle: u64) {
        for (tag, content) in &self.tags {
            let name = format!("t{tag}");
            match content {
                Some(content) => {
                    let image = image(*content);
                    let found = distribution.pull_manifest(repository, &name);
                    let found = found.unwrap_or_else(|error| {
                        panic!("cycle {cycle}: {repository}:{name} is lost: {error}")
                    });
                    assert!(found == image.manifest.bytes, "cycle {cycle}: {repository}:{name}");
                }
                None => is_gone(distribution, repository, &name, cycle),
            }
        }
        for (content, there) in &self.images {
            let image = image(*content);
            let digest = &image.manifest.digest;
            if !there {
                is_gone(distribution, repository, digest, cycle);
                continue;
            }
            let what = format!("cycle {cycle}: {repository}@{digest}");
            let found = distribution.pull_manifest(repository, digest);
            assert!(found.is_ok(), "{what} is lost: {found:?}");
            for blob in [&image.layer, &image.config] {
                let found = distribution.pull_blob(repository, &blob.digest);
                let found = found.unwrap_or_else(|error| panic!("{what} misses a blob: {error}"));
                assert!(found == blob.bytes, "{what} has another blob");
            }
        }
        // Those of long ago are looked at no more: there are thousands of cycles.
        while self.images.len() > 40 {
            self.images.pop_first();
        }
    }
}

fn is_gone(distribution: &Distribution, repository: &str, reference: &str, cycle: u64) {
    let target = format!("/v2/{repository}/manifests/{reference}");
    let answer = distribution.send(Request::get(&target)).expect("an answer");
    let status = expect(404, answer).map(drop);
    assert!(status.is_ok(), "cycle {cycle}: {target} was deleted, and is there: {status:?}");
}
