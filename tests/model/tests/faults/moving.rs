// SPDX-License-Identifier: GPL-2.0

//! Faults of moving a process.

use addrconf_model::Call::{MoveInVain, ReleaseAll, ReleaseAssociation, ReleaseProcess};
use addrconf_model::{Scenario, Without};

use super::needs;

#[test]
fn without_a_look_or_a_wait_a_child_stays_where_it_was_moved_in_vain() {
    let scenario = || Scenario::with_member(1, 1, 0, &[MoveInVain(0)]);
    let stays = "a task stays that was moved in vain";
    needs(Without::LookAfterPuttingBack, scenario(), stays);
    needs(Without::WaitingInPuttingBack, scenario(), stays);
}

#[test]
fn without_waiting_a_release_frees_a_part_of_what_is_moved() {
    for (release, wrong) in [
        (ReleaseProcess, "a task of the association is not found"),
        (ReleaseAssociation, "task 0 is not where In(1) has it"),
        (ReleaseAll, "a task leaves that no call released"),
    ] {
        let scenario = Scenario {
            calls: [vec![MoveInVain(0)], vec![release]],
            ..Scenario::with_member(2, 0, 0, &[])
        };
        needs(Without::WaitingForMoves, scenario, wrong);
    }
}

#[test]
fn without_waiting_for_its_outcome_a_thread_is_put_back_outside_the_part() {
    let scenario = || Scenario::with_member(2, 0, 1, &[MoveInVain(0)]);
    needs(Without::WaitingForTheMoving, scenario(), "is not in part");
    needs(
        Without::LookingWhetherItIsTheSame,
        scenario(),
        "is not in part",
    );
}
