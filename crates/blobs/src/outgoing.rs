//! Sealed bytes on their way into the file.
//!
//! No segment begins where a page does, but a write that takes part of a page, or runs across the large
//! folios that the page cache is made of, costs a third more than one that does not. So the file is
//! written in windows, each of them at once and while it is still in the processor's cache.

use std::io;

use crate::header::HEADER_BYTES;
use crate::object_file::ObjectFile;
use crate::segment::STORED_SEGMENT_BYTES;

/// Bytes written at a time, from a place in the file that is a multiple of it.
const WINDOW_BYTES: usize = 256 * 1024;
/// Bytes of memory that these take: a window, and the segment that ends behind it.
pub(crate) const OUTGOING_BYTES_MAX: usize = WINDOW_BYTES + HEADER_BYTES + STORED_SEGMENT_BYTES;
/// Bytes that the disk is set to work on at a time, so that little is left for it when they are to be
/// durable.
const WRITE_BACK_BYTES: u64 = 8 * 1024 * 1024;

/// What has been sealed and is not in the file yet: less than a window, once
/// [`Self::write_windows`] is through.
pub(crate) struct Outgoing {
    /// Takes no memory before the first byte comes.
    buffer: Vec<u8>,
    /// Bytes in it.
    length: usize,
    /// Where in the file they belong.
    offset: u64,
    /// Up to where the disk is at work.
    written_back: u64,
}

impl Outgoing {
    /// Nothing, behind the first `offset` bytes of a file.
    pub(crate) fn behind(offset: u64) -> Self {
        Self { buffer: Vec::new(), length: 0, offset, written_back: offset }
    }

    /// Room for the next `length` bytes: a header or a segment.
    pub(crate) fn room(&mut self, length: usize) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer = vec![0; OUTGOING_BYTES_MAX];
        }
        let start = self.length;
        self.length += length;
        &mut self.buffer[start..self.length]
    }

    /// Writes the window that is full, if one is. To be called behind each segment.
    pub(crate) fn write_windows(&mut self, file: &dyn ObjectFile) -> io::Result<()> {
        let window = WINDOW_BYTES - (self.offset % WINDOW_BYTES as u64) as usize;
        if self.length < window { Ok(()) } else { self.write(window, file) }
    }

    /// Writes all there is.
    pub(crate) fn flush(&mut self, file: &dyn ObjectFile) -> io::Result<()> {
        self.write(self.length, file)
    }

    fn write(&mut self, count: usize, file: &dyn ObjectFile) -> io::Result<()> {
        file.write_all_at(&self.buffer[..count], self.offset)?;
        self.buffer.copy_within(count..self.length, 0);
        self.length -= count;
        self.offset += count as u64;
        let waiting = self.offset - self.written_back;
        if waiting >= WRITE_BACK_BYTES {
            file.begin_write_back(self.written_back, waiting);
            self.written_back = self.offset;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::conformance::sample;

    /// Keeps where and how much was written, and what is to be written back.
    #[derive(Default)]
    struct Log {
        writes: Mutex<Vec<(u64, usize)>>,
        write_backs: Mutex<Vec<(u64, u64)>>,
        bytes: Mutex<Vec<u8>>,
    }

    impl ObjectFile for Log {
        fn size_bytes(&self) -> io::Result<u64> {
            Ok(self.bytes.lock().unwrap().len() as u64)
        }
        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
            self.writes.lock().unwrap().push((offset, bytes.len()));
            self.bytes.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        }
        fn begin_write_back(&self, offset: u64, length: u64) {
            self.write_backs.lock().unwrap().push((offset, length));
        }
        fn truncate(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
        fn sync_folder(&self) -> io::Result<()> {
            Ok(())
        }
        fn is_linked(&self) -> io::Result<bool> {
            Ok(true)
        }
    }

    #[test]
    fn windows_of_the_file_are_written_whole_but_where_it_is_flushed() {
        let window = WINDOW_BYTES as u64;
        for start in [0, 512 + 7 * STORED_SEGMENT_BYTES as u64] {
            let (log, mut outgoing) = (Log::default(), Outgoing::behind(start));
            let bytes = sample(20 * STORED_SEGMENT_BYTES, 1);
            for (index, segment) in bytes.chunks(STORED_SEGMENT_BYTES).enumerate() {
                outgoing.room(segment.len()).copy_from_slice(segment);
                outgoing.write_windows(&log).unwrap();
                assert!(outgoing.length < WINDOW_BYTES);
                if index == 8 {
                    outgoing.flush(&log).unwrap();
                    assert_eq!(outgoing.length, 0);
                }
            }
            outgoing.flush(&log).unwrap();
            assert!(*log.bytes.lock().unwrap() == bytes);
            let flushed = start + 9 * STORED_SEGMENT_BYTES as u64;
            let end = start + bytes.len() as u64;
            let mut place = start;
            for (offset, length) in &*log.writes.lock().unwrap() {
                assert_eq!(*offset, place);
                place += *length as u64;
                assert!(place.is_multiple_of(window) || [flushed, end].contains(&place));
                assert!(*length <= WINDOW_BYTES);
            }
            assert_eq!(place, end);
        }
    }

    #[test]
    fn the_disk_is_set_to_work_on_each_byte_once() {
        let (log, mut outgoing) = (Log::default(), Outgoing::behind(0));
        for _ in 0..400 {
            outgoing.room(STORED_SEGMENT_BYTES);
            outgoing.write_windows(&log).unwrap();
        }
        let steps = (0..3).map(|step| (step * WRITE_BACK_BYTES, WRITE_BACK_BYTES));
        assert_eq!(*log.write_backs.lock().unwrap(), steps.collect::<Vec<_>>());
    }
}
