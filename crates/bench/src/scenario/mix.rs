//! Images as they are in life: many that share a few bases, pushed as docker does it (asking for each
//! layer before sending it), then pulled whole.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use super::turns::{Bench, clients, timed_ms};
use crate::book::Record;
use crate::client::Client;
use crate::layers::{Layer, LayerSource};
use crate::phase::Meter;
use crate::registry::{Candidate, REPOSITORY, Registry};
use crate::report::Report;
use crate::transfer::{
    Part, digest_of, get_manifest, has_blob, manifest, pull_blob, push_blob, push_bytes,
    put_manifest,
};

/// Clients at the same time.
const CLIENTS: usize = 8;
/// Images.
const IMAGES: usize = 200;
/// The same for a quick run.
const QUICK_IMAGES: usize = 40;
/// Bases that the images share.
const BASES: usize = 10;
/// The layers of a base, in bytes.
const BASE_LAYERS_BYTES: [u64; 4] = [8_000_000, 2_000_000, 1_000_000, 250_000];
/// The layers that each image adds, in bytes.
const OWN_LAYERS_BYTES: [u64; 4] = [500_000, 125_000, 32_000, 4_000];

/// An image to push and pull.
struct Image {
    tag: String,
    config: Vec<u8>,
    layers: Vec<Layer>,
    manifest: Vec<u8>,
}

impl Image {
    fn new(number: usize, base: &[Layer], source: &mut LayerSource) -> Self {
        let own = OWN_LAYERS_BYTES.iter().map(|bytes| source.next(*bytes));
        let layers: Vec<Layer> = base.iter().cloned().chain(own).collect();
        let parts: Vec<Part> = layers.iter().map(|layer| (layer.digest, layer.bytes)).collect();
        let diff_ids: Vec<String> = layers.iter().map(|it| format!("\"{}\"", it.digest)).collect();
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
            diff_ids.join(",")
        );
        let config = config.into_bytes();
        let manifest = manifest(&(digest_of(&config), config.len() as u64), &parts, number);
        Self { tag: format!("mix-{number}"), config, layers, manifest }
    }

    /// Pushes what the registry does not have, and answers how many bytes that was.
    fn push(&self, client: &mut Client) -> Result<u64> {
        let mut pushed = 0;
        for layer in &self.layers {
            if !has_blob(client, REPOSITORY, &layer.digest)? {
                push_blob(client, REPOSITORY, layer)?;
                pushed += layer.bytes;
            }
        }
        if !has_blob(client, REPOSITORY, &digest_of(&self.config))? {
            pushed += push_bytes(client, REPOSITORY, &self.config)?.1;
        }
        put_manifest(client, REPOSITORY, &self.tag, &self.manifest)?;
        Ok(pushed + self.manifest.len() as u64)
    }

    /// Pulls all of it, and answers how many bytes that was.
    fn pull(&self, client: &mut Client) -> Result<u64> {
        let mut pulled = get_manifest(client, REPOSITORY, &self.tag)?;
        let config = (digest_of(&self.config), self.config.len() as u64);
        let layers = self.layers.iter().map(|layer| (layer.digest, layer.bytes));
        for part in std::iter::once(config).chain(layers) {
            pull_blob(client, REPOSITORY, &part)?;
            pulled += part.1;
        }
        Ok(pulled)
    }
}

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let count = bench.amount(IMAGES, QUICK_IMAGES);
    report.heading("A realistic mix");
    report.note(&format!(
        "{count} images of {} layers on {BASES} shared bases, by {CLIENTS} clients: HEAD of each layer, \
         POST, PATCH and PUT of those that are missing, config, manifest; then manifest, config and \
         all layers out. Each figure is of a whole image.",
        BASE_LAYERS_BYTES.len() + OWN_LAYERS_BYTES.len()
    ));
    let mut source = bench.layers();
    let book = bench.alternate(
        &mut bench.candidates.clone(),
        |candidate| &candidate.name,
        || Ok(images(count, &mut source)),
        |candidate, images| turn(bench, candidate, images),
    )?;
    report.operations_table(&book);
    Ok(())
}

fn images(count: usize, source: &mut LayerSource) -> Vec<Image> {
    let base = |source: &mut LayerSource| BASE_LAYERS_BYTES.map(|bytes| source.next(bytes));
    let bases: Vec<_> = (0..BASES).map(|_| base(source)).collect();
    (0..count).map(|number| Image::new(number, &bases[number % BASES], source)).collect()
}

fn turn(bench: &Bench, candidate: &Candidate, images: &[Image]) -> Result<Vec<Record>> {
    let registry = candidate.start(&bench.folder, None)?;
    Ok(vec![
        measured(&registry, images, "push", Image::push)?,
        measured(&registry, images, "pull", Image::pull)?,
    ])
}

fn measured(
    registry: &Registry,
    images: &[Image],
    direction: &str,
    work: fn(&Image, &mut Client) -> Result<u64>,
) -> Result<Record> {
    let bytes = AtomicU64::new(0);
    let meter = Meter::start(&registry.process)?;
    let latencies = clients(registry, CLIENTS, |number, client| {
        let own = images.iter().skip(number).step_by(CLIENTS);
        let one = |image: &Image, client: &mut Client| {
            timed_ms(|| {
                bytes.fetch_add(work(image, client)?, Ordering::Relaxed);
                Ok(())
            })
        };
        own.map(|image| one(image, client)).collect()
    })?;
    let phase = meter.stop(bytes.into_inner(), images.len() as u64, latencies)?;
    let what = format!("{direction} of {} images", images.len());
    Ok(Record { what, registry: registry.name.clone(), phase })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_share_the_layers_of_their_base_alone() {
        let mut source = LayerSource::new(1);
        let base = [source.next(9)];
        let [a, b] = [1, 2].map(|number| Image::new(number, &base, &mut source));
        assert_eq!(a.layers.len(), 1 + OWN_LAYERS_BYTES.len());
        assert_eq!(a.layers[0].digest, b.layers[0].digest);
        assert!(
            a.layers[1..].iter().all(|it| b.layers.iter().all(|other| other.digest != it.digest))
        );
        assert_ne!(a.config, b.config);
    }
}
