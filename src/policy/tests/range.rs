// SPDX-License-Identifier: GPL-2.0

//! Ranges, sorted and merged.

use super::super::range::{contains, covers, intersect, subtract, Number};
use super::*;

/// All numbers that occur in the ranges here.
const NUMBERS: core::ops::Range<u32> = 0..64;

fn merged<T: Number>(mut ranges: Vec<Range<T>>) -> Vec<Range<T>> {
    let kept = merge(&mut ranges);
    ranges.truncate(kept);
    ranges
}

fn ranges(ends: &[(u32, u32)]) -> Vec<Range<u32>> {
    ends.iter().map(|&(a, b)| Range::new(a, b)).collect()
}

/// Whether any range contains this number: tries each.
fn naively_has(ranges: &[Range<u32>], n: u32) -> bool {
    ranges.iter().any(|r| r.first() <= n && n <= r.last())
}

#[test]
fn ranges_that_overlap_or_touch_are_joined() {
    assert_eq!(merged(ranges(&[(5, 9), (1, 5)])), ranges(&[(1, 9)]));
    assert_eq!(merged(ranges(&[(6, 9), (1, 5)])), ranges(&[(1, 9)]));
    assert_eq!(merged(ranges(&[(1, 9), (3, 4)])), ranges(&[(1, 9)]));
    assert_eq!(merged(ranges(&[(1, 1), (1, 1)])), ranges(&[(1, 1)]));
    assert_eq!(merged(ranges(&[])), ranges(&[]));
}

#[test]
fn ranges_with_a_gap_stay_two() {
    assert_eq!(merged(ranges(&[(7, 9), (1, 5)])), ranges(&[(1, 5), (7, 9)]));
}

fn left<T: Number>(from: &[Range<T>], without: &[Range<T>]) -> Vec<Range<T>> {
    let mut kept = Vec::new();
    let all: Result<(), ()> = subtract(from, without, |r| {
        kept.push(r);
        Ok(())
    });
    all.expect("nothing fails");
    kept
}

#[test]
fn what_is_taken_out_of_ranges_leaves_the_rest() {
    let from = ranges(&[(1, 9), (20, 29)]);
    assert_eq!(left(&from, &[]), from);
    assert_eq!(left(&from, &from), []);
    let some = ranges(&[(0, 1), (4, 5), (9, 20), (29, 40)]);
    assert_eq!(left(&from, &some), ranges(&[(2, 3), (6, 8), (21, 28)]));
    let max = u32::MAX;
    assert_eq!(
        left(&ranges(&[(0, max)]), &ranges(&[(0, 0), (max, max)])),
        ranges(&[(1, max - 1)])
    );
    assert_eq!(left(&ranges(&[(0, max)]), &ranges(&[(0, max)])), []);
    assert_eq!(subtract(&from, &[], |_| Err(7)), Err(7));
}

#[test]
fn the_greatest_number_has_no_successor_to_overflow_to() {
    let max = u32::MAX;
    assert_eq!(
        merged(ranges(&[(max, max), (0, max), (0, 0)])),
        ranges(&[(0, max)])
    );
    assert_eq!(
        merged(ranges(&[(max, max), (0, 0)])),
        ranges(&[(0, 0), (max, max)])
    );
    let [max, below] = [u128::MAX, u128::MAX - 1].map(Wide::from);
    let top = vec![Range::new(max, max), Range::new(below, below)];
    assert_eq!(merged(top), [Range::new(below, max)]);
}

#[test]
fn the_halves_of_a_number_carry() {
    let [low, high] = [u64::MAX.into(), 1_u128 << 64].map(Wide::from);
    let two = vec![Range::new(high, high), Range::new(low, low)];
    assert_eq!(merged(two), [Range::new(low, high)]);
}

fn ends() -> impl Strategy<Value = Vec<Range<u32>>> {
    prop::collection::vec((NUMBERS, 0_u32..12), 0..12).prop_map(|ends| {
        ends.iter()
            .map(|&(at, more)| Range::new(at, (at + more).min(NUMBERS.end - 1)))
            .collect()
    })
}

proptest! {
    #[test]
    fn halves_are_ordered_as_the_number_is(a: u128, b: u128) {
        let (x, y) = (Wide::from(a), Wide::from(b));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(u128::from(x), a);
        prop_assert_eq!(Ipv6Addr::from(x), Ipv6Addr::from(a));
    }

    #[test]
    fn subtracting_leaves_what_is_in_one_and_not_in_the_other(a in ends(), b in ends()) {
        let (a, b) = (merged(a), merged(b));
        let left = left(&a, &b);
        for pair in left.windows(2) {
            prop_assert!(pair[0].last() < pair[1].first(), "{pair:?}");
        }
        for n in NUMBERS {
            let expected = naively_has(&a, n) && !naively_has(&b, n);
            prop_assert_eq!(naively_has(&left, n), expected, "{}", n);
        }
    }

    #[test]
    fn merged_ranges_are_sorted_with_a_gap_between_any_two(all in ends()) {
        let merged = merged(all);
        for pair in merged.windows(2) {
            prop_assert!(pair[0].last() + 1 < pair[1].first(), "{pair:?}");
        }
    }

    #[test]
    fn merging_keeps_every_number_and_adds_none(all in ends()) {
        let merged = merged(all.clone());
        for n in NUMBERS {
            prop_assert_eq!(naively_has(&all, n), naively_has(&merged, n), "{}", n);
            prop_assert_eq!(naively_has(&all, n), contains(&merged, n), "{}", n);
        }
    }

    #[test]
    fn merging_again_changes_nothing(all in ends()) {
        let once = merged(all);
        prop_assert_eq!(merged(once.clone()), once);
    }

    #[test]
    fn merging_at_the_upper_end_keeps_every_number(
        offsets in prop::collection::vec((0_u32..8, 0_u32..8), 0..6),
        probe in 0_u32..8,
    ) {
        let all: Vec<_> = offsets
            .iter()
            .map(|&(a, b)| Range::new(u32::MAX - a, u32::MAX - b))
            .collect();
        let probe = u32::MAX - probe;
        prop_assert_eq!(contains(&merged(all.clone()), probe), naively_has(&all, probe));
    }

    #[test]
    fn a_part_is_covered_if_each_of_its_numbers_is_there(
        all in ends(),
        a in NUMBERS,
        b in NUMBERS,
    ) {
        let part = Range::new(a, b);
        let naive = (part.first()..=part.last()).all(|n| naively_has(&all, n));
        prop_assert_eq!(covers(&merged(all), part), naive);
    }

    #[test]
    fn two_lists_intersect_if_some_number_is_in_both(a in ends(), b in ends()) {
        let naive = NUMBERS.into_iter().any(|n| naively_has(&a, n) && naively_has(&b, n));
        let (a, b) = (merged(a), merged(b));
        prop_assert_eq!(intersect(&a, &b), naive);
        prop_assert_eq!(intersect(&b, &a), naive);
    }
}
