// SPDX-License-Identifier: GPL-2.0

//! Which addresses a socket stands for in the stack, and the check of packets that are put into it.
//! However the socket was found (through a lookup, an early demux, a BPF program, a cached
//! reference), a socket of an association gets no packet for an address that the association
//! neither owns nor, on a connection, owned before.
//!
//! Context: any but hard interrupts, never sleeps, never allocates.

use core::net::{IpAddr, Ipv4Addr};

use kernel::sync::rcu;

use crate::events::{Operation, Way};
use crate::policy::{self, Found, Holder, Origin, Refusal, Relation};
use crate::sys::gate::{Compared, Sent, StackHooks};
use crate::sys::packet::{Mark, Size};
use crate::sys::sock::{FreedSk, SkRef, Traffic};
use crate::table::{self, sockets};

use super::output;

/// The rules for sockets in the stack.
pub(crate) enum Stack {}

impl StackHooks for Stack {
    fn sock_rcv_skb(sk: SkRef<'_>, source: IpAddr, addr: IpAddr, mark: Mark) -> bool {
        let Some(association) = sockets::association_of(sk) else {
            return true;
        };
        let found = match sk.traffic() {
            Traffic::Connection => Found::Connection,
            Traffic::Messages | Traffic::Opening | Traffic::Answers => Found::Unconnected,
        };
        let delivers = {
            let guard = rcu::read_lock();
            let owner = association.owner(&guard);
            policy::delivers(&owner, found, source, addr, origin(mark))
        };
        if !delivers {
            let (operation, refusal) = (Operation::PacketIn, Refusal::PacketDestination);
            let subject = association.subject();
            subject.is_refused(operation, refusal, Some((addr.to_canonical(), 0)));
        }
        delivers
    }

    fn sk_free(sk: FreedSk<'_>) {
        sockets::forget(sk);
    }

    fn sk_clone(listener: SkRef<'_>, new: SkRef<'_>) {
        sockets::inherit(listener, new);
    }

    fn sk_bind_compare(a: Compared<'_>, b: Compared<'_>) -> Relation {
        let theirs_a = a.sk.and_then(sockets::association_of);
        let theirs_b = b.sk.and_then(sockets::association_of);
        let waits = [a, b].into_iter().any(|c| c.info.timewait.is_some());
        if theirs_a.is_none() && theirs_b.is_none() && !waits {
            return Relation::Compete;
        }
        let guard = rcu::read_lock();
        let holder = |c: Compared<'_>, owner| Holder {
            owner,
            local: c.info.local,
            v4: !c.info.is_v6 || !c.info.v6only,
            // A socket bound to ::ffff:0.0.0.0 receives IPv4 only.
            v6: c.info.is_v6 && c.info.local.to_canonical() == c.info.local,
            timewait: c.info.timewait,
        };
        policy::compare(
            &holder(a, theirs_a.as_ref().map(|o| o.owner(&guard))),
            &holder(b, theirs_b.as_ref().map(|o| o.owner(&guard))),
        )
    }

    fn sk_output(sk: SkRef<'_>, packet: Sent) -> core::result::Result<(), Refusal> {
        output::send(sk, packet)
    }

    fn sk_traffic(sk: SkRef<'_>, size: Size, sent: bool) {
        if let Some(association) = sockets::association_of(sk) {
            let way = if sent { Way::Out } else { Way::In };
            association.record().exchanges(way, size);
        }
    }

    fn sk_match_local(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool {
        let addr = addr.to_canonical();
        let origin = origin(mark);
        let bound = sk.local().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        match sockets::association_of(sk) {
            Some(association) => {
                let guard = rcu::read_lock();
                policy::receives(Some(&association.owner(&guard)), bound, addr, origin, false)
            }
            None if !policy::enters_tunnel(origin) && sk.is_tunnel() => false,
            None => {
                let reserved = table::get().is_some_and(|t| t.is_reserved(addr));
                policy::receives(None, bound, addr, origin, reserved)
            }
        }
    }
}

/// The sender of a packet with this mark.
pub(super) fn origin(mark: Mark) -> Origin {
    match mark {
        Mark::NoPacket => Origin::Unknown,
        Mark::Nobody => Origin::Outside,
        Mark::From(id) => Origin::Association(id),
        Mark::Inward(id) => Origin::Inward(id),
        Mark::Outward(id) => Origin::Outward(id),
    }
}
