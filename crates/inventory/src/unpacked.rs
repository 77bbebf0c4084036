//! The bytes of a layer, unpacked: gzip, zstd or as they are, by what they begin with; bounded in
//! number, in what they unpack to, and in time.
//!
//! As Go reads them (and so containerd and docker): a gzip stream may have several members, and what
//! follows the last must be one; zstd frames may stand in a row, with skippable ones between them.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;

use crate::tar::Source;
use crate::{LayerError, Limits};

/// Bytes that are read of the layer at once.
const PACKED_BUFFER_BYTES: usize = 64 << 10;
/// Bytes that are unpacked at once.
const UNPACKED_BUFFER_BYTES: usize = 128 << 10;
/// The largest window of zstd: 32 MiB, that of its level 20. Each decoder holds one in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The last three bytes of a skippable frame's number; the first is 0x50 to 0x5f.
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// How long the layer has been read.
pub(crate) type Elapsed<'a> = &'a dyn Fn() -> Duration;

/// The unpacked bytes. An error stays: after one, nothing more is read.
pub(crate) struct Unpacked<'a, R: Read> {
    decoder: Decoder<'a, R>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    unpacked: u64,
    meter: Rc<Meter>,
    limits: &'a Limits,
    elapsed: Elapsed<'a>,
    failure: Option<LayerError>,
}

enum Decoder<'a, R: Read> {
    Plain(BufReader<Packed<'a, R>>),
    Gzip(Box<MultiGzDecoder<BufReader<Packed<'a, R>>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Packed<'a, R>>>>),
}

/// What is known of the packed bytes, whoever has their reader.
#[derive(Default)]
struct Meter {
    bytes: Cell<u64>,
    failed: Cell<bool>,
    late: Cell<bool>,
}

/// The packed bytes, counted. They look at the time too, because input may go in without output coming
/// out: empty members, skipped frames.
struct Packed<'a, R> {
    inner: R,
    /// What was read to see how the layer begins, and is still to be given; the first byte last.
    first: Vec<u8>,
    meter: Rc<Meter>,
    time: Duration,
    elapsed: Elapsed<'a>,
}

impl<R: Read> Packed<'_, R> {
    /// How the layer begins; zeros where it is shorter. The bytes are read again after that.
    fn first(&mut self) -> io::Result<[u8; 4]> {
        let mut first = [0; 4];
        let mut taken = Vec::new();
        for byte in &mut first {
            if self.read(std::slice::from_mut(byte))? == 0 {
                break;
            }
            taken.push(*byte);
        }
        taken.reverse();
        self.first = taken;
        Ok(first)
    }
}

impl<R: Read> Read for Packed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let (false, Some(to)) = (self.first.is_empty(), into.first_mut()) {
            *to = self.first.pop().unwrap_or_default();
            return Ok(1);
        }
        if (self.elapsed)() > self.time {
            self.meter.late.set(true);
            return Err(io::Error::other("the time is over"));
        }
        loop {
            match self.inner.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.meter.failed.set(true);
                    return Err(error);
                }
                Ok(count) => {
                    self.meter.bytes.set(self.meter.bytes.get().saturating_add(count as u64));
                    return Ok(count);
                }
            }
        }
    }
}

impl<R: Read> Read for Decoder<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(into),
            Self::Gzip(bytes) => bytes.read(into),
            Self::Zstd(bytes) => bytes.read(into),
        }
    }
}

impl<'a, R: Read> Unpacked<'a, R> {
    /// Looks at the first bytes.
    ///
    /// # Errors
    /// When they cannot be had.
    pub(crate) fn open(
        layer: R,
        limits: &'a Limits,
        elapsed: Elapsed<'a>,
    ) -> Result<Self, LayerError> {
        let meter = Rc::new(Meter::default());
        let mut packed = Packed {
            inner: layer,
            first: Vec::new(),
            meter: Rc::clone(&meter),
            time: limits.time,
            elapsed,
        };
        let first = packed.first().map_err(|error| classify(error, &meter, limits))?;
        let decoder = Decoder::open(first, BufReader::with_capacity(PACKED_BUFFER_BYTES, packed))?;
        Ok(Self {
            decoder,
            buffer: vec![0; UNPACKED_BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            unpacked: 0,
            meter,
            limits,
            elapsed,
            failure: None,
        })
    }

    /// The error that a reader of a file met, if it was the layer's.
    pub(crate) fn failure(&mut self) -> Option<LayerError> {
        self.failure.take()
    }

    /// Keeps an error for [`Unpacked::failure`], and gives one that says no more.
    pub(crate) fn fail(&mut self, failure: LayerError) -> io::Error {
        self.failure = Some(failure);
        io::Error::other("the layer could not be read further")
    }

    /// Some bytes; none at the end.
    pub(crate) fn take(&mut self, into: &mut [u8]) -> Result<usize, LayerError> {
        if self.start == self.end && !self.fill()? {
            return Ok(0);
        }
        let here = self.buffer.get(self.start..self.end).unwrap_or_default();
        let count = here.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), here.get(..count)) {
            to.copy_from_slice(from);
        }
        self.start += count;
        Ok(count)
    }

    fn fill(&mut self) -> Result<bool, LayerError> {
        let count = loop {
            match self.decoder.read(&mut self.buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(classify(error, &self.meter, self.limits)),
            }
        };
        (self.start, self.end) = (0, count);
        self.unpacked = self.unpacked.saturating_add(count as u64);
        self.check()?;
        Ok(count > 0)
    }

    fn check(&self) -> Result<(), LayerError> {
        let limits = self.limits;
        if self.unpacked > limits.unpacked_bytes {
            let limit = limits.unpacked_bytes;
            return Err(LayerError::TooMuch { limit, what: "bytes when it is unpacked" });
        }
        let packed = self.meter.bytes.get().saturating_mul(limits.ratio);
        if self.unpacked > Limits::RATIO_FROM_BYTES && self.unpacked > packed {
            return Err(LayerError::Ratio(limits.ratio));
        }
        if (self.elapsed)() > limits.time {
            return Err(LayerError::TooLong(limits.time.as_secs()));
        }
        Ok(())
    }
}

impl<R: Read> Source for Unpacked<'_, R> {
    fn read_full(&mut self, into: &mut [u8]) -> Result<usize, LayerError> {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.take(rest)? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    fn skip(&mut self, count: u64) -> Result<u64, LayerError> {
        let mut left = count;
        while left > 0 {
            if self.start == self.end && !self.fill()? {
                break;
            }
            let here = ((self.end - self.start) as u64).min(left);
            self.start += here as usize;
            left -= here;
        }
        Ok(count - left)
    }
}

impl<'a, R: Read> Decoder<'a, R> {
    fn open(first: [u8; 4], packed: BufReader<Packed<'a, R>>) -> Result<Self, LayerError> {
        let [first_byte, rest @ ..] = first;
        let skippable = (0x50..=0x5f).contains(&first_byte) && rest == ZSTD_SKIPPABLE;
        if first.starts_with(&GZIP) {
            Ok(Self::Gzip(Box::new(MultiGzDecoder::new(packed))))
        } else if first == ZSTD || skippable {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Ok(Self::Zstd(Box::new(decoder)))
        } else {
            Ok(Self::Plain(packed))
        }
    }
}

fn classify(error: io::Error, meter: &Meter, limits: &Limits) -> LayerError {
    if meter.late.get() {
        LayerError::TooLong(limits.time.as_secs())
    } else if meter.failed.get() {
        LayerError::Io(error)
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        LayerError::Compression("it ends too early".to_owned())
    } else {
        LayerError::Compression(error.to_string())
    }
}
