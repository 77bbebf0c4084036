//! An audit log in memory. Every request that a test sends must be in it, once; and nothing that
//! somebody logs in with may ever be.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use wharfinger_audit::{Audit, Mode, Sink};
use wharfinger_core::{Clock, Entropy};

/// What was written, and what must not have been.
pub struct AuditLog {
    state: Arc<Mutex<State>>,
    /// The log of the registry that is tested.
    pub audit: Audit,
}

#[derive(Default)]
struct State {
    text: String,
    by_request: HashMap<String, u32>,
    secrets: Vec<String>,
    /// Those of the last requests.
    recent: VecDeque<String>,
    broken: bool,
}

struct Memory(Arc<Mutex<State>>);

impl Memory {
    fn whole(&self) -> io::Result<()> {
        match self.0.lock().unwrap().broken {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl Sink for Memory {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.whole()?;
        let mut state = self.0.lock().unwrap();
        let lines = std::str::from_utf8(lines).unwrap();
        for secret in &state.recent {
            assert!(!lines.contains(secret.as_str()), "a secret is in the audit log: {secret}");
        }
        for line in lines.lines() {
            let id = line.split("\"requestID\":\"").nth(1).unwrap().split('"').next().unwrap();
            *state.by_request.entry(id.to_owned()).or_default() += 1;
        }
        state.text.push_str(lines);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.whole()
    }

    fn recover(&mut self) -> io::Result<()> {
        self.whole()
    }
}

impl AuditLog {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let state = Arc::default();
        let sink = Box::new(Memory(Arc::clone(&state)));
        Self { state, audit: Audit::on(sink, Mode::All, clock, entropy).unwrap() }
    }

    /// From now on the disk is full, or no longer.
    pub fn set_full(&self, full: bool) {
        self.state.lock().unwrap().broken = full;
    }

    /// Something that must never be written.
    pub fn keep_out(&self, secret: &str) {
        self.state.lock().unwrap().secrets.push(secret.to_owned());
    }

    /// Something that one request brings, or is answered, and that must never be written.
    pub fn keep_out_of_request(&self, secret: &str) {
        let mut state = self.state.lock().unwrap();
        if secret.len() >= 12 && !state.recent.iter().any(|it| it == secret) {
            state.recent.push_back(secret.to_owned());
            if state.recent.len() > 16 {
                state.recent.pop_front();
            }
        }
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        self.state.lock().unwrap().broken
    }

    /// How many records a request has.
    pub async fn count(&self, request_id: &str) -> u32 {
        let _ = self.audit.settled().await;
        self.known(request_id)
    }

    /// How many of them are written already.
    pub fn known(&self, request_id: &str) -> u32 {
        self.state.lock().unwrap().by_request.get(request_id).copied().unwrap_or_default()
    }

    /// The records so far.
    pub async fn records(&self) -> Vec<Value> {
        let _ = self.audit.settled().await;
        let state = self.state.lock().unwrap();
        state.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last record.
    pub async fn last(&self) -> Value {
        self.records().await.pop().unwrap()
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let state = self.state.lock().unwrap();
        for secret in state.secrets.iter().filter(|secret| secret.len() >= 12) {
            assert!(!state.text.contains(secret), "a secret is in the audit log: {secret}");
        }
    }
}
