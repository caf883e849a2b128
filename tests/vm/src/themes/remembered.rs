// SPDX-License-Identifier: GPL-2.0

//! The gate remembers which source was chosen for a destination. It forgets when a route, an
//! address of the machine or the set changes, and tells sockets apart that rules of routing
//! may tell apart.

use std::net::IpAddr;

use crate::addr::{ip, ANY4, PAIRS};
use crate::child::{Channel, Child};
use crate::client::{associate, associate_with, Assignment, Device};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::schedule::stay_on;
use crate::world::configure;
use addrconf_abi::{Change, SourceChoice, Target, Terms};

/// A destination behind a route of its own.
const THERE: &str = "192.0.2.1";
/// The sources that this route may prefer, both in the set.
pub(super) const SOURCES: [&str; 2] = ["10.0.0.1", "10.1.0.1"];

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_remembered_source_follows_the_route", || {
            let mut tenant = Chooser::new();
            for _ in 0..2 {
                for source in SOURCES {
                    route("replace", source);
                    tenant.chooses(source);
                }
            }
        }),
        behaviour("a_remembered_source_follows_the_set", || {
            let mut tenant = Chooser::new();
            route("add", SOURCES[1]);
            for _ in 0..2 {
                tenant.chooses(SOURCES[1]);
                tenant.update(Change::Remove, &[SOURCES[1]]);
                tenant.chooses(SOURCES[0]);
                tenant.update(Change::Add, &[SOURCES[1]]);
            }
        }),
        behaviour("a_remembered_source_follows_a_rule_for_users", || {
            let mut tenant = Chooser::new();
            route("add", SOURCES[0]);
            tenant.chooses(SOURCES[0]);
            configure(&format!(
                "rule add uidrange 0-0 lookup 77\nroute add {THERE} dev dummy0 src {} table 77\n",
                SOURCES[1]
            ))
            .expect("ip");
            tenant.chooses(SOURCES[1]);
        }),
        behaviour("a_remembered_source_is_that_of_the_sockets_device", || {
            configure(&format!(
                "link add dummy1 type dummy\nlink set dummy1 up\naddr add {1}/32 dev dummy1\n\
                route add {THERE} dev dummy0 src {0}\nroute add {THERE} dev dummy1 src {1} metric 9\n",
                SOURCES[0], SOURCES[1]
            ))
            .expect("ip");
            Child::spawn(|| {
                associate(PAIRS[0]);
                for _ in 0..3 {
                    for (device, source) in [("dummy0", SOURCES[0]), ("dummy1", SOURCES[1])] {
                        let sock = Sock::v4(Proto::Udp);
                        sock.bind_to_device(device).expect("a device");
                        assert_eq!(source_of(&sock), ip(source));
                    }
                    assert_eq!(source_of(&Sock::v4(Proto::Udp)), ip(SOURCES[0]));
                }
            })
            .succeeded();
        }),
        behaviour("a_remembered_source_is_nobody_elses", || {
            route("add", SOURCES[1]);
            let mut first = Chooser::new();
            let mut second = Chooser::with(&["10.0.0.2", "10.0.0.1"]);
            for _ in 0..3 {
                first.chooses(SOURCES[1]);
                second.chooses(SOURCES[0]);
            }
        }),
    ]
}

/// Changes the route to the destination, so that it prefers this source.
pub(super) fn route(how: &str, source: &str) {
    configure(&format!("route {how} {THERE} dev dummy0 src {source}\n")).expect("ip");
}

/// The source that a socket gets when it connects.
fn source_of(sock: &Sock) -> IpAddr {
    sock.connect((THERE, 9)).expect("connect");
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
            let open = Sock::v4(Proto::Udp);
            open.bind((ANY4, 0)).expect("bind");
            loop {
                ask.receive();
                // A wildcard that goes on sending, and new sockets.
                open.send_to(b"x", (THERE, 9)).expect("send");
                told.send(&source_of(&Sock::v4(Proto::Udp)).to_string());
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
            self.ask.send("");
            assert_eq!(self.told.receive(), source);
        }
    }

    fn update(&self, change: Change, set: &[&str]) {
        let target = Target::Association(self.id);
        let updated = Device::open().update(target, change, set, false);
        updated.expect("update");
    }
}
