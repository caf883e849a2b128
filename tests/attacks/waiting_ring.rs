// SPDX-License-Identifier: GPL-2.0

//! An operation of a ring waits on a foreign socket while its process is
//! associated. No thread is in a call for it, but it continues when
//! something arrives.

use std::io;
use std::mem;
use std::net::IpAddr;

use libc::EADDRNOTAVAIL;

use super::waiting_call::{outcome, On};
use crate::addr::{ip, HOST4, HOST6, ONE};
use crate::child::Channel;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::Sock;
use crate::uring::{Ring, Wait};

const OPERATIONS: [(&str, On, Wait); 9] = [
    ("accept", On::Listener, Wait::Accept),
    ("accept_of_many", On::Listener, Wait::AcceptMany),
    ("recv_on_a_connection", On::Connection, Wait::Receive),
    (
        "recv_of_many_on_a_connection",
        On::Connection,
        Wait::ReceiveMany,
    ),
    (
        "recvmsg_on_a_connection",
        On::Connection,
        Wait::ReceiveMessage,
    ),
    ("read_on_a_connection", On::Connection, Wait::Read),
    ("splice_from_a_connection", On::Connection, Wait::Splice),
    ("recv_of_a_datagram", On::Datagrams, Wait::Receive),
    ("recv_of_many_datagrams", On::Datagrams, Wait::ReceiveMany),
];

/// Begins an operation on a new ring.
type Begin = fn(&Sock, Wait) -> Ring;

/// The thread that carries out the operation, the address of the host, and how the
/// operation is begun.
const WAYS: [(&str, &str, Begin); 4] = [
    ("by_its_caller_v4", HOST4, by_its_caller),
    ("by_its_caller_v6", HOST6, by_its_caller),
    ("by_a_worker", HOST4, |sock, what| {
        let mut ring = Ring::new();
        ring.begin_by_worker(sock, what);
        ring
    }),
    ("by_a_polling_thread", HOST4, |sock, what| {
        let mut ring = Ring::briefly_polled();
        ring.begin(sock, what);
        ring
    }),
];

fn by_its_caller(sock: &Sock, what: Wait) -> Ring {
    let mut ring = Ring::new();
    ring.begin(sock, what);
    ring
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (name, on, what) in OPERATIONS {
        for (how, at, begin) in WAYS {
            tests.extend([
                behaviour(
                    format!("{name}_that_waits_in_a_ring_{how}_during_an_assignment_gets_nothing"),
                    move || {
                        let errno = outcome(ip(at), on, true, waiting(what, begin));
                        let errno = errno.expect_err("the operation received what arrived");
                        // A thread that returns from the middle of a splice
                        // does not begin it again.
                        let came_back = matches!(what, Wait::Splice) && errno != EADDRNOTAVAIL;
                        assert!(errno == EADDRNOTAVAIL || came_back, "errno {errno}");
                    },
                ),
                everywhere(
                    format!("{name}_that_waits_in_a_ring_{how}_gets_what_comes"),
                    move || {
                        let end = outcome(ip(at), on, false, waiting(what, begin));
                        assert!(end.is_ok_and(|got| got > 0), "{end:?}");
                    },
                ),
            ]);
        }
    }
    for (name, on, what) in OPERATIONS {
        let own: IpAddr = ip(ONE[0]);
        // A thread that splices returns, and would have to begin again.
        if !matches!(what, Wait::Splice) {
            tests.push(behaviour(
                format!("{name}_that_waits_in_a_ring_on_ones_own_address_goes_on"),
                move || {
                    let end = outcome(own, on, true, waiting(what, by_its_caller));
                    assert!(end.is_ok_and(|got| got > 0), "{end:?}");
                },
            ));
        }
    }
    tests
}

/// Begins an operation, reports that, and waits for its end.
fn waiting(what: Wait, begin: Begin) -> impl FnOnce(Sock, &Channel) -> io::Result<usize> {
    move |sock, ready| {
        let mut ring = begin(&sock, what);
        ready.send("");
        let end = ring.finish();
        // Kept open, so that the sender sees no difference.
        mem::forget((sock, ring));
        end.map(|got| got as usize)
    }
}
