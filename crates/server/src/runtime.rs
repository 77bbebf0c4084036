//! The threads of the program.

use std::io;
use std::time::Duration;

use crate::memory;

/// Threads for file I/O at the most: more would only queue at the disk, and each costs a stack.
const BLOCKING_THREADS_MAX: usize = 64;
/// How long a thread for file I/O waits for work before it goes.
const BLOCKING_KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The runtime a command runs on: as many workers as the machine has cores.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    memory::keep_buffers();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_keep_alive(BLOCKING_KEEP_ALIVE)
        .thread_name("wharfinger")
        .build()
}
