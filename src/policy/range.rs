// SPDX-License-Identifier: GPL-2.0

//! Inclusive ranges of addresses as numbers, sorted and merged for lookup.

/// All numbers from `first` to `last`, both included.
///
/// # Invariants
///
/// `first <= last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range<T> {
    first: T,
    last: T,
}

impl<T: Copy + Ord> Range<T> {
    /// The range between two numbers, in either order.
    #[must_use]
    pub fn new(a: T, b: T) -> Self {
        // INVARIANT: `min` is not above `max`.
        Self {
            first: a.min(b),
            last: a.max(b),
        }
    }

    /// The smallest number in the range.
    #[must_use]
    pub fn first(&self) -> T {
        self.first
    }

    /// The greatest number in the range.
    #[must_use]
    pub fn last(&self) -> T {
        self.last
    }

    /// Whether the range holds just one number.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.first == self.last
    }
}

/// Sorts ranges and joins those that overlap. Returns how many are left at the
/// front of the slice; they are sorted and disjoint.
///
/// Ranges that only touch are not joined: nothing would be gained, and the
/// successor of a number would be needed.
pub fn merge<T: Copy + Ord>(ranges: &mut [Range<T>]) -> usize {
    ranges.sort_unstable();
    let mut kept = 0_usize;
    for at in 0..ranges.len() {
        let next = ranges[at];
        match kept.checked_sub(1).map(|k| &mut ranges[k]) {
            // INVARIANT: `last` only grows.
            Some(prev) if next.first <= prev.last => prev.last = prev.last.max(next.last),
            _ => {
                ranges[kept] = next;
                kept += 1;
            }
        }
    }
    kept
}

/// Whether one of `ranges`, which are sorted and disjoint, holds `value`.
pub(super) fn contains<T: Copy + Ord>(ranges: &[Range<T>], value: T) -> bool {
    // The first range that begins above `value` cannot hold it; only the one
    // before can.
    let above = ranges.partition_point(|r| r.first <= value);
    above > 0 && value <= ranges[above - 1].last
}
