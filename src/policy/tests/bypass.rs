// SPDX-License-Identifier: GPL-2.0

//! Which open files are bypasses.

use super::super::abi::Bypass;
use super::super::{bypass, Memory, OpenFile};

const PF_UNIX: u16 = 1;
const PF_INET: u16 = 2;
const ESTABLISHED: u8 = 1;

fn socket(family: u16) -> OpenFile {
    OpenFile::Socket {
        family,
        protocol: 0,
        state: ESTABLISHED,
        redirected: false,
    }
}

fn mptcp(state: u8) -> OpenFile {
    OpenFile::Socket {
        family: PF_INET,
        protocol: 262,
        state,
        redirected: false,
    }
}

fn other(device: Option<(u32, u32)>, foreign_ring: bool, memory: Memory) -> OpenFile {
    OpenFile::Other {
        device,
        foreign_ring,
        memory,
    }
}

#[test]
fn sockets_whose_rings_have_every_packet_go_around() {
    assert_eq!(bypass(&socket(17)), Some(Bypass::PacketSocket));
    assert_eq!(bypass(&socket(44)), Some(Bypass::XdpSocket));
    for family in [PF_UNIX, PF_INET, 10, 16] {
        assert_eq!(bypass(&socket(family)), None, "{family}");
    }
}

#[test]
fn an_mptcp_connection_goes_around_and_a_listener_does_not() {
    for state in 1..=13 {
        let expected = (![7, 10].contains(&state)).then_some(Bypass::MptcpConnection);
        assert_eq!(bypass(&mptcp(state)), expected, "{state}");
    }
}

#[test]
fn a_socket_of_any_family_in_a_sockmap_goes_around() {
    for family in [PF_UNIX, PF_INET, 10] {
        let redirected = OpenFile::Socket {
            family,
            protocol: 0,
            state: ESTABLISHED,
            redirected: true,
        };
        assert_eq!(bypass(&redirected), Some(Bypass::SockmapSocket));
    }
}

#[test]
fn devices_that_inject_packets_go_around() {
    for (device, expected) in [
        ((10, 200), Some(Bypass::NetworkDevice)),
        ((10, 238), Some(Bypass::NetworkDevice)),
        ((108, 0), Some(Bypass::NetworkDevice)),
        ((10, 229), None),
        ((1, 200), None),
        ((108, 1), None),
    ] {
        let file = other(Some(device), false, Memory::None);
        assert_eq!(bypass(&file), expected, "{device:?}");
    }
}

#[test]
fn a_ring_that_another_process_made_goes_around() {
    let ring = |foreign| bypass(&other(None, foreign, Memory::None));
    assert_eq!(ring(true), Some(Bypass::ForeignRing));
    assert_eq!(ring(false), None);
}

#[test]
fn the_memory_of_others_goes_around_and_ones_own_does_not() {
    for (memory, expected) in [
        (Memory::None, None),
        (Memory::Own, None),
        (Memory::Foreign, Some(Bypass::ForeignMemory)),
        (Memory::ForeignPages, Some(Bypass::ForeignPages)),
    ] {
        assert_eq!(bypass(&other(None, false, memory)), expected, "{memory:?}");
    }
}
