//! Large layers in and out, by 1, 4 and 16 clients, plain, over TLS and over HTTP/2. Each turn begins with a
//! fresh server on an empty folder, and nobody gets a byte that was pushed before.

use anyhow::{Result, ensure};

use super::turns::{Bench, say, threads};
use crate::book::{Book, Record};
use crate::client::Client;
use crate::layers::Layer;
use crate::machine;
use crate::phase::{Meter, Phase};
use crate::registry::{Candidate, REPOSITORY, Registry};
use crate::report::{Bound, Report};
use crate::transfer::{pull_blob, push_blob};

/// Clients at the same time.
const CLIENTS: [usize; 3] = [1, 4, 16];
/// The layers of an image of eight, in bytes.
const IMAGE_LAYER_BYTES: u64 = 64_000_000;
/// How many they are; with more clients than that, each client has one.
const IMAGE_LAYERS: usize = 8;
/// The layer that each client has for itself, in bytes.
const LARGE_LAYER_BYTES: u64 = 1_000_000_000;
/// Bytes of one phase at the most: with many clients, the large layers are smaller.
const PHASE_BYTES_MAX: u64 = 2_000_000_000;
/// The same for a quick run.
const QUICK_BYTES_MAX: u64 = 256_000_000;
/// How many times as much as a phase moves must be free on the disk.
const FREE_TIMES: u64 = 3;
/// Pulls after the first one, each a phase of its own.
const PULLS: usize = 2;

const PUSH_TIMES_MIN: f64 = 2.5;
const PUSH_CPU_SECONDS_PER_GB_MAX: f64 = 1.3;
const PUSH_USER_SECONDS_PER_GB_MAX: f64 = 0.75;
const PULL_TIMES_MIN: f64 = 1.0;
const PULL_TLS_TIMES_MIN: f64 = 1.3;
const PULL_CPU_SECONDS_PER_GB_MAX: f64 = 0.5;

/// How many layers of which size, by how many clients, over what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    clients: usize,
    layers: usize,
    layer_bytes: u64,
    over: Over,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    Plain,
    Tls,
    /// HTTP/2 over TLS, as clients agree on with servers that know it.
    Http2,
}

impl Shape {
    fn all(bytes_max: u64) -> Vec<Self> {
        let images = CLIENTS.map(|clients| (clients, true));
        let larges = CLIENTS.map(|clients| (clients, false));
        let mut shapes: Vec<Self> = Vec::new();
        for over in [Over::Plain, Over::Tls, Over::Http2] {
            // What another protocol costs, one kind of layers tells.
            let larges = if over == Over::Http2 { &[][..] } else { &larges[..] };
            for &(clients, image) in images.iter().chain(larges) {
                let layers = if image { IMAGE_LAYERS.max(clients) } else { clients };
                let bytes = if image { IMAGE_LAYER_BYTES } else { LARGE_LAYER_BYTES };
                let layer_bytes = bytes.min(bytes_max / layers as u64);
                let shape = Self { clients, layers, layer_bytes, over };
                // With little of everything, two shapes become one.
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
        }
        shapes
    }

    fn bytes(self) -> u64 {
        self.layer_bytes * self.layers as u64
    }

    fn name(self) -> String {
        let Self { clients, layers, layer_bytes, over } = self;
        let over = match over {
            Over::Plain => "plain",
            Over::Tls => "TLS",
            Over::Http2 => "HTTP/2",
        };
        let plural = if clients == 1 { "" } else { "s" };
        format!("{layers} x {} MB by {clients} client{plural}, {over}", layer_bytes / 1_000_000)
    }
}

/// Measures what is wanted: pushes, pulls, or both.
pub fn measure(bench: &Bench, wanted: (bool, bool), report: &mut Report) -> Result<()> {
    report.heading("Large layers");
    report.note(&format!(
        "Layers of random bytes, new ones in each run, pushed with POST, PATCH and PUT and pulled with \
         GET. The first pull follows the push at once; of {PULLS} later ones a run, the median is \
         `pull`. No phase moves more than {} MB.",
        bench.amount(PHASE_BYTES_MAX, QUICK_BYTES_MAX) / 1_000_000
    ));
    let mut all = Book::default();
    let mut shapes = Shape::all(bench.amount(PHASE_BYTES_MAX, QUICK_BYTES_MAX));
    shapes.retain(|shape| shape.name().contains(&bench.only));
    for shape in shapes {
        let free = machine::free_bytes(&bench.folder)?;
        ensure!(free >= shape.bytes() * FREE_TIMES, "only {free} bytes are free on the disk");
        say(&shape.name());
        let mut source = bench.layers();
        let book = bench.alternate(
            &mut bench.candidates.clone(),
            |candidate| &candidate.name,
            || Ok(source.take(shape.layers, shape.layer_bytes)),
            |candidate, layers| turn(bench, candidate, shape, layers, wanted),
        )?;
        all.absorb(book);
    }
    report.bytes_table(&all);
    if wanted.0 {
        promise_push(report, &all);
    }
    if wanted.1 {
        promise_pull(report, &all);
    }
    Ok(())
}

fn turn(
    bench: &Bench,
    candidate: &Candidate,
    shape: Shape,
    layers: &[Layer],
    (pushes, pulls): (bool, bool),
) -> Result<Vec<Record>> {
    let certificate = (shape.over != Over::Plain).then_some(&bench.certificate);
    let registry = candidate.start(&bench.folder, certificate)?;
    let mut records = Vec::new();
    let mut record = |what: &str, phase| {
        let what = format!("{what}, {}", shape.name());
        records.push(Record { what, registry: candidate.name.clone(), phase });
    };
    let phase =
        transfer(&registry, shape, layers, |client, layer| push_blob(client, REPOSITORY, layer))?;
    if pushes {
        record("push", phase);
    }
    if pulls {
        let pull = || {
            transfer(&registry, shape, layers, |client, layer| {
                pull_blob(client, REPOSITORY, &(layer.digest, layer.bytes))
            })
        };
        record("first pull", pull()?);
        for _ in 0..bench.amount(PULLS, 1) {
            record("pull", pull()?);
        }
    }
    Ok(records)
}

/// Has each client do `one` for its share of the layers.
fn transfer(
    registry: &Registry,
    shape: Shape,
    layers: &[Layer],
    one: impl Fn(&mut Client, &Layer) -> Result<()> + Sync,
) -> Result<Phase> {
    let meter = Meter::start(&registry.process)?;
    threads::<()>(shape.clients, |number| {
        let mut client = match shape.over {
            Over::Plain | Over::Tls => registry.client()?,
            Over::Http2 => registry.http2_client()?,
        };
        let mut own = layers.iter().skip(number).step_by(shape.clients);
        own.try_for_each(|layer| one(&mut client, layer))?;
        Ok(Vec::new())
    })?;
    meter.stop(shape.bytes(), shape.layers as u64, Vec::new())
}

fn promise_push(report: &mut Report, book: &Book) {
    let plain = |what: &str| what.starts_with("push") && what.ends_with("plain");
    let bound = Bound::AtLeast(PUSH_TIMES_MIN);
    report.promise_of_ratios("push, throughput", bound, book, Phase::gb_per_second, plain);
    let bound = Bound::AtMost(PUSH_CPU_SECONDS_PER_GB_MAX);
    report.promise_of_rows("push, CPU-s/GB", bound, book, Phase::cpu_per_gb, plain);
    let bound = Bound::AtMost(PUSH_USER_SECONDS_PER_GB_MAX);
    report.promise_of_rows("push, user CPU-s/GB", bound, book, Phase::user_per_gb, plain);
}

/// The first pull is a pull as well: it is held to the same, in lines of its own.
fn promise_pull(report: &mut Report, book: &Book) {
    for pull in ["pull", "first pull"] {
        let plain = |what: &str| what.starts_with(pull) && what.ends_with("plain");
        let tls = |what: &str| what.starts_with(pull) && what.ends_with("TLS");
        let (what, bound) = (format!("{pull}, throughput"), Bound::AtLeast(PULL_TIMES_MIN));
        report.promise_of_ratios(&what, bound, book, Phase::gb_per_second, plain);
        let (what, bound) =
            (format!("{pull} over TLS, throughput"), Bound::AtLeast(PULL_TLS_TIMES_MIN));
        report.promise_of_ratios(&what, bound, book, Phase::gb_per_second, tls);
        let bound = Bound::AtMost(PULL_CPU_SECONDS_PER_GB_MAX);
        report.promise_of_rows(&format!("{pull}, CPU-s/GB"), bound, book, Phase::cpu_per_gb, plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shape_moves_more_than_it_may() {
        for (bytes_max, count) in [(PHASE_BYTES_MAX, 15), (QUICK_BYTES_MAX, 13)] {
            let shapes = Shape::all(bytes_max);
            assert_eq!(shapes.len(), count);
            for shape in shapes {
                assert!(shape.bytes() <= bytes_max, "{shape:?}");
                assert!(shape.layers >= shape.clients, "{shape:?}");
            }
        }
        let names: Vec<String> = Shape::all(PHASE_BYTES_MAX).into_iter().map(Shape::name).collect();
        assert_eq!(names[0], "8 x 64 MB by 1 client, plain");
        assert_eq!(names[3], "1 x 1000 MB by 1 client, plain");
        assert_eq!(names[11], "16 x 125 MB by 16 clients, TLS");
        assert_eq!(names[14], "16 x 64 MB by 16 clients, HTTP/2");
    }
}
