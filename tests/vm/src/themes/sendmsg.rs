// SPDX-License-Identifier: GPL-2.0

//! Messages that are sent without connecting have a source in the set.

use std::io;
use std::net::IpAddr;

use libc::EADDRNOTAVAIL;

use crate::addr::{ip, mapped, Addr, HOST4, HOST6, ONE, PREFIXES, SEVERAL, V4_ONLY, V6_ONLY};
use crate::child::as_tenant;
use crate::client::Device;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::server::{source_seen, Server};
use crate::sock::{Proto, Sock};

/// Ways to send a message.
#[derive(Clone, Copy)]
enum Way {
    SendTo,
    SendMsg,
    SendMmsg,
    FastOpen,
}

const WAYS: [(Way, &str); 4] = [
    (Way::SendTo, "sendto"),
    (Way::SendMsg, "sendmsg"),
    (Way::SendMmsg, "sendmmsg"),
    (Way::FastOpen, "fast_open"),
];

impl Way {
    fn proto(self) -> Proto {
        match self {
            Self::FastOpen => Proto::Tcp,
            _ => Proto::Udp,
        }
    }

    fn send(self, sock: &Sock, to: Addr) -> io::Result<()> {
        match self {
            Self::SendTo => sock.send_to(b"x", to),
            Self::SendMsg => sock.send_messages(b"x", &[to]).map(drop),
            Self::SendMmsg => match sock.send_messages(b"x", &[to.clone(), to])? {
                2 => Ok(()),
                n => Err(io::Error::other(format!("{n} of 2 messages were sent"))),
            },
            Self::FastOpen => sock.send_fast_open(b"x", to),
        }
    }
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (way, name) in WAYS {
        tests.extend([
            sent_from(
                way,
                format!("{name}_v4_comes_from_the_set"),
                ONE,
                HOST4,
                "10.0.0.1",
            ),
            sent_from(
                way,
                format!("{name}_v6_comes_from_the_set"),
                ONE,
                HOST6,
                "2001:db8::1",
            ),
            sent_from(
                way,
                format!("{name}_v4_comes_from_the_first_of_several"),
                SEVERAL,
                HOST4,
                "10.1.0.3",
            ),
            sent_from(
                way,
                format!("{name}_v6_comes_from_the_first_of_several"),
                SEVERAL,
                HOST6,
                "2001:db8:1::3",
            ),
            behaviour(format!("{name}_mapped_comes_from_the_set"), move || {
                let from = source_seen(way.proto(), HOST4, ONE, |to| {
                    let sock = Sock::v6(way.proto());
                    way.send(&sock, (mapped(HOST4), to.port()).into())
                        .expect("send");
                });
                assert_eq!(from.ip(), ip("10.0.0.1"));
            }),
            behaviour(format!("{name}_comes_from_within_a_prefix"), move || {
                let from = source_seen(way.proto(), HOST4, PREFIXES, |to| {
                    way.send(&Sock::v4(way.proto()), to).expect("send");
                });
                let inside: Vec<IpAddr> = ["10.1.0.1", "10.1.0.2", "10.1.0.3"].map(ip).into();
                assert!(inside.contains(&from.ip()), "from {}", from.ip());
            }),
            refused(
                way,
                format!("{name}_v4_with_a_v6_set_is_refused"),
                V6_ONLY,
                HOST4,
            ),
            refused(
                way,
                format!("{name}_v6_with_a_v4_set_is_refused"),
                V4_ONLY,
                HOST6,
            ),
        ]);
    }
    tests.extend([
        behaviour("sendto_with_no_family_comes_from_the_set", || {
            let from = source_seen(Proto::Udp, HOST4, ONE, |to| {
                let mut bytes = to.bytes().to_vec();
                bytes[..2].copy_from_slice(&(libc::AF_UNSPEC as u16).to_ne_bytes());
                let sock = Sock::v4(Proto::Udp);
                sock.send_to(b"x", Addr::raw(&bytes)).expect("send");
            });
            assert_eq!(from.ip(), ip("10.0.0.1"));
        }),
        behaviour(
            "sendto_of_a_v6_socket_to_a_v4_sockaddr_comes_from_the_set",
            || {
                let from = source_seen(Proto::Udp, HOST4, ONE, |to| {
                    Sock::v6(Proto::Udp).send_to(b"x", to).expect("send");
                });
                assert_eq!(from.ip(), ip("10.0.0.1"));
            },
        ),
        refusal(
            "sendto_of_a_v6_socket_to_a_v4_sockaddr_with_a_v6_set_is_refused",
            V6_ONLY,
            EADDRNOTAVAIL,
            || Box::new(|| Sock::v6(Proto::Udp).send_to(b"x", (HOST4, 9))),
        ),
        behaviour("sendto_twice_comes_from_the_same_socket_name", || {
            as_tenant(ONE, || {
                let sock = Sock::v4(Proto::Udp);
                sock.send_to(b"x", (HOST4, 9)).expect("send");
                let name = sock.local().internet();
                sock.send_to(b"x", ("10.0.0.2", 9)).expect("send");
                assert_eq!(sock.local().internet(), name);
            });
        }),
        behaviour(
            "a_v6_socket_that_sent_to_v6_sends_to_mapped_and_back_from_the_set",
            || {
                let v6 = Sock::serving(Proto::Udp, (HOST6, 5000));
                let from = source_seen(Proto::Udp, HOST4, ONE, |to| {
                    let sock = Sock::v6(Proto::Udp);
                    sock.send_to(b"x", (HOST6, 5000)).expect("send to v6");
                    let to = (mapped(HOST4), to.port());
                    sock.send_to(b"x", to).expect("send to mapped");
                    sock.send_to(b"x", (HOST6, 5000)).expect("send to v6");
                });
                assert_eq!(from.ip(), ip("10.0.0.1"));
                for _ in 0..2 {
                    let (_, from) = v6.receive().expect("receive");
                    assert_eq!(from.ip(), ip("2001:db8::1"));
                }
            },
        ),
        everywhere("a_v6_member_socket_sends_to_no_mapped_address", || {
            let attempt = || {
                let sock = Sock::v6(Proto::Udp);
                sock.bind(("2001:db8::1", 0)).expect("member");
                let sent = sock.send_to(b"x", (mapped(HOST4), 5000));
                sent.expect_err("the socket is bound to the other family");
            };
            attempt();
            if Device::try_open().is_ok() {
                as_tenant(ONE, attempt);
            }
        }),
        behaviour("answers_to_a_tenants_message_reach_it", || {
            let _server = Server::start(&[], "pong", Proto::Udp, || {
                Ok(Sock::serving(Proto::Udp, (HOST4, 5000)))
            });
            as_tenant(ONE, || {
                let sock = Sock::v4(Proto::Udp);
                sock.send_to(b"ping", (HOST4, 5000)).expect("send");
                let (data, from) = sock.receive().expect("receive");
                assert_eq!((data, from.ip()), (b"pong".to_vec(), ip(HOST4)));
            });
        }),
    ]);
    tests
}

fn sent_from(
    way: Way,
    name: String,
    set: &'static [&'static str],
    to: &'static str,
    result: &'static str,
) -> Test {
    behaviour(name, move || {
        let from = source_seen(way.proto(), to, set, |to| {
            let sock = Sock::for_ip(way.proto(), to.ip());
            way.send(&sock, to).expect("send");
        });
        assert_eq!(
            from.ip(),
            ip(result),
            "the source that the server on {to} sees"
        );
    })
}

fn refused(way: Way, name: String, set: &'static [&'static str], to: &'static str) -> Test {
    refusal(name, set, EADDRNOTAVAIL, move || {
        let server = Sock::serving(way.proto(), (to, 0));
        let sock = Sock::for_ip(way.proto(), ip(to));
        Box::new(move || way.send(&sock, server.local()))
    })
}
