//! The figures, and whether they are those that were promised.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sha2::{Digest as _, Sha256};

use crate::layers::Layer;
use crate::lists::Pages;
use crate::scenario::Figures;

const MIB: f64 = 1024.0 * 1024.0;
/// CPU-seconds per GB that a push may cost.
const PUSH_CPU_SECONDS_PER_GB_MAX: f64 = 2.0;
/// CPU-seconds per GB that a pull may cost.
const PULL_CPU_SECONDS_PER_GB_MAX: f64 = 0.7;
/// Peak memory with eight clients, in MiB.
const PEAK_MIB_MAX: f64 = 100.0;
/// Memory after the start, in MiB.
const IDLE_MIB_MAX: f64 = 30.0;
/// Milliseconds from start to ready.
const READY_MILLIS_MAX: f64 = 300.0;

/// CPU milliseconds that the first page of a list may cost.
const FIRST_PAGE_MILLIS_MAX: f64 = 10.0;
/// How many times as much as the first page any page of a list may cost.
const SLOWEST_PAGE_RATIO_MAX: f64 = 3.0;

/// Collects lines and misses.
#[derive(Default)]
pub struct Report {
    misses: Vec<String>,
}

impl Report {
    /// What SHA-256 alone costs here: the floor of every push.
    pub fn sha256_floor(&self, layers: &[Layer]) {
        let started = Instant::now();
        let mut bytes = 0.0;
        for layer in layers.iter().take(2) {
            std::hint::black_box(Sha256::digest(&layer.bytes));
            bytes += as_f64(layer.bytes.len() as u64);
        }
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "SHA-256 alone: {:.2} CPU-seconds per GB (the floor of a push)",
            seconds * 1e9 / bytes
        );
    }

    /// Memory of a server that has done nothing.
    pub fn idle(&mut self, bytes: u64) {
        self.line("idle memory, MiB", as_f64(bytes) / MIB, IDLE_MIB_MAX);
    }

    /// Layers in and out of one registry.
    pub fn layers(&self, name: &str, figures: &Figures) {
        for (what, transfer) in [("push", &figures.push), ("pull", &figures.pull)] {
            println!(
                "{name}: {what} of 8 x 64 MB by 8 clients: {:.2} CPU-seconds per GB, {:.2} GB/s",
                transfer.cpu_seconds_per_gb(),
                transfer.gb_per_second()
            );
        }
        println!("{name}: peak memory {:.1} MiB", as_f64(figures.peak_bytes) / MIB);
    }

    /// The time to ready over a filled store.
    pub fn start_to_ready(&mut self, images: usize, ready_after: Duration, bytes: u64) {
        let millis = ready_after.as_secs_f64() * 1e3;
        self.line(&format!("start to ready with {images} images, ms"), millis, READY_MILLIS_MAX);
        let mib = as_f64(bytes) / MIB;
        self.line(&format!("idle memory with {images} images, MiB"), mib, IDLE_MIB_MAX);
    }

    /// The pages of a list.
    pub fn pages(&mut self, pages: &Pages) {
        let Pages { list, elements, cold_first_ms, ms } = pages;
        let first = ms.first().copied().unwrap_or_default();
        let slowest = pages.quantile_ms(1.0);
        println!(
            "{list}: {elements} elements on {} pages, ms of CPU: first {first:.3} (right after the \
             start {cold_first_ms:.3}), median {:.3}, 99 of 100 {:.3}, slowest {slowest:.3}",
            ms.len(),
            pages.quantile_ms(0.5),
            pages.quantile_ms(0.99),
        );
        self.line(&format!("{list}, first page, ms of CPU"), *cold_first_ms, FIRST_PAGE_MILLIS_MAX);
        let ratio = slowest / first.max(1e-9);
        self.line(&format!("{list}, slowest page / first page"), ratio, SLOWEST_PAGE_RATIO_MAX);
    }

    /// Ours to theirs; below 1 is better.
    pub fn ratios(&self, ours: &Figures, theirs: &Figures) {
        let ratio = |a: f64, b: f64| a / b.max(1e-9);
        println!(
            "wharfinger / docker-registry: push CPU {:.2}, pull CPU {:.2}, push wall {:.2}, pull \
             wall {:.2}, peak memory {:.2}",
            ratio(ours.push.cpu_seconds_per_gb(), theirs.push.cpu_seconds_per_gb()),
            ratio(ours.pull.cpu_seconds_per_gb(), theirs.pull.cpu_seconds_per_gb()),
            ratio(ours.push.wall.as_secs_f64(), theirs.push.wall.as_secs_f64()),
            ratio(ours.pull.wall.as_secs_f64(), theirs.pull.wall.as_secs_f64()),
            ratio(as_f64(ours.peak_bytes), as_f64(theirs.peak_bytes)),
        );
    }

    /// What was promised of layers.
    pub fn promised_of_layers(&mut self, ours: &Figures) {
        let (push, pull) = (ours.push.cpu_seconds_per_gb(), ours.pull.cpu_seconds_per_gb());
        self.line("push, CPU-seconds per GB", push, PUSH_CPU_SECONDS_PER_GB_MAX);
        self.line("pull, CPU-seconds per GB", pull, PULL_CPU_SECONDS_PER_GB_MAX);
        self.line("peak memory, MiB", as_f64(ours.peak_bytes) / MIB, PEAK_MIB_MAX);
    }

    /// Says what was missed, and fails if anything was.
    pub fn verdict(self) -> Result<()> {
        if self.misses.is_empty() {
            println!("every figure is reached");
            return Ok(());
        }
        bail!("missed: {}", self.misses.join("; "))
    }

    fn line(&mut self, what: &str, value: f64, max: f64) {
        let met = value <= max;
        let word = if met { "reached" } else { "MISSED" };
        println!("{what}: {value:.2} (at most {max}: {word}, ratio {:.2})", value / max);
        if !met {
            self.misses.push(what.to_owned());
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes here are far below 2^53")]
fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}
