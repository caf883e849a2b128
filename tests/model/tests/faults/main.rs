// SPDX-License-Identifier: GPL-2.0

//! The model can fail: with a part of the code left out, it finds a broken promise.

mod enter;
mod moving;

use std::fmt::Debug;

use addrconf_model::Call::{Assign, ReleaseAll, ReleaseAssociation, ReleaseProcess};
use addrconf_model::{explore, Joining, Known, Model, Rescan, Scenario, Search, Tree};
use addrconf_model::{Unfollowed, Unjoined, Unknown, Unsearched, Without};

/// Shows that the scenario violates nothing with this part of the code, and goes `wrong`
/// without it.
fn needs(without: Without, scenario: Scenario, wrong: &str) {
    let with = explore(&scenario);
    assert_eq!(with.violation, None);
    let outcome = explore(&Scenario {
        without: Some(without),
        ..scenario
    });
    let violation = outcome.violation.expect("something goes wrong");
    let (seen, all) = (outcome.states, with.states);
    println!("without {without:?}, {seen} states (with it {all}): {violation}");
    assert!(violation.contains(wrong), "{violation}");
}

/// Shows that a model with a part left out goes `wrong`.
fn goes(wrong: &str, without: impl Debug, model: &impl Model) {
    let violation = explore(model).violation.expect("something goes wrong");
    println!("without {without:?}: {violation}");
    assert!(violation.contains(wrong), "{violation}");
}

#[test]
fn without_a_look_or_a_wait_a_thread_escapes_assigning() {
    let scenario = || Scenario::new(1, 1, 0, &[Assign]);
    for without in [
        Without::SecondLook,
        Without::WaitingInAssign,
        Without::TaskPublish,
    ] {
        needs(without, scenario(), "is not where In(0) has it");
    }
}

/// Driving threads out of their calls and looking for children again does not replace the hook
/// `task_publish`: a child that exits at once leaves one of its own, which nobody finds.
#[test]
fn looking_again_finds_no_child_of_a_child_that_exits() {
    for (has_hook, exits) in [(true, false), (true, true), (false, false)] {
        let outcome = explore(&Rescan { has_hook, exits });
        assert_eq!(outcome.violation, None);
    }
    let model = Rescan {
        has_hook: false,
        exits: true,
    };
    goes("is free", "the hook", &model);
}

#[test]
fn without_a_look_or_a_wait_a_thread_stays_in() {
    let scenario = || Scenario::new(1, 1, 0, &[Assign, ReleaseProcess]);
    for without in [
        Without::LookAfterRelease,
        Without::WaitingInRelease,
        Without::CountingTheFirst,
    ] {
        needs(without, scenario(), "is not where Out has it");
    }
}

#[test]
fn without_a_look_or_a_wait_a_thread_escapes_narrowing() {
    let scenario = || Scenario::new(2, 1, 1, &[Assign]);
    for without in [
        Without::LookAfterNarrowing,
        Without::WaitingInNarrow,
        Without::TaskPublish,
    ] {
        needs(without, scenario(), "is not ");
    }
    needs(
        Without::WaitingForTheFormed,
        Scenario::new(2, 0, 1, &[Assign]),
        "is not in part 1",
    );
}

#[test]
fn without_putting_children_elsewhere_one_has_more_than_its_maker() {
    let scenario = Scenario {
        processes: true,
        ..Scenario::new(2, 1, 1, &[Assign])
    };
    needs(Without::Replacing, scenario, "more than its maker had");
}

#[test]
fn without_task_free_an_entry_is_left_of_a_task_that_is_gone() {
    let scenario = Scenario {
        exits: true,
        ..Scenario::new(1, 1, 0, &[Assign])
    };
    needs(Without::TaskFree, scenario, "an entry is left");
}

#[test]
fn without_forgetting_what_its_maker_left_a_fork_fails() {
    let calls = [Assign, ReleaseProcess, Assign];
    for scenario in [
        Scenario::new(1, 1, 0, &calls),
        Scenario::new(2, 1, 1, &[Assign]),
    ] {
        needs(Without::Forgetting, scenario, "a fork fails without cause");
    }
}

#[test]
fn without_looking_again_who_narrows_stays_in() {
    let scenario = Scenario::new(1, 0, 2, &[Assign, ReleaseProcess]);
    needs(Without::LookingAgain, scenario, "is not where Out has it");
}

#[test]
fn without_comparing_narrowing_pulls_a_thread_out_of_another() {
    let calls = [Assign, ReleaseProcess, Assign];
    needs(
        Without::Comparing,
        Scenario::new(2, 0, 1, &calls),
        "moves to an association that is no part of its own",
    );
}

#[test]
fn without_looking_whether_it_has_ended_something_is_left() {
    let calls = [Assign, ReleaseAssociation];
    let left = "is still a member of what has ended";
    needs(
        Without::RecheckInNarrow,
        Scenario::new(1, 0, 1, &calls),
        left,
    );
    needs(
        Without::RecheckInCatchUp,
        Scenario::new(1, 1, 0, &calls),
        left,
    );
}

#[test]
fn without_walking_again_something_is_left() {
    let left = "is still a member of what has ended";
    let scenario = Scenario::new(2, 0, 0, &[Assign, ReleaseAssociation]);
    needs(Without::WalkingAgain, scenario, left);
}

#[test]
fn two_threads_that_narrow_at_once_leave_each_other_outside() {
    let scenario = Scenario::new(2, 0, 2, &[Assign]);
    needs(Without::OneAtATime, scenario, "is not in part");
}

/// `catch_up` checks again, unless the child is gone before.
#[test]
fn as_a_child_inherits_nobody_need_look_whether_that_has_ended() {
    let outcome = explore(&Scenario {
        processes: true,
        without: Some(Without::RecheckInInherit),
        ..Scenario::new(1, 1, 1, &[Assign, ReleaseAssociation])
    });
    assert_eq!(outcome.violation, None);
}

#[test]
fn without_removing_only_what_has_ended_one_is_pulled_out_of_another() {
    let wrong = "leaves that no call released";
    let without = Without::RemovingTheEndedOnly;
    let calls = [Assign, ReleaseAssociation, Assign];
    needs(without, Scenario::new(1, 0, 1, &calls), wrong);
    // The same in `take_in_process`.
    let scenario = Scenario {
        calls: [vec![Assign], vec![Assign, Assign]],
        ..Scenario::new(2, 0, 0, &[])
    };
    needs(without, scenario, wrong);
}

#[test]
fn without_sparing_what_is_being_made_it_is_formed_with_nobody_in() {
    let scenario = Scenario {
        calls: [vec![Assign, ReleaseProcess], vec![Assign]],
        ..Scenario::new(1, 0, 0, &[])
    };
    needs(Without::SparingTheUnformed, scenario, "is not where In(1)");
}

#[test]
fn without_asking_for_the_end_a_part_outlives_what_it_is_a_part_of() {
    let wrong = "is in an association that has ended";
    // Only a part outlives it. A task that was released from the association itself has no entry
    // for narrowing to replace.
    for without in [Without::AskingForTheEnd, Without::AskingTheWhole] {
        let calls = [Assign, ReleaseAssociation];
        needs(without, Scenario::new(1, 0, 2, &calls), wrong);
    }
    let calls = [Assign, ReleaseAll];
    needs(
        Without::RevokingTwice,
        Scenario::new(1, 0, 1, &calls),
        wrong,
    );
}

#[test]
fn a_search_with_a_part_left_out_misses_a_descriptor() {
    for without in [
        Unsearched::Again,
        Unsearched::Counting,
        Unsearched::CountingFirst,
        Unsearched::Waiting,
    ] {
        let model = Search {
            forks: 2,
            without: Some(without),
        };
        goes("still holds a bypass", without, &model);
    }
}

#[test]
fn without_a_part_a_descendant_is_left_outside() {
    for without in [
        Unfollowed::Again,
        Unfollowed::Exiting,
        Unfollowed::OneMoment,
    ] {
        let model = Tree {
            forks: 2,
            without: Some(without),
        };
        goes("is left outside", without, &model);
    }
}

#[test]
fn without_its_order_the_gate_takes_a_member_for_one_of_another_association() {
    for without in [
        Unknown::Comparing,
        Unknown::Forgetting,
        Unknown::ChangingFirst,
        Unknown::ReadingFirst,
    ] {
        let model = Known {
            changes: 2,
            without: Some(without),
        };
        goes("passes as one of", without, &model);
    }
}

#[test]
fn without_a_part_of_joining_a_task_stays_or_leaves_that_should_not() {
    const TWICE: &[bool] = &[false, false];
    for (without, calls, wrong) in [
        (Unjoined::Ending, &[true][..], "is joining for ever"),
        (
            Unjoined::CatchingUp,
            TWICE,
            "the child is not where its maker is",
        ),
        (Unjoined::Comparing, TWICE, "is left in the association"),
        (
            Unjoined::Waiting,
            TWICE,
            "the child is not where its maker is",
        ),
        (Unjoined::Marking, TWICE, "a member is taken out"),
        (Unjoined::Refusing, TWICE, "is left in the association"),
    ] {
        let model = Joining {
            forks: 2,
            calls,
            without: Some(without),
        };
        goes(wrong, without, &model);
    }
}

#[test]
fn without_the_order_of_tags_a_thread_escapes_or_is_a_member_without_one() {
    let scenario = || Scenario {
        tags: true,
        ..Scenario::new(1, 1, 0, &[Assign])
    };
    needs(
        Without::TaggingFirst,
        scenario(),
        "is a member without a tag",
    );
    needs(
        Without::TaggingAgain,
        scenario(),
        "is not where In(0) has it",
    );
}
