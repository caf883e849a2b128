// SPDX-License-Identifier: GPL-2.0

//! What an operator is told who asks about the customers.

use serde_json::Value;

use super::refusals::{attack, attempts, METRICS};
use crate::command::{done, eventually, run, text};
use crate::customer::{get, page, BLOG, SHOP};
use crate::report::Report;

pub fn tests(report: &mut Report) {
    report.test("sockets_are_shown_with_customers_and_units", || {
        for customer in [SHOP, BLOG] {
            let listed = json(&["addrctl", "sockets", customer.name, "--listening", "--json"]);
            for (port, unit) in [(80, "nginx"), (5432, "pg"), (9000, "php-fpm")] {
                let unit = format!("{unit}@{}.service", customer.name);
                let is_it = |socket: &Value| {
                    socket["protocol"] == "tcp"
                        && socket["local"]["port"] == port
                        && socket["name"] == customer.name
                        && socket["holders"][0]["unit"] == unit
                };
                let all = listed["sockets"].as_array().expect("sockets");
                assert!(all.iter().any(is_it), "{port} of {unit}: {listed}");
            }
        }
    });
    report.test("what_would_be_refused_is_refused", || {
        for attempt in attempts() {
            let (call, to) = attempt.split_once('=').expect("a call");
            let asked = run(&["addrctl", "check", "shop", call, to]);
            assert_eq!(
                asked.status.code(),
                Some(8),
                "{attempt}: {}",
                text(&asked.stdout)
            );
            assert!(attack(&attempt).starts_with("refused: "), "{attempt}");
        }
        let own = format!("{}:8080", SHOP.addresses[0]);
        let allowed = done(&["addrctl", "check", "shop", "bind", &own]);
        assert!(allowed.ends_with("is allowed"), "{allowed}");
        let held = done(&["addrctl", "check", "shop", "bind", "0.0.0.0:80"]);
        assert!(
            held.contains("the port is held by ") && held.ends_with("(nginx)"),
            "{held}"
        );
    });
    report.test("traffic_of_customers_is_counted_on_demand", || {
        let sent = "addrconf_sent_bytes_total{";
        assert!(!get(METRICS).contains(sent));
        done(&["addrctl", "traffic", "--on"]);
        page(SHOP.addresses[0]);
        let counted = json(&["addrctl", "traffic", "shop", "--json"]);
        let sent_bytes = counted["associations"][0]["sent_bytes"].as_u64();
        assert!(sent_bytes > Some(1_000), "{counted}");
        assert!(get(METRICS).contains(sent));
        done(&["addrctl", "traffic", "--off"]);
        assert!(!get(METRICS).contains(sent));
    });
    report.test("top_shows_refusals_of_each_second", || {
        eventually("refusals in top", || {
            attack(&attempts()[0]);
            let shown = json(&[
                "addrctl", "top", "shop", "--batch", "--delay", "5", "--json",
            ]);
            let row = &shown["associations"][0];
            row["name"] == SHOP.name && row["refused_count"].as_u64() > Some(0)
        });
    });
}

/// The JSON that a program prints.
fn json(words: &[&str]) -> Value {
    serde_json::from_str(&done(words)).expect("JSON")
}
