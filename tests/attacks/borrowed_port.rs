// SPDX-License-Identifier: GPL-2.0

//! Taking over a port that another process of the same user shares: a socket
//! that joins the group gets part of the traffic, and a newer or more specific
//! socket gets all of it.

use libc::{EADDRINUSE, EADDRNOTAVAIL};

use crate::addr::ONE;
use crate::registry::{refusal, Test};
use crate::sock::Proto::{self, Tcp, Udp};
use crate::spec::{Kind, Reuse, Spec};
use crate::tenant::Tenant;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // TCP listeners cannot share a port with SO_REUSEADDR.
    for (proto, reuse) in [(Tcp, Reuse::Port), (Udp, Reuse::Port), (Udp, Reuse::Addr)] {
        let host = move |kind| Spec::wildcard(proto, kind, 80).sharing(reuse);
        for (theirs, kind) in [("v4", Kind::V4), ("dual_stack", Kind::Dual)] {
            tests.extend([
                taking(
                    proto,
                    reuse,
                    &format!("the_hosts_{theirs}_wildcard_by_a_wildcard"),
                    EADDRINUSE,
                    host(kind),
                    Spec::wildcard(proto, Kind::V4, 80),
                ),
                taking(
                    proto,
                    reuse,
                    &format!("the_hosts_{theirs}_wildcard_by_a_dual_stack_wildcard"),
                    EADDRINUSE,
                    host(kind),
                    Spec::wildcard(proto, Kind::Dual, 80),
                ),
                taking(
                    proto,
                    reuse,
                    &format!("the_hosts_{theirs}_wildcard_by_a_member"),
                    EADDRINUSE,
                    host(kind),
                    Spec::at(proto, ONE[0], 80),
                ),
            ]);
        }
        tests.extend([
            taking(
                proto,
                reuse,
                "the_hosts_member_by_a_wildcard",
                EADDRINUSE,
                Spec::at(proto, ONE[0], 80).sharing(reuse),
                Spec::wildcard(proto, Kind::V4, 80),
            ),
            taking(
                proto,
                reuse,
                "the_hosts_member_by_itself",
                EADDRINUSE,
                Spec::at(proto, ONE[0], 80).sharing(reuse),
                Spec::at(proto, ONE[0], 80),
            ),
            taking(
                proto,
                reuse,
                "anothers_address_by_itself",
                EADDRNOTAVAIL,
                Spec::at(proto, "10.0.0.2", 80).sharing(reuse),
                Spec::at(proto, "10.0.0.2", 80),
            ),
            taking(
                proto,
                reuse,
                "anothers_address_under_its_wildcard",
                EADDRNOTAVAIL,
                host(Kind::V4),
                Spec::at(proto, "10.0.0.2", 80),
            ),
        ]);
    }
    tests
}

/// The host serves on `theirs`, and the attacker tries to open `mine`.
fn taking(proto: Proto, reuse: Reuse, what: &str, errno: i32, theirs: Spec, mine: Spec) -> Test {
    let (proto, by) = (proto.name(), reuse.name());
    let name = format!("taking_{what}_with_{by}_of_{proto}_is_refused");
    refusal(name, ONE, errno, move || {
        let host = Tenant::host();
        host.serve("host", theirs);
        let mine = mine.sharing(reuse);
        Box::new(move || {
            let _host = &host;
            mine.open().map(drop)
        })
    })
}
