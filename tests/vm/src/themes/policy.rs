// SPDX-License-Identifier: GPL-2.0

//! Policy files with the real module: `addrctl apply`, and units of systemd that wait for it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::addr::{HOST4, ONE, THREE, TWO};
use crate::child::eventually;
use crate::client::Device;
use crate::program::{answer, Programs};
use crate::registry::{behaviour, Test};
use crate::systemd::Systemd;

use super::addrctl::{done, ADDRCTL};
use super::programs::{fetch, nginx, Directory};

/// Where the files are that `addrctl apply` reads.
const POLICIES: &str = "/etc/addrconf";

/// What `make install` installs.
const SERVICE: &str = include_str!("../../../../userspace/systemd/addrconf.service");
const METRICS: [&str; 2] = [
    include_str!("../../../../userspace/systemd/addrconf-metrics.socket"),
    include_str!("../../../../userspace/systemd/addrconf-metrics@.service"),
];
const GENERATOR: &str = include_str!("../../../../userspace/systemd/addrconf-generator");

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "apply_makes_the_machine_as_the_files_say_and_then_nothing",
            || {
                let files = Policies::new();
                files.write("shop", &tenant(ONE, ""));
                files.write(
                    "blog",
                    &tenant(TWO, "exclusive = true\n[[rule]]\nuid = 65534\n"),
                );
                let made = done(&["apply"]);
                assert_eq!(made.lines().count(), 3, "{made}");
                assert_eq!(Device::open().ids().len(), 2);
                assert_eq!(done(&["apply", "--prune"]), "");
                assert!(done(&["rule", "list"]).contains("blog"));
                files.write("shop", &tenant(&[ONE[0]], ""));
                assert!(done(&["apply"]).starts_with("replace the set of shop"));
                assert_eq!(done(&["apply"]), "");
                assert_eq!(
                    done(&["export", "shop"]),
                    "name = \"shop\"\naddresses = [\"10.0.0.1\"]\n\
                loopback = \"127.64.0.2\"\n"
                        .replace("127.64.0.2", &loopback("shop"))
                );
                files.remove("blog");
                assert!(done(&["apply", "--prune"]).contains("undefine blog"));
                eventually("one association", || Device::open().ids().len() == 1);
            },
        ),
        behaviour(
            "a_faulty_file_changes_nothing_and_is_told_with_its_place",
            || {
                let files = Policies::new();
                files.write("shop", &tenant(ONE, ""));
                done(&["apply"]);
                files.write("blog", &tenant(TWO, "exclusiv = true\n"));
                files.write("shop", &tenant(TWO, ""));
                let output = Command::new(ADDRCTL)
                    .arg("apply")
                    .output()
                    .expect("addrctl");
                assert!(!output.status.success());
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(
                    said.contains("/etc/addrconf/blog.toml:2:1: unknown field"),
                    "{said}"
                );
                assert!(done(&["show", "shop"]).contains(ONE[0]));
            },
        ),
        behaviour(
            "units_start_after_the_policy_and_follow_its_changes",
            || {
                let files = Policies::new();
                let pages = ["shop", "blog"].map(Directory::new);
                files.write("shop", &tenant(ONE, ""));
                files.write("blog", &tenant(TWO, ""));
                let systemd = with_policies(&pages);
                // Nobody starts the policy but the units.
                systemd.ctl(&["start", "shop-web.service", "blog-web.service"]);
                assert_eq!(systemd.ctl(&["is-active", "addrconf.service"]), "active");
                for _ in 0..3 {
                    for (name, set) in [("shop", ONE), ("blog", TWO)] {
                        eventually("a page", || has_page(set[0], name));
                    }
                    assert_eq!(fetch(HOST4, 80), None);
                    systemd.ctl(&["restart", "shop-web.service", "blog-web.service"]);
                }
                files.write("shop", &tenant(&[ONE[0], THREE[0]], ""));
                systemd.ctl(&["reload", "addrconf.service"]);
                eventually("a page at the new address", || has_page(THREE[0], "shop"));
            },
        ),
        behaviour("with_a_broken_policy_units_do_not_start_unconfined", || {
            let files = Policies::new();
            let pages = ["shop", "blog"].map(Directory::new);
            files.write("shop", "adresses = [\n");
            let systemd = with_policies(&pages);
            systemd.ctl(&["start", "shop-web.service"]);
            assert_eq!(systemd.ctl(&["is-active", "addrconf.service"]), "failed");
            assert_eq!(systemd.ctl(&["is-active", "shop-web.service"]), "inactive");
            assert_eq!(fetch(HOST4, 80), None);
            // The machine goes on.
            systemd.ctl(&["start", "free.service"]);
            assert_eq!(systemd.ctl(&["is-active", "free.service"]), "active");
            files.write("shop", &tenant(ONE, ""));
            systemd.ctl(&["start", "shop-web.service"]);
            eventually("a page", || has_page(ONE[0], "shop"));
        }),
        behaviour("units_serve_metrics_to_a_scraper", || {
            done(&["define", "shop", ONE[0]]);
            let files = Policies::new();
            let systemd = Systemd::with(&[
                ("addrconf-metrics.socket", METRICS[0]),
                ("addrconf-metrics@.service", METRICS[1]),
            ]);
            systemd.ctl(&["start", "addrconf-metrics.socket"]);
            for _ in 0..3 {
                let url = "http://127.0.0.1:9917/metrics";
                let text = answer(Command::new("curl").args(["-s", "-i", url]));
                assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
                let line = "addrconf_processes{id=";
                assert!(text.contains(line) && text.ends_with("# EOF"), "{text}");
                assert!(text.contains("name=\"shop\""), "{text}");
            }
            drop(files);
        }),
        behaviour("units_that_a_file_names_wait_for_the_policy", || {
            let files = Policies::new();
            files.write(
                "shop",
                &tenant(ONE, "[[rule]]\nunit = \"shop-web.service\"\n"),
            );
            // One with a fault counts as well.
            files.write("blog", "adresses = [\n[[rule]]\nunit = \"php-fpm\"\n");
            let programs = Programs::new();
            let generator = programs.script("generator", GENERATOR);
            let made = programs.path("made");
            let status = Command::new(generator).args([&made, &made, &made]).status();
            assert!(status.expect("the generator").success());
            for unit in ["shop-web.service", "php-fpm.service"] {
                let path = format!("{made}/{unit}.d/50-addrconf.conf");
                let text = fs::read_to_string(path).expect("a setting");
                assert!(text.contains("Requires=addrconf.service"), "{text}");
            }
            assert_eq!(fs::read_dir(&made).expect("settings").count(), 2);
        }),
    ]
}

/// A tenant with this set, and more of its file.
fn tenant(set: &[&str], more: &str) -> String {
    format!("addresses = {set:?}\n{more}")
}

fn loopback(name: &str) -> String {
    let shown = done(&["show", name, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let loopback = &shown["association"]["loopback"];
    loopback.as_str().expect("a loopback address").to_owned()
}

fn has_page(addr: &str, name: &str) -> bool {
    fetch(addr, 80).is_some_and(|text| text.contains(&format!("page {name}")))
}

/// A systemd that has the service of the policy, the web servers of two tenants that wait for it, and
/// a unit that does not.
fn with_policies(pages: &[Directory; 2]) -> Systemd {
    let waits = "[Unit]\nRequires=addrconf.service\nAfter=addrconf.service\n\
                 StartLimitIntervalSec=0\n[Service]\nExecStart=";
    let server = |name: &str, page| {
        let words = ["run", name, "--"].map(str::to_owned);
        let command = [&words[..], &nginx(page, name)].concat();
        let quoted: Vec<_> = command.iter().map(|word| format!("\"{word}\"")).collect();
        format!("{waits}{ADDRCTL} {}\n", quoted.join(" "))
    };
    let free = "[Service]\nType=oneshot\nExecStart=/bin/true\nRemainAfterExit=yes\n";
    Systemd::with(&[
        ("addrconf.service", SERVICE),
        ("shop-web.service", &server("shop", &pages[0])),
        ("blog-web.service", &server("blog", &pages[1])),
        ("free.service", free),
    ])
}

/// The policy files. They are removed when this is dropped, and what they defined is undefined.
pub(super) struct Policies;

impl Policies {
    pub(super) fn new() -> Self {
        fs::create_dir_all(POLICIES).expect("mkdir");
        Self
    }

    fn path(name: &str) -> PathBuf {
        format!("{POLICIES}/{name}.toml").into()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(Self::path(name), text).expect("write");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(Self::path(name)).expect("rm");
    }
}

impl Drop for Policies {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(POLICIES);
        let _ = Command::new(ADDRCTL).args(["flush", "--force"]).output();
    }
}
