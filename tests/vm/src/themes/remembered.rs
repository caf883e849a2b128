// SPDX-License-Identifier: GPL-2.0

//! The gate remembers which source was chosen for a destination. It forgets when a route, an
//! address of the machine or the set changes, and tells sockets apart that rules of routing
//! may tell apart.

use std::net::IpAddr;

use crate::addr::{ip, ANY4, ANY6, PAIRS};
use crate::child::{Channel, Child};
use crate::client::{associate, associate_with, Assignment, Device};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::device::interface_index;
use crate::sys::schedule::stay_on;
use crate::world::configure;
use addrconf_abi::{Change, SourceChoice, Target, Terms};

/// Destinations behind routes of their own.
const THERE: [&str; 2] = ["192.0.2.1", "2001:db8:77::1"];
/// The sources that the route of IPv4 may prefer, both in the set.
pub(super) const SOURCES: [&str; 2] = ["10.0.0.1", "10.1.0.1"];
/// Those of IPv6.
const SOURCES6: [&str; 2] = ["2001:db8::1", "2001:db8:1::1"];

pub fn tests() -> Vec<Test> {
    let mut tests = vec![behaviour(
        "a_remembered_source_follows_a_rule_for_users",
        || {
            let mut tenant = Chooser::new();
            route("add", SOURCES[0]);
            tenant.chooses(SOURCES[0]);
            configure(&format!(
                "rule add uidrange 0-0 lookup 77\nroute add {} dev dummy0 src {} table 77\n",
                THERE[0], SOURCES[1]
            ))
            .expect("ip");
            tenant.chooses(SOURCES[1]);
        },
    )];
    for (family, sources, others) in [
        ("", SOURCES, ["10.0.0.3", SOURCES[0]]),
        ("v6_", SOURCES6, ["2001:db8::3", SOURCES6[0]]),
    ] {
        let name = |does: &str| format!("a_remembered_{family}source_{does}");
        tests.extend([
            behaviour(name("follows_the_route"), move || {
                let mut tenant = Chooser::new();
                for _ in 0..2 {
                    for source in sources {
                        route("replace", source);
                        tenant.chooses(source);
                    }
                }
            }),
            behaviour(name("follows_the_set"), move || {
                let mut tenant = Chooser::new();
                route("add", sources[1]);
                for _ in 0..2 {
                    tenant.chooses(sources[1]);
                    tenant.update(Change::Remove, &[sources[1]]);
                    tenant.chooses(sources[0]);
                    tenant.update(Change::Add, &[sources[1]]);
                }
            }),
            behaviour(name("is_that_of_the_sockets_device"), move || {
                is_that_of_the_device(sources, |sock, device| {
                    sock.bind_to_device(device).expect("a device");
                });
            }),
            behaviour(name("follows_a_route_that_is_taken_away"), move || {
                let there = there(sources[0]);
                let route = |how: &str, source: usize| {
                    let source = sources[source];
                    let line = format!("route {how} {there} dev dummy0 src {source}");
                    configure(&format!("{line} metric 8\n")).expect("ip");
                };
                let less = format!("route add {there} dev dummy0 src {} metric 9\n", sources[1]);
                configure(&less).expect("ip");
                let mut tenant = Chooser::new();
                for _ in 0..3 {
                    route("add", 0);
                    tenant.chooses(sources[0]);
                    route("del", 0);
                    tenant.chooses(sources[1]);
                }
            }),
            behaviour(name("is_nobody_elses"), move || {
                route("add", sources[1]);
                let mut first = Chooser::new();
                let mut second = Chooser::with(&others);
                for _ in 0..3 {
                    first.chooses(sources[1]);
                    second.chooses(sources[0]);
                }
            }),
        ]);
    }
    tests.push(behaviour(
        "a_remembered_source_is_that_of_the_interface_for_unicast",
        || {
            is_that_of_the_device(SOURCES, |sock, device| {
                let index = interface_index(device).expect("an index").to_be();
                // IP_UNICAST_IF
                sock.set(libc::IPPROTO_IP, 50, index as i32);
            });
        },
    ));
    tests.push(behaviour(
        "a_remembered_v6_source_follows_the_addresses_of_the_machine",
        || {
            configure(&format!("route add {} dev dummy0\n", THERE[1])).expect("ip");
            let mut tenant = Chooser::with(&SOURCES6);
            let [one, other] = SOURCES6;
            for _ in 0..2 {
                for (gone, left) in [(one, other), (other, one)] {
                    configure(&format!("addr del {gone}/128 dev dummy0\n")).expect("ip");
                    tenant.chooses(left);
                    configure(&format!("addr add {gone}/128 dev dummy0 nodad\n")).expect("ip");
                }
            }
        },
    ));
    tests
}

/// The route to the destination is better by one device, and `lead` leads a socket through another.
fn is_that_of_the_device(sources: [&'static str; 2], lead: impl Fn(&Sock, &str)) {
    let there = there(sources[0]);
    let bits = if ip(there).is_ipv4() {
        "/32"
    } else {
        "/128 nodad"
    };
    configure(&format!(
        "link add dummy1 type dummy\nlink set dummy1 up\naddr add {1}{bits} dev dummy1\n\
        route add {there} dev dummy0 src {0} metric 8\n\
        route add {there} dev dummy1 src {1} metric 9\n",
        sources[0], sources[1]
    ))
    .expect("ip");
    Child::spawn(|| {
        associate(PAIRS[0]);
        for _ in 0..3 {
            for (device, source) in [("dummy0", sources[0]), ("dummy1", sources[1])] {
                let sock = Sock::for_ip(Proto::Udp, ip(there));
                lead(&sock, device);
                assert_eq!(source_of(&sock, there), ip(source));
            }
            let sock = Sock::for_ip(Proto::Udp, ip(there));
            assert_eq!(source_of(&sock, there), ip(sources[0]));
        }
    })
    .succeeded();
}

/// The destination of the family of a source.
fn there(source: &str) -> &'static str {
    THERE[usize::from(ip(source).is_ipv6())]
}

/// Changes the route to the destination, so that it prefers this source.
pub(super) fn route(how: &str, source: &str) {
    let there = there(source);
    configure(&format!("route {how} {there} dev dummy0 src {source}\n")).expect("ip");
}

/// The source that a socket gets when it connects.
fn source_of(sock: &Sock, there: &str) -> IpAddr {
    sock.connect((there, 9)).expect("connect");
    sock.local().ip()
}

/// An associated process that connects sockets when it is asked to.
pub(super) struct Chooser {
    _child: Child,
    pub(super) id: u64,
    ask: Channel,
    told: Channel,
}

impl Chooser {
    fn new() -> Self {
        Self::with(PAIRS[0])
    }

    fn with(set: &[&str]) -> Self {
        Self::by(SourceChoice::Route, set)
    }

    pub(super) fn by(source: SourceChoice, set: &[&str]) -> Self {
        let terms = Assignment::on(Terms {
            source,
            ..Terms::DEFAULT
        });
        let (ask, told) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            // Each processor remembers for itself.
            stay_on(0);
            let made = associate_with(std::process::id() as i32, set, &terms);
            told.send(&made.id.to_string());
            let open = [ANY4, ANY6].map(|any| {
                let sock = Sock::for_ip(Proto::Udp, any);
                sock.bind((any, 0)).expect("bind");
                sock
            });
            loop {
                let there = ask.receive();
                let to = ip(&there);
                // A wildcard that goes on sending, and new sockets.
                let open = &open[usize::from(to.is_ipv6())];
                open.send_to(b"x", (there.as_str(), 9)).expect("send");
                let new = Sock::for_ip(Proto::Udp, to);
                told.send(&source_of(&new, &there).to_string());
            }
        });
        let id = told.receive().parse().expect("an id");
        Self {
            _child: child,
            id,
            ask,
            told,
        }
    }

    /// Panics unless its sockets get this source, also the second and third time.
    pub(super) fn chooses(&mut self, source: &str) {
        for _ in 0..3 {
            self.ask.send(there(source));
            assert_eq!(self.told.receive(), source);
        }
    }

    fn update(&self, change: Change, set: &[&str]) {
        let target = Target::Association(self.id);
        let updated = Device::open().update(target, change, set, false);
        updated.expect("update");
    }
}
