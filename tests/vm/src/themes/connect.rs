// SPDX-License-Identifier: GPL-2.0

//! `connect()` on a socket that was never bound: the peer sees a source in the set.

use std::fs;
use std::net::IpAddr;

use libc::{EADDRNOTAVAIL, ECONNREFUSED, EINPROGRESS, ENETUNREACH};

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE, PREFIXES, SEVERAL, V4_ONLY, V6_ONLY};
use crate::child::{as_tenant, spawn_tenant, Child};
use crate::client::Device;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::server::source_seen;
use crate::sock::{Proto, Sock, PROTOS};

/// A set whose first entry is a prefix, so that the second is the primary address.
const PREFIX_FIRST: &[&str] = &["10.1.0.0/24", "10.0.0.1"];

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS.into_iter().flat_map(of_protocol).collect();
    tests.extend([
        everywhere("ports_do_not_run_out_for_an_unassociated_process", || {
            ports_do_not_run_out(&[], HOST4);
        }),
        behaviour("ports_do_not_run_out_for_a_tenant_v4", || {
            ports_do_not_run_out(ONE, HOST4);
        }),
        behaviour("ports_do_not_run_out_for_a_tenant_v6", || {
            ports_do_not_run_out(ONE, HOST6);
        }),
        behaviour("connect_without_blocking_uses_the_set", || {
            source_is(ONE, Proto::Tcp, HOST4, ip("10.0.0.1"), |to| {
                let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK;
                let sock = Sock::new(libc::AF_INET, kind, 0).expect("a socket");
                match sock.connect(to) {
                    Ok(()) => {}
                    Err(e) => assert_eq!(e.raw_os_error(), Some(EINPROGRESS)),
                }
                assert_eq!(sock.local().ip(), ip("10.0.0.1"));
            });
        }),
        behaviour(
            "a_v6_socket_connected_to_v6_connects_to_mapped_from_the_set",
            || {
                source_is(ONE, Proto::Udp, HOST4, ip("10.0.0.1"), |to| {
                    let sock = Sock::v6(Proto::Udp);
                    sock.connect((HOST6, 9)).expect("connect");
                    sock.connect(Addr::unspecified(0)).expect("dissolve");
                    sock.connect((mapped(HOST4), to.port())).expect("connect");
                    sock.send(b"x").expect("send");
                });
            },
        ),
        everywhere("a_v6_member_socket_connects_to_no_mapped_address", || {
            let server = Sock::serving(Proto::Tcp, (HOST4, 5000));
            let attempt = || {
                let sock = Sock::v6(Proto::Tcp);
                sock.bind(("2001:db8::1", 0)).expect("member");
                let connected = sock.connect((mapped(HOST4), server.local().port()));
                connected.expect_err("the socket is bound to the other family");
            };
            attempt();
            if Device::try_open().is_ok() {
                as_tenant(ONE, attempt);
            }
        }),
        behaviour(
            "connect_of_a_v6_socket_to_a_v4_sockaddr_comes_from_the_set",
            || {
                source_is(ONE, Proto::Udp, HOST4, ip("10.0.0.1"), |to| {
                    let sock = Sock::v6(Proto::Udp);
                    sock.connect(to).expect("connect");
                    sock.send(b"x").expect("send");
                });
            },
        ),
        behaviour("a_socket_can_be_bound_after_a_refused_connection", || {
            as_tenant(ONE, || {
                let sock = Sock::v4(Proto::Tcp);
                let error = sock.connect((HOST4, 1)).expect_err("no server is there");
                assert_eq!(error.raw_os_error(), Some(ECONNREFUSED));
                sock.bind(("10.0.0.1", 4000)).expect("bind to a member");
            });
        }),
        behaviour("connect_to_nowhere_fails_as_before", || {
            as_tenant(ONE, || {
                for addr in ["192.0.2.1", "2001:db8:ffff::1"] {
                    for proto in PROTOS {
                        let sock = Sock::for_ip(proto, ip(addr));
                        let error = sock.connect((addr, 9)).expect_err("no route leads there");
                        assert_eq!(error.raw_os_error(), Some(ENETUNREACH), "{addr}");
                    }
                }
            });
        }),
    ]);
    tests
}

fn of_protocol(proto: Proto) -> Vec<Test> {
    let name = |what: &str| format!("connect_{}_{what}", proto.name());
    let plain = |what: &str, set, to: &'static str, result: &str| {
        let result = ip(result);
        behaviour(name(what), move || {
            source_is(set, proto, to, result, |to| {
                connect(proto, Sock::for_ip(proto, to.ip()), to);
            });
        })
    };
    let refused = |what: &str, set, to: &'static str| {
        refusal(name(what), set, EADDRNOTAVAIL, move || {
            let server = Sock::serving(proto, (to, 0));
            let sock = Sock::for_ip(proto, ip(to));
            Box::new(move || sock.connect(server.local()))
        })
    };
    vec![
        behaviour(
            name("after_a_dissolved_connection_comes_from_the_set"),
            move || {
                source_is(ONE, proto, HOST4, ip("10.0.0.1"), |to| {
                    let other = Sock::serving(proto, ("10.0.0.1", 0));
                    let sock = Sock::v4(proto);
                    sock.connect(other.local()).expect("connect");
                    sock.connect(Addr::unspecified(0)).expect("dissolve");
                    connect(proto, sock, to);
                });
            },
        ),
        plain("v4_comes_from_the_set", ONE, HOST4, "10.0.0.1"),
        plain("v6_comes_from_the_set", ONE, HOST6, "2001:db8::1"),
        plain(
            "v4_to_another_tenant_comes_from_the_set",
            ONE,
            "10.0.0.2",
            "10.0.0.1",
        ),
        plain(
            "v6_to_another_tenant_comes_from_the_set",
            ONE,
            "2001:db8::2",
            "2001:db8::1",
        ),
        plain(
            "v4_to_itself_comes_from_the_set",
            ONE,
            "10.0.0.1",
            "10.0.0.1",
        ),
        plain(
            "v4_comes_from_the_first_of_several",
            SEVERAL,
            HOST4,
            "10.1.0.3",
        ),
        plain(
            "v6_comes_from_the_first_of_several",
            SEVERAL,
            HOST6,
            "2001:db8:1::3",
        ),
        plain(
            "v4_comes_from_the_first_address_not_a_prefix",
            PREFIX_FIRST,
            HOST4,
            "10.0.0.1",
        ),
        behaviour(name("mapped_comes_from_the_set"), move || {
            source_is(ONE, proto, HOST4, ip("10.0.0.1"), |to| {
                let sock = Sock::v6(proto);
                connect(proto, sock, (mapped(HOST4), to.port()).into());
            });
        }),
        behaviour(name("v4_comes_from_within_a_prefix"), move || {
            let from = source(PREFIXES, proto, HOST4);
            let inside: Vec<IpAddr> = ["10.1.0.1", "10.1.0.2", "10.1.0.3"].map(ip).into();
            assert!(inside.contains(&from), "from {from}");
        }),
        behaviour(name("v6_comes_from_within_a_prefix"), move || {
            let from = source(PREFIXES, proto, HOST6);
            let inside: Vec<IpAddr> = (1..4).map(|i| ip(&format!("2001:db8:1::{i}"))).collect();
            assert!(inside.contains(&from), "from {from}");
        }),
        behaviour(name("comes_from_where_the_socket_was_bound"), move || {
            source_is(SEVERAL, proto, HOST4, ip("10.0.0.1"), |to| {
                let sock = Sock::v4(proto);
                sock.bind(("10.0.0.1", 5000)).expect("member");
                connect(proto, sock, to);
            });
        }),
        refused("v4_with_a_v6_set_is_refused", V6_ONLY, HOST4),
        refused("v6_with_a_v4_set_is_refused", V4_ONLY, HOST6),
        refusal(
            name("mapped_with_a_v6_set_is_refused"),
            V6_ONLY,
            EADDRNOTAVAIL,
            move || {
                let server = Sock::serving(proto, (HOST4, 0));
                let sock = Sock::v6(proto);
                Box::new(move || sock.connect((mapped(HOST4), server.local().port())))
            },
        ),
    ]
}

/// Connects, checks the name of the peer, and sends a message if it is UDP, so that the
/// server notices.
fn connect(proto: Proto, sock: Sock, to: Addr) {
    sock.connect(to.clone()).expect("connect");
    assert_eq!(sock.peer().expect("a peer").internet(), to.internet());
    if proto == Proto::Udp {
        sock.send(b"x").expect("send");
    }
}

fn source(set: &[&str], proto: Proto, to: &str) -> IpAddr {
    let connect = |to: Addr| connect(proto, Sock::for_ip(proto, to.ip()), to);
    source_seen(proto, to, set, connect).ip()
}

fn source_is(set: &[&str], proto: Proto, to: &str, result: IpAddr, client: impl FnOnce(Addr)) {
    assert_eq!(
        source_seen(proto, to, set, client).ip(),
        result,
        "the source that the server on {to} sees"
    );
}

/// With 20 ports to choose from, 15 connections to each of 5 destinations are possible
/// at once, as connections to different destinations can share a port.
fn ports_do_not_run_out(set: &[&str], host: &str) {
    let servers: Vec<Sock> = (7001..7006)
        .map(|port| Sock::serving(Proto::Tcp, (host, port)))
        .collect();
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40019").expect("sysctl");
    let connect_all = || {
        let mut open = Vec::new();
        for server in &servers {
            for nr in 0..15 {
                let sock = Sock::for_ip(Proto::Tcp, ip(host));
                let connected = sock.connect(server.local());
                connected.unwrap_or_else(|e| panic!("connection {nr}, {} open: {e}", open.len()));
                assert!((40000..=40019).contains(&sock.local().port()));
                open.push(sock);
            }
        }
        // Dropped only now: all of them were open at once.
        drop(open);
    };
    let unassociated = set.is_empty();
    let child = if unassociated {
        Child::spawn(connect_all)
    } else {
        spawn_tenant(set, connect_all)
    };
    child.succeeded();
    let (_, from) = servers[0].accept().expect("a connection");
    let expected = if unassociated {
        host
    } else {
        set_source(set, host)
    };
    assert_eq!(from.ip(), ip(expected));
}

fn set_source<'a>(set: &[&'a str], host: &str) -> &'a str {
    set[usize::from(host == HOST6)]
}
