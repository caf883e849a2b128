// SPDX-License-Identifier: GPL-2.0

//! A bypass that is hidden from the search through a process's descriptors when the
//! process is associated: it waits in a Unix socket of the process, or is in the table
//! of an io_uring.

use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use libc::{EACCES, EADDRNOTAVAIL, IPPROTO_UDP, UDP_CORK};

use super::corked_message::bound_and_corked;
use super::descriptors_of_power::{is_busy, make, memory_of, tunnel, writes_a_child, WORD};
use super::filled_pages::Waiting;
use super::packets::forged;
use super::passed_descriptors::received;
use crate::addr::ONE;
use crate::child::{as_tenant, stay, Channel, Child};
use crate::client::{narrow, Assignment};
use crate::registry::{behaviour, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::sharing_descriptors_until_the_end;
use crate::sys::trace::{receive_descriptor, send_descriptor};
use crate::uring::{On, Ring};

/// The only slot.
const FIRST: On<'static> = On::Slot(0);

pub fn tests() -> Vec<Test> {
    vec![
        waiting("the_memory_of_a_child", || {
            let child = Child::spawn(|| stay());
            (memory_of(child.pid()), Some(child))
        }),
        waiting("a_tunnel", || (tunnel(), None)),
        waiting("a_userfaultfd_of_a_child", || {
            let (filler, child) = Waiting::new().into_parts();
            (filler, Some(child))
        }),
        on_memory(
            "ring_write_to_the_memory_of_a_child_in_its_own_table_is_refused",
            |ring| ring.write_at(FIRST, &9_u64.to_ne_bytes(), (&raw const WORD) as u64),
        ),
        refusal(
            "ring_write_to_a_tunnel_in_its_own_table_is_refused",
            ONE,
            EACCES,
            || {
                let tunnel = tunnel();
                make(&tunnel).expect("a tunnel");
                let mut ring = holding(tunnel);
                Box::new(move || ring.write_at(FIRST, &forged("10.0.0.2", "10.0.0.1"), 0))
            },
        ),
        on_memory(
            "memory_in_a_rings_table_cannot_become_a_descriptor",
            |ring| ring.install(0).map(drop),
        ),
        refusal(
            "half_a_message_in_a_rings_table_cannot_be_finished",
            ONE,
            EADDRNOTAVAIL,
            || {
                let witness = Sock::serving(Proto::Udp, ("10.0.0.3", 0));
                let mut ring = holding(bound_and_corked(witness.local()));
                Box::new(move || ring.set_option(FIRST, (IPPROTO_UDP, UDP_CORK), 0))
            },
        ),
        behaviour("narrowing_meanwhile_hides_no_descriptor", || {
            let (ready, narrowed) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                thread::scope(|scope| {
                    scope.spawn(|| {
                        while narrow(&ONE[..1], "").is_err() {}
                        narrowed.send("");
                    });
                    // The call that associates the process waits for this one
                    // to end.
                    let helper = sharing_descriptors_until_the_end(|| {
                        ready.send("");
                        narrowed.receive();
                        // A thread that narrowed stays counted for a while
                        // longer.
                        thread::sleep(Duration::from_secs(1));
                        // The table is shared, so the process has the
                        // descriptor as well.
                        mem::forget(memory_of(std::process::id() as i32));
                    });
                    helper.expect("a child");
                    stay();
                });
            });
            ready.receive();
            assert!(is_busy(child.pid(), Assignment::DEFAULT));
        }),
        behaviour("a_tenant_writes_the_memory_of_its_own_child", || {
            as_tenant(ONE, || {
                writes_a_child(|pid| {
                    let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
                    send_descriptor(theirs.as_fd(), memory_of(pid).as_fd()).expect("send");
                    let memory = receive_descriptor(ours.as_fd()).expect("a message");
                    memory.expect("the memory").into()
                });
            });
        }),
    ]
}

/// Sends a file before the association, and receives it afterwards.
fn waiting(what: &str, open: fn() -> (File, Option<Child>)) -> Test {
    let name = format!("receiving_{what}_that_waited_is_refused");
    refusal(name, ONE, EACCES, move || {
        let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
        let (file, child) = open();
        send_descriptor(theirs.as_fd(), file.as_fd()).expect("send");
        Box::new(move || {
            let _child = &child;
            received(&ours)
        })
    })
}

/// Does `operate` with the memory of a child, which only a ring's table holds.
fn on_memory(name: &str, operate: fn(&mut Ring) -> io::Result<()>) -> Test {
    refusal(name, ONE, EACCES, move || {
        let child = Child::spawn(|| stay());
        let mut ring = holding(memory_of(child.pid()));
        Box::new(move || {
            let _child = &child;
            operate(&mut ring)
        })
    })
}

/// A ring whose table is the only holder of a file.
fn holding(file: impl AsFd) -> Ring {
    let mut ring = Ring::new();
    ring.register(&[&file]).expect("register");
    ring
}
