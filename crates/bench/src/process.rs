//! A server process and what the kernel says of it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Ticks a second in `/proc/<pid>/stat` (`USER_HZ`, 100 on every Linux that matters).
const TICKS_PER_SECOND: f64 = 100.0;

/// How often a process that ends by itself is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A child process that is ended when it goes out of scope.
pub struct Process(Child);

/// CPU time used so far, in seconds, in steps of a hundredth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuTime {
    /// User time.
    pub user: f64,
    /// System time.
    pub system: f64,
}

impl CpuTime {
    /// Both together.
    pub fn total(self) -> f64 {
        self.user + self.system
    }
}

impl Process {
    /// Starts a program, its output thrown away.
    pub fn start(command: &mut Command) -> Result<Self> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn().with_context(|| format!("could not start {command:?}"))?))
    }

    /// Waits until a process ends, looking at it often; answers the CPU time it took and the most
    /// resident memory it was seen with.
    ///
    /// # Errors
    /// If it fails, or is no longer there.
    pub fn measure_to_its_end(mut self) -> Result<(CpuTime, u64)> {
        let mut peak_bytes = 0;
        loop {
            let stat = std::fs::read_to_string(self.file("stat"))?;
            if has_exited(&stat) {
                let cpu = cpu_of(&stat)?;
                let status = self.0.wait()?;
                ensure!(status.success(), "it ended with {status}");
                return Ok((cpu, peak_bytes));
            }
            // One that is about to end has no memory any more.
            peak_bytes = self.peak_bytes().unwrap_or(peak_bytes);
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Starts a program whose output goes to a file.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_into(command: &mut Command, output: std::fs::File) -> Result<Self> {
        let command = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        Ok(Self(command.spawn().with_context(|| format!("could not start {command:?}"))?))
    }

    /// CPU time of all threads there are and were.
    pub fn cpu(&self) -> Result<CpuTime> {
        cpu_of(&std::fs::read_to_string(self.file("stat"))?)
    }

    /// CPU time used so far by the threads there are, in milliseconds, to the microsecond and better:
    /// for steps that are shorter than the ticks of [`cpu`](Self::cpu). Exact while the process
    /// waits.
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
        status(&std::fs::read_to_string(self.file("status"))?, "VmRSS:")
    }

    /// The most resident memory there was since [`reset_peak`](Self::reset_peak), in bytes.
    pub fn peak_bytes(&self) -> Result<u64> {
        status(&std::fs::read_to_string(self.file("status"))?, "VmHWM:")
    }

    /// Lets the peak begin anew with what is resident now.
    pub fn reset_peak(&self) -> Result<()> {
        // The 5 is documented in proc_pid_clear_refs(5): the high water mark, and nothing else.
        Ok(std::fs::write(self.file("clear_refs"), "5")?)
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
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

/// CPU time of this process, the client of them all.
pub fn own_cpu() -> Result<CpuTime> {
    cpu_of(&std::fs::read_to_string("/proc/self/stat")?)
}

fn cpu_of(stat: &str) -> Result<CpuTime> {
    // The name in parentheses may hold anything; what follows it does not.
    let fields = stat.rsplit_once(')').context("unreadable stat")?.1;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let mut next = || Ok::<_, anyhow::Error>(ticks.next().context("short stat")??);
    Ok(CpuTime { user: next()? / TICKS_PER_SECOND, system: next()? / TICKS_PER_SECOND })
}

/// Whether a process has ended that nobody has asked about yet.
fn has_exited(stat: &str) -> bool {
    stat.rsplit_once(')').is_none_or(|(_, fields)| fields.trim_start().starts_with(['Z', 'X']))
}

fn status(status: &str, field: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.with_context(|| format!("no {field} in status"))? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_whatever_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0";
        assert_eq!(cpu_of(stat).unwrap(), CpuTime { user: 2.5, system: 0.5 });
        assert!(cpu_of("7 (a) S 1").is_err());
    }

    #[test]
    fn a_process_that_has_exited_is_known_by_its_state() {
        assert!(has_exited("7 (a ) b) Z 1 7 7"));
        assert!(!has_exited("7 (a ) Z) S 1 7 7"));
        let ended = Process::start(Command::new("true").env_clear()).unwrap();
        assert!(ended.measure_to_its_end().is_ok());
        let failed = Process::start(Command::new("false").env_clear()).unwrap();
        assert!(failed.measure_to_its_end().is_err());
    }

    #[test]
    fn a_size_is_kibibytes() {
        assert_eq!(status("Name:\ta\nVmHWM:\t   12 kB\n", "VmHWM:").unwrap(), 12 * 1024);
        assert!(status("Name:\ta\n", "VmHWM:").is_err());
    }
}
