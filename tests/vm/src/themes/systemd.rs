// SPDX-License-Identifier: GPL-2.0

//! Two customers whose services are units of systemd. One customer's units call addrctl, rules
//! take the other's in.

use std::fmt::Write;

use addrconf_abi::Terms;

use crate::addr::{HOST4, HOST6, ONE, TWO};
use crate::child::eventually;
use crate::defined::Defined;
use crate::program::{Programs, Shops};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::Proto::Tcp;
use crate::systemd::Systemd;

use super::addrctl::{done, ADDRCTL};
use super::programs::{fetch, nginx, redis, Directory};

/// How often everything is done.
const TIMES: usize = 20;

/// The port of a socket unit.
const PORT: u16 = 7007;

/// Answers one connection to the socket that systemd hands it, and tells what binding to the
/// other customer's address gives.
const ONCE: &str = r"
import errno, socket, sys
listener = socket.socket(fileno=3)
connection, _ = listener.accept()
try:
    socket.socket().bind((sys.argv[1], 0))
    word = 'free'
except OSError as e:
    word = errno.errorcode[e.errno]
connection.sendall(word.encode())
";

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "two_customers_of_systemd_survive_restarts_and_releases",
            || {
                let shops = Shops::new();
                let pages = ["shop", "blog"].map(Directory::new);
                let systemd = Systemd::with(&[
                    (
                        "shop-web.service",
                        &service(&run("shop", &nginx(&pages[0], "shop"))),
                    ),
                    ("shop-redis.service", &service(&run("shop", &redis("101")))),
                    ("blog-web.service", &service(&nginx(&pages[1], "blog"))),
                    ("blog-redis.service", &service(&redis("102"))),
                ]);
                let units = [
                    "shop-web.service",
                    "shop-redis.service",
                    "blog-web.service",
                    "blog-redis.service",
                ];
                for unit in &units[2..] {
                    add_rule(&systemd, unit);
                }
                let mut earlier = Vec::new();
                for _ in 0..TIMES {
                    systemd.ctl(&[&["restart"], &units[..]].concat());
                    let processes = units.map(|unit| main_process(&systemd, unit));
                    assert!(
                        !earlier.contains(&processes),
                        "{processes:?} did not restart"
                    );
                    earlier.push(processes);
                    serve_apart(&shops);
                    done(&["release", "shop"]);
                    for unit in &units[..2] {
                        let group = systemd.group_of(unit);
                        done(&["assign", "--cgroup", &group, "--to", "shop"]);
                    }
                    serve_apart(&shops);
                }
                systemd.ctl(&[&["stop"], &units[..]].concat());
                for defined in [&shops.shop, &shops.blog] {
                    eventually("the end of all tasks", || defined.describe().tasks == 0);
                }
            },
        ),
        everywhere("two_units_of_systemd_do_not_share_a_port", || {
            let pages = ["one", "two"].map(Directory::new);
            let systemd = Systemd::with(&[
                ("one.service", &service(&nginx(&pages[0], "one"))),
                ("two.service", &service(&nginx(&pages[1], "two"))),
            ]);
            systemd.ctl(&["start", "one.service"]);
            eventually("a page", || fetch(HOST4, 80).is_some());
            systemd.ctl(&["start", "two.service"]);
            eventually("the end of the second", || {
                systemd.ctl(&["is-active", "two.service"]) == "failed"
            });
            assert_eq!(systemd.ctl(&["is-active", "one.service"]), "active");
        }),
        behaviour(
            "services_that_systemd_starts_for_a_socket_are_in_their_association",
            || {
                let (_shops, programs) = (Shops::new(), Programs::new());
                let once = programs.script("once.py", ONCE);
                let python = |other: &str| ["python3", &once, other].map(str::to_owned);
                let systemd = Systemd::with(&[
                    ("shop-once.socket", &socket(ONE[0])),
                    ("shop-once.service", &service(&run("shop", &python(TWO[0])))),
                    ("blog-once.socket", &socket(TWO[0])),
                    ("blog-once.service", &service(&python(ONE[0]))),
                ]);
                add_rule(&systemd, "blog-once.service");
                systemd.ctl(&["start", "shop-once.socket", "blog-once.socket"]);
                for time in 0..TIMES {
                    for addr in [ONE[0], TWO[0]] {
                        let word = ask(Tcp, (addr, PORT)).expect("an answer");
                        assert_eq!(word, "EADDRNOTAVAIL", "time {time} at {addr}");
                    }
                }
            },
        ),
        behaviour(
            "a_wildcard_of_systemd_serves_exclusive_addresses_after_the_first_start",
            || {
                let terms = Terms {
                    exclusive: true,
                    ..Terms::DEFAULT
                };
                let (_mall, programs) = (Defined::on(&terms, "mall", ONE), Programs::new());
                let once = programs.script("once.py", ONCE);
                let command = ["python3", &once, TWO[0]].map(str::to_owned);
                let systemd = Systemd::with(&[
                    ("mall-once.socket", &socket("0.0.0.0")),
                    ("mall-once.service", &service(&run("mall", &command))),
                ]);
                systemd.ctl(&["start", "mall-once.socket"]);
                nobody_answers(Tcp, (ONE[0], PORT));
                // From now on the listener is the association's.
                systemd.ctl(&["start", "mall-once.service"]);
                for time in 0..3 {
                    let mut word = None;
                    // The first start may not be that far yet.
                    eventually("an answer", || {
                        word = ask(Tcp, (ONE[0], PORT)).ok();
                        word.is_some()
                    });
                    assert_eq!(word.as_deref(), Some("EADDRNOTAVAIL"), "time {time}");
                }
                nobody_answers(Tcp, (HOST4, PORT));
            },
        ),
    ]
}

/// A unit that runs a command.
fn service(command: &[String]) -> String {
    let mut text = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=".to_owned();
    for word in command {
        write!(text, "\"{word}\" ").expect("a string");
    }
    text + "\n"
}

/// A unit that starts the service of the same name for each connection to this address.
fn socket(addr: &str) -> String {
    format!("[Socket]\nListenStream={addr}:{PORT}\nTriggerLimitIntervalSec=0\n")
}

/// A command in an association, by addrctl.
fn run(name: &str, command: &[String]) -> Vec<String> {
    let run = [ADDRCTL, "run", name, "--"].map(str::to_owned);
    [&run[..], command].concat()
}

/// The process that systemd started for a service.
fn main_process(systemd: &Systemd, service: &str) -> String {
    systemd.ctl(&["show", "--property=MainPID", "--value", service])
}

/// The processes of a service of the blog become its members.
fn add_rule(systemd: &Systemd, service: &str) {
    let group = systemd.group_of(service);
    done(&["rule", "add", "--cgroup", &group, "--to", "blog"]);
}

/// Waits until each customer's web server answers at its addresses, and its redis on its
/// loopback. None answers elsewhere.
fn serve_apart(shops: &Shops) {
    for (name, set, defined, limit) in [
        ("shop", ONE, &shops.shop, "101"),
        ("blog", TWO, &shops.blog, "102"),
    ] {
        for addr in set {
            eventually(&format!("the page of {name} at {addr}"), || {
                fetch(addr, 80).is_some_and(|text| text.contains(&format!("page {name}")))
            });
        }
        eventually(&format!("the redis of {name}"), || {
            clients_of(name) == limit
        });
        has_tasks(defined);
    }
    for addr in [HOST4, HOST6, "127.0.0.1"] {
        nobody_answers(Tcp, (addr, 80));
    }
    nobody_answers(Tcp, ("127.0.0.1", 6379));
}

/// The greatest number of clients of the redis on the loopback of a customer.
fn clients_of(name: &str) -> String {
    let ask = [
        "redis-cli",
        "-h",
        "127.0.0.1",
        "config",
        "get",
        "maxclients",
    ];
    let mut command = std::process::Command::new(ADDRCTL);
    let said = crate::program::answer(command.args(["run", name, "--"]).args(ask));
    said.lines().last().unwrap_or_default().to_owned()
}

/// Both services of a customer are in its association: nginx with two workers, and redis with
/// its threads.
fn has_tasks(defined: &Defined) {
    assert!(defined.describe().tasks > 3);
}
