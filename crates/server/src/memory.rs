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

/// Gives back the parts of the program itself that only its start needed, which is most of it. What is
/// called again is mapped again, from the file in the page cache.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library does not know the program's own text")]
pub(crate) fn forget_start() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    if let Some(text) = mapped_text(&maps, forget_start as *const () as usize) {
        let start = std::ptr::with_exposed_provenance_mut(text.start);
        // SAFETY: nobody may write to this mapping, so each page of it is what the file says, and is
        // that again when it is next touched. Refused, all stays as it is.
        unsafe { libc::madvise(start, text.len(), libc::MADV_DONTNEED) };
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn forget_start() {}

/// The mapping with `address` in it, if that is a private one of a file that may be executed and not
/// be written.
#[cfg(target_os = "linux")]
fn mapped_text(maps: &str, address: usize) -> Option<std::ops::Range<usize>> {
    maps.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        let is_text = words.next()? == "r-xp" && words.nth(3)?.starts_with('/');
        (is_text && range.contains(&address)).then_some(range)
    })
}

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

    #[cfg(target_os = "linux")]
    #[test]
    fn the_text_of_the_program_is_the_mapping_that_has_it() {
        let maps = "1000-3000 r--p 00000000 fe:00 11 /bin/server\n\
                    3000-9000 r-xp 00002000 fe:00 11 /bin/server\n\
                    9000-a000 rw-p 00008000 fe:00 11 /bin/server\n\
                    b000-c000 r-xp 00000000 00:00 0\n\
                    d000-e000 r-xp 00000000 00:00 0 [vdso]\n";
        assert_eq!(mapped_text(maps, 0x3000), Some(0x3000..0x9000));
        for other in [0x1000, 0x2fff, 0x9000, 0xb000, 0xd000, 0xf000] {
            assert_eq!(mapped_text(maps, other), None, "{other:x}");
        }
        // This very test goes on in what was given back.
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(mapped_text(&maps, forget_start as *const () as usize).is_some());
        forget_start();
        assert_eq!(mapped_text(&maps, 0), None);
    }
}
