// SPDX-License-Identifier: GPL-2.0

//! A tenant makes parts of its association by narrowing. Each takes memory of
//! the kernel, and making one needs no right. So parts of parts must not be
//! counted separately.

use addrconf_abi::Target;
use libc::ENOSPC;

use crate::addr::{ONE, PREFIXES, TWO};
use crate::child::{eventually, spawn_tenant, Channel, Child};
use crate::client::{narrow, Device};
use crate::registry::{behaviour, Test};
use crate::sys::process::{exit_now, wait};
use crate::tenant::Tenant;

/// The most parts that the whole tree of an association may have.
const MOST: usize = 256;

/// How many levels each process narrows, and how many processes do.
const DEPTH: usize = 7;
const PROCESSES: usize = 40;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_tenant_cannot_make_more_parts_by_levels", || {
            let tree = Tree::new();
            let mut made = 0;
            let mut refused = 0;
            // First every process narrows once, and then each narrows further.
            for _ in 0..DEPTH {
                for nr in 0..PROCESSES {
                    if tree.narrow(nr) {
                        made += 1;
                    } else {
                        refused += 1;
                    }
                }
            }
            assert_eq!((made, refused), (MOST, DEPTH * PROCESSES - MOST));
            // The parts, and the whole.
            assert_eq!(Device::open().ids().len(), MOST + 1);
        }),
        behaviour("parts_that_ended_make_room_for_others", || {
            let mut tree = Tree::full();
            let last = PROCESSES - 1;
            assert!(!tree.narrow(last), "one part more than the limit was made");
            // The first process, which has as many parts as it could make.
            tree.end_one();
            eventually("room", || tree.narrow(last));
        }),
        behaviour("one_tenants_parts_take_no_room_from_anothers", || {
            let _tree = Tree::full();
            let other = Tenant::new(TWO);
            other.narrow(&[TWO[0]]).expect("the other's own part");
            let host = Tenant::new(ONE);
            host.narrow(&[ONE[0]]).expect("a third one's part");
            let found = Device::open().query(Target::Pid(host.pid()));
            found.expect("query");
        }),
    ]
}

/// Processes of one tenant, which narrow themselves when told.
struct Tree {
    _root: Child,
    orders: Vec<Channel>,
    outcome: Channel,
    ended: usize,
}

impl Tree {
    fn new() -> Self {
        let outcome = Channel::new();
        let orders: Vec<Channel> = (0..PROCESSES).map(|_| Channel::new()).collect();
        let root = spawn_tenant(PREFIXES, || {
            let _children: Vec<Child> = orders
                .iter()
                .map(|order| Child::spawn(|| obey(order, &outcome)))
                .collect();
            // Reaps what has ended.
            while wait(-1, false).is_ok() {}
        });
        Self {
            _root: root,
            orders,
            outcome,
            ended: 0,
        }
    }

    /// A tree whose processes have narrowed as often as they could.
    fn full() -> Self {
        let tree = Self::new();
        for nr in 0..PROCESSES {
            while tree.narrow(nr) {}
        }
        assert_eq!(Device::open().ids().len(), MOST + 1);
        tree
    }

    /// Makes one process narrow once more. Returns whether it could.
    fn narrow(&self, nr: usize) -> bool {
        self.orders[nr].send("narrow");
        match self.outcome.receive().as_str() {
            "0" => true,
            errno => {
                assert_eq!(errno, ENOSPC.to_string());
                false
            }
        }
    }

    /// Ends the first process that has not ended yet.
    fn end_one(&mut self) {
        self.orders[self.ended].send("end");
        self.ended += 1;
    }
}

fn obey(order: &Channel, outcome: &Channel) -> ! {
    while order.receive() == "narrow" {
        let narrowed = narrow(PREFIXES, "");
        let errno = narrowed.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
        outcome.send(&errno.to_string());
    }
    exit_now(0)
}
