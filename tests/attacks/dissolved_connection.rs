// SPDX-License-Identifier: GPL-2.0

//! A TCP socket that was connected, or listened, is dissolved by
//! `connect(AF_UNSPEC)` and listens without an address of its own. It must not
//! receive connections to foreign addresses.

use std::io;

use crate::addr::{Addr, ANY4, ANY6, HOST4, HOST6};
use crate::registry::Test;
use crate::sock::{Proto, Sock};

use super::witness::{Eavesdrop, PORT};

pub fn tests() -> Vec<Test> {
    let overhear = |name, open| Eavesdrop {
        name,
        open,
        speak: knock,
    };
    [
        overhear("a_listener_that_was_a_connection", || {
            let peer = Sock::serving(Proto::Tcp, ("10.0.0.1", 0));
            let sock = wildcard(Sock::v4(Proto::Tcp))?;
            sock.connect(peer.local())?;
            listening_again(sock)
        }),
        overhear("a_listener_that_connected_in_vain", || {
            let sock = wildcard(Sock::v4(Proto::Tcp))?;
            let connected = sock.connect(("10.0.0.1", 1));
            connected.expect_err("nobody is there");
            listening_again(sock)
        }),
        overhear("a_listener_that_was_dissolved", || {
            let sock = wildcard(Sock::v4(Proto::Tcp))?;
            sock.listen()?;
            listening_again(sock)
        }),
        overhear("a_dual_stack_listener_that_was_dissolved", || {
            let sock = wildcard(Sock::v6(Proto::Tcp))?;
            sock.listen()?;
            listening_again(sock)
        }),
        overhear("a_listener_that_opened_fast_in_vain", || {
            let sock = wildcard(Sock::v4(Proto::Tcp))?;
            let _ = sock.send_fast_open(b"x", ("10.0.0.1", 1));
            listening_again(sock)
        }),
    ]
    .into_iter()
    .flat_map(Eavesdrop::tests)
    .collect()
}

fn wildcard(sock: Sock) -> io::Result<Sock> {
    let any = match sock.local().family() {
        libc::AF_INET => ANY4,
        _ => ANY6,
    };
    sock.bind((any, PORT)).map(|()| sock)
}

fn listening_again(sock: Sock) -> io::Result<Sock> {
    sock.connect(Addr::unspecified(0))?;
    sock.listen()?;
    Ok(sock)
}

/// Connects to addresses of the host and of another tenant.
fn knock() {
    for to in [HOST4, "10.0.0.2", "127.0.0.1"] {
        let _ = Sock::v4(Proto::Tcp).connect((to, PORT));
    }
    let _ = Sock::v6(Proto::Tcp).connect((HOST6, PORT));
}
