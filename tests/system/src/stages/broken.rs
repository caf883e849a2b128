// SPDX-License-Identifier: GPL-2.0

//! A start of the machine with a fault in a policy file.

use std::fs;

use super::{first, logins};
use crate::command::{answer, done};
use crate::customer::{page, BLOG, SHOP};
use crate::machine;
use crate::report::Report;

/// The file with the fault, and where its sound text is meanwhile.
const FILE: &str = "/etc/addrconf/blog.toml";
const SOUND: &str = "/var/lib/system-tests/blog.toml";

/// Puts a fault into the second line of a file.
pub fn break_policy() {
    let text = fs::read_to_string(FILE).expect("the policy");
    fs::write(SOUND, &text).expect("keep the policy");
    let broken = text.replacen("exclusive", "exclusiv", 1);
    fs::write(FILE, broken).expect("break the policy");
}

pub fn tests(report: &mut Report) {
    report.test("with_a_broken_policy_the_machine_starts", || {
        assert_eq!(machine::started(), "degraded");
        assert_eq!(machine::state("multi-user.target"), "active");
        assert_eq!(machine::state("ssh.service"), "active");
        assert_eq!(machine::state("addresses.service"), "active");
    });
    report.test("the_journal_says_where_the_fault_is", || {
        assert_eq!(machine::state("addrconf.service"), "failed");
        let log = machine::journal("addrconf.service");
        assert!(
            log.contains("/etc/addrconf/blog.toml:2:1: unknown field"),
            "{log}"
        );
    });
    report.test("with_a_broken_policy_no_server_of_a_tenant_runs", || {
        for customer in [SHOP, BLOG] {
            for unit in customer.units() {
                assert_eq!(machine::state(&unit), "inactive", "{unit}");
            }
            assert_eq!(page(customer.addresses[0]), "");
        }
        // Of this the administrator took care, as no rule names it.
        assert_eq!(machine::state(logins::MANAGER), "inactive");
        let listeners = answer(&["ss", "-Hltn"]);
        for port in [":80 ", ":5432 ", ":9000 "] {
            assert!(!listeners.contains(port), "{listeners}");
        }
    });
    report.test("when_the_policy_is_mended_servers_start", || {
        fs::copy(SOUND, FILE).expect("mend the policy");
        done(&["systemctl", "restart", "addrconf.service"]);
        for customer in [SHOP, BLOG] {
            for unit in customer.units() {
                done(&["systemctl", "start", &unit]);
            }
        }
        done(&["systemctl", "start", logins::MANAGER]);
        first::serve();
        logins::user_manager_is_confined();
        first::doctor_finds_nothing();
    });
}
