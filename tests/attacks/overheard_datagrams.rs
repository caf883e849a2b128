// SPDX-License-Identifier: GPL-2.0

//! Wildcard sockets on ports where messages for others arrive.

use libc::{IPPROTO_IP, IP_PKTINFO, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT};

use crate::addr::{ip, Addr, ANY4, ANY6, EVERYWHERE, ONE};
use crate::registry::Test;
use crate::sock::{Proto, Sock};

use super::witness::{Eavesdrop, PORT};

pub fn tests() -> Vec<Test> {
    let overhear = |name, open| Eavesdrop {
        name,
        open,
        speak: speak_to_others,
    };
    [
        overhear("a_wildcard", || {
            let sock = Sock::v4(Proto::Udp);
            sock.bind((ANY4, PORT)).map(|()| sock)
        }),
        overhear("a_dual_stack_wildcard", || {
            let sock = Sock::v6(Proto::Udp);
            sock.bind((ANY6, PORT)).map(|()| sock)
        }),
        overhear("a_wildcard_that_shares_its_port", || {
            let sock = Sock::v4(Proto::Udp);
            sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
            sock.set(SOL_SOCKET, SO_REUSEPORT, 1);
            sock.set(IPPROTO_IP, IP_PKTINFO, 1);
            sock.bind((ANY4, PORT)).map(|()| sock)
        }),
        overhear("a_wildcard_that_was_connected", || {
            let sock = Sock::v4(Proto::Udp);
            sock.bind((ANY4, PORT))?;
            sock.connect(("10.0.0.1", 9))?;
            sock.connect(Addr::unspecified(0))?;
            Ok(sock)
        }),
        overhear("a_wildcard_that_sent", || {
            let sock = Sock::v6(Proto::Udp);
            sock.bind((ANY6, PORT))?;
            sock.send_to(b"x", ("2001:db8::2", 9))?;
            Ok(sock)
        }),
    ]
    .into_iter()
    .flat_map(Eavesdrop::tests)
    .collect()
}

/// Sends a message to every address but the attacker's own.
fn speak_to_others() {
    let others = EVERYWHERE.iter().filter(|addr| !ONE.contains(addr));
    for to in others {
        let spoken = Sock::for_ip(Proto::Udp, ip(to)).send_to(to.as_bytes(), (*to, PORT));
        spoken.expect("send");
    }
}
