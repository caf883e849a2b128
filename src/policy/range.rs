// SPDX-License-Identifier: GPL-2.0

//! Inclusive ranges of addresses as numbers, sorted and merged for lookup.

use core::iter::successors;
use core::net::Ipv6Addr;

/// All numbers from `first` to `last`, both included.
///
/// # Invariants
///
/// `first <= last`.
// The kernel's gate reads it: `struct acf_range_v4` and `struct acf_range_v6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
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
}

impl<T: Number> Range<T> {
    /// The numbers in the range, in ascending order.
    pub(super) fn numbers(self) -> impl Iterator<Item = T> {
        successors(Some(self.first), move |&number| {
            number.successor().filter(|&next| next <= self.last)
        })
    }
}

/// An address as a number.
pub trait Number: Copy + Ord {
    /// The next greater one, if there is one.
    #[must_use]
    fn successor(self) -> Option<Self>;

    /// The next smaller one, if there is one.
    #[must_use]
    fn predecessor(self) -> Option<Self>;
}

impl Number for u32 {
    fn successor(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn predecessor(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

/// An IPv6 address as a number, in two halves. Not a `u128`: that is aligned to 16
/// bytes, but the kernel's stack, where sorting keeps some, is aligned to 8
/// (`-mpreferred-stack-boundary=3` in `arch/x86/Makefile`, which rustc does not
/// know).
// The kernel's gate reads it: `struct acf_addr_v6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Wide {
    high: u64,
    low: u64,
}

const _: () = assert!(align_of::<Range<Wide>>() <= 8);

impl Number for Wide {
    fn successor(self) -> Option<Self> {
        u128::from(self).checked_add(1).map(Self::from)
    }

    fn predecessor(self) -> Option<Self> {
        u128::from(self).checked_sub(1).map(Self::from)
    }
}

impl From<u128> for Wide {
    fn from(number: u128) -> Self {
        Self {
            high: (number >> 64) as u64,
            low: number as u64,
        }
    }
}

impl From<Wide> for u128 {
    fn from(wide: Wide) -> Self {
        Self::from(wide.high) << 64 | Self::from(wide.low)
    }
}

impl From<Ipv6Addr> for Wide {
    fn from(addr: Ipv6Addr) -> Self {
        u128::from(addr).into()
    }
}

impl From<Wide> for Ipv6Addr {
    fn from(wide: Wide) -> Self {
        u128::from(wide).into()
    }
}

/// Sorts ranges and joins those that overlap or touch. Returns the number of ranges
/// that remain at the front of the slice. They are sorted, and between any two lies a
/// number that is in none of them.
pub fn merge<T: Number>(ranges: &mut [Range<T>]) -> usize {
    ranges.sort_unstable();
    let mut kept = 0_usize;
    for at in 0..ranges.len() {
        let next = ranges[at];
        match kept.checked_sub(1).map(|k| &mut ranges[k]) {
            // INVARIANT: `last` only grows.
            Some(prev) if prev.last.successor().is_none_or(|s| next.first <= s) => {
                prev.last = prev.last.max(next.last);
            }
            _ => {
                ranges[kept] = next;
                kept += 1;
            }
        }
    }
    kept
}

/// Calls `keep` with each part of `ranges` that is in none of `without`. Both must be
/// sorted and disjoint; so are the parts. Stops when `keep` fails.
pub fn subtract<T: Number, E>(
    ranges: &[Range<T>],
    without: &[Range<T>],
    mut keep: impl FnMut(Range<T>) -> Result<(), E>,
) -> Result<(), E> {
    for range in ranges {
        // The start of what is left of `range`; `None` when nothing is left.
        let mut first = Some(range.first);
        let before = without.partition_point(|w| w.last < range.first);
        for gap in without[before..]
            .iter()
            .take_while(|w| w.first <= range.last)
        {
            let Some(start) = first else { break };
            if let Some(end) = gap.first.predecessor().filter(|&end| start <= end) {
                keep(Range::new(start, end))?;
            }
            first = gap.last.successor();
        }
        if let Some(start) = first.filter(|&start| start <= range.last) {
            keep(Range::new(start, range.last))?;
        }
    }
    Ok(())
}

/// Whether `ranges`, a result of [`merge`], contain all of `part`.
pub(super) fn covers<T: Number>(ranges: &[Range<T>], part: Range<T>) -> bool {
    let above = ranges.partition_point(|r| r.first <= part.first);
    above > 0 && part.last <= ranges[above - 1].last
}

/// Whether two lists of ranges, each sorted and disjoint, have a number in
/// common.
pub(super) fn intersect<T: Copy + Ord>(mut a: &[Range<T>], mut b: &[Range<T>]) -> bool {
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        if x.last < y.first {
            a = rest_a;
        } else if y.last < x.first {
            b = rest_b;
        } else {
            return true;
        }
    }
    false
}

/// Whether one of `ranges`, which are sorted and disjoint, contains `value`.
pub(super) fn contains<T: Copy + Ord>(ranges: &[Range<T>], value: T) -> bool {
    position(ranges, value).is_some()
}

/// Which of `ranges`, which are sorted and disjoint, contains `value`.
pub(super) fn position<T: Copy + Ord>(ranges: &[Range<T>], value: T) -> Option<usize> {
    // A range that begins above `value` cannot contain it; of the others only the
    // last can.
    let last = ranges
        .partition_point(|r| r.first <= value)
        .checked_sub(1)?;
    (value <= ranges[last].last).then_some(last)
}

/// The only number of `ranges`. `None` when there are more, or none.
pub(super) fn sole<T: Copy + Eq>(ranges: &[Range<T>]) -> Option<T> {
    match ranges {
        [range] if range.first == range.last => Some(range.first),
        _ => None,
    }
}
