// SPDX-License-Identifier: GPL-2.0

//! The two customers, as the files of `tests/system/machine` describe them.

use serde_json::Value;

use crate::command::{answer, done, eventually};

/// A customer of the machine.
pub struct Customer {
    /// Its name, which its association, its user and its units have.
    pub name: &'static str,
    /// Its addresses, of both families, as in URLs.
    pub addresses: [&'static str; 2],
    /// What `whereabouts` prints in its association.
    pub whereabouts: &'static str,
}

/// The first.
pub const SHOP: Customer = Customer {
    name: "shop",
    addresses: ["10.1.0.1", "[2001:db8:1::1]"],
    whereabouts: "ok EADDRNOTAVAIL",
};

/// The other.
pub const BLOG: Customer = Customer {
    name: "blog",
    addresses: ["10.1.0.2", "[2001:db8:1::2]"],
    whereabouts: "EADDRNOTAVAIL ok",
};

/// What `whereabouts` prints in no association.
pub const FREE: &str = "ok ok";

/// The kinds of servers that each customer has, as units named KIND@CUSTOMER.service.
pub const SERVERS: [&str; 3] = ["pg", "php-fpm", "nginx"];

impl Customer {
    /// The names of the units of its servers.
    pub fn units(&self) -> [String; 3] {
        SERVERS.map(|kind| format!("{kind}@{}.service", self.name))
    }

    /// The page that its nginx serves, which PHP makes of what PostgreSQL says.
    pub fn page(&self) -> String {
        format!("page of {}", self.name)
    }

    /// Checks that its page is at its addresses, once that is so.
    pub fn serves(&self) {
        for address in self.addresses {
            eventually(&format!("page of {} at {address}", self.name), || {
                page(address) == self.page()
            });
        }
    }

    /// Checks that each of its servers is in its association, with all its processes.
    pub fn is_confined(&self) {
        let members = done(&["addrctl", "ps", self.name]);
        for unit in self.units() {
            let cgroup = done(&["systemctl", "show", "--value", "-p", "ControlGroup", &unit]);
            let procs = format!("/sys/fs/cgroup{cgroup}/cgroup.procs");
            let pids = std::fs::read_to_string(&procs).unwrap_or_else(|e| panic!("{procs}: {e}"));
            assert!(!pids.is_empty(), "{unit} has no process");
            for pid in pids.lines() {
                let is_member = |line: &str| line.split_whitespace().any(|word| word == pid);
                assert!(
                    members.lines().any(is_member),
                    "process {pid} of {unit} is not in {}:\n{members}",
                    self.name
                );
            }
        }
    }
}

/// What is at this path of the server at an address, for somebody on no association.
pub fn page(address: &str) -> String {
    get(&format!("http://{address}/page.php"))
}

/// What is at a URL.
pub fn get(url: &str) -> String {
    answer(&["curl", "-s", "-g", "--max-time", "20", url])
}

/// What `addrctl show` says of an association.
pub fn association(name: &str) -> Value {
    let shown = done(&["addrctl", "show", name, "--json"]);
    let mut shown: Value = serde_json::from_str(&shown).expect("JSON");
    shown["association"].take()
}
