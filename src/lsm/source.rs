// SPDX-License-Identifier: GPL-2.0

//! Giving a socket its source before it is used.

use core::net::IpAddr;

use kernel::prelude::*;

use crate::policy::{self, Family, Socket, Source, Usage};
use crate::sys::sock::SocketRef;
use crate::table::AddressSet;

/// When a socket that is bound here gets its port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// At once, as `bind()` to port 0 does.
    Now,
    /// When the protocol knows the remote end, as with
    /// `IP_BIND_ADDRESS_NO_PORT`.
    Later,
}

/// Asks `decide` what is to happen with `sock` and does it. May sleep.
pub(super) fn settle(
    sock: SocketRef<'_>,
    set: &AddressSet,
    port: Port,
    decide: impl Fn(&Socket) -> Usage,
) -> Result {
    let Some(socket) = super::describe(sock) else {
        return Ok(());
    };
    let source = match decide(&socket) {
        Usage::Allow => return Ok(()),
        Usage::Deny(refusal) => return Err(super::refused(refusal)),
        Usage::BindFirst(source) => source,
    };
    match bind(sock, &socket, set, source, port) {
        // Another thread bound it since we looked: then that is what counts.
        Err(error) if error == EINVAL => {
            let socket = super::describe(sock).ok_or(EINVAL)?;
            match decide(&socket) {
                Usage::Allow => Ok(()),
                Usage::Deny(refusal) => Err(super::refused(refusal)),
                Usage::BindFirst(_) => Err(error),
            }
        }
        outcome => outcome,
    }
}

fn bind(
    sock: SocketRef<'_>,
    socket: &Socket,
    set: &AddressSet,
    source: Source,
    port: Port,
) -> Result {
    let address = match source {
        Source::Address(address) => address,
        Source::AnyLocal(family) => any_local(sock, set, family).ok_or(EADDRNOTAVAIL)?,
    };
    let mut bytes = [0; policy::SOCKADDR_MAX];
    let len = policy::write_sockaddr(&mut bytes, socket.family, address, 0).ok_or(EADDRNOTAVAIL)?;
    sock.bind(&bytes[..len], port == Port::Later)
}

/// An address that is both in the set and on an interface.
fn any_local(sock: SocketRef<'_>, set: &AddressSet, family: Family) -> Option<IpAddr> {
    match family {
        Family::V4 => set
            .ranges_v4()
            .find_map(|(first, last)| sock.local_v4(first, last))
            .map(IpAddr::V4),
        Family::V6 => set
            .ranges_v6()
            .find_map(|(first, last)| sock.local_v6(first, last))
            .map(IpAddr::V6),
    }
}
