//! How far a command is, on a terminal. Where standard error is none, nothing is shown.

use std::io::{IsTerminal as _, Write as _};

/// A line that is written over.
pub(super) struct Progress {
    is_shown: bool,
    is_open: bool,
    last: u64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal(), is_open: false, last: 0 }
    }

    /// Shows `text` if `done` is `step` further than when something was shown last.
    pub(super) fn at(&mut self, done: u64, step: u64, text: impl FnOnce() -> String) {
        if self.is_shown && (done < self.last || done - self.last >= step) {
            self.last = done;
            self.is_open = true;
            // There is nobody to tell if that fails.
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K{}", text());
        }
    }

    /// Takes the line away, before something else is written.
    pub(super) fn clear(&mut self) {
        self.last = 0;
        if std::mem::take(&mut self.is_open) {
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}
