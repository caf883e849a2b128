// SPDX-License-Identifier: GPL-2.0

//! The model can fail: with a part of the code left out, a task that executes the program of a
//! rule runs it outside, or something else goes wrong with tasks that come to an association that
//! is there.

use addrconf_model::Call::{
    Assign, AssignInVain, AssignTreeInVain, Join, JoinInVain, ReleaseAll, ReleaseAssociation,
    ReleaseProcess,
};
use addrconf_model::{Call, Scenario, Without};

use super::needs;

const OUTSIDE: &str = "runs the program outside";

fn enters(narrows: u8, calls: &[Call]) -> Scenario {
    Scenario::with_rule(0, narrows, calls)
}

/// The task has a parent.
fn child(calls: &[Call]) -> Scenario {
    Scenario {
        parent: true,
        ..enters(0, calls)
    }
}

#[test]
fn without_a_look_after_it_was_inserted_a_task_is_left_in_what_has_ended() {
    let left = "is still a member of what has ended";
    for without in [Without::AskingWhetherReleased, Without::AskingAfterwards] {
        needs(without, enters(0, &[ReleaseAssociation]), left);
    }
}

#[test]
fn without_removing_what_does_not_count_a_task_never_becomes_a_member() {
    let waits = "a program waits for ever";
    let without = Without::RemovingTheReleased;
    needs(without, enters(0, &[ReleaseAssociation]), waits);
}

#[test]
fn without_asking_whether_its_entry_counts_a_task_runs_outside() {
    for call in [ReleaseAssociation, JoinInVain] {
        needs(Without::AskingWhetherAMember, enters(0, &[call]), OUTSIDE);
    }
}

/// An association that is made is formed before the last search, which may fail.
#[test]
fn without_asking_whether_the_call_is_done_a_task_runs_outside_when_it_fails() {
    let without = Without::AskingWhetherItIsDone;
    needs(without, enters(0, &[AssignInVain]), OUTSIDE);
    needs(without, child(&[AssignTreeInVain]), OUTSIDE);
}

/// The whole end of a call comes between two looks at one entry.
#[test]
fn without_looking_its_entry_up_again_a_task_runs_outside_when_a_call_fails() {
    let without = Without::AskingWhetherItIsThere;
    needs(without, enters(0, &[JoinInVain]), OUTSIDE);
}

#[test]
fn without_choosing_for_those_whose_call_may_fail_a_task_runs_outside() {
    let without = Without::ChoosingForTheUnsettled;
    needs(without, enters(0, &[JoinInVain]), OUTSIDE);
    needs(without, enters(0, &[AssignInVain]), OUTSIDE);
    needs(without, child(&[AssignTreeInVain]), OUTSIDE);
}

#[test]
fn without_asking_whether_it_is_defined_a_task_is_in_it_after_the_release_of_everything() {
    let without = Without::AskingWhetherItIsDefined;
    let wrong = "that everybody had to leave";
    needs(without, enters(0, &[ReleaseAll]), wrong);
}

#[test]
fn without_trying_again_a_task_is_killed_when_others_are_released() {
    let wrong = "is killed without cause";
    needs(
        Without::TryingAgain,
        enters(0, &[ReleaseAssociation]),
        wrong,
    );
}

#[test]
fn without_sparing_new_parts_a_release_leaves_one_that_has_ended() {
    let wrong = "is in an association that has ended";
    needs(
        Without::SparingTheNew,
        enters(1, &[ReleaseAssociation]),
        wrong,
    );
}

#[test]
fn without_comparing_epochs_one_that_was_put_back_is_free_when_it_has_narrowed() {
    let without = Without::ComparingEpochs;
    let scenario = enters(1, &[ReleaseAssociation, Join]);
    needs(without, scenario, "leaves that no call released");
}

#[test]
fn without_sparing_those_that_join_one_stays_when_the_call_fails() {
    let without = Without::SparingTheJoining;
    let scenario = enters(1, &[ReleaseProcess, JoinInVain]);
    needs(without, scenario, "was put there in vain");
}

/// The call fails before the association is formed.
#[test]
fn without_the_epoch_of_its_maker_a_part_waits_for_ever() {
    for without in [Without::AskingThePart, Without::KeepingTheEpoch] {
        let scenario = Scenario {
            calls: [vec![Assign], vec![Assign]],
            ..Scenario::new(2, 0, 1, &[])
        };
        needs(without, scenario, "a program waits for ever");
    }
}
