// SPDX-License-Identifier: GPL-2.0

//! How fast numbers grow.

use super::{at, row, Snapshot};

fn rates(snapshot: &Snapshot) -> Vec<Option<f64>> {
    let rows = snapshot.rows.iter();
    rows.map(|row| row.refused_per_second).collect()
}

#[test]
fn a_rate_is_what_came_in_the_time_that_passed() {
    let before = at(1_000, &[row(1, "a", 10), row(2, "b", 7)]);
    let now = at(1_500, &[row(2, "b", 7), row(1, "a", 13), row(3, "c", 2)]);
    // Association 3 was made in between.
    let expected = [Some(0.0), Some(6.0), Some(4.0)];
    assert_eq!(rates(&now.since(&before)), expected);
}

#[test]
fn there_is_no_rate_without_time_and_none_below_zero() {
    let before = at(1_000, &[row(1, "a", 10)]);
    for millis in [500, 1_000] {
        let now = at(millis, &[row(1, "a", 12)]);
        assert_eq!(rates(&now.since(&before)), [None]);
    }
    let less = at(2_000, &[row(1, "a", 3)]);
    assert_eq!(rates(&less.since(&before)), [Some(0.0)]);
}
