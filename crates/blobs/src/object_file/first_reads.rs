//! Which objects were read lately.
//!
//! Many are read once: a layer that a machine has pulled it does not pull again. So the first read of an
//! object leaves the page cache alone, and only what is read again is cached.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use wharfinger_core::ObjectId;

/// Objects remembered: their layers are more than most page caches hold.
const OBJECTS_MAX: usize = 4096;

/// The objects that were read last.
#[derive(Default)]
pub(super) struct FirstReads(Mutex<Read>);

#[derive(Default)]
struct Read {
    objects: HashSet<ObjectId>,
    /// In the order of their first reads.
    order: VecDeque<ObjectId>,
}

impl FirstReads {
    /// Whether `object_id` has not been asked for lately. From now on it has.
    pub(super) fn is_first(&self, object_id: ObjectId) -> bool {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !read.objects.insert(object_id) {
            return false;
        }
        read.order.push_back(object_id);
        if read.order.len() > OBJECTS_MAX
            && let Some(oldest) = read.order.pop_front()
        {
            read.objects.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_forgotten_when_many_others_were_read() {
        let reads = FirstReads::default();
        let id = |number: u128| ObjectId::from_bytes(number.to_be_bytes());
        assert!(reads.is_first(id(0)));
        assert!(!reads.is_first(id(0)));
        for number in 1..OBJECTS_MAX as u128 {
            assert!(reads.is_first(id(number)));
        }
        assert!(!reads.is_first(id(0)));
        assert!(reads.is_first(id(OBJECTS_MAX as u128)));
        assert!(reads.is_first(id(0)));
        assert!(!reads.is_first(id(2)));
    }
}
