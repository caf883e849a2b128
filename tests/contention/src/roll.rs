// SPDX-License-Identifier: GPL-2.0

//! The roll of an association: `src/sys/c/group.c`, a list whose head has its lock in bit 0.
//!
//! An entry's neighbours are those that came before and after it. Both belong to tasks of the
//! same association, and are written when it comes or goes.

use std::sync::atomic::Ordering::{Relaxed, Release};

use crate::meter::Meter;
use crate::table::{Place, Table};
use crate::word::Word;

/// Puts an entry at the head of a roll: `acf_helper_group_add()`.
#[inline]
pub fn add<M: Meter>(roll: &Word<M>, table: &Table<M>, place: Place) {
    roll.lock();
    let first = roll.load(Relaxed);
    let [next, before] = &table.entry(place).peers;
    next.store(first & !1, Relaxed);
    before.store(0, Relaxed);
    if let Some(first) = Place::from_word(first) {
        table.entry(first).peers[1].store(place.word(), Relaxed);
    }
    // hlist_bl_set_first_rcu() keeps the lock; the bit is cleared after it.
    roll.store(place.word() | 1, Release);
    roll.unlock(place.word());
}

/// Takes an entry out: `acf_helper_group_remove()`.
#[inline]
pub fn remove<M: Meter>(roll: &Word<M>, table: &Table<M>, place: Place) {
    roll.lock();
    let first = roll.load(Relaxed);
    let [next, before] = &table.entry(place).peers;
    let (next, before) = (next.load(Relaxed), before.load(Relaxed));
    let kept = match Place::from_word(before) {
        Some(other) => {
            table.entry(other).peers[0].store(next, Relaxed);
            first
        }
        None => {
            roll.store(next | 1, Relaxed);
            next
        }
    };
    if let Some(other) = Place::from_word(next) {
        table.entry(other).peers[1].store(before, Relaxed);
    }
    table.entry(place).peers[1].store(0, Relaxed);
    roll.unlock(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Quiet;

    fn listed(roll: &Word<Quiet>, table: &Table<Quiet>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = Place::from_word(roll.load(Relaxed));
        while let Some(place) = at {
            found.push(place.number());
            at = Place::from_word(table.entry(place).peers[0].load(Relaxed));
        }
        found
    }

    #[test]
    fn a_roll_has_those_that_came_and_did_not_go() {
        let (roll, table) = (Word::<Quiet>::default(), Table::new(4));
        for number in 0..4 {
            add(&roll, &table, Place::of(number));
        }
        assert_eq!(listed(&roll, &table), [3, 2, 1, 0]);
        remove(&roll, &table, Place::of(2));
        assert_eq!(listed(&roll, &table), [3, 1, 0]);
        remove(&roll, &table, Place::of(3));
        remove(&roll, &table, Place::of(0));
        assert_eq!(listed(&roll, &table), [1]);
    }
}
