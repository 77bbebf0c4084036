//! Layers that somebody made to mislead, to exhaust or to crash: a table of them, each with what comes
//! of it. A sentence is the error that a scan shows; where it is empty the layer does no harm.

mod bombs;
mod compression;
mod extensions;
mod headers;
mod packages;

use std::time::Duration;

use wharfinger_inventory::{Limits, read_layer};

use crate::LAYER;

/// A layer, and what comes of it.
pub struct Case {
    name: &'static str,
    layer: Vec<u8>,
    limits: Limits,
    sentence: &'static str,
}

/// What a sentence about an archive begins with.
const UNSOUND: &str = "the layer is not a sound tar archive: ";

/// A layer that is refused.
pub fn bad(name: &'static str, layer: Vec<u8>, sentence: &'static str) -> Case {
    Case { name, layer, limits: Limits::default(), sentence }
}

/// A layer that does no harm.
pub fn fine(name: &'static str, layer: Vec<u8>) -> Case {
    bad(name, layer, "")
}

/// A layer that is refused by other limits.
pub fn limited(name: &'static str, layer: Vec<u8>, limits: Limits, sentence: &'static str) -> Case {
    Case { name, layer, limits, sentence }
}

#[test]
fn every_hostile_layer_ends_as_it_should() {
    let groups = [
        headers::cases(),
        extensions::cases(),
        compression::cases(),
        packages::cases(),
        bombs::cases(),
    ];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    assert!(cases.len() >= 100, "{}", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(outcome).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with what came of a layer.
fn outcome(case: &Case) -> Option<String> {
    let read = read_layer(case.layer.as_slice(), LAYER, &case.limits, &|| Duration::ZERO);
    let sentence = read.err().map(|error| error.to_string()).unwrap_or_default();
    let expected = match case.sentence.strip_prefix("entry ") {
        Some(rest) => format!("{UNSOUND}entry {rest}"),
        None => case.sentence.to_owned(),
    };
    let right = match expected.strip_suffix('…') {
        Some(start) => sentence.starts_with(start),
        None => sentence == expected,
    };
    (!right).then(|| format!("{}: {sentence:?} instead of {expected:?}", case.name))
}

/// Every layer cut off anywhere, and with any byte changed, ends; never in a panic.
#[test]
fn every_prefix_and_every_change_ends() {
    let layer = packages::sound();
    let plain = layer.clone().end();
    for packed in [plain, layer.gzip()] {
        let step = packed.len() / 400 + 1;
        for at in (0..packed.len()).step_by(step) {
            let cut = packed.get(..at).unwrap_or_default();
            let _ = crate::read(cut, &Limits::default());
            let mut changed = packed.clone();
            changed[at] ^= 0x41;
            let _ = crate::read(&changed, &Limits::default());
        }
    }
}
