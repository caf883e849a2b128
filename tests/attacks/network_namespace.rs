// SPDX-License-Identifier: GPL-2.0

//! Entering another network namespace, and taking sockets along. A set consists
//! of addresses, whatever network they are on.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, EPERM};

use crate::addr::{HOST4, ONE};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::registry::{behaviour, everywhere, refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::namespace::{enter_namespaces, unshare};
use crate::sys::process::pidfd_open;
use crate::sys::user::{become_user, NOBODY};
use crate::world;

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "bind_in_another_processes_network_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let (owner, network) = elsewhere();
                Box::new(move || {
                    let _owner = &owner;
                    enter_namespaces(network.as_fd(), libc::CLONE_NEWNET)?;
                    Sock::v4(Proto::Tcp).bind((HOST4, 80))
                })
            },
        ),
        refusal(
            "send_from_another_processes_network_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let (owner, network) = elsewhere();
                Box::new(move || {
                    let _owner = &owner;
                    enter_namespaces(network.as_fd(), libc::CLONE_NEWNET)?;
                    let sock = Sock::v4(Proto::Udp);
                    sock.send_from(b"x", ("10.0.0.3", 9), crate::addr::ip(HOST4))
                })
            },
        ),
        refusal(
            "bind_of_a_socket_carried_to_a_new_network_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let sock = Sock::v4(Proto::Tcp);
                Box::new(move || {
                    unshare(libc::CLONE_NEWNET)?;
                    sock.bind((HOST4, 80))
                })
            },
        ),
        refusal(
            "accept_on_a_listener_carried_to_a_new_network_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || -> Attack {
                let server = Sock::serving(Proto::Tcp, (HOST4, 80));
                let client = Sock::v4(Proto::Tcp);
                client.connect((HOST4, 80)).expect("connect");
                Box::new(move || {
                    unshare(libc::CLONE_NEWNET)?;
                    server.accept().map(|_| drop(client))
                })
            },
        ),
        refusal(
            "bind_after_leaving_a_network_and_coming_back_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let home = File::open("/proc/self/ns/net").expect("our network");
                Box::new(move || {
                    unshare(libc::CLONE_NEWNET)?;
                    enter_namespaces(home.as_fd(), libc::CLONE_NEWNET)?;
                    Sock::v4(Proto::Tcp).bind((HOST4, 80))
                })
            },
        ),
        everywhere("another_network_is_closed_to_who_has_no_capability", || {
            let (owner, network) = elsewhere();
            let owner_fd = pidfd_open(owner.pid()).expect("pidfd");
            crate::child::in_child(|| {
                become_user(NOBODY).expect("setuid");
                for fd in [network.as_fd(), owner_fd.as_fd()] {
                    let entered = enter_namespaces(fd, libc::CLONE_NEWNET);
                    let error = entered.expect_err("no capability");
                    assert_eq!(error.raw_os_error(), Some(EPERM), "{error}");
                }
            });
        }),
        behaviour("a_wildcard_in_a_new_network_means_the_set_there", || {
            as_tenant(ONE, || {
                world::enter().expect("a network");
                let sock = Sock::serving(Proto::Tcp, ("0.0.0.0", 80));
                Sock::v4(Proto::Tcp).connect((ONE[0], 80)).expect("own");
                sock.accept().expect("accept");
                crate::server::nobody_answers(Proto::Tcp, (HOST4, 80));
            });
        }),
    ]
}

/// An unassociated process in a network of its own, and that network.
fn elsewhere() -> (Child, File) {
    let ready = Channel::new();
    let owner = Child::spawn(|| {
        world::enter().expect("a network");
        ready.send("");
        stay();
    });
    ready.receive();
    let network = open_network(owner.pid()).expect("its network");
    (owner, network)
}

fn open_network(pid: i32) -> io::Result<File> {
    File::open(format!("/proc/{pid}/ns/net"))
}
