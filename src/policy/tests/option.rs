// SPDX-License-Identifier: GPL-2.0

//! Which options may be set, and which requests are allowed on sockets of others.

use super::super::{control, look, option, request, ring_command, Refusal};

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
        assert_eq!(option(level, name, None, false), Ok(()), "{level} {name}");
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
        (UDP, 100),   // UDP_ENCAP
    ] {
        for raw in [false, true] {
            assert_eq!(
                option(level, name, None, raw),
                Err(Refusal::OptionDangerous)
            );
        }
    }
}

#[test]
fn headers_can_be_removed_but_not_attached() {
    for (level, name) in [
        (IP, 4),    // IP_OPTIONS
        (IPV6, 6),  // IPV6_2292PKTOPTIONS
        (IPV6, 54), // IPV6_HOPOPTS
        (IPV6, 55), // IPV6_RTHDRDSTOPTS
        (IPV6, 57), // IPV6_RTHDR
        (IPV6, 59), // IPV6_DSTOPTS
    ] {
        assert_eq!(
            option(level, name, Some(0), false),
            Ok(()),
            "{level} {name}"
        );
        for length in [None, Some(1), Some(8), Some(u32::MAX)] {
            let verdict = option(level, name, length, true);
            assert_eq!(verdict, Err(Refusal::OptionDangerous), "{level} {name}");
        }
    }
}

#[test]
fn a_length_of_zero_permits_nothing_else() {
    for (level, name) in [
        (SOCKET, 36),
        (IP, 17),
        (IP, 19),
        (IPV6, 75),
        (TCP, 19),
        (UDP, 100),
    ] {
        let verdict = option(level, name, Some(0), false);
        assert_eq!(verdict, Err(Refusal::OptionDangerous), "{level} {name}");
    }
}

#[test]
fn no_protocol_is_put_on_a_connection_as_on_a_kernel_without_one() {
    for raw in [false, true] {
        assert_eq!(option(TCP, 31, None, raw), Err(Refusal::UpperProtocol)); // TCP_ULP
    }
    assert_eq!(Refusal::UpperProtocol.errno(), 2);
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
                    option(level, name, None, raw),
                    Err(Refusal::Multicast),
                    "{level} {name}"
                );
            }
        }
    }
}

#[test]
fn what_is_told_once_is_told_to_its_owner() {
    for (level, name) in [(SOCKET, 4), (TCP, 28), (TCP, 33), (TCP, 35), (TCP, 41)] {
        assert_eq!(look(level, name), Err(Refusal::SocketOutside));
    }
    for (level, name) in [
        (SOCKET, 3),
        (SOCKET, 30),
        (SOCKET, 39),
        (TCP, 11),
        (IPV6, 26),
    ] {
        assert_eq!(look(level, name), Ok(()), "{level} {name}");
    }
    assert_eq!(look(SOCKET, 1000), Err(Refusal::OptionUnknown));
}

#[test]
fn requests_that_only_tell_are_harmless() {
    // FIONREAD, TIOCOUTQ, FIOCLEX, SIOCGIFADDR.
    for known in [0x541b, 0x5411, 0x5451, 0x8915] {
        assert_eq!(request(known), Ok(()), "{known:#x}");
    }
    // FIONBIO, FIOASYNC, FIOSETOWN, SIOCSPGRP.
    for change in [0x5421, 0x5452, 0x8901, 0x8902] {
        assert_eq!(request(change), Err(Refusal::SocketOutside), "{change:#x}");
    }
    // TCGETS, which isatty() uses.
    assert_eq!(request(0x5401), Err(Refusal::RequestUnknown));
}

#[test]
fn what_is_the_descriptors_own_is_not_the_sockets() {
    // F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_GETOWN, F_DUPFD_CLOEXEC.
    for command in [0, 1, 2, 3, 9, 1030] {
        assert_eq!(control(command), Ok(()), "{command}");
    }
    // F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE.
    for command in [4, 8, 10, 15, 1024] {
        assert_eq!(control(command), Err(Refusal::SocketOutside), "{command}");
    }
}

#[test]
fn commands_of_a_ring_that_take_something_are_for_the_owner() {
    for known in [0, 1, 2, 3, 5] {
        assert_eq!(ring_command(known), Ok(()), "{known}");
    }
    for other in [4, 6, 1000] {
        assert_eq!(ring_command(other), Err(Refusal::SocketOutside), "{other}");
    }
}

#[test]
fn whole_packets_are_for_those_with_raw_sockets() {
    for (level, name) in [(IP, 3), (IPV6, 36)] {
        assert_eq!(
            option(level, name, None, false),
            Err(Refusal::OptionDangerous)
        );
        assert_eq!(option(level, name, None, true), Ok(()));
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
        assert_eq!(option(level, name, None, true), Err(Refusal::OptionUnknown));
    }
}
