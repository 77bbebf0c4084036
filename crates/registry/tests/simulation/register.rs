//! What a name may stand for while several clients change it, and what it must stand for once one
//! of them was answered and no other was at it.

use std::collections::BTreeSet;

/// A name's values. One that an operation under way may give it is possible; what an answered
/// operation gave it is certain unless another one overlapped with it.
#[derive(Clone, Debug)]
pub struct Register<V> {
    settled: BTreeSet<V>,
    under_way: Vec<Operation<V>>,
    /// Grows with everything that happens to it.
    stamp: u64,
}

#[derive(Clone, Debug)]
struct Operation<V> {
    id: u64,
    value: V,
    /// What operations that overlap with it may have made of the name after it.
    overlaps: BTreeSet<V>,
}

/// What is known of an operation that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It did what it was to do.
    Done,
    /// It may have.
    Unknown,
    /// It changed nothing.
    Nothing,
}

impl<V: Ord + Clone> Register<V> {
    pub fn new(value: V) -> Self {
        Self { settled: BTreeSet::from([value]), under_way: Vec::new(), stamp: 0 }
    }

    pub fn begin(&mut self, id: u64, value: V) {
        let overlaps = self.under_way.iter().map(|other| other.value.clone()).collect();
        for other in &mut self.under_way {
            other.overlaps.insert(value.clone());
        }
        self.under_way.push(Operation { id, value, overlaps });
        self.stamp += 1;
    }

    pub fn end(&mut self, id: u64, outcome: Outcome) {
        let Some(at) = self.under_way.iter().position(|operation| operation.id == id) else {
            return;
        };
        let Operation { value, overlaps, .. } = self.under_way.remove(at);
        match outcome {
            Outcome::Done => {
                self.settled = overlaps;
                self.settled.insert(value);
            }
            Outcome::Unknown => {
                self.settled.insert(value);
            }
            Outcome::Nothing => {}
        }
        self.stamp += 1;
    }

    /// The registry by itself may give it this value, now or later.
    pub fn may_become(&mut self, value: V) {
        for operation in &mut self.under_way {
            operation.overlaps.insert(value.clone());
        }
        self.settled.insert(value);
        self.stamp += 1;
    }

    /// Everything under way was cut off.
    pub fn crash(&mut self) {
        let ids: Vec<u64> = self.under_way.iter().map(|operation| operation.id).collect();
        for id in ids {
            self.end(id, Outcome::Unknown);
        }
    }

    pub fn may_be(&self, value: &V) -> bool {
        let under_way = || self.under_way.iter().any(|it| it.value == *value);
        self.settled.contains(value) || under_way()
    }

    /// Its value, if nothing else is possible.
    pub fn certain(&self) -> Option<&V> {
        let first = self.settled.first()?;
        let other = |value: &V| value != first;
        let others = self.settled.len() > 1 || self.under_way.iter().any(|it| other(&it.value));
        (!others).then_some(first)
    }

    /// Whether it cannot be this value.
    pub fn excludes(&self, value: &V) -> bool {
        !self.may_be(value)
    }

    /// A mark to compare with later: the same, and nothing has happened since.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// All that is possible.
    pub fn possible(&self) -> BTreeSet<V> {
        let under_way = self.under_way.iter().map(|operation| operation.value.clone());
        self.settled.iter().cloned().chain(under_way).collect()
    }
}
