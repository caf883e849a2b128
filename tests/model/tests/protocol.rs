// SPDX-License-Identifier: GPL-2.0

//! What the code promises, in every interleaving. How many states there are is
//! printed with `--nocapture`.

use addrconf_model::Call::{Assign, Narrow, ReleaseAll, ReleaseAssociation, ReleaseProcess};
use addrconf_model::{explore, Call, Scenario, Search, Tree};

/// A process of so many threads, which make so many tasks more and exit, while
/// these calls are made.
fn holds(what: &str, threads: u8, forks: u8, processes: bool, exits: bool, calls: &[Call]) {
    let outcome = explore(&Scenario {
        threads,
        forks,
        processes,
        exits,
        calls: calls.to_vec(),
        without: None,
    });
    println!("{what}: {} states, {} steps", outcome.states, outcome.steps);
    if let Some(violation) = outcome.violation {
        panic!("{violation}");
    }
}

#[test]
fn assigning_leaves_no_thread_out_however_they_are_cloned() {
    holds("assign, clones", 1, 2, false, false, &[Assign]);
    holds("assign, clones of two", 2, 1, false, false, &[Assign]);
}

#[test]
fn children_and_threads_that_exit_are_neither_lost_nor_left() {
    holds("assign, exits", 1, 1, true, true, &[Assign]);
    holds("assign, exits of two", 2, 1, false, true, &[Assign]);
}

#[test]
fn a_released_process_has_no_thread_left_in() {
    let calls = [Assign, ReleaseProcess];
    holds("release process", 1, 1, false, true, &calls);
    holds("release two threads", 2, 1, false, false, &calls);
    holds("release, exits of two", 2, 0, false, true, &calls);
}

#[test]
fn an_ended_association_has_nobody() {
    let calls = [Assign, ReleaseAssociation];
    holds("end", 1, 1, true, true, &calls);
    holds("end, children", 1, 2, true, false, &calls);
}

#[test]
fn a_narrowed_process_has_no_thread_left_outside() {
    holds("narrow", 1, 1, true, true, &[Assign, Narrow]);
    holds("narrow two threads", 2, 1, true, false, &[Assign, Narrow]);
    holds("narrow, exits of two", 2, 0, false, true, &[Assign, Narrow]);
    holds("narrow again", 2, 1, true, false, &[Assign, Narrow, Narrow]);
}

#[test]
fn a_part_ends_with_what_it_is_a_part_of() {
    let calls = [Assign, Narrow, ReleaseAssociation];
    holds("end parts", 1, 1, true, true, &calls);
    holds("end parts of two threads", 2, 1, true, false, &calls);
}

#[test]
fn everything_ends_at_once() {
    holds("release all", 1, 1, true, true, &[Assign, ReleaseAll]);
    holds("and anew", 1, 1, true, false, &[Assign, ReleaseAll, Assign]);
}

#[test]
fn who_was_released_can_be_assigned_anew() {
    let calls = [Assign, ReleaseProcess, Assign];
    holds("assign anew", 1, 1, false, true, &calls);
    holds("assign two anew", 2, 1, false, false, &calls);
}

#[test]
fn who_was_in_an_association_that_ended_can_be_assigned_anew() {
    let calls = [Assign, ReleaseAssociation, Assign];
    holds("assign after the end", 1, 1, true, true, &calls);
}

#[test]
fn a_search_misses_nobody_however_a_descriptor_is_handed_on() {
    for forks in 0..=3 {
        let outcome = explore(&Search {
            forks,
            without: None,
        });
        println!("search, {forks} forks: {} states", outcome.states);
        assert_eq!(outcome.violation, None);
    }
}

#[test]
fn no_descendant_is_left_outside_however_they_fork_and_exit() {
    for forks in 0..=2 {
        let outcome = explore(&Tree {
            forks,
            without: None,
        });
        println!("tree, {forks} forks: {} states", outcome.states);
        assert_eq!(outcome.violation, None);
    }
}
