// SPDX-License-Identifier: GPL-2.0

//! What tests of scenarios have in common.

use addrconf_model::{explore, Call, Scenario};

/// Tries every interleaving, and prints the number of states.
///
/// # Panics
///
/// When a promise is broken.
pub fn holds(scenario: &Scenario) {
    let outcome = explore(scenario);
    let Scenario {
        threads,
        forks,
        narrows,
        calls,
        ..
    } = scenario;
    let states = outcome.states;
    println!("{threads} threads, {forks} forks, {narrows} narrow, {calls:?}: {states} states");
    if let Some(violation) = outcome.violation {
        panic!("{violation}");
    }
}

/// The same, but a second administrator makes these calls.
pub fn beside(other: &[Call], scenario: Scenario) -> Scenario {
    let [calls, _] = scenario.calls;
    Scenario {
        calls: [calls, other.to_vec()],
        ..scenario
    }
}

/// The same, but it makes processes as well as threads, and all of them exit: what is left of
/// them is found.
pub fn to_the_end(scenario: Scenario) -> Scenario {
    Scenario {
        processes: true,
        exits: true,
        ..scenario
    }
}
