// SPDX-License-Identifier: GPL-2.0

//! A process that is moved is in one of the two associations at every moment, in every
//! interleaving, whether or not the call succeeds. With `--nocapture` each test prints the numbers
//! of states.

mod common;

use addrconf_model::Call::{Move, MoveInVain, ReleaseAll, ReleaseAssociation, ReleaseProcess};
use addrconf_model::{Call, Scenario};
use common::{beside, holds, to_the_end};

fn moves(threads: u8, forks: u8, narrows: u8, calls: &[Call]) -> Scenario {
    Scenario::with_member(threads, forks, narrows, calls)
}

/// The same, but its thread executes a program that a rule puts into association 0.
fn executes(scenario: Scenario) -> Scenario {
    Scenario {
        rule: true,
        ..scenario
    }
}

#[test]
fn a_process_moves_whole_or_not_at_all_however_it_forks() {
    for call in [Move(0), MoveInVain(0)] {
        holds(&to_the_end(moves(1, 1, 0, &[call])));
        holds(&moves(1, 2, 0, &[call]));
        holds(&moves(2, 1, 0, &[call]));
        holds(&to_the_end(moves(2, 0, 0, &[call])));
    }
    holds(&moves(1, 1, 0, &[MoveInVain(0), Move(0), Move(1)]));
}

#[test]
fn a_process_that_narrows_itself_meanwhile_has_no_thread_left_outside() {
    for call in [Move(0), MoveInVain(0)] {
        holds(&moves(1, 1, 1, &[call]));
        holds(&moves(2, 0, 1, &[call]));
        holds(&moves(1, 0, 2, &[call]));
    }
    holds(&moves(2, 0, 1, &[MoveInVain(0), MoveInVain(0)]));
}

#[test]
fn a_release_frees_all_of_it_or_none() {
    for call in [Move(0), MoveInVain(0)] {
        for release in [ReleaseProcess, ReleaseAssociation, ReleaseAll] {
            holds(&beside(&[release], moves(1, 1, 0, &[call])));
            holds(&beside(&[release], moves(2, 0, 0, &[call])));
            holds(&beside(&[release], moves(1, 0, 1, &[call])));
        }
    }
}

#[test]
fn of_two_calls_that_move_it_one_has_it_or_neither() {
    for other in [Move(0), MoveInVain(0), Move(1)] {
        holds(&beside(&[other], moves(1, 1, 0, &[Move(0)])));
        holds(&beside(&[other], moves(2, 0, 0, &[MoveInVain(0)])));
    }
}

#[test]
fn a_task_that_is_moved_is_a_member_for_rules() {
    for call in [Move(0), MoveInVain(0)] {
        holds(&executes(moves(1, 0, 0, &[call])));
        holds(&executes(to_the_end(moves(1, 1, 0, &[call]))));
        for release in [ReleaseProcess, ReleaseAssociation, ReleaseAll] {
            holds(&beside(&[release], executes(moves(1, 0, 0, &[call]))));
        }
    }
}
