// SPDX-License-Identifier: GPL-2.0

//! The table of tasks: `src/sys/c/map.c`, and rhashtable's inline functions in it.
//!
//! A look-up reads the pointer to the buckets, a bucket, and entries. An insertion locks its
//! bucket, and counts the entry with that lock held; a removal does the same.

use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::layout::{place, places};
use crate::meter::Meter;
use crate::word::{Aligned, Word};

/// An entry: `struct acf_map_entry`, and a `Membership` after it.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Entry<M> {
    /// `node`: the next entry of the bucket.
    next: Word<M>,
    key: Word<M>,
    /// `end`: the roll that it is in, and later the `rcu_head`.
    end: [Word<M>; 2],
    /// `peers`: its neighbours on the roll.
    pub(crate) peers: [Word<M>; 2],
    /// `user`: the association.
    pub(crate) user: Word<M>,
    /// `process`, `searched` and `unborn`.
    pub(crate) state: Word<M>,
}

/// An entry's place: never 0, and even, as bit 0 of what points to it may be a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

impl Place {
    /// That of the entry with this number.
    pub fn of(number: usize) -> Self {
        Self((number + 1) * 2)
    }

    /// The place in a word, if there is one. Bit 0 does not count.
    pub(crate) fn from_word(word: usize) -> Option<Self> {
        (word > 1).then_some(Self(word & !1))
    }

    pub(crate) fn word(self) -> usize {
        self.0
    }

    /// The number of the entry.
    pub fn number(self) -> usize {
        self.0 / 2 - 1
    }
}

/// `struct rhashtable`, whose members before `tbl` and `nelems` nothing writes meanwhile.
#[derive(Debug)]
#[repr(C, align(64))]
struct Head<M> {
    tbl: Word<M>,
    parameters: [usize; 18],
    nelems: Word<M>,
}

/// A table that does not grow.
#[derive(Debug)]
pub struct Table<M> {
    head: Head<M>,
    /// The first line of `struct bucket_table`: its size, and what follows it.
    size: Aligned<Word<M>>,
    /// Its other lines: eight buckets to each.
    buckets: Vec<Aligned<[Word<M>; 8]>>,
    entries: Vec<Entry<M>>,
}

impl<M: Meter> Table<M> {
    /// An empty table, and memory for `room` entries.
    pub fn new(room: usize) -> Self {
        let lines = room.next_power_of_two().max(8) / 8 * 2;
        Self {
            head: Head {
                tbl: Word::new(2),
                parameters: [0; 18],
                nelems: Word::default(),
            },
            size: Aligned(Word::new(lines * 8)),
            buckets: (0..lines).map(|_| Aligned::default()).collect(),
            entries: (0..room).map(|_| Entry::default()).collect(),
        }
    }

    /// The entry at a place.
    pub fn entry(&self, place: Place) -> &Entry<M> {
        &self.entries[place.number()]
    }

    /// How many entries there are.
    pub fn count(&self) -> usize {
        self.head.nelems.load(Relaxed)
    }

    /// Finds the entry that has a key. The caller is a reader under RCU.
    #[inline]
    pub fn find(&self, key: usize) -> Option<Place> {
        self.head.tbl.load(Acquire);
        let mut at = Place::from_word(self.bucket(key).load(Acquire));
        while let Some(place) = at {
            let entry = self.entry(place);
            if entry.key.load(Relaxed) == key {
                return Some(place);
            }
            at = Place::from_word(entry.next.load(Acquire));
        }
        None
    }

    /// `prepare()` of `src/sys/map/mod.rs`, but for the roll.
    #[inline]
    pub(crate) fn prepare(&self, place: Place, key: usize, user: usize, state: usize) {
        let entry = self.entry(place);
        entry.user.store(user, Relaxed);
        entry.state.store(state, Relaxed);
        entry.key.store(key, Relaxed);
        entry.end[0].store(user, Relaxed);
    }

    /// Inserts a prepared entry: `rhashtable_lookup_get_insert_fast()`.
    #[inline]
    pub fn insert(&self, place: Place) {
        self.head.tbl.load(Acquire);
        let entry = self.entry(place);
        let key = entry.key.load(Relaxed);
        let bucket = self.bucket(key);
        bucket.lock();
        let first = bucket.load(Relaxed);
        let mut at = Place::from_word(first);
        while let Some(other) = at {
            assert_ne!(self.entry(other).key.load(Relaxed), key, "the key is free");
            at = Place::from_word(self.entry(other).next.load(Relaxed));
        }
        entry.next.store(first & !1, Relaxed);
        self.head.nelems.add(1, Relaxed);
        bucket.unlock(place.word());
    }

    /// Removes an entry: `rhashtable_remove_fast()`.
    #[inline]
    pub fn remove(&self, place: Place) {
        self.head.tbl.load(Acquire);
        let entry = self.entry(place);
        let bucket = self.bucket(entry.key.load(Relaxed));
        bucket.lock();
        let next = entry.next.load(Relaxed);
        let first = bucket.load(Relaxed);
        if Place::from_word(first) == Some(place) {
            self.head.nelems.sub(1, Relaxed);
            return bucket.unlock(next);
        }
        let mut before = Place::from_word(first).expect("it is in the bucket");
        while Place::from_word(self.entry(before).next.load(Relaxed)) != Some(place) {
            let word = self.entry(before).next.load(Relaxed);
            before = Place::from_word(word).expect("it is in the bucket");
        }
        self.entry(before).next.store(next, Release);
        self.head.nelems.sub(1, Relaxed);
        bucket.unlock(first);
    }

    /// Queues an entry that left the table: `call_rcu()` writes its `rcu_head`.
    #[inline]
    pub(crate) fn queue(&self, place: Place) {
        for word in &self.entry(place).end {
            word.store(1, Relaxed);
        }
    }

    #[inline]
    fn bucket(&self, key: usize) -> &Word<M> {
        let number = hash(key) as usize & (self.size.0.load(Relaxed) - 1);
        &self.buckets[number / 8].0[number % 8]
    }

    /// Where its head, the first line of its buckets, and its buckets are.
    pub(crate) fn places(&self) -> [Range<usize>; 3] {
        [place(&self.head), place(&self.size), places(&self.buckets)]
    }

    pub(crate) fn entries(&self) -> &[Entry<M>] {
        &self.entries
    }
}

/// `acf_map_hash()`, with a seed of 0.
fn hash(key: usize) -> u32 {
    const GOLDEN_RATIO_64: u64 = 0x61c8_8646_80b5_83eb;
    let hash = ((key as u64).wrapping_mul(GOLDEN_RATIO_64) >> 32) as u32;
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Quiet;

    #[test]
    fn an_entry_is_found_until_it_is_removed() {
        let table = Table::<Quiet>::new(100);
        let key = |number: usize| number * 2560;
        for number in 0..100 {
            table.prepare(Place::of(number), key(number), 1, 0);
            table.insert(Place::of(number));
        }
        assert_eq!(table.count(), 100);
        for number in (0..100).step_by(2) {
            table.remove(Place::of(number));
        }
        assert_eq!(table.count(), 50);
        for number in 0..100 {
            let left = number % 2 == 1;
            assert_eq!(table.find(key(number)), left.then(|| Place::of(number)));
        }
    }
}
