//! What a server was asked and what it answered, as its own log has it: whether a client sent bytes
//! again that it need not, in how many pieces, and where it went on.

use std::time::Duration;

use serde_json::Value;

use crate::server::Server;
use crate::wait;

/// A line that is not in the log by then will not come.
const LIMIT: Duration = Duration::from_secs(60);
/// What a server is told so that its log can be read here.
pub const LOG: [&str; 2] = ["--log-format", "json"];

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The status.
    pub status: u64,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
}

impl Exchange {
    /// Whether it has this method, and a path that begins so.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.starts_with(path)
    }

    fn of_line(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| Some(line[name].as_str()?.to_owned());
        let number = |name: &str| line[name].as_u64();
        Some(Self {
            method: text("method")?,
            path: text("path")?,
            status: number("status")?,
            bytes_in: number("bytes_in")?,
            bytes_out: number("bytes_out")?,
        })
    }
}

/// All that is over, in the order in which it ended. The server was started with [`LOG`].
pub fn exchanges(server: &Server) -> Vec<Exchange> {
    server.log().lines().filter_map(Exchange::of_line).collect()
}

/// Waits until the log shows what `look` is looking for.
///
/// # Panics
/// With the whole traffic, if it does not come.
#[track_caller]
pub fn until<T>(server: &Server, look: impl Fn(&[Exchange]) -> Option<T>) -> T {
    let found = wait::poll(LIMIT, || look(&exchanges(server)));
    found.unwrap_or_else(|| panic!("not in the log: {:#?}", exchanges(server)))
}

/// All up to the first answer of this status to this request, for which is waited: what a client
/// did before.
#[track_caller]
pub fn up_to(server: &Server, method: &str, path: &str, status: u64) -> Vec<Exchange> {
    until(server, |all| {
        let last = all.iter().position(|it| it.is(method, path) && it.status == status)?;
        Some(all[..=last].to_vec())
    })
}
