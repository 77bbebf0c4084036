//! A server process and what the kernel says of it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// Ticks a second in `/proc/<pid>/stat` (`USER_HZ`, 100 on every Linux that matters).
const TICKS_PER_SECOND: f64 = 100.0;

/// A child process that is ended when it goes out of scope.
pub struct Process(Child);

impl Process {
    /// Starts a program, its output thrown away.
    pub fn start(command: &mut Command) -> Result<Self> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn().with_context(|| format!("could not start {command:?}"))?))
    }

    /// CPU time used so far, user and system, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(self.file("stat"))?;
        // The name in parentheses may hold anything; what follows it does not.
        let fields = stat.rsplit_once(')').context("unreadable stat")?.1;
        let ticks: Vec<f64> =
            fields.split_whitespace().skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
        Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
    }

    /// CPU time used so far by the threads there are, in milliseconds, to the microsecond and better:
    /// for steps that are shorter than the ticks of [`cpu_seconds`](Self::cpu_seconds). Exact
    /// while the process waits.
    pub fn cpu_millis(&self) -> Result<f64> {
        let mut nanos = 0.0;
        for task in std::fs::read_dir(self.file("task"))? {
            // A thread that has ended meanwhile did so for want of work.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let on_cpu = text.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
            nanos += on_cpu.context("unreadable schedstat")?;
        }
        Ok(nanos / 1e6)
    }

    /// Resident memory now, in bytes.
    pub fn rss_bytes(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most resident memory there ever was, in bytes.
    pub fn peak_bytes(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    fn status(&self, field: &str) -> Result<u64> {
        let status = std::fs::read_to_string(self.file("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kib.with_context(|| format!("no {field} in status"))? * 1024)
    }

    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0.id()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; nothing to do then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
