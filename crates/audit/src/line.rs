//! One record as a line, formatted into a buffer that each thread keeps.

use std::cell::RefCell;

use wharfinger_core::limits::AUDIT_RECORD_BYTES_MAX;

/// Whatever becomes one line.
pub(crate) trait Line {
    /// Appends the JSON of the record.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Hands the line of a record to `take`. `None` if it does not serialize, or is longer than
/// records may be: nothing an edge makes is.
pub(crate) fn with_line<T>(record: &impl Line, take: impl FnOnce(&[u8]) -> T) -> Option<T> {
    LINE.with_borrow_mut(|line| {
        line.clear();
        record.write(line).ok()?;
        if line.len() >= AUDIT_RECORD_BYTES_MAX {
            // Nobody needs so much again.
            *line = Vec::new();
            return None;
        }
        line.push(b'\n');
        Some(take(line))
    })
}
