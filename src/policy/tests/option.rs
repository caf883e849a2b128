// SPDX-License-Identifier: GPL-2.0

//! Which options may be set.

use super::super::{option, Refusal};

const SOCKET: i32 = 1;
const IP: i32 = 0;
const IPV6: i32 = 41;
const TCP: i32 = 6;
const UDP: i32 = 17;

#[test]
fn what_servers_set_is_allowed() {
    for (level, name) in [
        (SOCKET, 2),  // SO_REUSEADDR
        (SOCKET, 9),  // SO_KEEPALIVE
        (SOCKET, 15), // SO_REUSEPORT
        (SOCKET, 25), // SO_BINDTODEVICE
        (SOCKET, 51), // SO_ATTACH_REUSEPORT_CBPF
        (IP, 1),      // IP_TOS
        (IP, 8),      // IP_PKTINFO
        (IP, 24),     // IP_BIND_ADDRESS_NO_PORT
        (IP, 36),     // IP_DROP_MEMBERSHIP
        (IP, 45),     // MCAST_LEAVE_GROUP
        (IPV6, 21),   // IPV6_DROP_MEMBERSHIP
        (IPV6, 26),   // IPV6_V6ONLY
        (IPV6, 49),   // IPV6_RECVPKTINFO
        (TCP, 1),     // TCP_NODELAY
        (TCP, 9),     // TCP_DEFER_ACCEPT
        (TCP, 23),    // TCP_FASTOPEN
        (UDP, 103),   // UDP_SEGMENT
    ] {
        assert_eq!(option(level, name, false), Ok(()), "{level} {name}");
    }
}

#[test]
fn what_chooses_a_source_or_a_way_is_not() {
    for (level, name) in [
        (SOCKET, 36), // SO_MARK
        (SOCKET, 50), // SO_ATTACH_BPF
        (SOCKET, 52), // SO_ATTACH_REUSEPORT_EBPF
        (IP, 4),      // IP_OPTIONS
        (IP, 17),     // IP_XFRM_POLICY
        (IP, 19),     // IP_TRANSPARENT
        (IPV6, 6),    // IPV6_2292PKTOPTIONS
        (IPV6, 57),   // IPV6_RTHDR
        (IPV6, 75),   // IPV6_TRANSPARENT
        (TCP, 19),    // TCP_REPAIR
        (TCP, 31),    // TCP_ULP
        (UDP, 100),   // UDP_ENCAP
    ] {
        for raw in [false, true] {
            assert_eq!(option(level, name, raw), Err(Refusal::NotPermitted));
        }
    }
}

#[test]
fn joining_a_group_is_as_on_a_host_without_multicast() {
    for (level, names) in [
        (IP, &[35, 37, 38, 39, 41, 42, 43, 44, 46, 48][..]),
        (IPV6, &[20, 42, 43, 44, 46, 48]),
    ] {
        for &name in names {
            for raw in [false, true] {
                assert_eq!(
                    option(level, name, raw),
                    Err(Refusal::NoDevice),
                    "{level} {name}"
                );
            }
        }
    }
}

#[test]
fn whole_packets_are_for_those_with_raw_sockets() {
    for (level, name) in [(IP, 3), (IPV6, 36)] {
        assert_eq!(option(level, name, false), Err(Refusal::NotPermitted));
        assert_eq!(option(level, name, true), Ok(()));
    }
}

#[test]
fn what_no_list_has_is_not_known() {
    for (level, name) in [
        (SOCKET, 1000),
        (SOCKET, 0),
        (IP, 1000),
        (IPV6, -1),
        (TCP, 1000),
        (UDP, 1000),
        (132, 0), // SOL_SCTP
        (284, 1), // SOL_MPTCP
    ] {
        assert_eq!(option(level, name, true), Err(Refusal::OptionNotKnown));
    }
}
