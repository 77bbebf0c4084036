//! What one phase of work cost the server that was given it.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::{CpuTime, Process, own_cpu};
use crate::stats::{as_f64, quantile, ratio};

/// How far the exact CPU time may be from what the ticks say before it is not believed: threads
/// that ended meanwhile took their part of it with them.
const EXACT_SECONDS_OFF_MAX: f64 = 0.03;
/// The same, as a share.
const EXACT_SHARE_OFF_MAX: f64 = 0.05;
const MIB: f64 = 1024.0 * 1024.0;

/// What was measured while a server worked.
#[derive(Clone, Debug, Default)]
pub struct Phase {
    /// Bytes of layers, configs and manifests moved.
    pub bytes: u64,
    /// Things done: layers, requests, images.
    pub operations: u64,
    /// Wall time.
    pub wall: Duration,
    /// CPU time of the server, in seconds.
    pub cpu_seconds: f64,
    /// The user part of it, in steps of a hundredth of a second.
    pub user_seconds: f64,
    /// CPU time of the client, in steps of a hundredth of a second.
    pub client_seconds: f64,
    /// The most resident memory during the phase, in bytes.
    pub peak_bytes: u64,
    /// How long each operation took, in milliseconds, where that was measured.
    pub latencies_ms: Vec<f64>,
}

impl Phase {
    /// 10^9 bytes a second.
    pub fn gb_per_second(&self) -> f64 {
        ratio(as_f64(self.bytes) / 1e9, self.wall.as_secs_f64())
    }

    /// CPU-seconds of the server for 10^9 bytes.
    pub fn cpu_per_gb(&self) -> f64 {
        ratio(self.cpu_seconds, as_f64(self.bytes) / 1e9)
    }

    /// User CPU-seconds of the server for 10^9 bytes.
    pub fn user_per_gb(&self) -> f64 {
        ratio(self.user_seconds, as_f64(self.bytes) / 1e9)
    }

    /// CPU-seconds of the client for 10^9 bytes.
    pub fn client_per_gb(&self) -> f64 {
        ratio(self.client_seconds, as_f64(self.bytes) / 1e9)
    }

    /// Operations a second.
    pub fn per_second(&self) -> f64 {
        ratio(as_f64(self.operations), self.wall.as_secs_f64())
    }

    /// CPU microseconds of the server for each operation.
    pub fn cpu_micros_each(&self) -> f64 {
        ratio(self.cpu_seconds * 1e6, as_f64(self.operations))
    }

    /// CPU microseconds of the client for each operation.
    pub fn client_micros_each(&self) -> f64 {
        ratio(self.client_seconds * 1e6, as_f64(self.operations))
    }

    /// Milliseconds that half of the operations did not exceed.
    pub fn p50_ms(&self) -> f64 {
        quantile(&self.latencies_ms, 0.5)
    }

    /// Milliseconds that 99 of 100 operations did not exceed.
    pub fn p99_ms(&self) -> f64 {
        quantile(&self.latencies_ms, 0.99)
    }

    /// Peak memory in MiB.
    pub fn peak_mib(&self) -> f64 {
        as_f64(self.peak_bytes) / MIB
    }
}

/// A phase that is under way.
pub struct Meter<'a> {
    process: &'a Process,
    cpu: CpuTime,
    cpu_millis: f64,
    client: CpuTime,
    started: Instant,
}

impl<'a> Meter<'a> {
    /// Begins a phase: from now on the peak counts, and CPU and wall time.
    pub fn start(process: &'a Process) -> Result<Self> {
        process.reset_peak()?;
        let (cpu, cpu_millis) = (process.cpu()?, process.cpu_millis()?);
        Ok(Self { process, cpu, cpu_millis, client: own_cpu()?, started: Instant::now() })
    }

    /// Ends it. `bytes` were moved by `operations`, which took `latencies_ms`.
    pub fn stop(self, bytes: u64, operations: u64, latencies_ms: Vec<f64>) -> Result<Phase> {
        let wall = self.started.elapsed();
        let (cpu, cpu_millis) = (self.process.cpu()?, self.process.cpu_millis()?);
        let ticks = cpu.total() - self.cpu.total();
        Ok(Phase {
            bytes,
            operations,
            wall,
            cpu_seconds: believed(ticks, (cpu_millis - self.cpu_millis) / 1e3),
            user_seconds: cpu.user - self.cpu.user,
            client_seconds: own_cpu()?.total() - self.client.total(),
            peak_bytes: self.process.peak_bytes()?,
            latencies_ms,
        })
    }
}

/// The exact seconds where they agree with the ticks, else the ticks.
fn believed(ticks: f64, exact: f64) -> f64 {
    let off_max = EXACT_SECONDS_OFF_MAX + EXACT_SHARE_OFF_MAX * ticks;
    if (ticks - exact).abs() <= off_max { exact } else { ticks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_counted_by_gigabytes_and_by_operations() {
        let phase = Phase {
            bytes: 2_000_000_000,
            operations: 4,
            wall: Duration::from_secs(4),
            cpu_seconds: 1.0,
            user_seconds: 0.5,
            client_seconds: 2.0,
            peak_bytes: 3 << 20,
            latencies_ms: vec![1.0, 2.0, 3.0, 9.0],
        };
        let figures = [
            phase.gb_per_second(),
            phase.cpu_per_gb(),
            phase.user_per_gb(),
            phase.client_per_gb(),
            phase.per_second(),
            phase.cpu_micros_each(),
            phase.client_micros_each(),
            phase.p50_ms(),
            phase.p99_ms(),
            phase.peak_mib(),
        ];
        assert_eq!(
            format!("{figures:?}"),
            "[0.5, 0.5, 0.25, 1.0, 1.0, 250000.0, 500000.0, 2.0, 9.0, 3.0]"
        );
    }

    #[test]
    fn exact_time_is_believed_unless_a_thread_took_its_part_away() {
        assert_eq!(format!("{:?}", believed(0.01, 0.0123)), "0.0123");
        assert_eq!(format!("{:?}", believed(2.0, 0.5)), "2.0");
        assert_eq!(format!("{:?}", believed(0.5, -1.0)), "0.5");
    }
}
