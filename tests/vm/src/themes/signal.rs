// SPDX-License-Identifier: GPL-2.0

//! Refusals that send a signal, where the terms ask for it.

use std::thread;

use addrconf_abi::{Target, Terms};
use libc::{EADDRNOTAVAIL, ECONNREFUSED, EPERM};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{in_child, Child};
use crate::client::{associate, entries, errno, this_process, Assignment, Device};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::process::Status;
use crate::sys::refusal::{block, take, Refused};
use crate::sys::uring::Ring;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_refused_call_sends_a_signal_with_the_call", || {
            signalling(|| {
                let sock = Sock::v4(Proto::Udp);
                let refused = |syscall: i64, errno| {
                    Some(Refused {
                        errno,
                        syscall,
                        has_address: true,
                    })
                };
                assert_eq!(errno(sock.bind((HOST4, 0))), EADDRNOTAVAIL);
                assert_eq!(take(), refused(libc::SYS_bind, EADDRNOTAVAIL));
                assert_eq!(take(), None);
                assert_eq!(errno(Sock::new(libc::AF_PACKET, libc::SOCK_RAW, 0)), EPERM);
                assert_eq!(take(), refused(libc::SYS_socket, EPERM));
                let sent = sock.send_from(b"x", (TWO[0], 9), crate::addr::ip(HOST4));
                assert_eq!(errno(sent), EADDRNOTAVAIL);
                assert_eq!(take(), refused(libc::SYS_sendmsg, EADDRNOTAVAIL));
            });
        }),
        behaviour("a_call_that_is_not_refused_sends_none", || {
            signalling(|| {
                let sock = Sock::v4(Proto::Udp);
                sock.bind((ONE[0], 0)).expect("bind");
                sock.connect((TWO[0], 9)).expect("connect");
                sock.send(b"x").expect("send");
                // It fails as it would without the module.
                let tcp = Sock::v4(Proto::Tcp);
                assert_eq!(errno(tcp.connect(("127.0.0.1", 9))), ECONNREFUSED);
                assert_eq!(take(), None);
            });
        }),
        behaviour("without_the_term_a_refused_call_sends_none", || {
            in_child(|| {
                associate(ONE);
                block();
                let sock = Sock::v4(Proto::Udp);
                assert_eq!(errno(sock.bind((HOST4, 0))), EADDRNOTAVAIL);
                assert_eq!(take(), None);
            });
        }),
        behaviour("the_signal_of_a_thread_is_for_that_thread", || {
            signalling(|| {
                let other = thread::spawn(|| {
                    assert_eq!(errno(Sock::v4(Proto::Udp).bind((HOST4, 0))), EADDRNOTAVAIL);
                    assert!(take().is_some());
                });
                other.join().expect("a thread");
                assert_eq!(take(), None);
            });
        }),
        behaviour(
            "a_refused_call_of_a_ring_sends_the_process_a_signal",
            || {
                signalling(|| {
                    let mut ring = Ring::new();
                    let sock = Sock::v4(Proto::Udp);
                    assert_eq!(errno(ring.bind(&sock, (HOST4, 0))), EADDRNOTAVAIL);
                    let told = take().expect("a signal");
                    assert_eq!(
                        (told.errno, told.syscall),
                        (EADDRNOTAVAIL, libc::SYS_io_uring_enter)
                    );
                });
            },
        ),
        behaviour("a_program_that_does_not_expect_the_signal_ends", || {
            let mut child = Child::spawn(|| {
                enter();
                let _ = Sock::v4(Proto::Udp).bind((HOST4, 0));
            });
            assert_eq!(child.wait(), Status::Killed(libc::SIGSYS));
        }),
        behaviour("the_module_tells_who_gets_signals", || {
            let child = crate::server::idle(TWO);
            let device = Device::open();
            let tells = |target| device.query_into(target, &mut [], &mut []).expect("query");
            assert!(!tells(Target::Pid(child.pid())).terms.signal);
            let other = Child::spawn(|| crate::child::stay());
            let target = Target::Pid(other.pid());
            device
                .assign_with(target, &entries(ONE), &terms())
                .expect("assign");
            assert!(tells(target).terms.signal);
        }),
    ]
}

fn terms() -> Assignment {
    Assignment::on(Terms {
        signal: true,
        ..Terms::DEFAULT
    })
}

fn enter() {
    let assigned = Device::open().assign_with(this_process(), &entries(ONE), &terms());
    assigned.expect("assign");
}

/// Runs `f` in a process whose association sends signals, which wait there.
fn signalling(f: impl FnOnce()) {
    in_child(|| {
        enter();
        block();
        f();
    });
}
