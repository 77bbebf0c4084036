//! One client of the soak. Bases are everybody's, what lies on them is its own.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;

use serde_json::{Value, json};
use wharfinger_e2e::connection::{Connection, Reply};
use wharfinger_e2e::image::{Blob, OCI_INDEX, OCI_MANIFEST};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;

use super::{REPOSITORIES, repository, say, take};

/// Layers that all clients share, and how long they are: rows up to 64 KiB, files above.
const BASES: u64 = 8;
const BASE_BYTES: usize = 40_000;
/// Tags of a client: the next image takes the tag of the one that many pushes ago.
const TAGS: u64 = 6;
/// Pushes between two lines about how far it is.
const TOLD_EVERY: u64 = 10_000;

/// What a client did.
#[derive(Clone, Copy, Default, Debug)]
pub struct Figures {
    /// Images and indexes pushed.
    pub pushes: u64,
    pub uploads: u64,
    pub mounts: u64,
    /// Layers that were there already.
    pub found: u64,
    pub pulls: u64,
    pub deletions: u64,
}

impl Figures {
    pub fn plus(self, other: Self) -> Self {
        Self {
            pushes: self.pushes + other.pushes,
            uploads: self.uploads + other.uploads,
            mounts: self.mounts + other.mounts,
            found: self.found + other.found,
            pulls: self.pulls + other.pulls,
            deletions: self.deletions + other.deletions,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pushes, uploads, mounts, found, pulls, deletions } = self;
        write!(
            f,
            "{pushes} pushes ({uploads} layers sent, {mounts} mounted, {found} found), \
             {pulls} pulls, {deletions} deletions"
        )
    }
}

/// An image that is there as far as this client goes.
struct Pushed {
    tag: String,
    manifest: Blob,
    blobs: Vec<Blob>,
}

pub struct Pusher {
    connection: Connection,
    number: u64,
    seed: Seed,
    figures: Figures,
    /// The last images, by whose tags nobody else does anything.
    kept: VecDeque<Pushed>,
}

impl Pusher {
    pub fn new(server: &Server, number: u64) -> Self {
        Self {
            connection: Connection::root(server).expect("a connection"),
            number,
            seed: Seed::new(number),
            figures: Figures::default(),
            kept: VecDeque::new(),
        }
    }

    /// Pushes until nothing is left to be pushed.
    pub fn run(mut self, left: &AtomicU64) -> Figures {
        while let Some(left) = take(left) {
            if left > 0 && left.is_multiple_of(TOLD_EVERY) {
                say(&format!("{left} pushes to go"));
            }
            self.push().expect("an answer");
            match self.seed.below(8) {
                0..3 => self.pull().expect("an answer"),
                3..5 => {
                    if let Some(oldest) = self.kept.pop_front() {
                        self.delete(&oldest).expect("an answer");
                    }
                }
                _ => {}
            }
        }
        self.figures
    }

    fn ask(
        &mut self,
        method: &str,
        target: &str,
        media_type: Option<&str>,
        body: &[u8],
    ) -> io::Result<Reply> {
        let reply = self.connection.ask(method, target, media_type, body)?;
        let text = String::from_utf8_lossy(&reply.body);
        assert!(reply.status < 500, "{method} {target} answered {}: {text}", reply.status);
        Ok(reply)
    }

    fn repository(&self) -> String {
        repository(self.number)
    }

    fn push(&mut self) -> io::Result<()> {
        self.figures.pushes += 1;
        let tag = format!("c{}-{}", self.number, self.figures.pushes % TAGS);
        // What the tag pointed to is nobody's from now on.
        if let Some(at) = self.kept.iter().position(|kept| kept.tag == tag)
            && let Some(kept) = self.kept.remove(at)
            && self.seed.below(4) > 0
        {
            self.delete(&kept)?;
        }
        if self.kept.len() >= 2 && self.seed.below(8) == 0 {
            return self.push_index(&tag);
        }
        let base = self.seed.below(BASES);
        let base =
            Blob::new(Seed::new(1000 + base).draw_bytes(BASE_BYTES * (1 + base as usize % 2)));
        let length = 200 + self.seed.below(3_000) as usize;
        // Now and then a file, not a row.
        let length = if self.seed.below(8) == 0 { 70_000 } else { length };
        let layer = Blob::new(self.seed.draw_bytes(length));
        let config = json!({ "architecture": "amd64", "os": "linux", "layer": layer.digest });
        let config = Blob::new(config.to_string().into_bytes());
        let described = |blob: &Blob, kind: &str| {
            let media_type = format!("application/vnd.oci.image.{kind}");
            json!({ "mediaType": media_type, "digest": blob.digest, "size": blob.bytes.len() })
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": described(&config, "config.v1+json"),
            "layers": [described(&base, "layer.v1.tar"), described(&layer, "layer.v1.tar")],
        });
        let blobs = vec![base, layer, config];
        for blob in &blobs {
            self.push_blob(blob)?;
        }
        self.put(tag, &manifest, OCI_MANIFEST, blobs)
    }

    fn push_index(&mut self, tag: &str) -> io::Result<()> {
        let children: Vec<Value> = self
            .kept
            .iter()
            .rev()
            .filter(|kept| !kept.blobs.is_empty())
            .take(2)
            .map(|kept| {
                let Blob { digest, bytes } = &kept.manifest;
                json!({ "mediaType": OCI_MANIFEST, "digest": digest, "size": bytes.len() })
            })
            .collect();
        let annotations = json!({ "push": self.figures.pushes.to_string() });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": children,
            "annotations": annotations,
        });
        self.put(tag.to_owned(), &index, OCI_INDEX, vec![])
    }

    fn put(
        &mut self,
        tag: String,
        manifest: &Value,
        media_type: &str,
        blobs: Vec<Blob>,
    ) -> io::Result<()> {
        let manifest = Blob::new(manifest.to_string().into_bytes());
        let target = format!("/v2/{}/manifests/{tag}", self.repository());
        let reply = self.ask("PUT", &target, Some(media_type), &manifest.bytes)?;
        let text = String::from_utf8_lossy(&reply.body);
        assert_eq!(reply.status, 201, "{target}: {text}");
        self.kept.push_back(Pushed { tag, manifest, blobs });
        Ok(())
    }

    fn push_blob(&mut self, blob: &Blob) -> io::Result<()> {
        let repository = self.repository();
        let target = format!("/v2/{repository}/blobs/{}", blob.digest);
        if self.ask("HEAD", &target, None, &[])?.status == 200 {
            self.figures.found += 1;
            return Ok(());
        }
        let uploads = format!("/v2/{repository}/blobs/uploads/");
        let from = super::repository(self.number + 1 + self.seed.below(REPOSITORIES - 1));
        let mount = format!("{uploads}?mount={}&from={from}", blob.digest);
        let reply = self.ask("POST", &mount, None, &[])?;
        if reply.status == 201 {
            self.figures.mounts += 1;
            return Ok(());
        }
        assert_eq!(reply.status, 202, "{mount}");
        let location = reply.location.expect("an upload has a location");
        let path = location.find("/v2/").map_or("", |at| &location[at..]);
        let separator = if path.contains('?') { '&' } else { '?' };
        let target = format!("{path}{separator}digest={}", blob.digest);
        let reply = self.ask("PUT", &target, None, &blob.bytes)?;
        assert_eq!(reply.status, 201, "{target}: {}", String::from_utf8_lossy(&reply.body));
        self.figures.uploads += 1;
        Ok(())
    }

    /// Pulls one of its images with all that belongs to it.
    fn pull(&mut self) -> io::Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        self.figures.pulls += 1;
        let at = self.seed.below(self.kept.len() as u64) as usize;
        let Pushed { tag, manifest, blobs } = &self.kept[at];
        let (tag, manifest) = (tag.clone(), manifest.bytes.clone());
        let blobs: Vec<(String, usize)> =
            blobs.iter().map(|blob| (blob.digest.clone(), blob.bytes.len())).collect();
        let repository = self.repository();
        let target = format!("/v2/{repository}/manifests/{tag}");
        let reply = self.ask("GET", &target, None, &[])?;
        assert!(reply.status == 200 && reply.body == manifest, "{target}: {}", reply.status);
        for (digest, length) in blobs {
            let target = format!("/v2/{repository}/blobs/{digest}");
            let reply = self.ask("GET", &target, None, &[])?;
            assert!(reply.status == 200, "{target}: {}", reply.status);
            assert_eq!(reply.body.len(), length, "{target}");
        }
        Ok(())
    }

    /// Deletes an image by digest, unless an index holds it.
    fn delete(&mut self, pushed: &Pushed) -> io::Result<()> {
        let target = format!("/v2/{}/manifests/{}", self.repository(), pushed.manifest.digest);
        let status = self.ask("DELETE", &target, None, &[])?.status;
        if status == 202 {
            self.figures.deletions += 1;
        }
        Ok(())
    }
}
