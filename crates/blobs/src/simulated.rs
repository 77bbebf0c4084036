//! A disk in memory for simulations: it fails when it is told to, and forgets at a power cut what
//! nobody had made durable. Behind it is the adapter for local files, with all its syncs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use wharfinger_core::{Entropy, EntropyExt, ObjectId};

use crate::key::KeyProvider;
use crate::local::LocalBlobStore;
use crate::object_file::{ObjectFile, ObjectFolder};
use crate::store::ObjectPage;

/// `EIO` of Linux.
const EIO: i32 = 5;

/// How a simulated computer goes down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crash {
    /// The process ends, what it had written stays.
    Kill,
    /// What was not synced may be there or not.
    PowerCut,
}

/// The disk. Clones are the same one.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<ObjectId, Named>,
    /// Removed, and nobody has made that durable.
    removed: BTreeMap<ObjectId, Arc<Inode>>,
    /// The names of what was put aside.
    aside: BTreeSet<String>,
    /// Calls that change something and succeed before one fails.
    fails_after: Option<u32>,
}

#[derive(Clone)]
struct Named {
    inode: Arc<Inode>,
    durable: bool,
}

#[derive(Default)]
struct Inode {
    bytes: Mutex<Bytes>,
    /// Whether a writer holds it.
    held: AtomicBool,
    /// Whether it has no name any more.
    unlinked: AtomicBool,
}

#[derive(Clone, Default)]
struct Bytes {
    now: Vec<u8>,
    /// As they were at the last sync.
    durable: Vec<u8>,
}

impl SimulatedDisk {
    /// A store on this disk: one at a time, as a process has it.
    pub fn store(&self, keys: Arc<dyn KeyProvider>, entropy: Arc<dyn Entropy>) -> LocalBlobStore {
        LocalBlobStore::with_folder(Arc::new(self.clone()), keys, entropy)
    }

    /// Has every call fail that changes something, after so many that succeed, until
    /// [`Self::mend`].
    pub fn fail_after(&self, calls: u32) {
        self.0.lock().fails_after = Some(calls);
    }

    /// No call fails from now on.
    pub fn mend(&self) {
        self.0.lock().fails_after = None;
    }

    /// The objects that have a file, in order.
    pub fn objects(&self) -> Vec<ObjectId> {
        self.0.lock().files.keys().copied().collect()
    }

    /// What is left after a crash. All stores on the disk must be gone.
    pub fn crash(&self, crash: Crash, entropy: &dyn Entropy) {
        let mut state = self.0.lock();
        state.fails_after = None;
        let coin = || entropy.bytes::<1>()[0].is_multiple_of(2);
        if crash == Crash::PowerCut {
            let removed = std::mem::take(&mut state.removed);
            for (object_id, inode) in removed {
                if coin() {
                    state.files.insert(object_id, Named { inode, durable: true });
                }
            }
            state.files.retain(|_, file| file.durable || coin());
        }
        for file in state.files.values_mut() {
            let mut bytes = file.inode.bytes.lock().clone();
            if crash == Crash::PowerCut && coin() {
                bytes.now = bytes.durable.clone();
            }
            if crash == Crash::PowerCut {
                bytes.durable = bytes.now.clone();
            }
            let inode = Inode { bytes: Mutex::new(bytes), ..Inode::default() };
            *file = Named { inode: Arc::new(inode), durable: file.durable };
        }
    }

    /// Whether the next call that changes something is to fail.
    fn change(&self) -> io::Result<()> {
        match &mut self.0.lock().fails_after {
            Some(0) => Err(io::Error::from_raw_os_error(EIO)),
            Some(calls) => {
                *calls -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn handle(&self, object_id: ObjectId, inode: Arc<Inode>, holds: bool) -> Arc<dyn ObjectFile> {
        Arc::new(Handle { disk: self.clone(), object_id, inode, holds })
    }

    fn find(&self, object_id: ObjectId) -> io::Result<Arc<Inode>> {
        let state = self.0.lock();
        let found = state.files.get(&object_id).map(|file| Arc::clone(&file.inode));
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl ObjectFolder for SimulatedDisk {
    fn create(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        self.change()?;
        let inode = Arc::new(Inode { held: true.into(), ..Inode::default() });
        let named = Named { inode: Arc::clone(&inode), durable: false };
        match self.0.lock().files.insert(object_id, named) {
            None => Ok(self.handle(object_id, inode, true)),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    fn reopen(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        let inode = self.find(object_id)?;
        match inode.held.swap(true, Ordering::SeqCst) {
            false => Ok(self.handle(object_id, inode, true)),
            true => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn open(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        Ok(self.handle(object_id, self.find(object_id)?, false))
    }

    fn remove(&self, object_id: ObjectId) -> io::Result<()> {
        self.change()?;
        let mut state = self.0.lock();
        if let Some(file) = state.files.remove(&object_id) {
            file.inode.unlinked.store(true, Ordering::SeqCst);
            if file.durable {
                state.removed.insert(object_id, file.inode);
            }
        }
        Ok(())
    }

    fn list(&self, after: Option<ObjectId>, limit: usize) -> io::Result<ObjectPage> {
        let state = self.0.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut files = state.files.range((from, Bound::Unbounded));
        let size = |file: &Named| file.inode.bytes.lock().now.len() as u64;
        let page = files.by_ref().take(limit).map(|(object_id, file)| (*object_id, size(file)));
        let objects: Vec<_> = page.collect();
        let next_after = files.next().and_then(|_| objects.last()).map(|(last, _)| *last);
        Ok(ObjectPage { objects, next_after, ..ObjectPage::default() })
    }

    fn put_aside(&self, object_id: ObjectId) -> io::Result<bool> {
        self.change()?;
        let mut state = self.0.lock();
        let found = state.files.remove(&object_id).is_some();
        if found {
            state.aside.insert(object_id.to_string());
        }
        Ok(found)
    }

    fn write_aside(&self, object_id: ObjectId, _: &[u8]) -> io::Result<()> {
        self.change()?;
        self.0.lock().aside.insert(object_id.to_string());
        Ok(())
    }

    fn names_aside(&self, limit: usize) -> io::Result<Vec<String>> {
        Ok(self.0.lock().aside.iter().take(limit).cloned().collect())
    }
}

/// An open file.
struct Handle {
    disk: SimulatedDisk,
    object_id: ObjectId,
    inode: Arc<Inode>,
    holds: bool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.holds {
            self.inode.held.store(false, Ordering::SeqCst);
        }
    }
}

impl ObjectFile for Handle {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.inode.bytes.lock().now.len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = self.inode.bytes.lock();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let found = bytes.now.get(from..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let outcome = self.disk.change();
        // As a disk does that fails in the middle: a part of it is there.
        let bytes = if outcome.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        let mut file = self.inode.bytes.lock();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        if file.now.len() < from + bytes.len() {
            file.now.resize(from + bytes.len(), 0);
        }
        file.now[from..from + bytes.len()].copy_from_slice(bytes);
        outcome
    }

    fn begin_write_back(&self, _: u64, _: u64) {}

    fn truncate(&self, size_bytes: u64) -> io::Result<()> {
        self.disk.change()?;
        let size = usize::try_from(size_bytes).map_err(io::Error::other)?;
        self.inode.bytes.lock().now.resize(size, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change()?;
        let mut bytes = self.inode.bytes.lock();
        bytes.durable = bytes.now.clone();
        Ok(())
    }

    /// The names of one subfolder, as on a real disk: the ids that begin with the same byte.
    fn sync_folder(&self) -> io::Result<()> {
        self.disk.change()?;
        let is_beside = |other: &ObjectId| other.as_bytes()[0] == self.object_id.as_bytes()[0];
        let mut state = self.disk.0.lock();
        state.removed.retain(|object_id, _| !is_beside(object_id));
        for (_, file) in state.files.iter_mut().filter(|(object_id, _)| is_beside(object_id)) {
            file.durable = true;
        }
        Ok(())
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(!self.inode.unlinked.load(Ordering::SeqCst))
    }
}
