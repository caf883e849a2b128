// SPDX-License-Identifier: GPL-2.0

//! The code's promises hold in every interleaving. With `--nocapture` each test prints
//! the numbers of states.

use addrconf_model::Call::{Assign, AssignInVain, ReleaseAll, ReleaseAssociation, ReleaseProcess};
use addrconf_model::{explore, Call, Joining, Known, Scenario, Search, Tree};

fn holds(scenario: &Scenario) {
    let outcome = explore(scenario);
    println!("{}: {} states", describe(scenario), outcome.states);
    if let Some(violation) = outcome.violation {
        panic!("{violation}");
    }
}

fn describe(scenario: &Scenario) -> String {
    let Scenario {
        threads,
        forks,
        processes,
        exits,
        narrows,
        calls,
        ..
    } = scenario;
    let (children, exits) = match (processes, exits) {
        (false, false) => ("clones", ""),
        (false, true) => ("clones", ", exits"),
        (true, false) => ("children", ""),
        (true, true) => ("children", ", exits"),
    };
    format!("{threads} threads, {forks} {children}{exits}, {narrows} narrow, {calls:?}")
}

/// The same scenario, but its tasks also make processes, not only threads.
fn children(scenario: Scenario) -> Scenario {
    Scenario {
        processes: true,
        ..scenario
    }
}

/// The same scenario, but its tasks exit.
fn exits(scenario: Scenario) -> Scenario {
    Scenario {
        exits: true,
        ..scenario
    }
}

/// The same scenario, but a second administrator makes these calls.
fn beside(other: &[Call], scenario: Scenario) -> Scenario {
    let [calls, _] = scenario.calls;
    Scenario {
        calls: [calls, other.to_vec()],
        ..scenario
    }
}

#[test]
fn assigning_leaves_no_thread_out_however_they_are_cloned() {
    holds(&Scenario::new(1, 2, 0, &[Assign]));
    holds(&Scenario::new(2, 1, 0, &[Assign]));
}

#[test]
fn children_and_threads_that_exit_are_neither_lost_nor_left() {
    holds(&exits(children(Scenario::new(1, 1, 0, &[Assign]))));
    holds(&exits(Scenario::new(2, 1, 0, &[Assign])));
}

#[test]
fn a_released_process_has_no_thread_left_in() {
    let calls = [Assign, ReleaseProcess];
    holds(&exits(Scenario::new(1, 1, 0, &calls)));
    holds(&Scenario::new(2, 1, 0, &calls));
    holds(&exits(Scenario::new(2, 0, 0, &calls)));
}

#[test]
fn an_ended_association_has_nobody() {
    let calls = [Assign, ReleaseAssociation];
    holds(&exits(children(Scenario::new(1, 1, 0, &calls))));
    holds(&children(Scenario::new(1, 2, 0, &calls)));
}

#[test]
fn a_narrowed_process_has_no_thread_left_outside() {
    holds(&exits(children(Scenario::new(1, 1, 1, &[Assign]))));
    holds(&children(Scenario::new(2, 1, 1, &[Assign])));
    holds(&exits(Scenario::new(2, 0, 1, &[Assign])));
    holds(&children(Scenario::new(1, 1, 2, &[Assign])));
    holds(&Scenario::new(2, 1, 2, &[Assign]));
}

#[test]
fn a_part_ends_with_what_it_is_a_part_of_while_it_is_made() {
    let calls = [Assign, ReleaseAssociation];
    holds(&exits(children(Scenario::new(1, 1, 1, &calls))));
    holds(&Scenario::new(2, 1, 1, &calls));
    holds(&exits(Scenario::new(2, 0, 1, &calls)));
    holds(&Scenario::new(2, 0, 2, &calls));
}

#[test]
fn a_process_that_is_released_while_it_narrows_has_no_thread_left_in() {
    let calls = [Assign, ReleaseProcess];
    holds(&Scenario::new(2, 1, 1, &calls));
    holds(&exits(Scenario::new(2, 0, 1, &calls)));
    holds(&Scenario::new(2, 0, 2, &calls));
}

#[test]
fn everything_ends_at_once() {
    let calls = [Assign, ReleaseAll];
    holds(&exits(children(Scenario::new(1, 1, 0, &calls))));
    holds(&children(Scenario::new(1, 1, 1, &calls)));
    holds(&Scenario::new(2, 0, 1, &calls));
    holds(&Scenario::new(1, 0, 2, &calls));
}

#[test]
fn who_was_released_can_be_assigned_anew_and_stays_there() {
    let calls = [Assign, ReleaseProcess, Assign];
    holds(&exits(Scenario::new(1, 1, 0, &calls)));
    holds(&Scenario::new(2, 1, 0, &calls));
    holds(&Scenario::new(2, 0, 1, &calls));
    let calls = [Assign, ReleaseAll, Assign];
    holds(&Scenario::new(2, 0, 1, &calls));
}

#[test]
fn who_was_in_an_association_that_ended_can_be_assigned_anew_and_stays_there() {
    let calls = [Assign, ReleaseAssociation, Assign];
    holds(&exits(children(Scenario::new(1, 1, 0, &calls))));
    holds(&children(Scenario::new(1, 1, 1, &calls)));
    holds(&Scenario::new(2, 0, 1, &calls));
}

#[test]
fn of_two_that_assign_a_process_one_has_it_or_neither() {
    holds(&beside(&[Assign], Scenario::new(1, 1, 0, &[Assign])));
    holds(&beside(&[Assign], Scenario::new(2, 0, 1, &[Assign])));
}

#[test]
fn assigning_waits_for_no_release_and_takes_in_all_the_same() {
    for release in [ReleaseProcess, ReleaseAssociation] {
        let calls = [Assign, release];
        holds(&beside(&[Assign], Scenario::new(1, 1, 0, &calls)));
        holds(&beside(&[Assign], Scenario::new(1, 0, 1, &calls)));
    }
    let calls = [Assign, ReleaseAll];
    holds(&beside(&[Assign], Scenario::new(2, 0, 0, &calls)));
}

#[test]
fn assigning_in_vain_leaves_nobody_in() {
    holds(&Scenario::new(2, 1, 0, &[AssignInVain]));
    holds(&Scenario::new(2, 0, 1, &[AssignInVain, Assign]));
    for call in [Assign, ReleaseProcess, ReleaseAll] {
        let calls = [AssignInVain];
        holds(&beside(&[call], Scenario::new(1, 0, 1, &calls)));
    }
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

#[test]
fn the_gate_never_takes_a_member_for_one_of_another_association() {
    let outcome = explore(&Known {
        changes: 3,
        without: None,
    });
    println!("3 changes: {} states", outcome.states);
    assert_eq!(outcome.violation, None);
}

#[test]
fn those_that_join_become_members_or_leave_and_members_stay() {
    for forks in 1..=2 {
        for calls in [&[true][..], &[false], &[false, true], &[false, false]] {
            let outcome = explore(&Joining {
                forks,
                calls,
                without: None,
            });
            println!("{forks} forks, {calls:?}: {} states", outcome.states);
            assert_eq!(outcome.violation, None);
        }
    }
}

#[test]
fn every_member_is_tagged() {
    for scenario in [
        Scenario::new(1, 1, 0, &[Assign]),
        Scenario::new(2, 1, 0, &[Assign]),
        Scenario::new(1, 1, 1, &[Assign]),
        children(Scenario::new(1, 1, 0, &[Assign, ReleaseProcess, Assign])),
    ] {
        holds(&Scenario {
            tags: true,
            ..scenario
        });
    }
}
