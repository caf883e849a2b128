// SPDX-License-Identifier: GPL-2.0

//! Checks `bind()`, `listen()`, `connect()`, sending and receiving for any owner,
//! socket and address.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::{is_any, is_own_loopback, meant, Kind, Owned};
use addrconf_policy::{
    bind, connect, listen, receive, send, Destination, Family, Refusal, SockAddr, Socket, Usage,
};
use libfuzzer_sys::fuzz_target;

/// Whether the association may use the socket with its present addresses.
fn may_use(o: &Owned, s: &Socket) -> bool {
    let connection = s.stream && s.connected;
    let fine = |a| o.naively_owns(a) || (connection && s.scoped && o.has_or_had(a));
    let sends_fine = is_any(s.source) || fine(s.source);
    if s.scoped {
        is_any(s.local) || (fine(s.local) && sends_fine)
    } else {
        connection && fine(s.local) && sends_fine && !is_own_loopback(s.local)
    }
}

fn watch_bind(o: &Owned, s: &Socket, addr: &SockAddr) {
    let asked: Option<IpAddr> = match (s.family, *addr) {
        (Family::V4, SockAddr::V4(a)) => Some(a.into()),
        (Family::V4, SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED))) => Some([0; 4].into()),
        (Family::V6, SockAddr::V6(a)) => Some(a.into()),
        _ => None,
    };
    let fine = s.scoped && asked.is_some_and(|a| is_any(a) || o.naively_owns(a));
    let bound = bind(&o.owner(), s.family, s.scoped, addr);
    assert_eq!(bound.is_ok(), fine, "{bound:?}");
    if asked.is_some() && !fine {
        assert_eq!(bound, Err(Refusal::SocketOutside));
    }
}

/// The expected verdict on connecting or sending to this address.
fn towards(o: &Owned, s: &Socket, to: IpAddr) -> Usage {
    let to = meant(to);
    let local = s.local.to_canonical();
    let changes_family = to.is_ipv4() && local.is_ipv6();
    // The packets of a connection are answers. Only a connection is on a former address.
    let goes = o.goes(local, to) || o.kind(local) == Kind::Former;
    if !may_use(o, s) || !s.scoped {
        Usage::Deny(Refusal::SocketOutside)
    } else if !o.reaches(to) {
        Usage::Deny(Refusal::LoopbackOfOther)
    } else if is_any(s.local) {
        Usage::GiveSource(to)
    } else if !goes || changes_family {
        Usage::Deny(Refusal::SocketOutside)
    } else {
        Usage::Allow
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes::new(bytes);
    let (o, s, addr, opens) = (
        bytes.owned(),
        bytes.socket(),
        bytes.sockaddr(),
        bytes.bool(),
    );
    let owner = o.owner();
    watch_bind(&o, &s, &addr);
    assert_eq!(listen(&owner, &s).is_ok(), may_use(&o, &s));
    assert_eq!(receive(&owner, &s).is_ok(), s.scoped || may_use(&o, &s));

    let connected = connect(&owner, &s, &addr);
    match addr {
        // Disconnecting a socket of others is refused as well.
        SockAddr::Unspec(_) if s.scoped => assert_eq!(connected, Usage::Allow),
        SockAddr::Unspec(_) => assert_eq!(connected, Usage::Deny(Refusal::SocketOutside)),
        SockAddr::Other(_) => assert!(matches!(connected, Usage::Deny(_))),
        SockAddr::V4(a) => assert_eq!(connected, towards(&o, &s, a.into())),
        SockAddr::V6(a) => assert_eq!(connected, towards(&o, &s, a.into())),
    }

    let nowhere = if may_use(&o, &s) {
        Usage::Allow
    } else {
        Usage::Deny(Refusal::SocketOutside)
    };
    let none = send(&owner, &s, opens, &Destination::None);
    assert_eq!(none, nowhere);
    let sent = send(&owner, &s, opens, &Destination::To(addr));
    if s.stream && !opens {
        assert_eq!(sent, nowhere);
    } else {
        match (s.family, addr) {
            (_, SockAddr::Other(_)) => assert!(matches!(sent, Usage::Deny(_))),
            (Family::V6, SockAddr::Unspec(_)) | (_, SockAddr::Unspec(None)) => {
                assert_eq!(sent, nowhere);
            }
            (_, SockAddr::V4(a) | SockAddr::Unspec(Some(a))) => {
                assert_eq!(sent, towards(&o, &s, a.into()));
            }
            (_, SockAddr::V6(a)) => assert_eq!(sent, towards(&o, &s, a.into())),
        }
    }
    // What matters most, checked again without the model.
    for usage in [connected, sent] {
        if let Usage::GiveSource(to) = usage {
            assert!(s.scoped && is_any(s.local) && !is_any(to) && o.reaches(to));
        }
    }
});
