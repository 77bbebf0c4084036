//! Whether what was read is still true: counters that move with each change, and a cache that asks
//! them.
//!
//! Each transaction that changes rows of a kind adds to the counter of that kind: triggers do it, so
//! that no statement can forget it, whichever process runs it. [`Metadata::changes`](crate::Metadata::changes)
//! reads the counters, and an entry of a [`StandingCache`] is found only while the counter of its
//! kind stands where it stood *before* the entry was read.
//!
//! Why that is exact. A request looks at the counters, takes the entry if its stamp is what it
//! saw, and else reads and puts what it read under the stamp that it saw.
//! - A commit that was acknowledged before the look is in what the look saw: a look is a read
//!   of its own, which sees all that was committed before it began.
//! - A commit between the look and the reading is in what was read, but not in its stamp. The
//!   next look sees another stamp, and the entry is read once more than it had to be.
//! - A commit between the look and the use of an entry is one that came while the request was at
//!   work, as if the request had read a moment earlier.
//! - Whoever is late to put an entry away, over a newer one, does so under an old stamp, which
//!   no look sees again: counters never go back while the database is open.
//!
//! So an entry can be thrown away in vain, and never be used after its time.

use std::hash::Hash;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// Parts of a cache that are locked each for itself. Not by the number of cores: what is heavier
/// than a part may be is not kept.
const SHARDS: usize = 8;
/// What an entry weighs as a rule, which settles how many keys a cache remembers.
const ENTRY_BYTES_USUAL: u64 = 4 * 1024;

/// What a cache depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// Whatever decides who may do what: keys, users, their policies, those of repositories and
    /// registries, resource tags, and the names that repositories are found by.
    Access,
    /// The database as a whole.
    Anything,
    /// Nothing: for what stays true for ever, such as the bytes of a digest.
    Nothing,
}

/// What has changed up to one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changes {
    /// Who looked: what another one counts has another beginning.
    watcher: u64,
    access: i64,
    /// Counts the looks that found commits.
    anything: i64,
}

/// Where a counter stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stamp {
    Counted { watcher: u64, count: i64 },
    ForEver,
}

impl Changes {
    /// What somebody has seen who has not looked yet.
    pub(crate) fn unseen(watcher: u64) -> Self {
        Self { watcher, access: 0, anything: 0 }
    }

    /// What a look saw that found commits.
    pub(crate) fn moved_on(self, access: i64) -> Self {
        Self { access, anything: self.anything + 1, ..self }
    }

    pub(crate) fn of(&self, kind: ChangeKind) -> Stamp {
        let counted = |count| Stamp::Counted { watcher: self.watcher, count };
        match kind {
            ChangeKind::Access => counted(self.access),
            ChangeKind::Anything => counted(self.anything),
            ChangeKind::Nothing => Stamp::ForEver,
        }
    }
}

/// A cache of what was read from the database, bounded by what its entries weigh, whose entries
/// are good as long as nothing of a kind has changed.
pub struct StandingCache<K, V> {
    kind: ChangeKind,
    entries: Cache<K, Standing<V>, OwnWeight>,
}

#[derive(Clone)]
struct Standing<V> {
    stamp: Stamp,
    bytes: u64,
    value: V,
}

#[derive(Clone)]
struct OwnWeight;

impl<K, V> Weighter<K, Standing<V>> for OwnWeight {
    fn weight(&self, _key: &K, entry: &Standing<V>) -> u64 {
        // Nothing is free: what weighs nothing would stay for ever.
        entry.bytes.max(1)
    }
}

impl<K: Eq + Hash, V: Clone> StandingCache<K, V> {
    /// An empty cache of what changes of `kind` make untrue, of `bytes_max` at the most. No entry
    /// is kept that weighs more than an eighth of that.
    pub fn new(kind: ChangeKind, bytes_max: u64) -> Self {
        let items = usize::try_from(bytes_max / ENTRY_BYTES_USUAL).unwrap_or(usize::MAX);
        let mut options = OptionsBuilder::new();
        options.shards(SHARDS).estimated_items_capacity(items.max(1)).weight_capacity(bytes_max);
        let entries = match options.build() {
            Ok(options) => {
                let (hasher, lifecycle) =
                    (DefaultHashBuilder::default(), DefaultLifecycle::default());
                Cache::with_options(options, OwnWeight, hasher, lifecycle)
            }
            // Only without the two sizes given above.
            Err(_) => Cache::with_weighter(items.max(1), bytes_max, OwnWeight),
        };
        Self { kind, entries }
    }

    /// The entry of `key`, if it is what one would read now that there were these `changes`.
    pub fn get(&self, changes: &Changes, key: &K) -> Option<V> {
        let entry = self.entries.get(key)?;
        (entry.stamp == changes.of(self.kind)).then_some(entry.value)
    }

    /// Keeps what was read for `key` after `changes` were looked at, and takes up some `bytes`.
    pub fn insert(&self, changes: &Changes, key: K, value: V, bytes: u64) {
        self.entries.insert(key, Standing { stamp: changes.of(self.kind), bytes, value });
    }

    /// What all entries together weigh.
    pub fn bytes(&self) -> u64 {
        self.entries.weight()
    }
}
