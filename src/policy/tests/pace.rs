// SPDX-License-Identifier: GPL-2.0

use crate::{pace, EVENTS_PER_SECOND};

fn told(window: &mut u64, second: u32, events: u32) -> u32 {
    let mut told = 0;
    for _ in 0..events {
        let (next, tells) = pace(*window, second);
        *window = next;
        told += u32::from(tells);
    }
    told
}

#[test]
fn a_second_has_so_many_events_and_the_next_has_them_again() {
    let mut window = 0;
    for second in [0, 1, 7, u32::MAX, 0] {
        assert_eq!(told(&mut window, second, 100_000), EVENTS_PER_SECOND);
        assert_eq!(told(&mut window, second, 1), 0);
    }
    assert_eq!(told(&mut window, 9, 3), 3);
    assert_eq!(
        told(&mut window, 9, EVENTS_PER_SECOND),
        EVENTS_PER_SECOND - 3
    );
}
