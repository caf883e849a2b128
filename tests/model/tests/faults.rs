// SPDX-License-Identifier: GPL-2.0

//! The model can fail: what becomes of the promises when a part of the code is
//! left out.

use addrconf_model::Call::{Assign, Narrow, ReleaseAssociation, ReleaseProcess};
use addrconf_model::{explore, Call, Scenario, Search, Tree};
use addrconf_model::{Unfollowed, Unsearched, Without};

/// What goes wrong without a part.
fn violation(
    without: Without,
    threads: u8,
    processes: bool,
    exits: bool,
    calls: &[Call],
) -> String {
    let outcome = explore(&Scenario {
        threads,
        forks: 1,
        processes,
        exits,
        calls: calls.to_vec(),
        without: Some(without),
    });
    let violation = outcome.violation.expect("something goes wrong");
    println!(
        "without {without:?}, {} states: {violation}",
        outcome.states
    );
    violation
}

#[test]
fn without_a_second_look_a_thread_escapes() {
    let wrong = violation(Without::SecondLook, 1, false, false, &[Assign]);
    assert!(wrong.contains("is not where In(0) has it"), "{wrong}");
}

#[test]
fn without_task_publish_a_thread_escapes() {
    let wrong = violation(Without::TaskPublish, 1, false, false, &[Assign]);
    assert!(wrong.contains("is not where In(0) has it"), "{wrong}");
}

#[test]
fn without_waiting_for_clones_a_thread_escapes() {
    let wrong = violation(Without::WaitingForClones, 1, false, false, &[Assign]);
    assert!(wrong.contains("is not where In(0) has it"), "{wrong}");
}

#[test]
fn without_waiting_for_clones_of_the_first_a_thread_stays_in() {
    let calls = [Assign, ReleaseProcess];
    let wrong = violation(Without::CountingTheFirst, 1, false, false, &calls);
    assert!(wrong.contains("is not where Out has it"), "{wrong}");
}

#[test]
fn without_task_free_an_entry_is_left_of_a_task_that_is_gone() {
    let wrong = violation(Without::TaskFree, 1, false, true, &[Assign]);
    assert!(wrong.contains("an entry is left"), "{wrong}");
}

#[test]
fn without_putting_children_elsewhere_one_escapes_narrowing() {
    let wrong = violation(Without::Replacing, 2, true, false, &[Assign, Narrow]);
    assert!(wrong.contains("more than its maker had"), "{wrong}");
}

#[test]
fn without_forgetting_what_ended_a_fork_fails() {
    let calls = [Assign, ReleaseAssociation, Assign];
    let wrong = violation(Without::ForgettingTheEnded, 1, false, false, &calls);
    assert!(wrong.contains("a fork fails for nothing"), "{wrong}");
}

#[test]
fn without_task_publish_a_child_keeps_the_wider_set() {
    let wrong = violation(Without::TaskPublish, 2, true, false, &[Assign, Narrow]);
    assert!(wrong.contains("is not where"), "{wrong}");
}

#[test]
fn without_forgetting_the_released_a_child_keeps_the_wider_set() {
    let calls = [Assign, Narrow, ReleaseProcess];
    let wrong = violation(Without::ForgettingTheReleased, 2, true, false, &calls);
    assert!(wrong.contains("more than its maker had"), "{wrong}");
}

#[test]
fn a_search_with_a_part_left_out_misses_a_descriptor() {
    for without in [
        Unsearched::Again,
        Unsearched::Counting,
        Unsearched::CountingFirst,
    ] {
        let outcome = explore(&Search {
            forks: 2,
            without: Some(without),
        });
        let violation = outcome.violation.expect("something goes wrong");
        println!("without {without:?}: {violation}");
        assert!(violation.contains("has it still"), "{violation}");
    }
}

#[test]
fn without_a_part_a_descendant_is_left_outside() {
    for without in [
        Unfollowed::Again,
        Unfollowed::Exiting,
        Unfollowed::OneMoment,
    ] {
        let outcome = explore(&Tree {
            forks: 2,
            without: Some(without),
        });
        let violation = outcome.violation.expect("something goes wrong");
        println!("without {without:?}: {violation}");
        assert!(violation.contains("is left outside"), "{violation}");
    }
}
