// SPDX-License-Identifier: GPL-2.0

//! Each tenant has a dedicated loopback address, through which the host reaches
//! it. Another tenant can neither send to this address nor use it as a source.

use std::io;
use std::net::IpAddr;

use libc::{EACCES, EADDRNOTAVAIL};

use crate::addr::{ip, Addr, HOST4, ONE, TWO};
use crate::child::{in_child_with, Channel, Child};
use crate::client::{associate_with, Assignment, Device};
use crate::registry::{behaviour, everywhere, refusal, Attack, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::watch::poll_readable;

use super::fast_open::without_cookies;
use super::packets::PORT;

/// Where the server listens without the module: an unused address of the range
/// of dedicated loopback addresses.
const UNUSED: [u8; 4] = [127, 64, 0, 77];

/// How long silence is observed, and how long a message may take to arrive, in
/// milliseconds.
const SILENCE: i32 = 500;
const PATIENCE: i32 = 10_000;

/// A way to reach an address.
type Way = fn(Addr) -> io::Result<Sock>;

const WAYS: [(&str, Proto, Way); 7] = [
    ("tcp_connect_to", Proto::Tcp, |to| {
        connected(Sock::v4(Proto::Tcp), to)
    }),
    ("tcp_connect_to_the_mapped", Proto::Tcp, |to| {
        connected(Sock::v6(Proto::Tcp), mapped(&to))
    }),
    ("udp_connect_to", Proto::Udp, |to| {
        connected(Sock::v4(Proto::Udp), to)
    }),
    ("fast_open_to", Proto::Tcp, |to| {
        let sock = Sock::v4(Proto::Tcp);
        sock.send_fast_open(b"?", to).map(|()| sock)
    }),
    ("sendto", Proto::Udp, |to| {
        let sock = Sock::v4(Proto::Udp);
        sock.send_to(b"?", to).map(|()| sock)
    }),
    ("sendto_the_mapped", Proto::Udp, |to| {
        let sock = Sock::v6(Proto::Udp);
        sock.send_to(b"?", mapped(&to)).map(|()| sock)
    }),
    ("sendmmsg_to", Proto::Udp, |to| {
        let sock = Sock::v4(Proto::Udp);
        sock.send_messages(b"?", &[to.clone(), to]).map(|_| sock)
    }),
];

pub fn tests() -> Vec<Test> {
    let name = |what: &str| format!("{what}_loopback_address_of_another_tenant_is_refused");
    let mut tests = Vec::new();
    for (what, proto, reach) in WAYS {
        tests.push(refusal(name(what), ONE, EACCES, move || {
            let other = Other::serving(proto);
            Box::new(move || {
                let _sock = reach(other.at.clone())?;
                assert!(other.hears(PATIENCE), "the message did not arrive");
                Ok(())
            })
        }));
    }
    for proto in PROTOS {
        let what = format!("{}_bind_to", proto.name());
        tests.push(refusal(name(&what), ONE, EADDRNOTAVAIL, move || {
            let other = Other::serving(proto);
            // The server has PORT itself.
            Box::new(move || Sock::v4(proto).bind((other.at.ip(), PORT + 1)))
        }));
    }
    tests.extend([
        refusal(name("message_from"), ONE, EADDRNOTAVAIL, || {
            from_anothers(Sock::v4, |addr| addr)
        }),
        refusal(name("mapped_message_from"), ONE, EADDRNOTAVAIL, || {
            from_anothers(Sock::v6, |addr| mapped(&addr))
        }),
        everywhere(
            "a_message_behind_another_reaches_any_loopback_address_of_a_host",
            || assert_eq!(sent_behind(&[]), (2, true)),
        ),
        behaviour(
            "a_message_behind_another_does_not_reach_another_tenants_loopback",
            || assert_eq!(sent_behind(ONE), (1, false)),
        ),
    ]);
    tests
}

/// Another tenant, which serves at its dedicated loopback address. Without the
/// module, a host process that serves at [`UNUSED`].
struct Other {
    _child: Child,
    at: Addr,
    heard: Channel,
}

impl Other {
    fn serving(proto: Proto) -> Self {
        without_cookies();
        let (orders, heard) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let sock = Sock::serving(proto, (ip(&orders.receive()), PORT));
            heard.send("ready");
            loop {
                let news = match proto {
                    Proto::Tcp => sock.accept().and_then(|(sock, _)| sock.receive()),
                    Proto::Udp => sock.receive(),
                };
                if news.is_ok_and(|(data, _)| data == b"?") {
                    heard.send("?");
                }
            }
        });
        let loopback = match Device::try_open() {
            Ok(_) => associate_with(child.pid(), TWO, &Assignment::DEFAULT).loopback,
            Err(_) => UNUSED.into(),
        };
        orders.send(&loopback.to_string());
        heard.receive();
        Self {
            _child: child,
            at: (IpAddr::from(loopback), PORT).into(),
            heard,
        }
    }

    /// Whether the server receives something within `milliseconds`.
    fn hears(&self, milliseconds: i32) -> bool {
        let ready = poll_readable([self.heard.reader()], milliseconds);
        ready.expect("poll") == [true]
    }
}

fn connected(sock: Sock, to: Addr) -> io::Result<Sock> {
    sock.connect(to)?;
    sock.send(b"?").map(|()| sock)
}

fn mapped(addr: &Addr) -> Addr {
    (crate::addr::mapped(&addr.ip().to_string()), addr.port()).into()
}

/// Sends the host a message whose source is the other tenant's address.
fn from_anothers(open: fn(Proto) -> Sock, form: fn(Addr) -> Addr) -> Attack {
    let other = Other::serving(Proto::Udp);
    let witness = Sock::serving(Proto::Udp, (HOST4, 0));
    let to = form(witness.local());
    let sock = open(Proto::Udp);
    Box::new(move || {
        sock.send_from(b"x", to, form(other.at.clone()).ip())?;
        let (_, from) = witness.receive()?;
        assert_eq!(from.ip(), other.at.ip());
        Ok(())
    })
}

/// Sends two messages with one `sendmmsg()`, the first to an address of the
/// sender's set, the second to the other tenant. Returns how many were sent,
/// and whether the second arrived.
fn sent_behind(set: &[&str]) -> (usize, bool) {
    let other = Other::serving(Proto::Udp);
    let sent = Channel::new();
    in_child_with(set, || {
        let to = [Addr::from((ONE[0], 9)), other.at.clone()];
        let messages = Sock::v4(Proto::Udp).send_messages(b"?", &to);
        sent.send(&messages.expect("the first").to_string());
    });
    let limit = if set.is_empty() { PATIENCE } else { SILENCE };
    let sent = sent.receive().parse().expect("a number");
    (sent, other.hears(limit))
}
