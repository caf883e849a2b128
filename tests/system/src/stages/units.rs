// SPDX-License-Identifier: GPL-2.0

//! Units of customers beside their servers, and what systemd does with units.

use std::fs;

use crate::command::{answer, done, eventually};
use crate::customer::{page, BLOG, FREE, SHOP};
use crate::machine;
use crate::report::Report;

/// The policy of shop.
const POLICY: &str = "/etc/addrconf/shop.toml";

pub fn tests(report: &mut Report) {
    report.test("a_unit_that_no_rule_names_is_free", || {
        assert_eq!(machine::as_free("shop", &["whereabouts"]), FREE);
    });
    report.test("what_a_timer_starts_is_confined", || {
        for customer in [SHOP, BLOG] {
            let (timer, service) = (
                format!("ticker@{}.timer", customer.name),
                format!("ticker@{}.service", customer.name),
            );
            done(&["systemctl", "start", &timer]);
            eventually("answer of what the timer starts", || {
                machine::journal(&service).contains("Finished")
            });
            let log = machine::journal(&service);
            assert!(
                log.lines().any(|line| line == customer.whereabouts),
                "{log}"
            );
        }
    });
    report.test("what_a_socket_starts_is_confined_and_serves_on_it", || {
        for customer in [SHOP, BLOG] {
            let socket = format!("echo@{}.socket", customer.name);
            done(&["systemctl", "start", &socket]);
            // The second start has the listener that is the association's since the first.
            for _ in 0..2 {
                let address = customer.addresses[0];
                let word = answer(&["ncat", "--recv-only", "-w", "60", address, "7007"]);
                assert_eq!(word, customer.whereabouts);
            }
            done(&["systemctl", "stop", &socket]);
        }
    });
    report.test("a_unit_is_confined_after_a_restart_and_a_reload", || {
        for unit in SHOP.units() {
            let before = machine::property(&unit, "MainPID");
            done(&["systemctl", "restart", &unit]);
            assert_ne!(machine::property(&unit, "MainPID"), before);
        }
        done(&["systemctl", "reload", "nginx@shop.service"]);
        for customer in [SHOP, BLOG] {
            customer.is_confined();
            customer.serves();
        }
    });
    report.test("reload_changes_the_policy_and_keeps_servers", || {
        let text = fs::read_to_string(POLICY).expect("the policy");
        let pids = || SHOP.units().map(|unit| machine::property(&unit, "MainPID"));
        let before = pids();
        assert_eq!(page("10.1.0.3"), "");
        let more = text.replacen("\"10.1.0.1\"", "\"10.1.0.1\", \"10.1.0.3\"", 1);
        fs::write(POLICY, more).expect("change the policy");
        done(&["systemctl", "reload", "addrconf.service"]);
        eventually("page at the new address", || {
            page("10.1.0.3") == SHOP.page()
        });
        fs::write(POLICY, text).expect("restore the policy");
        done(&["systemctl", "reload", "addrconf.service"]);
        assert_eq!(page("10.1.0.3"), "");
        assert_eq!(pids(), before);
        SHOP.is_confined();
        SHOP.serves();
    });
}
