// SPDX-License-Identifier: GPL-2.0

//! The servers of two customers, which systemd starts with the machine.

use crate::command::{answer, done, eventually, run};
use crate::customer::{page, Customer, BLOG, SHOP};
use crate::machine;
use crate::report::Report;

/// Units of the machine that run from the start.
const UNITS: [&str; 7] = [
    "addrconf.service",
    "addrconf-metrics.socket",
    "addrconf-monitor.service",
    "addresses.service",
    "auditd.service",
    "cron.service",
    "ssh.service",
];

pub fn tests(report: &mut Report) {
    report.test("the_machine_starts_without_a_failure", || {
        assert_eq!(machine::started(), "running", "{}", machine::failures());
        for unit in UNITS {
            assert_eq!(machine::state(unit), "active", "{}", machine::journal(unit));
        }
    });
    report.test("the_module_is_loaded_from_where_it_is_installed", || {
        let file = done(&["modinfo", "-n", "addrconf"]);
        assert!(file.ends_with("/updates/addrconf.ko"), "{file}");
        assert!(done(&["lsmod"]).contains("addrconf"));
    });
    report.test("servers_are_confined_and_serve_from_the_start", serve);
    report.test(
        "without_associations_the_second_server_finds_no_port",
        free_servers_compete,
    );
}

fn free_servers_compete() {
    let [first, second] = [SHOP, BLOG].map(FreeServer::start);
    assert_eq!(machine::state(&first.0), "active");
    assert_eq!(machine::state(&second.0), "failed");
    let log = machine::journal(&second.0);
    assert!(log.contains("Address already in use"), "{log}");
    // The first serves at the addresses of the machine, where it finds no PHP, and customers serve at
    // theirs as before.
    eventually("answer of nginx to the machine", || {
        page("127.0.0.1").contains("502 Bad Gateway")
    });
    for customer in [SHOP, BLOG] {
        customer.serves();
    }
}

/// Checks that each customer's servers are in its association, with the same ports, and serve its own
/// data at its own addresses.
pub fn serve() {
    for customer in [SHOP, BLOG] {
        for unit in customer.units() {
            assert_eq!(
                machine::state(&unit),
                "active",
                "{}",
                machine::journal(&unit)
            );
        }
        customer.is_confined();
        customer.serves();
        assert_eq!(database(&customer), customer.name);
    }
    let listeners = done(&["ss", "-Hltn"]);
    for listener in ["0.0.0.0:80", "127.0.0.1:9000", "0.0.0.0:5432"] {
        let count = listeners.matches(&format!("{listener} ")).count();
        assert_eq!(count, 2, "{listener}: {listeners}");
    }
}

/// The name in the database at a customer's address.
fn database(customer: &Customer) -> String {
    let at = [
        "-h",
        customer.addresses[0],
        "-U",
        "customer",
        "-d",
        "postgres",
    ];
    let query = ["-X", "-A", "-t", "-c", "select name from customer"];
    done(&[&["/usr/lib/postgresql/bin/psql"][..], &at, &query].concat())
}

/// The unit of an nginx as a customer's, under a name that no rule has. It is stopped when this is
/// dropped.
struct FreeServer(String);

impl FreeServer {
    /// Starts one. It has succeeded or failed when this returns.
    fn start(customer: Customer) -> Self {
        let name = format!("free-{}", customer.name);
        let place = format!("/run/{name}");
        let settings = [
            format!("--unit={name}"),
            format!("--uid={}", customer.name),
            format!("--property=RuntimeDirectory={name}"),
            "--property=AmbientCapabilities=CAP_NET_BIND_SERVICE".to_owned(),
        ];
        let mut words = vec!["systemd-run", "--quiet"];
        words.extend(settings.iter().map(String::as_str));
        words.extend(["--", "/usr/sbin/nginx", "-e", "stderr", "-p", &place]);
        words.extend(["-c", "/etc/customers/nginx.conf"]);
        done(&words);
        let server = Self(format!("{name}.service"));
        eventually("end of the attempts of nginx", || {
            machine::state(&server.0) == "failed" || is_listening(&server.0)
        });
        server
    }
}

impl Drop for FreeServer {
    fn drop(&mut self) {
        run(&["systemctl", "stop", &self.0]);
        run(&["systemctl", "reset-failed", &self.0]);
    }
}

/// Whether a unit's main process has a listener.
fn is_listening(unit: &str) -> bool {
    let pid = machine::property(unit, "MainPID");
    answer(&["ss", "-Hltnp"]).contains(&format!("pid={pid},"))
}

/// Checks what an administrator is told who asks whether all is well.
pub fn doctor_finds_nothing() {
    assert_eq!(done(&["addrctl", "doctor"]), "");
}
