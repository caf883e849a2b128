// SPDX-License-Identifier: GPL-2.0

//! Packet filters of the host, and connection tracking, which knows connections by
//! addresses and ports: on the private loopback those of two tenants may be the same.

use std::fs;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use libc::{ECONNREFUSED, SOL_SOCKET, SO_LINGER};

use crate::addr::{ip, ONE, TWO};
use crate::child::{spawn_tenant, Channel, Child};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::spec::{Kind, Spec};
use crate::sys::option::set_option_bytes;
use crate::sys::program::feed;
use crate::tenant::{no_answer, Tenant};

/// Longer than the time after which the entry of a closed connection ends.
const ENTRY_ENDS: Duration = Duration::from_millis(2500);

const LOOPBACKS: [&str; 2] = ["127.0.0.1", "::1"];

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("connection_tracking_tells_loopbacks_apart", || {
            // Entries of closed connections soon end, and a packet in the middle of a
            // connection without an entry is invalid.
            let _tuned = [("tcp_timeout_close", "1"), ("tcp_loose", "0")].map(Tuned::to);
            let _filter = Filter::of("ct state invalid drop");
            for addr in LOOPBACKS {
                let [one, two] = [ONE, TWO].map(|set| Talk::with_itself(set, addr));
                two.reset();
                thread::sleep(ENTRY_ENDS);
                one.goes_on();
            }
        }),
        behaviour(
            "a_filter_that_drops_invalid_packets_lets_resets_pass",
            || {
                let _filter = Filter::of("ct state invalid drop");
                let tenant = Tenant::new(ONE);
                for addr in LOOPBACKS {
                    no_answer(&tenant, Proto::Tcp, ip(addr), 81, ECONNREFUSED);
                    no_answer(&tenant, Proto::Udp, ip(addr), 81, ECONNREFUSED);
                }
            },
        ),
        behaviour(
            "a_filter_refuses_connections_on_the_private_loopback",
            || {
                for answer in ["tcp reset", "icmpx port-unreachable"] {
                    let _filter = Filter::of(&format!("tcp dport 80 reject with {answer}"));
                    let tenant = Tenant::new(ONE);
                    tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::Dual, 80));
                    for addr in LOOPBACKS {
                        no_answer(&tenant, Proto::Tcp, ip(addr), 80, ECONNREFUSED);
                    }
                }
            },
        ),
    ]
}

/// A parameter of connection tracking, which has its old value again when this is dropped.
struct Tuned {
    path: String,
    before: String,
}

impl Tuned {
    fn to((name, value): (&str, &str)) -> Self {
        let path = format!("/proc/sys/net/netfilter/nf_conntrack_{name}");
        let before = fs::read_to_string(&path).expect("a sysctl");
        let tuned = Self { path, before };
        tuned.set(value);
        tuned
    }

    fn set(&self, value: &str) {
        fs::write(&self.path, value).expect("sysctl");
    }
}

impl Drop for Tuned {
    fn drop(&mut self) {
        self.set(&self.before);
    }
}

/// Rules of the host for incoming packets, in force until this is dropped.
struct Filter;

impl Filter {
    fn of(rule: &str) -> Self {
        nft("flush ruleset");
        nft(&format!(
            "table inet test {{
                chain input {{
                    type filter hook input priority 0
                    {rule}
                }}
            }}"
        ));
        Self
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        nft("flush ruleset");
    }
}

fn nft(rules: &str) {
    feed("nft", &["-f", "-"], rules).unwrap_or_else(|e| panic!("{e}\n{rules}"));
}

/// A tenant that is connected with itself, between ports that are always the same.
struct Talk {
    _child: Child,
    orders: Channel,
    replies: Channel,
}

impl Talk {
    fn with_itself(set: &[&str], addr: &'static str) -> Self {
        let (orders, replies) = (Channel::new(), Channel::new());
        let child = spawn_tenant(set, || {
            let server = Sock::serving(Proto::Tcp, (addr, 80));
            let client = Sock::for_ip(Proto::Tcp, ip(addr));
            client.bind((addr, 5000)).expect("bind");
            client.connect((addr, 80)).expect("connect");
            let (peer, _) = server.accept().expect("accept");
            replies.send("");
            while orders.receive() == "go on" {
                client.send(b"x").expect("send");
                peer.receive().expect("receive");
                peer.send(b"x").expect("answer");
                client.receive().expect("receive the answer");
                replies.send("");
            }
            // struct linger: on, and no time
            let now = [1_i32.to_ne_bytes(), [0; 4]].concat();
            set_option_bytes(client.as_fd(), SOL_SOCKET, SO_LINGER, &now).expect("SO_LINGER");
            drop(client);
            replies.send("");
        });
        replies.receive();
        Self {
            _child: child,
            orders,
            replies,
        }
    }

    fn goes_on(&self) {
        self.orders.send("go on");
        self.replies.receive();
    }

    fn reset(&self) {
        self.orders.send("reset");
        self.replies.receive();
    }
}
