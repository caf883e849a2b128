// SPDX-License-Identifier: GPL-2.0

//! A task that executes the program of a rule is a member when it runs that, in every
//! interleaving: of the association of the rule, of a part of it, or of where a call that
//! succeeded put it. Only a release that ends later may free it. With `--nocapture` each test
//! prints the numbers of states.

mod common;

use addrconf_model::Call::{
    Assign, AssignInVain, AssignTree, AssignTreeInVain, Join, JoinInVain, ReleaseAll,
    ReleaseAssociation, ReleaseProcess,
};
use addrconf_model::{Call, Scenario};
use common::{beside, holds, to_the_end};

/// The task, which may make `forks` others once it runs the program, and narrow itself `narrows`
/// times.
fn enters(forks: u8, narrows: u8, calls: &[Call]) -> Scenario {
    Scenario::with_rule(forks, narrows, calls)
}

/// The same, but it has a parent.
fn child(scenario: Scenario) -> Scenario {
    Scenario {
        parent: true,
        ..scenario
    }
}

#[test]
fn a_task_enters_and_so_do_those_that_it_makes() {
    holds(&to_the_end(enters(2, 0, &[])));
    holds(&to_the_end(enters(1, 2, &[])));
    holds(&Scenario {
        tags: true,
        ..enters(1, 0, &[ReleaseAssociation])
    });
}

#[test]
fn a_release_frees_it_or_comes_too_early() {
    for release in [ReleaseAssociation, ReleaseAll, ReleaseProcess] {
        holds(&to_the_end(enters(1, 0, &[release])));
        holds(&enters(1, 1, &[release]));
        holds(&enters(0, 2, &[release]));
        holds(&beside(&[ReleaseAssociation], enters(1, 0, &[release])));
    }
    holds(&enters(0, 1, &[ReleaseAssociation, ReleaseAssociation]));
}

#[test]
fn a_call_that_puts_it_into_the_same_association_succeeds_or_leaves_it_there() {
    for join in [Join, JoinInVain] {
        holds(&to_the_end(enters(1, 0, &[join])));
        holds(&enters(1, 1, &[join]));
        holds(&enters(0, 0, &[join, JoinInVain]));
    }
}

#[test]
fn it_is_released_while_a_call_puts_it_into_the_same_association() {
    holds(&beside(&[ReleaseAssociation], enters(0, 0, &[Join])));
    holds(&beside(&[ReleaseAssociation], enters(0, 0, &[JoinInVain])));
    holds(&beside(&[ReleaseAll], enters(0, 0, &[JoinInVain])));
}

#[test]
fn it_is_released_and_put_back_while_it_narrows_itself() {
    for join in [Join, JoinInVain] {
        holds(&enters(1, 1, &[ReleaseAssociation, join]));
        holds(&enters(0, 1, &[ReleaseProcess, join]));
    }
}

#[test]
fn a_call_that_puts_it_into_another_association_succeeds_or_leaves_it_to_the_rule() {
    for assign in [Assign, AssignInVain] {
        holds(&to_the_end(enters(1, 0, &[assign])));
        holds(&enters(1, 1, &[assign]));
        holds(&beside(&[ReleaseAssociation], enters(0, 0, &[assign])));
    }
}

#[test]
fn a_call_that_takes_in_the_tree_of_its_parent_finds_it_a_member_or_takes_it_in() {
    for assign in [AssignTree, AssignTreeInVain] {
        holds(&child(to_the_end(enters(0, 0, &[assign]))));
        holds(&child(enters(1, 0, &[assign])));
        holds(&child(enters(0, 1, &[assign])));
    }
}

#[test]
fn it_is_released_while_a_call_takes_in_the_tree_of_its_parent() {
    for assign in [AssignTree, AssignTreeInVain] {
        let tree = || child(enters(0, 0, &[assign]));
        holds(&beside(&[ReleaseAssociation], tree()));
        holds(&beside(&[ReleaseAll], tree()));
    }
}
