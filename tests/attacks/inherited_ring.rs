// SPDX-License-Identifier: GPL-2.0

//! An io_uring that an unassociated parent made. A worker thread acts as the
//! task that submits, a polling thread as the maker of the ring. The polling
//! thread carries out what any process writes to the memory of the ring. Every
//! process that has the ring can read the pages registered with it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;

use addrconf_abi::Bypass;
use libc::{EACCES, EADDRNOTAVAIL, EINVAL, EPERM};

use crate::addr::{Addr, HOST4, ONE};
use crate::child::{in_child, stay, Channel, Child};
use crate::client::{associate_process, in_the_way, Assignment, Device};
use crate::registry::{behaviour, everywhere, refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::memory::Shared;
use crate::sys::pipe::pipe;
use crate::sys::process::take_descriptor;
use crate::sys::trace::send_descriptor;
use crate::uring::Ring;

/// What a parent has in its memory.
const SECRET: &str = "of the parent";

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "bind_by_an_inherited_ring_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let mut ring = Ring::new();
                ring.warm_up();
                in_a_child(move || ring.bind(&Sock::v4(Proto::Tcp), (HOST4, 80)))
            },
        ),
        refusal(
            "send_by_an_inherited_ring_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let mut ring = Ring::new();
                ring.warm_up();
                let sock = Sock::v4(Proto::Udp);
                sock.bind((HOST4, 0)).expect("bind before");
                in_a_child(move || ring.send_to(&sock, b"x", (HOST4, 9)))
            },
        ),
        refusal(
            "a_polled_ring_of_a_child_cannot_be_taken",
            ONE,
            EACCES,
            || {
                Box::new(|| {
                    let number = Channel::new();
                    let child = Child::spawn(|| {
                        let ring = Ring::polled();
                        number.send(&ring.number().to_string());
                        stay();
                    });
                    let number = number.receive().parse().expect("a number");
                    take_descriptor(child.pid(), number).map(drop)
                })
            },
        ),
        behaviour(
            "a_process_with_an_inherited_polled_ring_cannot_be_assigned",
            || {
                let mut ring = Ring::polled();
                ring.warm_up();
                // The polling thread finds sockets in its maker's table only.
                let sock = Sock::v4(Proto::Tcp);
                let to: &'static Addr = Box::leak(Box::new((HOST4, 80).into()));
                let (ready, go, answer) = (Channel::new(), Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    ready.send("");
                    go.receive();
                    answer.send(&word(ring.bind_by_memory(&sock, to)));
                });
                ready.receive();
                is_busy(child.pid());
                // What the child would have gained.
                go.send("");
                assert_eq!(answer.receive(), "0");
                child.succeeded();
                assert_eq!(sock.local().internet(), to.internet());
            },
        ),
        everywhere(
            "the_pages_of_a_parent_are_read_by_an_inherited_ring",
            || {
                let (child, memory) = with_registered_pages();
                child.reads(&memory);
            },
        ),
        behaviour(
            "a_process_with_a_ring_that_has_pages_of_another_cannot_be_assigned",
            || {
                let (child, memory) = with_registered_pages();
                let found = in_the_way(child.child.pid(), &Assignment::DEFAULT);
                assert_eq!(
                    (found.bypass, found.fd),
                    (Bypass::ForeignRing, Some(child.fd))
                );
                // What the child would have gained.
                child.reads(&memory);
            },
        ),
        behaviour(
            "a_process_with_the_memory_of_a_polled_ring_cannot_be_assigned",
            || {
                let mut ring = Ring::polled();
                ring.warm_up();
                let sock = Sock::v4(Proto::Tcp);
                let to: &'static Addr = Box::leak(Box::new((HOST4, 80).into()));
                let (ready, go, answer) = (Channel::new(), Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    ring.close_descriptor();
                    ready.send("");
                    go.receive();
                    answer.send(&word(ring.bind_by_memory(&sock, to)));
                });
                ready.receive();
                is_busy(child.pid());
                go.send("");
                assert_eq!(answer.receive(), "0");
                child.succeeded();
            },
        ),
        behaviour(
            "a_process_with_a_polled_ring_of_its_own_can_be_assigned",
            || {
                let (ready, go, answer) = (Channel::new(), Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    let mut ring = Ring::polled();
                    ring.warm_up();
                    ready.send("");
                    go.receive();
                    answer.send(&word(ring.bind(&Sock::v4(Proto::Tcp), (HOST4, 80))));
                });
                ready.receive();
                associate_process(child.pid(), ONE);
                go.send("");
                assert_eq!(answer.receive(), EADDRNOTAVAIL.to_string());
                child.succeeded();
            },
        ),
        everywhere("no_ring_can_be_sent_to_another_process", || {
            let (ours, _theirs) = UnixDatagram::pair().expect("socketpair");
            let sock = Sock::v4(Proto::Tcp);
            send_descriptor(ours.as_fd(), sock.as_fd()).expect("a socket can be sent");
            for ring in [Ring::new(), Ring::polled()] {
                let sent = send_descriptor(ours.as_fd(), ring.descriptor());
                assert_eq!(sent.expect_err("sent").raw_os_error(), Some(EINVAL));
            }
        }),
        refusal("taking_a_polled_ring_is_refused", ONE, EPERM, || {
            let number = Channel::new();
            let owner = Child::spawn(|| {
                let ring = Ring::polled();
                number.send(&ring.number().to_string());
                crate::child::stay();
            });
            let number = number.receive().parse().expect("a number");
            Box::new(move || take_descriptor(owner.pid(), number).map(drop))
        }),
    ]
}

/// A child that inherited a ring.
struct Heir {
    child: Child,
    fd: u32,
    go: Channel,
    read: Channel,
}

/// A ring with pages of this process, and a child that inherits it and reads them.
fn with_registered_pages() -> (Heir, Shared) {
    let mut ring = Ring::new();
    ring.warm_up();
    let memory = Shared::new(4096).expect("memory");
    ring.register_memory(&memory).expect("register");
    let fd = ring.number() as u32;
    let (go, read) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        go.receive();
        let (ours, theirs) = pipe().expect("a pipe");
        ring.write_registered(&theirs, &memory, SECRET.len())
            .expect("write");
        let mut found = vec![0; SECRET.len()];
        File::from(ours).read_exact(&mut found).expect("read");
        read.send(&String::from_utf8_lossy(&found));
    });
    (
        Heir {
            child,
            fd,
            go,
            read,
        },
        memory,
    )
}

impl Heir {
    /// Writes the memory, and makes the child read it through the ring.
    fn reads(self, memory: &Shared) {
        memory.write(0, SECRET.as_bytes());
        self.go.send("");
        assert_eq!(self.read.receive(), SECRET);
        self.child.succeeded();
    }
}

/// Does `operate` in a child that inherits the ring.
fn in_a_child(operate: impl FnOnce() -> io::Result<()> + 'static) -> Attack {
    Box::new(move || {
        let answer = Channel::new();
        in_child(|| answer.send(&word(operate())));
        match answer.receive().parse().expect("an errno") {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    })
}

fn word(outcome: io::Result<()>) -> String {
    let errno = outcome.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
    errno.to_string()
}

fn is_busy(pid: i32) {
    // The polling thread belongs to another process.
    let found = in_the_way(pid, &Assignment::DEFAULT);
    assert_eq!((found.bypass, found.pid), (Bypass::ForeignRing, pid));
    assert!(Device::open().ids().is_empty());
}
