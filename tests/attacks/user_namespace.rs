// SPDX-License-Identifier: GPL-2.0

//! A user namespace, in which anybody has all capabilities: one that the tenant
//! makes or another's, with and without a network namespace that belongs to it.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;

use libc::{EACCES, EADDRNOTAVAIL, EPERM};

use super::control_device::every_call_is_refused;
use crate::addr::{HOST4, ONE, TWO};
use crate::child::{as_tenant, eventually, stay, Channel, Child};
use crate::client::Device;
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};
use crate::sys::namespace::{enter_namespaces, unshare};
use crate::sys::process::pidfd_open;
use crate::sys::user::{become_user, NOBODY};
use crate::world::configure;

pub fn tests() -> Vec<Test> {
    let mut tests = own();
    tests.extend(anothers());
    tests
}

/// Attacks in namespaces that the tenant makes.
fn own() -> Vec<Test> {
    vec![
        refusal(
            "raw_socket_with_all_capabilities_in_a_user_namespace_is_refused",
            ONE,
            EPERM,
            || {
                Box::new(|| {
                    enter(libc::CLONE_NEWNET);
                    let (kind, protocol) = (libc::SOCK_RAW, libc::IPPROTO_ICMP);
                    Sock::new(libc::AF_INET, kind, protocol).map(drop)
                })
            },
        ),
        refusal(
            "packet_socket_with_all_capabilities_in_a_user_namespace_is_refused",
            ONE,
            EPERM,
            || {
                Box::new(|| {
                    enter(libc::CLONE_NEWNET);
                    Sock::new(libc::AF_PACKET, libc::SOCK_RAW, 0).map(drop)
                })
            },
        ),
        refusal(
            "bind_to_a_foreign_address_given_to_ones_own_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    own_network().expect("a network");
                    Sock::v4(Proto::Tcp).bind((HOST4, 80))
                })
            },
        ),
        refusal(
            "bind_in_a_user_namespace_on_the_hosts_network_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    enter(0);
                    Sock::v4(Proto::Tcp).bind((HOST4, 8080))
                })
            },
        ),
        refusal(
            "bind_by_an_unprivileged_user_in_a_user_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    become_user(NOBODY)?;
                    enter(0);
                    Sock::v4(Proto::Tcp).bind((HOST4, 8080))
                })
            },
        ),
        refusal(
            "use_of_a_foreign_socket_in_a_user_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            carried_in,
        ),
    ]
}

/// Kinds of namespaces, under `/proc`. The user namespace comes first: it gives
/// the right to enter the network.
const SPACES: [(&str, i32); 2] = [("user", libc::CLONE_NEWUSER), ("net", libc::CLONE_NEWNET)];

/// The namespaces of another process, and the files to enter them with.
struct Spaces {
    files: [(File, i32); 2],
    _owner: Child,
}

impl Spaces {
    fn opened() -> Self {
        let owner = owner();
        let open = |name| File::open(format!("/proc/{}/ns/{name}", owner.pid())).expect("open");
        Self {
            files: SPACES.map(|(name, kind)| (open(name), kind)),
            _owner: owner,
        }
    }

    fn enter(&self) {
        for (file, kind) in &self.files {
            enter_namespaces(file.as_fd(), *kind).expect("setns");
        }
    }
}

/// Attacks in namespaces of another process, in which the tenant has all
/// capabilities. It opened them before it was associated; now it cannot.
fn anothers() -> Vec<Test> {
    let attempt = move |attempt: fn() -> io::Result<()>| -> Attack {
        let spaces = Spaces::opened();
        Box::new(move || {
            spaces.enter();
            attempt()
        })
    };
    vec![
        refusal(
            "bind_in_anothers_user_namespace_is_refused",
            ONE,
            EADDRNOTAVAIL,
            move || attempt(|| Sock::v4(Proto::Tcp).bind((HOST4, 80))),
        ),
        refusal(
            "raw_socket_in_anothers_user_namespace_is_refused",
            ONE,
            EPERM,
            move || {
                attempt(|| {
                    let (kind, protocol) = (libc::SOCK_RAW, libc::IPPROTO_ICMP);
                    Sock::new(libc::AF_INET, kind, protocol).map(drop)
                })
            },
        ),
        behaviour(
            "control_calls_in_anothers_user_namespace_are_refused",
            || {
                let (spaces, other) = (Spaces::opened(), idle(TWO));
                as_tenant(ONE, || {
                    spaces.enter();
                    every_call_is_refused(&Device::open(), other.pid());
                });
                eventually("one association", || Device::open().ids().len() == 1);
            },
        ),
        refusal(
            "opening_anothers_user_namespace_is_refused",
            ONE,
            EACCES,
            || {
                let owner = owner();
                Box::new(move || File::open(format!("/proc/{}/ns/user", owner.pid())).map(drop))
            },
        ),
        refusal(
            "entering_anothers_user_namespace_by_a_pidfd_is_refused",
            ONE,
            EPERM,
            || {
                let owner = owner();
                Box::new(move || {
                    let process = pidfd_open(owner.pid())?;
                    let kinds = libc::CLONE_NEWUSER | libc::CLONE_NEWNET;
                    enter_namespaces(process.as_fd(), kinds)
                })
            },
        ),
    ]
}

/// An unassociated process in namespaces of its own, whose network has the
/// host's address.
fn owner() -> Child {
    let ready = Channel::new();
    let owner = Child::spawn(|| {
        own_network().expect("namespaces");
        ready.send("");
        stay();
    });
    ready.receive();
    owner
}

/// Enters a user namespace, and a network of its own that has the host's
/// address.
fn own_network() -> io::Result<()> {
    enter(libc::CLONE_NEWNET);
    // A process that is root in there keeps its capabilities over exec.
    fs::write("/proc/self/uid_map", "0 0 1")?;
    configure(&format!("link set lo up\naddr add {HOST4}/32 dev lo\n"))
}

/// Enters a user namespace, and others that will belong to it.
fn enter(others: i32) {
    unshare(libc::CLONE_NEWUSER | others).expect("unshare");
}

/// Uses a socket from outside in a new namespace.
fn carried_in() -> Attack {
    let sock = Sock::v4(Proto::Udp);
    sock.bind((HOST4, 0)).expect("bind before");
    Box::new(move || -> io::Result<()> {
        enter(libc::CLONE_NEWNET);
        sock.send_to(b"x", (HOST4, 9))
    })
}
