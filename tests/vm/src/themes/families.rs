// SPDX-License-Identifier: GPL-2.0

//! Sockets of other families and protocols: harmless ones are permitted, and those
//! that the module does not cover are denied.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::process::Command;

use libc::{
    AF_INET, AF_INET6, AF_PACKET, EPERM, EPROTONOSUPPORT, IPPROTO_ICMP, IPPROTO_MPTCP, IPPROTO_UDP,
    SOCK_DGRAM, SOCK_RAW, SOCK_STREAM,
};

use crate::addr::{Addr, ONE};
use crate::child::{as_tenant, spawn_tenant};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::Sock;
use crate::sys::socket::accept_nameless;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, domain, kind, protocol, errno) in [
        (
            "v4_multipath_tcp",
            AF_INET,
            SOCK_STREAM,
            IPPROTO_MPTCP,
            EPROTONOSUPPORT,
        ),
        (
            "v6_multipath_tcp",
            AF_INET6,
            SOCK_STREAM,
            IPPROTO_MPTCP,
            EPROTONOSUPPORT,
        ),
        ("v4_raw", AF_INET, SOCK_RAW, IPPROTO_ICMP, EPERM),
        (
            "v4_raw_for_any_header",
            AF_INET,
            SOCK_RAW,
            libc::IPPROTO_RAW,
            EPERM,
        ),
        ("v6_raw", AF_INET6, SOCK_RAW, IPPROTO_UDP, EPERM),
        ("packet", AF_PACKET, SOCK_DGRAM, 0, EPERM),
        ("raw_packet", AF_PACKET, SOCK_RAW, 0, EPERM),
    ] {
        let name = format!("a_{what}_socket_is_refused");
        tests.push(refusal(name, ONE, errno, move || {
            Box::new(move || Sock::new(domain, kind, protocol).map(drop))
        }));
    }
    tests.extend([
        behaviour("tcp_is_there_to_fall_back_on", || {
            associate(ONE);
            for protocol in [0, libc::IPPROTO_TCP] {
                Sock::new(AF_INET, SOCK_STREAM, protocol).expect("TCP");
            }
            Sock::new(AF_INET, SOCK_DGRAM, IPPROTO_UDP).expect("UDP");
        }),
        behaviour("unix_streams_are_left_alone", || {
            let path = socket_path();
            let listener = UnixListener::bind(&path).expect("bind");
            let child = spawn_tenant(ONE, || {
                let mut stream = UnixStream::connect(&path).expect("connect");
                stream.write_all(b"hello").expect("write");
            });
            let (mut stream, _) = listener.accept().expect("accept");
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("read");
            assert_eq!(text, "hello");
            child.succeeded();
            std::fs::remove_file(path).expect("remove");
        }),
        behaviour("unix_servers_are_left_alone", || {
            as_tenant(ONE, || {
                let path = socket_path();
                let listener = UnixListener::bind(&path).expect("bind");
                let _stream = UnixStream::connect(&path).expect("connect");
                listener.accept().expect("accept");
                std::fs::remove_file(path).expect("remove");
                let name = SocketAddr::from_abstract_name(b"addrconf-vmtests").expect("a name");
                let server = UnixDatagram::bind_addr(&name).expect("bind");
                let client = UnixDatagram::unbound().expect("a socket");
                client.send_to_addr(b"hello", &name).expect("send");
                let mut room = [0; 8];
                assert_eq!(server.recv(&mut room).expect("receive"), 5);
                let (a, b) = UnixDatagram::pair().expect("a pair");
                a.send(b"x").expect("send");
                b.recv(&mut room).expect("receive");
            });
        }),
        everywhere("cryptography_of_the_kernel_is_there", digest),
        behaviour("cryptography_of_the_kernel_is_left_alone", || {
            as_tenant(ONE, digest);
        }),
        behaviour("netlink_is_left_alone", || {
            as_tenant(ONE, || {
                let output = Command::new("ip")
                    .args(["-o", "addr"])
                    .output()
                    .expect("ip");
                assert!(output.status.success());
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(text.contains("10.0.0.2"), "{text}");
            });
        }),
    ]);
    tests
}

/// Lets the kernel make a digest, with a socket of the family `AF_ALG`.
fn digest() {
    let algorithm = Sock::new(libc::AF_ALG, libc::SOCK_SEQPACKET, 0).expect("a socket");
    // struct sockaddr_alg: family, type, feat, mask, name.
    let mut name = vec![0_u8; 88];
    name[..2].copy_from_slice(&(libc::AF_ALG as u16).to_ne_bytes());
    name[2..6].copy_from_slice(b"hash");
    name[24..30].copy_from_slice(b"sha256");
    algorithm.bind(Addr::raw(&name)).expect("bind");
    let operation = accept_nameless(algorithm.as_fd(), 0).expect("accept");
    let mut operation = File::from(operation);
    operation.write_all(b"abc").expect("write");
    let mut digest = [0; 32];
    operation.read_exact(&mut digest).expect("read");
    // FIPS 180-2, B.1.
    assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
}

fn socket_path() -> String {
    format!("/tmp/addrconf-vmtests-{}", std::process::id())
}
