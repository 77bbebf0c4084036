//! Many connections driven by one thread, each asking again as soon as it was answered: cheap enough
//! to keep a server busy that is given the rest of the machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::head::{Framing, Head};

/// Bytes of an answer that are read at a time.
const READ_BYTES: usize = 32 << 10;

/// What is asked, by how many, for how long.
pub struct Load {
    /// Where to connect.
    pub address: SocketAddr,
    /// The method of all requests.
    pub method: &'static str,
    /// Whole requests, which the connections take in turn.
    pub requests: Arc<Vec<Vec<u8>>>,
    /// Connections at the same time.
    pub connections: usize,
    /// After that time no more is asked.
    pub duration: Duration,
}

/// What was answered: `200`, all of it.
#[derive(Default)]
pub struct Answered {
    /// How long each answer took, in milliseconds.
    pub latencies_ms: Vec<f64>,
    /// Bytes of their bodies.
    pub bytes: u64,
}

impl Load {
    /// Asks until the time is over.
    ///
    /// # Errors
    /// If anything but 200 is answered, or a connection ends.
    pub fn run(&self) -> Result<Answered> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let deadline = Instant::now() + self.duration;
            let mut tasks = JoinSet::new();
            for number in 0..self.connections {
                let (address, method) = (self.address, self.method);
                let requests = self.requests.clone();
                tasks.spawn(ask(address, method, requests, number, deadline));
            }
            let mut all = Answered::default();
            while let Some(answered) = tasks.join_next().await {
                let answered = answered??;
                all.latencies_ms.extend(answered.latencies_ms);
                all.bytes += answered.bytes;
            }
            Ok(all)
        })
    }
}

async fn ask(
    address: SocketAddr,
    method: &'static str,
    requests: Arc<Vec<Vec<u8>>>,
    number: usize,
    deadline: Instant,
) -> Result<Answered> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answered = Answered::default();
    let mut buffer = vec![0; READ_BYTES];
    for request in requests.iter().cycle().skip(number % requests.len().max(1)) {
        let started = Instant::now();
        if started >= deadline {
            break;
        }
        stream.write_all(request).await?;
        answered.bytes += answer(&mut stream, method, &mut buffer).await?;
        answered.latencies_ms.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(answered)
}

/// Reads one answer, and says how long its body was.
async fn answer(stream: &mut TcpStream, method: &str, buffer: &mut [u8]) -> Result<u64> {
    let mut filled = 0;
    let (head, used) = loop {
        ensure!(filled < buffer.len(), "a head longer than {READ_BYTES} bytes");
        match stream.read(&mut buffer[filled..]).await? {
            0 => bail!("the connection was closed"),
            got => filled += got,
        }
        if let Some(parsed) = Head::parse(&buffer[..filled])? {
            break parsed;
        }
    };
    ensure!(head.status == 200, "{method} answered {}", head.status);
    let Framing::Length(length) = head.framing(method)? else { bail!("an answer in chunks") };
    let mut left = length.saturating_sub((filled - used) as u64);
    while left > 0 {
        match stream.read(buffer).await? {
            0 => bail!("the answer broke off"),
            got => left = left.saturating_sub(got as u64),
        }
    }
    Ok(length)
}
