// SPDX-License-Identifier: GPL-2.0

//! The machine after it was restarted.

use super::{first, logins};
use crate::machine;
use crate::report::Report;

pub fn tests(report: &mut Report) {
    report.test(
        "after_a_restart_the_machine_starts_without_a_failure",
        || {
            assert_eq!(machine::started(), "running", "{}", machine::failures());
        },
    );
    report.test(
        "after_a_restart_servers_are_confined_and_serve",
        first::serve,
    );
    report.test(
        "after_a_restart_a_user_manager_is_confined",
        logins::user_manager_is_confined,
    );
    report.test(
        "after_a_restart_doctor_finds_nothing",
        first::doctor_finds_nothing,
    );
}
