//! Memory that was freed: kept for the next that asks, or given back to the system.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often memory is given back, if there is any.
const INTERVAL: Duration = Duration::from_secs(5);
/// Connections that have to end or fall idle for it: what fewer leave behind is used again soon.
const CONNECTIONS_MIN: u64 = 64;

/// Bytes of the smallest block that is mapped for itself: more than any buffer of a body has, since
/// what was mapped anew costs a fault for each page.
#[cfg(target_env = "gnu")]
const MAPPED_BYTES_MIN: libc::c_int = 1024 * 1024;
/// Bytes that each heap keeps at its end when they are free.
#[cfg(target_env = "gnu")]
const KEPT_BYTES_MAX: libc::c_int = 2 * 1024 * 1024;

/// Has the allocator keep the buffers that bodies are received into, instead of giving back to the
/// system what it is asked for again at once.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the allocator of the system cannot be told otherwise")]
pub(crate) fn keep_buffers() {
    // SAFETY: they may be set at any time, by any thread. Refused, they stay what they were.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES_MAX);
    }
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn keep_buffers() {}

/// Counts connections that ended or fell idle. Each leaves small blocks all over the heap, which the
/// allocator keeps unless it is asked for them.
#[derive(Debug, Default)]
pub(crate) struct Ended(AtomicU64);

impl Ended {
    /// One more has.
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            few if few < CONNECTIONS_MIN => 0,
            _ => self.0.swap(0, Ordering::Relaxed),
        }
    }

    /// Gives back what they left, for ever.
    pub(crate) async fn give_back(&self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            // Milliseconds for what many connections leave, beside those that go on.
            if self.take() > 0 && tokio::task::spawn_blocking(trim).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the allocator of the system cannot be asked otherwise")]
fn trim() {
    // SAFETY: it may be called at any time, by any thread.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_connections_are_not_worth_it() {
        let ended = Ended::default();
        (1..CONNECTIONS_MIN).for_each(|_| ended.count());
        assert_eq!(ended.take(), 0);
        ended.count();
        assert_eq!(ended.take(), CONNECTIONS_MIN);
        assert_eq!(ended.take(), 0, "they count once");
        trim();
    }
}
