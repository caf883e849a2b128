// SPDX-License-Identifier: GPL-2.0

//! The source address of a socket that is bound to none: it gets one before it is used.
//!
//! The address from which a socket sends and that on which it receives are two fields in the
//! kernel (`inet_saddr` and `inet_rcv_saddr`). Only the first is set here, so a wildcard socket
//! stays one.
//!
//! Context: process, may sleep.

use core::net::{Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;

use crate::policy::{Refusal, Usage};
use crate::sys::sock::SkRef;
use crate::table::{sockets, source, Association};

/// Carries out what the policy decided about a socket that a task of `association` uses. `is_led`: a
/// message names an interface or a source for itself, which lead it. `refuse` makes the error of a
/// refusal.
///
/// # Errors
///
/// That of a refusal; `ENOMEM`.
pub(super) fn carry_out(
    sock: SkRef<'_>,
    association: &Association,
    usage: Usage,
    is_led: bool,
    refuse: impl FnOnce(Refusal) -> Error,
) -> Result {
    match source::decide(sock, association, usage, is_led) {
        Ok(None) => Ok(()),
        Ok(Some(source)) => sock.set_source(source),
        Err(refusal) => Err(refuse(refusal)),
    }
}

/// Takes the source away from an unconnected socket on a wildcard before a program reads its name:
/// the program sees the wildcard, as on any host. A stream socket keeps its source: it has one only
/// when it connects, and another thread may be about to connect it.
pub(super) fn hide(sock: SkRef<'_>) {
    let Some(association) = sockets::association_of(sock) else {
        return;
    };
    // A task of a part must not do this to a socket of its whole, which may be sending now.
    if super::current().is_some_and(|own| own.id() != association.id()) {
        return;
    }
    if let Some(info) = sock.info() {
        if info.local.to_canonical().is_unspecified() && !info.stream && !info.connected {
            // This can fail only for lack of memory, and taking a source away needs none.
            let _ = sock.set_source(Ipv4Addr::UNSPECIFIED.into());
            if info.is_v6 {
                let _ = sock.set_source(Ipv6Addr::UNSPECIFIED.into());
            }
        }
    }
}
