// SPDX-License-Identifier: GPL-2.0

//! What is refused to PHP of a customer, and who is told of it.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::command::{answer, done, eventually};
use crate::customer::{association, get, BLOG, SHOP};
use crate::machine;
use crate::report::Report;

/// Where the monitor writes.
const EVENTS: &str = "/run/vm/events";

/// Where auditd writes.
const AUDIT: &str = "/var/log/audit/audit.log";

/// Where the socket unit answers scrapers.
pub const METRICS: &str = "http://127.0.0.1:9917/metrics";

/// Where they are for promtool, some time, and where it writes what it reads.
const SCRAPED: &str = "/run/vm/metrics";
const TIME: u64 = 1_800_000_000;
const BLOCKS: &str = "/var/lib/system-tests/blocks";

pub fn tests(report: &mut Report) {
    report.test(
        "a_customer_reaches_neither_the_address_nor_the_loopback_of_another",
        || {
            let monitor = Monitor::start();
            for attempt in attempts() {
                // The same program of the same user, in no association, does it.
                let free =
                    machine::as_free("shop", &["php", "-f", "/srv/html/attack.php", &attempt]);
                assert_eq!(free, "done", "{attempt}");
                let said = attack(&attempt);
                assert!(said.starts_with("refused: "), "{attempt}: {said}");
            }
            for (operation, reason) in [
                ("bind", "address-outside"),
                ("connect", "loopback-of-other"),
            ] {
                eventually(&format!("event of {operation}: {}", monitor.text()), || {
                    monitor.has_refusal(operation, reason)
                });
            }
        },
    );
    report.test("auditd_writes_refusals_into_its_log", || {
        attack(&attempts()[0]);
        let record = format!(
            "lsm=addrconf denied=bind reason=address-outside association={} ",
            association(SHOP.name)["id"]
        );
        eventually(&format!("{record} in the log of auditd"), || {
            let log = fs::read_to_string(AUDIT).unwrap_or_default();
            let is_it = |line: &str| line.starts_with("type=AVC") && line.contains(&record);
            log.lines().any(is_it)
        });
        let found = answer(&["ausearch", "--input", AUDIT, "-m", "AVC"]);
        assert!(found.contains(&record), "ausearch: {found}");
    });
    report.test("the_journal_has_refusals_with_the_unit", || {
        attack(&attempts()[0]);
        let ask = |format: &str| {
            let of_shop = ["ADDRCONF_NAME=shop", "ADDRCONF_OPERATION=bind"];
            answer(
                &[
                    &["journalctl", "-b", "--no-pager", "-o", format][..],
                    &of_shop,
                ]
                .concat(),
            )
        };
        let unit = "php-fpm@shop.service";
        eventually(&format!("refusal with fields in: {}", ask("json")), || {
            let told = ask("json");
            let mut entries = told.lines().flat_map(serde_json::from_str::<Value>);
            entries.any(|entry| {
                entry["ADDRCONF_REASON"] == "address-outside"
                    && entry["ADDRCONF_ERRNO"] == "EADDRNOTAVAIL"
                    && entry["ADDRCONF_ADDRESS"] == BLOG.addresses[0]
                    && entry["PRIORITY"] == "4"
                    && entry["SYSLOG_IDENTIFIER"] == "addrconf"
                    && entry["OBJECT_SYSTEMD_UNIT"] == unit
            })
        });
        // It is among the entries of the unit, too.
        assert!(machine::journal(unit).contains("bind 10.1.0.2:8080 refused"));
    });
    report.test("metrics_over_http_count_refusals", || {
        let before = refused(&get(METRICS));
        attack(&attempts()[0]);
        assert_eq!(refused(&get(METRICS)), before + 1);
    });
    report.test("promtool_finds_nothing_wrong_with_a_textfile", || {
        done(&[
            "sh",
            "-c",
            "addrctl metrics --textfile | promtool check metrics",
        ]);
    });
    report.test("prometheus_reads_the_metrics", || {
        // It reads files of OpenMetrics only with the time of each number.
        let add_time = |line: &str| match line.starts_with('#') {
            true => format!("{line}\n"),
            false => format!("{line} {TIME}\n"),
        };
        let metrics = get(METRICS);
        fs::write(SCRAPED, metrics.lines().map(add_time).collect::<String>()).expect("write");
        let read = [
            "promtool",
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            SCRAPED,
            BLOCKS,
        ];
        let said = done(&read);
        let numbers = metrics
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count();
        assert!(
            numbers > 0 && said.contains(&format!(" {numbers} ")),
            "{numbers}: {said}"
        );
    });
}

/// What PHP of shop tries: to bind to the address of blog, and to connect to the PostgreSQL of blog
/// at its loopback.
pub fn attempts() -> [String; 2] {
    let blog = association(BLOG.name);
    let loopback = blog["loopback"].as_str().expect("a loopback");
    [
        format!("bind={}:8080", BLOG.addresses[0]),
        format!("connect={loopback}:5432"),
    ]
}

/// What an attempt gives in php-fpm@shop.service.
pub fn attack(attempt: &str) -> String {
    get(&format!(
        "http://{}/attack.php?{attempt}",
        SHOP.addresses[0]
    ))
}

/// How many refusals of binds by shop metrics tell.
fn refused(metrics: &str) -> u64 {
    let is_it = |line: &&str| {
        line.starts_with("addrconf_refus") && line.contains("\"shop\"") && line.contains("\"bind\"")
    };
    let line = metrics.lines().find(is_it);
    let line = line.unwrap_or_else(|| panic!("no refusals of binds: {metrics}"));
    let number = line.rsplit(' ').next().expect("a number");
    number.parse().unwrap_or_else(|e| panic!("{line}: {e}"))
}

/// A running `addrctl monitor`, which is ended when this is dropped.
struct Monitor(Child);

impl Monitor {
    /// Starts one, and waits until it reads.
    fn start() -> Self {
        let file = File::create(EVENTS).expect("a file");
        let mut command = Command::new("addrctl");
        command
            .args(["monitor", "--json"])
            .stdin(Stdio::null())
            .stdout(file);
        let monitor = Self(command.spawn().expect("addrctl"));
        eventually("monitor that reads", || {
            attack("bind=10.1.0.2:8081");
            !monitor.text().is_empty()
        });
        monitor
    }

    fn text(&self) -> String {
        fs::read_to_string(EVENTS).expect("events")
    }

    fn has_refusal(&self, operation: &str, reason: &str) -> bool {
        let text = self.text();
        let mut events = text.lines().flat_map(serde_json::from_str::<Value>);
        events.any(|event| {
            event["event"] == "refused"
                && event["name"] == SHOP.name
                && event["operation"] == operation
                && event["reason"] == reason
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
