// SPDX-License-Identifier: GPL-2.0

//! A BPF program of a control group changes the addresses of `bind()`,
//! `connect()` and `sendto()` after the hooks have decided. A tenant may not
//! attach one, and gains nothing from one that the host attached.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};

use libc::{EADDRNOTAVAIL, EPERM};

use super::packets::{deceived, victim, FORGED, PORT};
use super::thief::{who_answers, Thief};
use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::child::{in_child_with, Channel};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::bpf::{add, call, copy, link, program, set, store, store_constant, Insn, EXIT};

// include/uapi/linux/bpf.h
const BPF_PROG_TYPE_CGROUP_SOCK_ADDR: u32 = 18;
const BIND: i32 = 64;
/// Offset in struct bpf_sock_addr.
const USER_PORT: i16 = 24;

/// What differs between IPv4 and IPv6.
#[derive(Clone, Copy)]
struct Family {
    name: &'static str,
    // Values of enum bpf_attach_type.
    bind: u32,
    connect: u32,
    sendmsg: u32,
    // Offsets in struct bpf_sock_addr.
    address: i16,
    source: i16,
    own: &'static str,
    anothers: &'static str,
    host: &'static str,
    loopback: &'static str,
}

const FAMILIES: [Family; 2] = [
    Family {
        name: "v4",
        bind: 8,
        connect: 10,
        sendmsg: 14,
        address: 4,
        source: 40,
        own: "10.0.0.1",
        anothers: "10.0.0.2",
        host: HOST4,
        loopback: "127.0.0.1",
    },
    Family {
        name: "v6",
        bind: 9,
        connect: 11,
        sendmsg: 15,
        address: 8,
        source: 44,
        own: "2001:db8::1",
        anothers: "2001:db8::2",
        host: HOST6,
        loopback: "::1",
    },
];

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = FAMILIES.into_iter().flat_map(of_family).collect();
    tests.push(refusal(
        "a_tenant_does_not_attach_a_program_to_its_control_group",
        ONE,
        EPERM,
        || {
            let hook = FAMILIES[0].bind;
            let code = [set(0, 1), EXIT];
            let loaded = program(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, hook, &code).expect("a program");
            Box::new(move || attach(&loaded, hook).map(drop))
        },
    ));
    tests
}

fn of_family(family: Family) -> Vec<Test> {
    let name = |what: &str| format!("a_{}_program_{what}", family.name);
    vec![
        everywhere(name("can_change_where_a_host_binds"), move || {
            for proto in PROTOS {
                let word = bind_changed(&family, proto, &[]);
                assert_eq!(word.as_deref(), Some("thief"), "{proto:?}");
            }
        }),
        behaviour(name("does_not_bind_a_tenant_elsewhere"), move || {
            for proto in PROTOS {
                assert_eq!(bind_changed(&family, proto, ONE), None, "{proto:?}");
            }
        }),
        everywhere(name("can_change_from_where_a_host_connects"), move || {
            assert!(connect_bound(&family, &[]));
        }),
        behaviour(
            name("does_not_have_a_tenant_connect_from_elsewhere"),
            move || assert!(!connect_bound(&family, ONE)),
        ),
        everywhere(name("can_change_where_a_host_connects_to"), move || {
            assert!(connect_changed(&family, &[]));
        }),
        behaviour(
            name("does_not_connect_a_tenant_to_the_hosts_loopback"),
            move || assert!(!connect_changed(&family, ONE)),
        ),
        everywhere(name("can_change_from_where_a_host_sends"), move || {
            let victim = victim(family.host);
            send_changed(&family, &[]);
            deceived(&victim, family.anothers).expect("a forged message");
        }),
        behaviour(
            name("does_not_have_a_tenant_send_from_elsewhere"),
            move || {
                let victim = victim(family.host);
                send_changed(&family, ONE);
                assert!(!victim.has_input(1000), "the victim received a message");
            },
        ),
    ]
}

/// Attaches a program to the root control group, as long as the returned link
/// is open.
fn attach(program: &OwnedFd, hook: u32) -> io::Result<OwnedFd> {
    let everybody = File::open("/sys/fs/cgroup")?;
    link(program.as_fd(), everybody.as_fd(), hook)
}

/// Attaches a program that runs `change` and allows the call.
fn changing(hook: u32, change: &[Insn]) -> OwnedFd {
    let code = [change, &[set(0, 1), EXIT]].concat();
    let loaded = program(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, hook, &code).expect("a program");
    attach(&loaded, hook).expect("attach")
}

/// Code that writes an address to `offset` in the program's context.
fn write_address(offset: i16, addr: &str) -> Vec<Insn> {
    let bytes = match ip(addr) {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    };
    words(&bytes)
        .zip((offset..).step_by(4))
        .flat_map(|(word, at)| [set(2, word), store(1, at, 2)])
        .collect()
}

fn words(bytes: &[u8]) -> impl Iterator<Item = i32> + '_ {
    let word = |b: &[u8]| i32::from_ne_bytes(b.try_into().expect("4 bytes"));
    bytes.chunks_exact(4).map(word)
}

/// Binds to the own address while a program rewrites it to another tenant's.
/// Returns who answers there.
fn bind_changed(family: &Family, proto: Proto, set: &[&str]) -> Option<String> {
    let code = write_address(family.address, family.anothers);
    let link = changing(family.bind, &code);
    let _thief = Thief::start(set, proto, || {
        let sock = Sock::for_ip(proto, ip(family.own));
        sock.bind((family.own, 80)).expect("bind");
        if proto == Proto::Tcp {
            let errno = sock.listen().err().and_then(|e| e.raw_os_error());
            let expected = (!set.is_empty()).then_some(EADDRNOTAVAIL);
            assert_eq!(errno, expected, "listen");
        }
        sock
    });
    drop(link);
    who_answers(proto, family.anothers, 80)
}

/// Connects while a program binds the socket to another tenant's address.
/// Returns whether the connection came from there.
fn connect_bound(family: &Family, set: &[&str]) -> bool {
    const STACK: i16 = 32;
    let server = Sock::serving(Proto::Tcp, (family.host, 80));
    let source = Addr::from((family.anothers, 0));
    let mut code: Vec<Insn> = words(source.bytes())
        .zip((-STACK..).step_by(4))
        .map(|(word, at)| store_constant(10, at, word))
        .collect();
    code.extend([
        copy(2, 10),
        add(2, (-STACK).into()),
        self::set(3, source.bytes().len() as i32),
        call(BIND),
    ]);
    let _link = changing(family.connect, &code);
    in_child_with(set, || {
        who_answers(Proto::Tcp, family.host, 80);
    });
    server.has_input(0) && server.accept().expect("accept").1.ip() == ip(family.anothers)
}

/// Connects to the host's address while a program redirects the call to the
/// host's loopback. Returns whether the host's server there answers.
fn connect_changed(family: &Family, set: &[&str]) -> bool {
    let at = (family.loopback, 6379);
    let _server = Thief::named("host", &[], Proto::Tcp, || Sock::serving(Proto::Tcp, at));
    let mut code = write_address(family.address, family.loopback);
    code.extend([
        self::set(2, i32::from(6379_u16.to_be())),
        store(1, USER_PORT, 2),
    ]);
    let _link = changing(family.connect, &code);
    let answered = Channel::new();
    in_child_with(set, || {
        let word = who_answers(Proto::Tcp, family.host, 80);
        answered.send(word.as_deref().unwrap_or("nobody"));
    });
    answered.receive() == "host"
}

/// Sends a message while a program changes its source to another tenant's
/// address.
fn send_changed(family: &Family, set: &[&str]) {
    let code = write_address(family.source, family.anothers);
    let _link = changing(family.sendmsg, &code);
    in_child_with(set, || {
        let sock = Sock::for_ip(Proto::Udp, ip(family.host));
        let _ = sock.send_to(FORGED, (family.host, PORT));
    });
}
