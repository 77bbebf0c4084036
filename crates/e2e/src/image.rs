//! Images made by hand: layers, manifests, and the layout of a folder that skopeo copies from.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The media type of an OCI manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an OCI index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Bytes and the digest they are known by.
#[derive(Clone, Debug)]
pub struct Blob {
    /// `sha256:…`.
    pub digest: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An image for one platform: one layer with one file.
#[derive(Clone, Debug)]
pub struct Image {
    /// The layer, compressed.
    pub layer: Blob,
    /// The configuration.
    pub config: Blob,
    /// The OCI manifest.
    pub manifest: Blob,
    platform: Value,
}

impl Blob {
    /// Bytes as a blob.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: digest(&bytes), bytes }
    }

    fn json(value: &Value) -> Self {
        Self::new(value.to_string().into_bytes())
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.bytes.len() })
    }
}

/// The digest of bytes: `sha256:…`.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

impl Image {
    /// An image for `architecture` whose one file holds `content`.
    pub fn new(architecture: &str, content: &[u8]) -> Self {
        Self::of_files(architecture, &[("content", content)])
    }

    /// An image for `architecture` of one layer with these files.
    pub fn of_files(architecture: &str, files: &[(&str, &[u8])]) -> Self {
        let tar = tar(files);
        let diff_id = digest(&tar);
        let layer = Blob::new(gzip(&tar));
        let config = Blob::json(&json!({
            "architecture": architecture,
            "os": "linux",
            "config": { "Cmd": ["/content"] },
            "rootfs": { "type": "layers", "diff_ids": [diff_id] },
        }));
        let manifest = Blob::json(&json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor(OCI_CONFIG),
            "layers": [layer.descriptor(OCI_LAYER)],
        }));
        let platform = json!({ "architecture": architecture, "os": "linux" });
        Self { layer, config, manifest, platform }
    }
}

/// An OCI index of images.
pub fn index(images: &[Image]) -> Blob {
    let manifests: Vec<Value> = images
        .iter()
        .map(|image| {
            let mut descriptor = image.manifest.descriptor(OCI_MANIFEST);
            descriptor["platform"] = image.platform.clone();
            descriptor
        })
        .collect();
    Blob::json(&json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests }))
}

/// Writes images and their index into an OCI layout, the index under the name `name`.
pub fn write_layout(folder: &Path, name: &str, images: &[Image], index: &Blob) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a folder can be made");
    let parts = images.iter().flat_map(|image| [&image.layer, &image.config, &image.manifest]);
    for blob in parts.chain([index]) {
        let file = blob.digest.trim_start_matches("sha256:");
        fs::write(blobs.join(file), &blob.bytes).expect("a file can be written");
    }
    let mut entry = index.descriptor(OCI_INDEX);
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
    let list = json!({ "schemaVersion": 2, "manifests": [entry] });
    fs::write(folder.join("index.json"), list.to_string()).expect("a file can be written");
    let layout = json!({ "imageLayoutVersion": "1.0.0" });
    fs::write(folder.join("oci-layout"), layout.to_string()).expect("a file can be written");
}

/// A tar archive (POSIX ustar) of files with short paths.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in files {
        let mut header = [0_u8; 512];
        let mut put =
            |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, name);
        put(100, "0000644");
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{:011o}", content.len()));
        put(136, "00000000000");
        // The checksum is taken with spaces in its own place.
        put(148, "        ");
        put(156, "0");
        put(257, "ustar");
        put(263, "00");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend(header);
        archive.extend(*content);
        // A file fills whole blocks.
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    // Two empty ones end the archive.
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// Gzip (RFC 1952) of bytes as they are, in stored blocks (RFC 1951 §3.2.4).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a chunk of at most 65,535 bytes");
        file.push(u8::from(blocks.peek().is_none()));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
    }
    file.extend(crc32(bytes).to_le_bytes());
    let length = u32::try_from(bytes.len()).expect("a small layer");
    file.extend(length.to_le_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial_is_reached() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
