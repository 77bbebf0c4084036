//! What is pushed: few blobs and images, the same in every run, so that they are shared and fought over.

use std::sync::OnceLock;

use bytes::Bytes;
use sha2::Digest as _;
use wharfinger_core::Digest;

/// Repositories by number.
pub const REPOSITORIES: [&str; 3] = ["a/app", "b/app", "c/app"];
/// Tags by number. A lifecycle policy, where there is one, looks for the last two.
pub const TAGS: [&str; 4] = ["latest", "v1", "tmp-1", "tmp-2"];
/// The tags that no lifecycle policy looks for.
pub const LASTING_TAGS: usize = 2;
/// Keeps one of the images that have a passing tag, and untagged ones for a day.
pub const POLICY: &str = r#"{"rules":[
    {"rulePriority":1,"selection":{"tagStatus":"tagged","tagPrefixList":["tmp"],
     "countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}},
    {"rulePriority":2,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",
     "countUnit":"days","countNumber":1},"action":{"type":"expire"}}]}"#;

/// Bytes of the blobs: rows of the database up to 64 KiB, files above.
const BLOB_BYTES: [usize; 11] = [2, 30, 31, 32, 33, 500, 4_000, 65_536, 65_537, 140_000, 70_000];

pub struct Content {
    pub blobs: Vec<Blob>,
    pub images: Vec<Image>,
}

pub struct Blob {
    pub digest: Digest,
    pub bytes: Bytes,
}

/// An image, by the numbers of what it is made of.
pub struct Image {
    pub digest: Digest,
    pub manifest: Bytes,
    pub blobs: Vec<usize>,
    pub children: Vec<usize>,
    pub subject: Option<usize>,
}

/// All there is.
pub fn content() -> &'static Content {
    static CONTENT: OnceLock<Content> = OnceLock::new();
    CONTENT.get_or_init(Content::new)
}

impl Content {
    fn new() -> Self {
        let blobs = BLOB_BYTES.iter().enumerate().map(|(number, length)| {
            let bytes: Vec<u8> =
                (0..*length).map(|at| (at / 7 + at / 251 + 13 * number) as u8).collect();
            Blob { digest: digest_of(&bytes), bytes: bytes.into() }
        });
        let mut content = Self { blobs: blobs.collect(), images: Vec::new() };
        content.blobs[0] = Blob { digest: digest_of(b"{}"), bytes: Bytes::from_static(b"{}") };
        for blobs in [&[1, 5, 8][..], &[2, 5, 9], &[3, 6, 8, 9], &[4, 7], &[0, 10], &[1, 6, 6]] {
            content.add_image(blobs, None);
        }
        content.add_index(&[0, 1]);
        content.add_index(&[1, 2]);
        content.add_index(&[6, 3]);
        content.add_image(&[0, 5], Some(0));
        content.add_image(&[0, 7, 10], Some(6));
        content.add_image(&[0, 1], Some(9));
        content
    }

    /// The number of the image with this digest.
    pub fn image_of(&self, digest: &Digest) -> usize {
        self.images.iter().position(|image| image.digest == *digest).unwrap()
    }

    /// What goes with an image, a while after it: what it lists and what refers to it, and so on.
    pub fn dependents(&self, image: usize) -> Vec<usize> {
        let mut found = vec![image];
        let mut at = 0;
        while let Some(&holder) = found.get(at) {
            let listed = self.images[holder].children.iter().copied();
            let refers = |other: &usize| self.images[*other].subject == Some(holder);
            let refers = (0..self.images.len()).filter(refers);
            let new: Vec<usize> = listed.chain(refers).filter(|it| !found.contains(it)).collect();
            found.extend(new);
            at += 1;
        }
        found.split_off(1)
    }

    fn add_image(&mut self, blobs: &[usize], subject: Option<usize>) {
        let described = |number: usize, kind: &str| {
            let Blob { digest, bytes } = &self.blobs[number];
            let (kind, size) = (format!("application/vnd.oci.image.{kind}"), bytes.len());
            format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":{size}}}"#)
        };
        let config = described(blobs[0], "config.v1+json");
        let layers: Vec<String> =
            blobs[1..].iter().map(|number| described(*number, "layer.v1.tar")).collect();
        let subject_text = subject.map_or(String::new(), |image| {
            let Image { digest, manifest, .. } = &self.images[image];
            let kind = "application/vnd.oci.image.manifest.v1+json";
            let size = manifest.len();
            format!(r#","subject":{{"mediaType":"{kind}","digest":"{digest}","size":{size}}}"#)
        });
        let layers = layers.join(",");
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{config},"layers":[{layers}]{subject_text}}}"#
        );
        let mut blobs = blobs.to_vec();
        blobs.dedup();
        self.add(manifest, blobs, vec![], subject);
    }

    fn add_index(&mut self, children: &[usize]) {
        let described = children.iter().map(|child| {
            let Image { digest, manifest, children, .. } = &self.images[*child];
            let kind = if children.is_empty() { "manifest" } else { "index" };
            let kind = format!("application/vnd.oci.image.{kind}.v1+json");
            format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":{}}}"#, manifest.len())
        });
        let described: Vec<String> = described.collect();
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
            described.join(",")
        );
        self.add(manifest, vec![], children.to_vec(), None);
    }

    fn add(
        &mut self,
        manifest: String,
        blobs: Vec<usize>,
        children: Vec<usize>,
        subject: Option<usize>,
    ) {
        let digest = digest_of(manifest.as_bytes());
        self.images.push(Image { digest, manifest: manifest.into(), blobs, children, subject });
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    Digest::Sha256(sha2::Sha256::digest(bytes).into())
}
