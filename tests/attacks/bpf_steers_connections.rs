// SPDX-License-Identifier: GPL-2.0

//! A BPF program chooses the socket of each incoming packet before the kernel
//! looks for one. A tenant may neither load, attach nor use such a program, and
//! gains nothing from a careless one of the host.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use addrconf_abi::Bypass;
use libc::EPERM;

use super::capability::{needed, BPF, NET_ADMIN, SYS_ADMIN};
use super::packet_socket_opened_before::cannot_be_associated;
use super::thief::{who_answers, Thief};
use crate::addr::ONE;
use crate::client::associate;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::bpf::{
    add, attach, call, copy, link, load, map, map_address, program, put_socket, set, skip_if,
    skip_unless, store_constant, EXIT,
};

// include/uapi/linux/bpf.h
const BPF_MAP_TYPE_SOCKMAP: u32 = 15;
const BPF_PROG_TYPE_SK_SKB: u32 = 14;
const BPF_PROG_TYPE_SK_LOOKUP: u32 = 30;
const BPF_SK_LOOKUP: u32 = 36;
const BPF_SK_SKB_VERDICT: u32 = 38;
const MAP_LOOKUP_ELEM: i32 = 1;
const SK_RELEASE: i32 = 86;
const SK_ASSIGN: i32 = 124;
const SK_REDIRECT_MAP: i32 = 52;
/// The verdict SK_PASS.
const PASS: i32 = 1;
/// Offset in struct bpf_sk_lookup.
const LOCAL_PORT: i16 = 60;

/// Family, address of the thief, and address the program steers away from.
const FAMILIES: [(&str, &str, &str); 2] = [
    ("v4", "10.0.0.1", "10.0.0.2"),
    ("v6", "2001:db8::1", "2001:db8::2"),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for (family, own, anothers) in FAMILIES {
            let name = format!("{}_{family}", proto.name());
            tests.extend([
                everywhere(
                    format!("{name}_traffic_of_a_host_can_be_steered"),
                    move || {
                        let thief = Thief::start(&[], proto, || Sock::serving(proto, (own, 80)));
                        let _steering = steer(&thief.socket()).expect("steer");
                        let word = who_answers(proto, anothers, 80);
                        assert_eq!(word.as_deref(), Some("thief"));
                    },
                ),
                behaviour(
                    format!("{name}_traffic_is_not_steered_to_a_tenant"),
                    move || {
                        let thief = Thief::start(ONE, proto, || Sock::serving(proto, (own, 80)));
                        let _steering = steer(&thief.socket()).expect("steer");
                        assert_eq!(who_answers(proto, anothers, 80), None);
                        let word = who_answers(proto, own, 80);
                        assert_eq!(word.as_deref(), Some("thief"), "at its own address");
                    },
                ),
            ]);
        }
    }
    tests.extend([
        refusal("a_tenant_does_not_load_a_program", ONE, EPERM, || {
            Box::new(|| {
                let map = map(BPF_MAP_TYPE_SOCKMAP, 8, 1)?;
                steering_program(&map).map(drop)
            })
        }),
        refusal("a_tenant_does_not_make_a_map", ONE, EPERM, || {
            Box::new(|| map(BPF_MAP_TYPE_SOCKMAP, 8, 1).map(drop))
        }),
        refusal(
            "a_tenant_does_not_attach_a_program_loaded_before",
            ONE,
            EPERM,
            || {
                let map = map(BPF_MAP_TYPE_SOCKMAP, 8, 1).expect("a map");
                let program = steering_program(&map).expect("a program");
                let here = File::open("/proc/self/ns/net").expect("a namespace");
                Box::new(move || link(program.as_fd(), here.as_fd(), BPF_SK_LOOKUP).map(drop))
            },
        ),
        refusal(
            "a_tenant_does_not_use_a_program_attached_before",
            ONE,
            EPERM,
            || {
                let map = map(BPF_MAP_TYPE_SOCKMAP, 8, 1).expect("a map");
                let steering = attach_to_here(&map).expect("a program");
                let own = Sock::serving(Proto::Udp, ("10.0.0.1", 80));
                Box::new(move || put_socket(map.as_fd(), 0, own.as_fd()).map(|()| drop(steering)))
            },
        ),
        refusal(
            "a_tenant_does_not_redirect_between_connections",
            ONE,
            EPERM,
            || {
                let map = redirection();
                Box::new(move || redirect(&map))
            },
        ),
    ]);
    tests.push(behaviour(
        "a_process_with_a_redirected_connection_cannot_be_assigned",
        || {
            let (_ours, theirs) = connection();
            let map = redirection();
            put_socket(map.as_fd(), 0, theirs.as_fd()).expect("put");
            cannot_be_associated(Bypass::SockmapSocket, Some(theirs.number()));
            drop(theirs);
            associate(ONE);
        },
    ));
    tests.extend(needed(
        "steering_traffic_by_a_program",
        &[NET_ADMIN, BPF, SYS_ADMIN],
        || attach_to_here(&map(BPF_MAP_TYPE_SOCKMAP, 8, 1)?).map(drop),
    ));
    tests
}

/// Steers all packets for port 80 to a socket, as long as the returned
/// descriptors are open.
fn steer(to: &Sock) -> io::Result<(OwnedFd, OwnedFd)> {
    let map = map(BPF_MAP_TYPE_SOCKMAP, 8, 1)?;
    put_socket(map.as_fd(), 0, to.as_fd())?;
    Ok((attach_to_here(&map)?, map))
}

fn attach_to_here(map: &OwnedFd) -> io::Result<OwnedFd> {
    let program = steering_program(map)?;
    let here = File::open("/proc/self/ns/net")?;
    link(program.as_fd(), here.as_fd(), BPF_SK_LOOKUP)
}

fn steering_program(map: &OwnedFd) -> io::Result<OwnedFd> {
    let [address, rest] = map_address(1, map.as_fd());
    let code = [
        copy(6, 1),
        load(1, 6, LOCAL_PORT),
        skip_unless(1, 80, 14),
        store_constant(10, -4, 0),
        copy(2, 10),
        add(2, -4),
        address,
        rest,
        call(MAP_LOOKUP_ELEM),
        skip_if(0, 0, 7),
        copy(7, 0),
        copy(1, 6),
        copy(2, 7),
        set(3, 0),
        call(SK_ASSIGN),
        copy(1, 7),
        call(SK_RELEASE),
        set(0, PASS),
        EXIT,
    ];
    program(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, &code)
}

/// A map with a program that redirects what arrives on any of its sockets to
/// the first one.
fn redirection() -> OwnedFd {
    let map = map(BPF_MAP_TYPE_SOCKMAP, 8, 2).expect("a map");
    let [address, rest] = map_address(2, map.as_fd());
    let code = [
        address,
        rest,
        set(3, 0),
        set(4, 0),
        call(SK_REDIRECT_MAP),
        EXIT,
    ];
    let program = program(BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_VERDICT, &code).expect("a program");
    attach(program.as_fd(), map.as_fd(), BPF_SK_SKB_VERDICT).expect("attach");
    map
}

/// Reads on one connection what was sent on another.
fn redirect(map: &OwnedFd) -> io::Result<()> {
    let [(ours, theirs), (end, other)] = [connection(), connection()];
    put_socket(map.as_fd(), 0, theirs.as_fd())?;
    put_socket(map.as_fd(), 1, end.as_fd())?;
    other.send(b"redirected")?;
    let (data, _) = ours.receive()?;
    assert_eq!(data, b"redirected");
    Ok(())
}

fn connection() -> (Sock, Sock) {
    let server = Sock::serving(Proto::Tcp, ("10.0.0.1", 0));
    let client = Sock::v4(Proto::Tcp);
    client.connect(server.local()).expect("connect");
    (client, server.accept().expect("accept").0)
}
