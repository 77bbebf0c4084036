//! Reads layers from files and says what that cost, beside what decompressing them costs:
//! `read_layers [--only-decompress] [--repeat N] LAYER…`, the lowest layer first.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use flate2::bufread::MultiGzDecoder;
use wharfinger_core::Digest;
use wharfinger_inventory::{Limits, compose, read_layer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let only = arguments.next_if(|it| it == "--only-decompress").is_some();
    let repeat = match arguments.next_if(|it| it == "--repeat") {
        Some(_) => arguments.next().unwrap_or_default().parse()?,
        None => 1,
    };
    let paths: Vec<String> = arguments.collect();
    for _ in 0..repeat {
        let (plain, bytes) = timed(|| decompress(&paths))?;
        report("decompressed", plain, bytes, &format!("{bytes} bytes"))?;
        if !only {
            let (read, packages) = timed(|| scan(&paths))?;
            report("read", read, bytes, &format!("{packages} packages"))?;
            let ratio = plain.as_secs_f64() / read.as_secs_f64() * 100.0;
            writeln!(io::stdout(), "speed of decompressing alone: {ratio:.1} %")?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement is what this program is for")]
fn timed<T>(
    work: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<(Duration, T), Box<dyn Error>> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed(), done))
}

fn report(what: &str, time: Duration, bytes: u64, outcome: &str) -> io::Result<()> {
    let speed = bytes as f64 / 1e6 / time.as_secs_f64();
    let seconds = time.as_secs_f64();
    writeln!(io::stdout(), "{what} in {seconds:.3} s, {speed:.0} MB/s: {outcome}")
}

/// What gzip costs, into a buffer as large as that of the reader of layers.
fn decompress(paths: &[String]) -> Result<u64, Box<dyn Error>> {
    let mut buffer = vec![0; 128 << 10];
    let mut bytes = 0;
    for path in paths {
        let file = io::BufReader::with_capacity(64 << 10, File::open(path)?);
        let mut decoder = MultiGzDecoder::new(file);
        loop {
            match decoder.read(&mut buffer)? {
                0 => break,
                count => bytes += count as u64,
            }
        }
    }
    Ok(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a caller has a clock; this one has none to be given"
)]
fn scan(paths: &[String]) -> Result<usize, Box<dyn Error>> {
    let mut layers = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let start = Instant::now();
        let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
        let elapsed = || start.elapsed();
        let facts = read_layer(File::open(path)?, media_type, &Limits::default(), &elapsed)?;
        layers.push((Digest::Sha256([u8::try_from(number)?; 32]), facts));
    }
    let kept = serde_json::to_vec(&layers.iter().map(|(_, facts)| facts).collect::<Vec<_>>())?;
    let packed = zstd::stream::encode_all(kept.as_slice(), 3)?.len();
    writeln!(io::stdout(), "facts: {} bytes, {packed} compressed", kept.len())?;
    Ok(compose(&layers).packages.len())
}
