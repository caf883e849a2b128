// SPDX-License-Identifier: GPL-2.0

//! One UDP socket serves all addresses of a tenant, however the kernel looks it up.

use std::os::fd::AsFd;

use libc::{IPPROTO_IP, IP_ADD_MEMBERSHIP, IP_MULTICAST_IF};

use crate::addr::{ip, Addr, ANY4, ANY6, HOST4, HOST6, ONE, PAIRS};
use crate::child::{as_tenant, spawn_tenant, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto::Udp, Sock};
use crate::spec::{Kind, Reuse, Spec, KINDS};
use crate::sys::option::set_option_bytes;
use crate::tenant::{answer_is, Tenant};

/// A multicast group that stays on the link.
pub(super) const GROUP: &str = "224.0.0.251";

/// More sockets on a port than the kernel searches one by one.
const CROWD: std::ops::Range<u8> = 2..20;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for kind in KINDS {
        tests.extend([
            behaviour(
                format!("udp_{}_wildcard_keeps_its_scope_in_a_crowd", kind.name()),
                move || {
                    let (tenant, other) = (Tenant::new(PAIRS[0]), Tenant::new(PAIRS[1]));
                    let _crowd = crowd();
                    tenant.serve("me", Spec::wildcard(Udp, kind, 80));
                    other.serve("other", Spec::wildcard(Udp, kind, 80));
                    for addr in PAIRS[1].iter().map(|a| ip(a)).filter(|&a| kind.takes(a)) {
                        assert_eq!(ask(Udp, (addr, 80)).expect("no answer"), "other");
                    }
                    other.close("other");
                    // Only the crowd is left on the port beside it.
                    receives_in_a_crowd(&tenant, kind);
                },
            ),
            behaviour(
                format!("udp_{}_ports_conflict_in_a_crowd_as_elsewhere", kind.name()),
                move || {
                    let tenants = PAIRS.map(Tenant::new);
                    let _crowd = crowd();
                    for tenant in &tenants {
                        tenant.serve("me", Spec::wildcard(Udp, kind, 80));
                        let again = tenant.open("again", Spec::wildcard(Udp, kind, 80));
                        let errno = again
                            .expect_err("the tenant's first socket has the port")
                            .raw_os_error();
                        assert_eq!(errno, Some(libc::EADDRINUSE));
                    }
                    let host = Tenant::host();
                    let opened = host.open("host", Spec::wildcard(Udp, kind, 80));
                    let errno = opened.expect_err("the port is in use").raw_os_error();
                    assert_eq!(errno, Some(libc::EADDRINUSE));
                },
            ),
        ]);
    }
    tests.extend([
        behaviour(
            "udp_answers_come_from_the_only_address_without_being_asked_to",
            || {
                as_tenant(ONE, || {
                    let sock = Sock::v6(Udp);
                    sock.bind((ANY6, 80)).expect("wildcard");
                    for addr in ["10.0.0.1", "2001:db8::1"] {
                        let client = Sock::for_ip(Udp, ip(addr));
                        client.connect((addr, 80)).expect("connect");
                        client.send(b"?").expect("send");
                        let (_, from) = sock.receive().expect("receive");
                        sock.send_to(b"!", from).expect("send");
                        // The client is connected, so it drops answers from another
                        // source.
                        assert_eq!(client.receive().expect("receive").0, b"!");
                    }
                    assert_eq!(sock.local().internet(), (ANY6, 80).into());
                });
            },
        ),
        behaviour("a_connected_wildcard_socket_hears_its_peer_only", || {
            let host = Sock::serving(Udp, (HOST4, 5000));
            let stranger = Sock::serving(Udp, (HOST4, 5001));
            let (ready, go) = (Channel::new(), Channel::new());
            let tenant = spawn_tenant(PAIRS[0], || {
                let sock = Sock::v4(Udp);
                sock.bind((ANY4, 80)).expect("wildcard");
                sock.connect((HOST4, 5000)).expect("connect");
                assert_eq!(sock.local().internet(), (ip("10.0.0.1"), 80).into());
                ready.send("");
                go.receive();
                assert_eq!(sock.receive().expect("receive").0, b"yes");
                sock.connect(Addr::unspecified(0)).expect("dissolve");
                assert_eq!(sock.local().internet(), (ANY4, 80).into());
                ready.send("");
                assert_eq!(sock.receive().expect("receive").0, b"now");
            });
            ready.receive();
            for to in ["10.0.0.1", "10.1.0.1"] {
                // No socket takes it, and the next call reports the ICMP error.
                stranger.send_to(b"no", (to, 80)).expect("send");
                let _ = stranger.option(libc::SOL_SOCKET, libc::SO_ERROR);
            }
            host.send_to(b"yes", ("10.0.0.1", 80)).expect("send");
            go.send("");
            ready.receive();
            stranger.send_to(b"now", ("10.1.0.1", 80)).expect("send");
            tenant.succeeded();
        }),
        everywhere(
            "one_datagram_socket_asks_a_distant_server_and_then_one_on_loopback",
            asks_one_after_the_other,
        ),
        behaviour(
            "a_tenant_asks_a_distant_server_and_then_one_on_loopback",
            || {
                as_tenant(ONE, asks_one_after_the_other);
            },
        ),
        behaviour("udp_reuseport_sockets_of_two_tenants_never_mix", || {
            let tenants = PAIRS.map(Tenant::new);
            for worker in ["1", "2"] {
                for (nr, tenant) in tenants.iter().enumerate() {
                    let spec = Spec::wildcard(Udp, Kind::Dual, 80).sharing(Reuse::Port);
                    tenant.serve(&format!("{nr}-{worker}"), spec);
                }
            }
            for (nr, set) in PAIRS.iter().enumerate() {
                let mut seen = Vec::new();
                for addr in *set {
                    for _ in 0..12 {
                        seen.push(ask(Udp, (*addr, 80)).expect("no answer"));
                    }
                }
                seen.push(tenants[nr].ask(Udp, "127.0.0.1", 80).expect("no answer"));
                for worker in ["1", "2"] {
                    assert!(
                        seen.contains(&format!("{nr}-{worker}")),
                        "worker {worker} of tenant {nr} never answered"
                    );
                }
                let own = format!("{nr}-");
                assert!(
                    seen.iter().all(|word| word.starts_with(&own)),
                    "others answered at addresses of tenant {nr}: {seen:?}"
                );
            }
            nobody_answers(Udp, (HOST4, 80));
            nobody_answers(Udp, (HOST6, 80));
        }),
        behaviour("udp_reuseaddr_sockets_of_two_tenants_never_mix", || {
            let tenants = PAIRS.map(Tenant::new);
            for (nr, tenant) in tenants.iter().enumerate() {
                let spec = Spec::wildcard(Udp, Kind::Dual, 80).sharing(Reuse::Addr);
                tenant.serve(["a", "b"][nr], spec);
            }
            for (nr, set) in PAIRS.iter().enumerate() {
                for addr in *set {
                    let word = ask(Udp, (*addr, 80)).expect("no answer");
                    assert_eq!(word, ["a", "b"][nr], "{addr}");
                }
                answer_is(&tenants[nr], Udp, "127.0.0.1", 80, ["a", "b"][nr]);
                answer_is(&tenants[nr], Udp, "::1", 80, ["a", "b"][nr]);
            }
        }),
        behaviour("multicast_reaches_the_host_and_no_tenant", || {
            let (ready, go) = (Channel::new(), Channel::new());
            let terms = Assignment::EXCLUSIVE;
            let tenant = Child::spawn(|| {
                // Once it is associated, it cannot join.
                let sock = member_of_group();
                associate_with(std::process::id() as i32, ONE, &terms);
                ready.send("");
                go.receive();
                assert!(!sock.has_input(500), "the tenant received multicast");
            });
            ready.receive();
            let host = member_of_group();
            let sender = Sock::v4(Udp);
            let interface = i32::from_ne_bytes([10, 0, 0, 1]);
            sender.set(IPPROTO_IP, IP_MULTICAST_IF, interface);
            sender.send_to(b"hello", (GROUP, 5353)).expect("send");
            assert_eq!(host.receive().expect("receive").0, b"hello");
            go.send("");
            tenant.succeeded();
        }),
    ]);
    tests
}

/// A resolver does this: the first server gives the socket its source.
fn asks_one_after_the_other() {
    let distant = Sock::serving(Udp, (ONE[0], 0));
    let near = Sock::serving(Udp, ("127.0.0.1", 0));
    let client = Sock::v4(Udp);
    for server in [&distant, &near, &distant] {
        client.connect(server.local()).expect("connect");
        client.send(b"?").expect("send");
        let (_, from) = server.receive().expect("a question");
        server.send_to(b"!", from).expect("answer");
        assert_eq!(client.receive().expect("an answer").0, b"!");
    }
}

/// A socket that receives what is sent to the group.
pub(super) fn member_of_group() -> Sock {
    let sock = Sock::v4(Udp);
    sock.set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
    sock.bind((ANY4, 5353)).expect("bind");
    // struct ip_mreq: group, address of the interface
    let request = [[224, 0, 0, 251], [10, 0, 0, 1]].concat();
    set_option_bytes(sock.as_fd(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request).expect("join");
    sock
}

/// Sockets of the host on one port, each on an address of its own. A tenant that is made later
/// takes them in.
fn crowd() -> Vec<Sock> {
    CROWD
        .map(|nr| Sock::serving(Udp, (std::net::IpAddr::from([127, 0, 0, nr]), 80)))
        .collect()
}

fn receives_in_a_crowd(tenant: &Tenant, kind: Kind) {
    // These messages reach sockets of the crowd, which do not answer.
    for nr in CROWD.skip(1).take(3) {
        let sock = Sock::v4(Udp);
        let to = std::net::IpAddr::from([127, 0, 0, nr]);
        sock.send_to(b"?", (to, 80)).expect("send");
    }
    let set = PAIRS[0];
    for addr in set.iter().map(|a| ip(a)) {
        if kind.takes(addr) {
            assert_eq!(ask(Udp, (addr, 80)).expect("no answer"), "me", "{addr}");
        } else {
            nobody_answers(Udp, (addr, 80));
        }
    }
    for addr in [HOST4, HOST6, "10.1.0.2", "127.0.0.1", "::1"] {
        nobody_answers(Udp, (addr, 80));
    }
    let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
    answer_is(tenant, Udp, loopback, 80, "me");
}
