// SPDX-License-Identifier: GPL-2.0

//! Witnesses of attacks whose outcome is traffic and no errno. One notes the
//! source of everything that arrives; one sends messages that somebody may
//! overhear. Each attack makes two tests of one closure: with the module it
//! must have no effect, and for an unassociated process it must work.

use std::fmt::Debug;
use std::io;
use std::net::IpAddr;

use crate::addr::{ip, Addr, ONE};
use crate::child::{Channel, Child};
use crate::client::{associate, contains};
use crate::registry::{behaviour, everywhere, Attack, Test};
use crate::sock::{Proto, Sock};

/// The port that is to be overheard.
pub const PORT: u16 = 5353;

/// How long a witness waits for more, in milliseconds.
const SILENCE: i32 = 300;

/// How long a witness waits for what must arrive, in milliseconds.
const PATIENCE: i32 = 10_000;

/// An attempt to send from an address of another.
#[derive(Clone, Copy)]
pub struct Spoof {
    /// The attempt, as part of a test's name.
    pub name: &'static str,
    /// The protocol of the witness.
    pub proto: Proto,
    /// The address of the witness.
    pub at: &'static str,
    /// The address that the attacker wants to send from.
    pub foreign: &'static str,
    /// Given the witness's address, prepares the attack before the process is
    /// associated, and returns it.
    pub prepare: fn(Addr) -> Attack,
}

/// An attempt with a message.
pub fn spoof(
    name: &'static str,
    at: &'static str,
    foreign: &'static str,
    prepare: fn(Addr) -> Attack,
) -> Spoof {
    Spoof {
        name,
        proto: Proto::Udp,
        at,
        foreign,
        prepare,
    }
}

/// How an attempt by a tenant must end. In no case may anything foreign arrive.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// It is refused, or has no effect.
    InVain,
    /// It is refused with this errno.
    Refused(i32),
    /// What is sent before the attempt, from the set, arrives.
    Late,
}

impl Spoof {
    /// The two tests. The attacker's set is [`ONE`].
    pub fn tests(self) -> [Test; 2] {
        self.ending(End::InVain, ONE)
    }

    /// The same, for an attacker with another set.
    pub fn against(self, set: &'static [&'static str]) -> [Test; 2] {
        self.ending(End::InVain, set)
    }

    /// The same, for an attempt that a system call refuses.
    pub fn refused(self, errno: i32) -> [Test; 2] {
        self.ending(End::Refused(errno), ONE)
    }

    /// The same, for an attempt behind a message that must arrive.
    pub fn behind_another(self) -> [Test; 2] {
        self.ending(End::Late, ONE)
    }

    fn ending(self, end: End, set: &'static [&'static str]) -> [Test; 2] {
        [
            behaviour(
                format!("{}_shows_no_source_outside_the_set", self.name),
                move || {
                    let sources = self.sources(set, end);
                    for &source in &sources {
                        assert!(contains(set, source), "a message from {source}");
                    }
                    let lost = end == End::Late && sources.is_empty();
                    assert!(!lost, "the message before it did not arrive");
                },
            ),
            everywhere(
                format!("{}_works_for_an_unassociated_process", self.name),
                move || {
                    let sources = self.sources(&[], End::InVain);
                    let foreign = ip(self.foreign);
                    assert!(sources.contains(&foreign), "the attack failed: {sources:?}");
                },
            ),
        ]
    }

    /// Runs the attack in a process associated with `set`, or in an
    /// unassociated one if that is empty. Returns the sources of everything
    /// that arrived.
    fn sources(self, set: &[&str], end: End) -> Vec<IpAddr> {
        let witness = Sock::serving(self.proto, (self.at, 0));
        let to = witness.local();
        Child::spawn(|| {
            let attack = (self.prepare)(to);
            if set.is_empty() {
                attack().expect("nothing should refuse the attack");
            } else {
                associate(set);
                end.check(attack());
            }
        })
        .succeeded();
        if set.is_empty() || end == End::Late {
            // This may take its time on a busy machine.
            witness.has_input(PATIENCE);
        }
        sources(self.proto, &witness)
    }
}

impl End {
    /// Panics unless the attack was refused as it must be.
    fn check(self, outcome: io::Result<()>) {
        if let Self::Refused(errno) = self {
            let error = outcome.expect_err("nothing refused the attack");
            assert_eq!(error.raw_os_error(), Some(errno), "{error}");
        }
    }
}

/// The sources of everything that arrives on a socket.
pub fn sources(proto: Proto, sock: &Sock) -> Vec<IpAddr> {
    let mut sources = Vec::new();
    while sock.has_input(SILENCE) {
        let from = match proto {
            Proto::Tcp => sock.accept().map(|(_, from)| from),
            Proto::Udp => sock.receive().map(|(_, from)| from),
        };
        sources.push(from.expect("what has come").ip().to_canonical());
    }
    sources
}

/// An attempt to receive what is sent to others.
#[derive(Clone, Copy)]
pub struct Eavesdrop {
    /// The attempt, as part of a test's name.
    pub name: &'static str,
    /// Makes the socket that is to overhear, as the associated process.
    pub open: fn() -> io::Result<Sock>,
    /// Sends, as the host, what is for others.
    pub speak: fn(),
}

impl Eavesdrop {
    /// The two tests. The attacker's set is [`ONE`].
    pub fn tests(self) -> [Test; 2] {
        [
            behaviour(format!("{}_hears_nothing", self.name), move || {
                assert_eq!(self.heard(ONE), Vec::<String>::new());
            }),
            everywhere(
                format!("{}_works_for_an_unassociated_process", self.name),
                move || {
                    let heard = self.heard(&[]);
                    assert!(!heard.is_empty(), "the attack failed");
                },
            ),
        ]
    }

    /// What a process overhears. It is associated with `set` unless that is
    /// empty.
    fn heard(self, set: &[&str]) -> Vec<String> {
        let (ready, go, told) = (Channel::new(), Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            if !set.is_empty() {
                associate(set);
            }
            let sock = (self.open)();
            if set.is_empty() {
                sock.as_ref().expect("nothing should refuse the attack");
            }
            ready.send("");
            go.receive();
            if let Ok(sock) = sock {
                while sock.has_input(SILENCE) {
                    let news = sock.receive().map(|(data, _)| data);
                    told.send(&one_line(&news));
                    // An error counts as well: a listener has a connection, or
                    // an ICMP error arrived.
                    if news.is_err() {
                        break;
                    }
                }
            }
            told.send("");
        });
        ready.receive();
        (self.speak)();
        go.send("");
        let heard = std::iter::from_fn(|| Some(told.receive()).filter(|line| !line.is_empty()));
        let heard = heard.collect();
        child.succeeded();
        heard
    }
}

fn one_line(news: &impl Debug) -> String {
    format!("{news:?}").replace('\n', " ")
}
