//! The connection that does nothing but look whether there were commits.
//!
//! `PRAGMA data_version` says so without reading a page: its value for one connection changes
//! whenever another one has committed, in this process or in any other. This connection never
//! writes, so no commit escapes it. Only if the value has changed are the counters read.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::MetadataError;
use crate::change_counter::Changes;

const DATA_VERSION: &str = "PRAGMA data_version";
const ACCESS: &str = "SELECT value FROM change_counter WHERE kind = 'access'";

/// Watchers there were so far, each of which has a number of its own.
static WATCHERS: AtomicU64 = AtomicU64::new(0);

pub(super) struct Watcher(Mutex<Watched>);

struct Watched {
    connection: Option<Connection>,
    /// The `data_version` of that connection when `changes` were last true.
    version: i64,
    changes: Changes,
}

impl Default for Watcher {
    fn default() -> Self {
        let changes = Changes::unseen(WATCHERS.fetch_add(1, Ordering::Relaxed));
        Self(Mutex::new(Watched { connection: None, version: 0, changes }))
    }
}

impl Watcher {
    /// What has changed so far; `connect` opens the database the first time, and after an error.
    ///
    /// The version is read before the counters, so that a commit between the two is found again
    /// by the next look, and nothing that was acknowledged before this one is missed by it.
    pub(super) fn look(
        &self,
        connect: impl FnOnce() -> Result<Connection, MetadataError>,
    ) -> Result<Changes, MetadataError> {
        let mut watched = self.0.lock();
        // Put back when all has gone well: another connection counts from another beginning.
        let (connection, known) = match watched.connection.take() {
            Some(connection) => (connection, Some(watched.version)),
            None => (connect()?, None),
        };
        let version = integer(&connection, DATA_VERSION)?;
        if known != Some(version) {
            let access = integer(&connection, ACCESS)?;
            watched.changes = watched.changes.moved_on(access);
            watched.version = version;
        }
        watched.connection = Some(connection);
        Ok(watched.changes)
    }
}

fn integer(connection: &Connection, sql: &'static str) -> Result<i64, MetadataError> {
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}
