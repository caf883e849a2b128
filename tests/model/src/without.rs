// SPDX-License-Identifier: GPL-2.0

//! The parts of the code that a test of [`crate::Scenario`] leaves out.

/// A part of the code that a test leaves out, to show that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The hook `task_alloc`, before a child is on any list: `inherit`.
    TaskAlloc,
    /// The hook `task_publish`, just before a child becomes visible: `catch_up`.
    TaskPublish,
    /// The hook `task_free`, after the last reference to a task: `Members::forget`.
    TaskFree,
    /// `assign` tags a task before it inserts the task.
    TaggingFirst,
    /// `task_publish` tags a child whose maker was tagged since `task_alloc`.
    TaggingAgain,
    /// `take_in_process` looks again until a look finds only members.
    SecondLook,
    /// `narrow` looks again until a look moves no thread.
    LookAfterNarrowing,
    /// `release_process` looks again until a look finds no member.
    LookAfterRelease,
    /// `take_in_process` waits for clones before it looks again.
    WaitingInAssign,
    /// `narrow` does the same.
    WaitingInNarrow,
    /// `release_process` does the same.
    WaitingInRelease,
    /// `catch_up` moves a child from one association to another.
    Replacing,
    /// `catch_up` removes the child's old entry first.
    Forgetting,
    /// `release_process` counts the first thread like any other, so it waits for its
    /// clones.
    CountingTheFirst,
    /// `RcuMap::remove_if` looks again when the entry is no longer the one it found.
    LookingAgain,
    /// `RcuMap::replace_if` replaces only the entry that it looked at.
    Comparing,
    /// `narrow` checks whether the part has ended after it has inserted an entry.
    RecheckInNarrow,
    /// `inherit` does the same for the association.
    RecheckInInherit,
    /// `catch_up` does the same for the association.
    RecheckInCatchUp,
    /// A call that finds that an association has ended removes an entry only if it is of
    /// an ended association, since the entry may have been replaced.
    RemovingTheEndedOnly,
    /// `release_process` removes no entry of an association that is not formed.
    SparingTheUnformed,
    /// No part of an association that has ended is listed.
    AskingForTheEnd,
    /// Nor one whose association is a part of another that has ended.
    AskingTheWhole,
    /// Narrowing waits until the association is formed.
    WaitingForTheFormed,
    /// `cred_guard_mutex`: one thread narrows at a time.
    OneAtATime,
    /// The walk through the table visits a whole bucket again when the entry that it
    /// stopped at has been removed.
    WalkingAgain,
    /// `release_all` goes through the list twice.
    RevokingTwice,
    /// Once the tasks of an association were released, only those of its parts are ended that were
    /// made before: a task may enter at this moment, and narrow itself.
    SparingTheNew,
    /// Whether an association has ended is asked of the part that is made, which knows the epoch.
    AskingThePart,
    /// That is the epoch of the membership of its maker, not the present one.
    KeepingTheEpoch,
    /// Narrowing moves a thread to a part only if the part was made in the epoch of the thread's
    /// membership.
    ComparingEpochs,
    /// Narrowing does not move its caller if a call is putting that into the association.
    SparingTheJoining,
    /// A release waits until no call moves tasks into the association or out of it.
    WaitingForMoves,
    /// `put_back` looks again until a look finds no task.
    LookAfterPuttingBack,
    /// It waits for clones before it looks again.
    WaitingInPuttingBack,
    /// Narrowing waits for the outcome of a call that moves a thread.
    WaitingForTheMoving,
    /// Whether a call moves a thread is asked of a membership that the thread still has.
    LookingWhetherItIsTheSame,
    /// Who executes a program that a rule names is passed over only if the call that put it into
    /// its association has succeeded: otherwise the rule goes for it.
    ChoosingForTheUnsettled,
    /// Nobody enters an association that is not defined any more.
    AskingWhetherItIsDefined,
    /// A task tries again if the association is released while it enters.
    TryingAgain,
    /// `enter` looks whether the association was released.
    AskingWhetherReleased,
    /// It does so after it has inserted the task, not before.
    AskingAfterwards,
    /// It removes an entry that does not count, to insert one that does.
    RemovingTheReleased,
    /// A task that has an entry already looks whether that counts.
    AskingWhetherAMember,
    /// It also looks whether the call has succeeded that put it there, not only whether the
    /// association is formed.
    AskingWhetherItIsDone,
    /// It looks its entry up again afterwards, which is gone if the call has failed.
    AskingWhetherItIsThere,
}
