//! Many small layers by many clients: POST, PATCH and PUT each, as docker does it.

use anyhow::Result;

use super::turns::{Bench, clients, timed_ms};
use crate::book::Record;
use crate::layers::Layer;
use crate::phase::{Meter, Phase};
use crate::registry::{Candidate, REPOSITORY};
use crate::report::{Bound, Report};
use crate::transfer::push_blob;

/// Clients at the same time.
const CLIENTS: usize = 32;
/// Layers of a run.
const LAYERS: usize = 10_000;
/// The same for a quick run.
const QUICK_LAYERS: usize = 1_000;
/// Bytes of each.
const LAYER_BYTES: u64 = 4_096;

const TIMES_MIN: f64 = 5.0;

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let layers = bench.amount(LAYERS, QUICK_LAYERS);
    report.heading("Small layers");
    report.note(&format!(
        "{layers} layers of {LAYER_BYTES} bytes by {CLIENTS} clients: POST, PATCH and PUT each; \
         latencies are those of the three together."
    ));
    let mut source = bench.layers();
    let book = bench.alternate(
        &mut bench.candidates.clone(),
        |candidate| &candidate.name,
        || Ok(source.take(layers, LAYER_BYTES)),
        |candidate, layers| turn(bench, candidate, layers),
    )?;
    report.operations_table(&book);
    let bound = Bound::AtLeast(TIMES_MIN);
    report.promise_of_ratios("small layers, 1/s", bound, &book, Phase::per_second, |_| true);
    Ok(())
}

fn turn(bench: &Bench, candidate: &Candidate, layers: &[Layer]) -> Result<Vec<Record>> {
    let registry = candidate.start(&bench.folder, None)?;
    let meter = Meter::start(&registry.process)?;
    let latencies = clients(&registry, CLIENTS, |number, client| {
        let own = layers.iter().skip(number).step_by(CLIENTS);
        own.map(|layer| timed_ms(|| push_blob(client, REPOSITORY, layer))).collect()
    })?;
    let bytes = layers.iter().map(|layer| layer.bytes).sum();
    let phase = meter.stop(bytes, layers.len() as u64, latencies)?;
    let what = format!("{} x {LAYER_BYTES} B by {CLIENTS} clients", layers.len());
    Ok(vec![Record { what, registry: candidate.name.clone(), phase }])
}
