// SPDX-License-Identifier: GPL-2.0

//! The stages, in their order.

mod asked;
mod broken;
mod first;
mod logins;
mod refusals;
mod restarted;
mod units;

use crate::report::Report;

/// All of them. The machine is restarted after each but the last.
pub const ALL: [fn(&mut Report); 3] = [first_start, second_start, third_start];

fn first_start(report: &mut Report) {
    first::tests(report);
    units::tests(report);
    refusals::tests(report);
    asked::tests(report);
    logins::tests(report);
    // After all these, as what they leave behind would be found.
    report.test("doctor_finds_nothing", first::doctor_finds_nothing);
}

fn second_start(report: &mut Report) {
    restarted::tests(report);
    // The third start is with a fault in a file.
    broken::break_policy();
}

fn third_start(report: &mut Report) {
    broken::tests(report);
}
