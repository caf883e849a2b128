// SPDX-License-Identifier: GPL-2.0

//! A part may keep the loopback of its whole. Others want to be there as well: to listen where
//! the whole's programs ask, or to overhear what they say. And a part that keeps it wants what
//! the whole has beside it.

use std::io;

use addrconf_abi::LSM_ATTR_CURRENT;
use libc::{EACCES, EADDRNOTAVAIL, EINVAL, EPERM};

use crate::addr::{HOST4, ONE, PAIRS, TWO};
use crate::child::{as_tenant, in_child, Channel, Child};
use crate::client::{associate, entries, narrow, narrow_bytes_with, narrow_keeping, set_self};
use crate::registry::{behaviour, everywhere, refusal, Attack, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Reuse, Spec, KINDS, REUSES};

use super::thief::{who_answers, Thief};

/// What the part has. The whole has all of [`PAIRS`]' first.
const PART: &[&str] = &["10.1.0.1", "2001:db8:1::1"];

const PORT: u16 = 6379;

/// Who attacks: what it does before it opens its socket.
const ATTACKERS: [(&str, fn()); 4] = [
    ("another_tenant", || {
        associate(TWO);
    }),
    ("a_tenant_with_the_same_addresses", || {
        associate(PAIRS[0]);
    }),
    ("a_part_of_another_tenant", || {
        associate(PAIRS[0]);
        narrow_keeping(PART, "").expect("narrow");
    }),
    ("the_host", || ()),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = proto.name();
        for (who, become_attacker) in ATTACKERS {
            tests.push(behaviour(
                format!("{who}_hears_nothing_on_a_kept_{name}_loopback"),
                move || {
                    let thieves = thieves(proto, become_attacker);
                    as_tenant(PAIRS[0], || nobody_else_answers(proto));
                    drop(thieves);
                },
            ));
        }
        tests.extend([
            behaviour(
                format!("a_part_without_it_hears_nothing_on_a_kept_{name}_loopback"),
                move || {
                    as_tenant(PAIRS[0], || {
                        let thieves = thieves(proto, || {
                            narrow(PART, "").expect("narrow");
                        });
                        nobody_else_answers(proto);
                        drop(thieves);
                    });
                },
            ),
            everywhere(
                format!("on_one_{name}_loopback_such_a_thief_is_asked"),
                move || {
                    let _thieves = thieves(proto, || ());
                    let heard = ["127.0.0.1", "::1"].map(|at| who_answers(proto, at, PORT));
                    assert!(heard.iter().all(|word| word.as_deref() == Some("thief")));
                },
            ),
            refusal(
                format!("a_part_that_keeps_a_loopback_takes_no_{name}_address_of_its_whole"),
                PAIRS[0],
                EADDRNOTAVAIL,
                move || {
                    kept(move || {
                        Spec::at(proto, "10.0.0.1", 80).open()?;
                        Ok(())
                    })
                },
            ),
            refusal(
                format!("from_a_kept_{name}_loopback_a_part_reaches_no_other_address"),
                PAIRS[0],
                EADDRNOTAVAIL,
                move || {
                    let server = Sock::serving(proto, ("10.0.0.1", 0));
                    kept(move || {
                        let sock = Sock::v4(proto);
                        sock.bind(("127.0.0.1", 0))?;
                        sock.connect(server.local())?;
                        sock.send(b"?")
                    })
                },
            ),
        ]);
    }
    tests.extend([
        refusal(
            "a_part_that_keeps_a_loopback_does_not_reach_the_hosts",
            PAIRS[0],
            EACCES,
            || {
                let host = Sock::serving(Proto::Tcp, ("127.64.0.99", 0));
                kept(move || Sock::v4(Proto::Tcp).connect(host.local()))
            },
        ),
        refusal(
            "a_part_that_keeps_a_loopback_does_not_use_its_wholes_sockets_there",
            PAIRS[0],
            EADDRNOTAVAIL,
            || {
                Box::new(|| {
                    let inherited = Sock::serving(Proto::Udp, ("127.0.0.1", 0));
                    let _ = narrow_keeping(PART, "");
                    inherited.send_to(b"x", ("127.0.0.1", 9))
                })
            },
        ),
        behaviour("a_part_gets_no_wider_with_the_loopback_it_keeps", || {
            as_tenant(PAIRS[0], || {
                narrow_keeping(PART, "").expect("narrow");
                let wider = narrow_keeping(&["10.0.0.1"], "").expect_err("it is not its own");
                assert_eq!(wider.raw_os_error(), Some(EPERM));
                // Nor are there other loopbacks to ask for.
                for flags in [2_u32, 3, 1 << 31] {
                    let mut bytes = narrow_bytes_with(&entries(PART), "", true);
                    bytes[4..8].copy_from_slice(&flags.to_ne_bytes());
                    let refused = set_self(LSM_ATTR_CURRENT, &bytes).expect_err("unknown flags");
                    assert_eq!(refused.raw_os_error(), Some(EINVAL));
                }
            });
        }),
        behaviour(
            "a_part_does_not_come_back_to_a_loopback_that_it_gave_up",
            || {
                as_tenant(PAIRS[0], || {
                    let _server = Sock::serving(Proto::Tcp, ("127.0.0.1", PORT));
                    in_child(|| {
                        narrow(PAIRS[0], "").expect("narrow");
                        narrow_keeping(PART, "").expect("narrow again");
                        assert_eq!(who_answers(Proto::Tcp, "127.0.0.1", PORT), None);
                        Sock::serving(Proto::Tcp, ("127.0.0.1", PORT));
                    });
                });
            },
        ),
        behaviour(
            "a_part_gets_nothing_of_a_port_that_it_shares_with_its_whole",
            shared_port,
        ),
    ]);
    tests
}

/// An attack by a part that keeps its loopback. Elsewhere there is nothing to narrow.
fn kept(attack: impl FnOnce() -> io::Result<()> + 'static) -> Attack {
    Box::new(move || {
        let _ = narrow_keeping(PART, "");
        attack()
    })
}

/// Servers that want what is for others on the loopback, one for each way to open a socket.
fn thieves(proto: Proto, become_attacker: fn()) -> Vec<Thief> {
    let at = ["127.0.0.1", "::1"].map(|addr| Spec::at(proto, addr, PORT));
    let any = KINDS.map(|kind| Spec::wildcard(proto, kind, PORT));
    let specs = at.into_iter().chain(any);
    let specs = specs.flat_map(|spec| REUSES.map(|reuse| spec.sharing(reuse)));
    specs
        .map(|spec| {
            Thief::start(&[], proto, move || {
                become_attacker();
                // Some are in each other's way, and keep a socket of no use.
                spec.open().unwrap_or_else(|_| Sock::v4(proto))
            })
        })
        .collect()
}

/// A part that keeps the loopback of this process serves there, and nobody else does.
fn nobody_else_answers(proto: Proto) {
    let loopback = ["127.0.0.1", "::1"];
    for at in loopback {
        assert_eq!(who_answers(proto, at, PORT), None, "{at}, without a server");
    }
    let servers = loopback.map(|at| {
        Thief::named("part", &[], proto, move || {
            narrow_keeping(PART, "").expect("narrow");
            Spec::at(proto, at, PORT).open().expect("the port is free")
        })
    });
    for at in loopback {
        for _ in 0..4 {
            let heard = who_answers(proto, at, PORT);
            assert_eq!(heard.as_deref(), Some("part"), "{at}");
            in_child(|| {
                narrow_keeping(&PART[..1], "").expect("narrow");
                let heard = who_answers(proto, at, PORT);
                assert_eq!(heard.as_deref(), Some("part"), "{at}, for a part");
            });
        }
    }
    drop(servers);
}

/// Sockets of one user that ask for it share a UDP port of the wildcard, as on one host. A part
/// gets what is for its own addresses and the loopback, and not what is for other addresses.
fn shared_port() {
    let shared = Spec::wildcard(Proto::Udp, Kind::V4, 53).sharing(Reuse::Port);
    let (ready, go) = (Channel::new(), Channel::new());
    let tenant = Child::spawn(|| {
        associate(PAIRS[0]);
        let _whole = Thief::named("whole", &[], Proto::Udp, move || {
            shared.open().expect("open")
        });
        let _part = Thief::named("part", &[], Proto::Udp, move || {
            narrow_keeping(PART, "").expect("narrow");
            shared.open().unwrap_or_else(|_| Sock::v4(Proto::Udp))
        });
        ready.send("");
        go.receive();
    });
    ready.receive();
    for _ in 0..32 {
        let heard = who_answers(Proto::Udp, "10.0.0.1", 53);
        assert_eq!(heard.as_deref(), Some("whole"));
    }
    for at in [ONE[0], "10.1.0.1"] {
        // Not connected: who answers may do so from another of its addresses.
        let client = Sock::v4(Proto::Udp);
        client.bind((HOST4, 0)).expect("bind");
        client.send_to(b"x", (at, 53)).expect("send");
        let heard = client.receive();
        assert!(heard.is_ok(), "{at}: {heard:?}");
    }
    go.send("");
    tenant.succeeded();
}
