// SPDX-License-Identifier: GPL-2.0

//! What the module says that it would decide, against what it then decides.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};

use addrconf_abi::{CheckRequest, Operation, Refusal, Target, Terms};
use libc::{EACCES, EADDRNOTAVAIL, EBADF, EINVAL, ENOENT, ENOTSOCK};

use crate::addr::{ip, EVERYWHERE, HOST4, ONE, PREFIXES, SEVERAL, TWO};
use crate::child::{as_tenant, in_child, Channel};
use crate::client::{errno, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock, PROTOS};

use super::events::{all, counts, watching};

/// Sets of tenants.
const SETS: [&[&str]; 4] = [ONE, SEVERAL, PREFIXES, &["10.0.0.1"]];

/// An address where the machine reaches no association.
const ELSEWHERE: &str = "127.127.255.254";

/// The families and options of sockets.
const MAKE: [fn(Proto) -> Sock; 3] = [Sock::v4, Sock::v6, Sock::v6_only];

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("what_would_be_decided_is_what_is_decided", || {
            for set in SETS {
                agree(&Defined::new("shop", set));
            }
        }),
        behaviour("terms_decide_what_would_be_decided", || {
            let host_loopback = addrconf_abi::HostLoopback::new([127, 0, 0, 53].into(), 32);
            let terms = Terms {
                host_loopback,
                ..Terms::DEFAULT
            };
            agree(&Defined::on(&terms, "shop", ONE));
        }),
        behaviour("a_question_is_neither_counted_nor_told", || {
            let shop = Defined::new("shop", ONE);
            let reader = watching(shop.id);
            let sock = Sock::v4(Proto::Udp);
            for operation in [Operation::Bind, Operation::Connect] {
                for addr in [HOST4, ELSEWHERE] {
                    let told = ask(&shop, operation, &sock, ip(addr));
                    assert_eq!(
                        told.refusal.is_some(),
                        operation == Operation::Bind || addr != HOST4
                    );
                }
            }
            assert_eq!(counts(&shop).refused, [0; 11]);
            assert_eq!(all(&reader), []);
            assert!(sock.local().ip().is_unspecified());
            assert_eq!(shop.describe().sockets, 0);
            // It is still anybody's.
            sock.bind((HOST4, 0)).expect("bind");
        }),
        behaviour("a_question_says_why", || {
            let shop = Defined::new("shop", ONE);
            let sock = Sock::v4(Proto::Tcp);
            let outside = ask(&shop, Operation::Bind, &sock, ip(TWO[0]));
            assert_eq!(outside.refusal, Some(Refusal::AddressOutside));
            assert_eq!(outside.errno, EADDRNOTAVAIL as u16);
            let loopback = ask(&shop, Operation::Connect, &sock, ip(ELSEWHERE));
            assert_eq!(loopback.refusal, Some(Refusal::LoopbackOfOther));
            assert_eq!(loopback.errno, EACCES as u16);
            let far = ask(&shop, Operation::Connect, &sock, ip(HOST4));
            assert_eq!((far.refusal, far.errno), (None, 0));
            assert_eq!(far.source, Some(ip(ONE[0])));
            let own = ask(&shop, Operation::Connect, &sock, ip("127.0.0.1"));
            assert_eq!(own.source, Some(ip("127.0.0.1")));
        }),
        behaviour("a_socket_that_is_in_use_is_no_example", || {
            let shop = Defined::new("shop", ONE);
            let asks = |sock: &Sock| {
                let target = Target::Association(shop.id);
                let (fd, to) = (sock.as_fd(), ip(HOST4));
                errno(Device::open().check(target, Operation::Connect, fd, to))
            };
            let bound = Sock::v4(Proto::Udp);
            bound.bind(("0.0.0.0", 0)).expect("bind");
            assert_eq!(asks(&bound), EINVAL);
            let connected = Sock::v4(Proto::Udp);
            connected.connect((HOST4, 9)).expect("connect");
            assert_eq!(asks(&connected), EINVAL);
            let unix = Sock::new(libc::AF_UNIX, libc::SOCK_STREAM, 0).expect("socket");
            assert_eq!(asks(&unix), EINVAL);
            let raw = Sock::new(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP);
            assert_eq!(asks(&raw.expect("socket")), EINVAL);
        }),
        behaviour("a_socket_of_a_tenant_is_no_example", || {
            let shop = Defined::new("shop", ONE);
            let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().expect("socketpair");
            as_tenant(TWO, || {
                let sock = Sock::v4(Proto::Udp);
                crate::sys::trace::send_descriptor(theirs.as_fd(), sock.as_fd()).expect("send");
            });
            let got = crate::sys::trace::receive_descriptor(ours.as_fd()).expect("receive");
            let got: OwnedFd = got.expect("a socket");
            let target = Target::Association(shop.id);
            let asked = Device::open().check(target, Operation::Bind, got.as_fd(), ip(ONE[0]));
            assert_eq!(errno(asked), EINVAL);
        }),
        behaviour("what_is_not_covered_would_be_refused", || {
            let shop = Defined::new("shop", ONE);
            let mptcp = 262;
            let sock = Sock::new(libc::AF_INET, libc::SOCK_STREAM, mptcp).expect("MPTCP");
            let told = ask(&shop, Operation::Connect, &sock, ip(HOST4));
            assert_eq!(told.refusal, Some(Refusal::ProtocolNotCovered));
        }),
        behaviour("a_question_that_makes_no_sense_is_refused", || {
            let shop = Defined::new("shop", ONE);
            let (device, sock) = (Device::open(), Sock::v4(Proto::Udp));
            let target = Target::Association(shop.id);
            let ask = |target, fd| device.check(target, Operation::Bind, fd, ip(ONE[0]));
            let nobody = Target::Association(4_000_000_000);
            assert_eq!(errno(ask(nobody, sock.as_fd())), ENOENT);
            assert_eq!(errno(ask(Target::Pid(1), sock.as_fd())), ENOENT);
            let file = std::fs::File::open("/dev/null").expect("/dev/null");
            assert_eq!(errno(ask(target, file.as_fd())), ENOTSOCK);
            let mut asked = [0; addrconf_abi::MAX_STRUCT];
            let request = CheckRequest::about(target, Operation::Bind, 9_999, ip(ONE[0]));
            let bytes = addrconf_abi::Wire::encode(&request, &mut asked);
            let call = addrconf_abi::Command::Check.number();
            assert_eq!(errno(device.call_bytes(call, bytes)), EBADF);
        }),
    ]
}

fn ask(of: &Defined, operation: Operation, sock: &Sock, addr: IpAddr) -> CheckRequest {
    let asked = Device::open().check(Target::Association(of.id), operation, sock.as_fd(), addr);
    asked.unwrap_or_else(|e| panic!("{operation:?} {addr}: {e}"))
}

/// Panics unless a member of `shop` gets the answers that were foretold.
fn agree(shop: &Defined) {
    let mut foretold = Vec::new();
    let mut calls = Vec::new();
    for (make, new) in MAKE.into_iter().enumerate() {
        for proto in PROTOS {
            for operation in [Operation::Bind, Operation::Connect] {
                for addr in EVERYWHERE
                    .iter()
                    .chain(&["127.0.0.53", ELSEWHERE, "0.0.0.0", "::"])
                {
                    // A TCP connection would need a server.
                    if operation == Operation::Connect && proto == Proto::Tcp {
                        continue;
                    }
                    foretold.push(ask(shop, operation, &new(proto), ip(addr)));
                    calls.push((make, proto, operation, ip(addr)));
                }
            }
        }
    }
    let answers = Channel::new();
    in_child(|| {
        shop.enter();
        for &(make, proto, operation, addr) in &calls {
            let (error, source) = call(&MAKE[make](proto), make > 0, operation, addr);
            answers.send(&format!("{error} {source}"));
        }
    });
    for (told, call) in foretold.iter().zip(&calls) {
        let answer = answers.receive();
        let (error, source) = answer.split_once(' ').expect("two words");
        let error: u16 = error.parse().expect("an errno");
        match told.refusal {
            Some(_) => assert_eq!(told.errno, error, "{call:?}: {told:?}"),
            // The protocol decides afterwards.
            None => assert!(!is_ours(error), "{call:?}: {told:?}, then {error}"),
        }
        if let (Some(foretold), 0) = (told.source, error) {
            assert_eq!(foretold, ip(source), "{call:?}");
        }
    }
}

/// Whether the protocol gives another answer to a call that the module permits.
fn is_ours(error: u16) -> bool {
    [EADDRNOTAVAIL, EACCES].contains(&error.into())
}

/// Makes a call; returns its errno, and the address that the socket then has.
fn call(sock: &Sock, is_v6: bool, operation: Operation, addr: IpAddr) -> (i32, IpAddr) {
    let addr = match (is_v6, addr) {
        (true, IpAddr::V4(addr)) => addr.to_ipv6_mapped().into(),
        _ => addr,
    };
    let done: io::Result<()> = match operation {
        Operation::Bind => sock.bind((addr, 0)),
        _ => sock.connect((addr, 9)),
    };
    let error = done.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
    (error, sock.local().ip().to_canonical())
}
