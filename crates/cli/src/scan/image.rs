//! An image in whatever keeps it: its layers, and the packages in them.

use std::io::{IsTerminal, Read};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use wharfinger_core::{Clock, Digest, Timestamp};
use wharfinger_inventory::{Inventory, Limits, compose, read_layer};
use wharfinger_oci::manifest::{Manifest, ManifestKind};
use wharfinger_server::SystemClock;

use crate::print;

/// What keeps images. Its methods wait.
pub(super) trait Source: Send {
    /// The image that is meant; of an index that for the platform.
    fn find(&self, platform: &str) -> anyhow::Result<FoundImage>;

    /// What it is made of.
    fn inventory(&self, image: &FoundImage) -> anyhow::Result<Inventory>;
}

/// An image that was found.
#[derive(Debug)]
pub(super) struct FoundImage {
    /// The digest of its manifest, if it has one.
    pub(super) digest: Option<Digest>,
    /// `linux/amd64`.
    pub(super) platform: Option<String>,
    /// When it was made, as its configuration says; 1970 if that does not.
    pub(super) created_at: Timestamp,
    /// The lowest first.
    pub(super) layers: Vec<Layer>,
}

/// A layer.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    /// Where an archive has it, if not by its digest.
    pub(super) path: Option<String>,
}

/// Goes from a manifest to that of an image: `read` has the manifests and configs of digests.
pub(super) fn resolve(
    mut digest: Digest,
    mut manifest: Manifest,
    platform: &str,
    read: &dyn Fn(&Digest) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<FoundImage> {
    // An index of indexes is allowed, one that is in itself cannot be: it would hold its own digest.
    for _ in 0..4 {
        if !manifest.is_index() {
            break;
        }
        let asked = normal(platform);
        let child = manifest.manifests.iter().find(|child| {
            let named = child.platform.as_deref().and_then(platform_of);
            named.is_some_and(|named| normal(&named) == asked)
        });
        let alone = || match manifest.manifests.as_slice() {
            [child] => Some(child),
            _ => None,
        };
        let Some(child) = child.or_else(alone) else {
            let all =
                manifest.manifests.iter().filter_map(|it| platform_of(it.platform.as_deref()?));
            let all = all.collect::<Vec<_>>().join(", ");
            bail!(
                "it is an index without an image for {platform}; --platform may be one of: {all}"
            );
        };
        digest = child.digest;
        let bytes = read(&digest).with_context(|| format!("the manifest {digest}"))?;
        manifest = Manifest::parse(&bytes, Some(&child.media_type))?;
    }
    let Some(config) = manifest.config.as_ref().filter(|_| manifest.kind == ManifestKind::Image)
    else {
        bail!("{digest} is no image that can be scanned ({})", manifest.media_type);
    };
    // An artifact has a config of another form.
    let config = read(&config.digest).ok();
    let config = config.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let layers = manifest.layers.iter().map(|layer| Layer {
        digest: layer.digest,
        media_type: layer.media_type.clone(),
        path: None,
    });
    Ok(FoundImage {
        digest: Some(digest),
        platform: platform_of(&config),
        created_at: created_at(&config),
        layers: layers.collect(),
    })
}

/// `linux/arm/v7` of `{"os": "linux", "architecture": "arm", "variant": "v7"}`.
pub(super) fn platform_of(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    let variant = text("variant").map(|variant| format!("/{variant}"));
    Some(format!("{}/{}{}", text("os")?, text("architecture")?, variant.unwrap_or_default()))
}

/// When an image was made, by its configuration. Tools that do not say write 1970, or the year 1.
pub(super) fn created_at(config: &str) -> Timestamp {
    let value: Value = serde_json::from_str(config).unwrap_or_default();
    let created = value.get("created").and_then(Value::as_str);
    created.and_then(Timestamp::parse_http_date).unwrap_or_default().max(Timestamp::default())
}

/// arm64 has one variant that everybody leaves out.
fn normal(platform: &str) -> &str {
    platform.strip_suffix("/v8").unwrap_or(platform)
}

/// Reads the layers of an image: `open` has their bytes as they are stored.
pub(super) fn read_layers(
    image: &FoundImage,
    open: impl Fn(&Layer) -> anyhow::Result<Box<dyn Read>>,
) -> anyhow::Result<Inventory> {
    let (limits, all) = (Limits::default(), image.layers.len());
    let mut facts = Vec::with_capacity(all);
    for (index, layer) in image.layers.iter().enumerate() {
        progress(&format!("reading layer {} of {all}", index + 1));
        let begun = SystemClock.now();
        let elapsed = || since(begun);
        let what = || format!("layer {} of {all} ({})", index + 1, layer.digest);
        let bytes = open(layer).with_context(what)?;
        let read = read_layer(bytes, &layer.media_type, &limits, &elapsed).with_context(what)?;
        facts.push((layer.digest, read));
    }
    Ok(compose(&facts))
}

fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        print::error(text);
    }
}

fn since(begun: Timestamp) -> Duration {
    let millis = SystemClock.now().millis().saturating_sub(begun.millis());
    Duration::from_millis(millis.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_an_image_was_made_is_read() {
        for (config, expected) in [
            (r#"{"created":"2026-03-01T12:30:00.123456789Z"}"#, "2026-03-01T12:30:00Z"),
            (r#"{"created":"2026-03-01T14:30:00+02:00"}"#, "2026-03-01T12:30:00Z"),
            (r#"{"created":"0001-01-01T00:00:00Z"}"#, "1970-01-01T00:00:00Z"),
            (r#"{"created":7}"#, "1970-01-01T00:00:00Z"),
            ("", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(created_at(config).iso8601(), expected, "{config}");
        }
    }
}
