// SPDX-License-Identifier: GPL-2.0

//! One listening socket serves all addresses of a tenant, however programs wait for
//! connections and share listeners.

use std::fs;
use std::os::fd::AsFd;

use libc::ECONNREFUSED;

use crate::addr::{ip, ANY4, HOST4, HOST6, PAIRS};
use crate::child::{spawn_tenant, Channel, Child};
use crate::client::{associate, Assignment};
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto::Tcp, Sock};
use crate::spec::{Kind, Reuse, Spec, KINDS};
use crate::sys::watch::{epoll, epoll_wait, select};
use crate::tenant::{answer_is, no_answer, Tenant};

/// A way to wait for a connection, which returns whether one came.
type Wait = fn(&Sock) -> bool;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    let waits: [(&str, Wait); 3] = [
        ("poll", |sock| sock.has_input(2000)),
        ("select", |sock| select(sock.as_fd(), 2).expect("select")),
        ("epoll", |sock| {
            let epoll = epoll(sock.as_fd()).expect("epoll");
            epoll_wait(epoll.as_fd(), 2000).expect("epoll_wait")
        }),
    ];
    for (what, wait) in waits {
        tests.push(behaviour(
            format!("{what}_tells_of_connections_to_every_address"),
            move || wakes(wait),
        ));
    }
    for kind in KINDS {
        tests.push(behaviour(
            format!("syn_cookies_keep_a_{}_wildcard_in_its_scope", kind.name()),
            move || syn_cookies(kind),
        ));
    }
    tests.extend([
        behaviour("accepted_connections_are_on_the_address_asked", || {
            in_tenant(Kind::Dual, |listener| {
                for addr in PAIRS[0].iter().copied().chain(["127.0.0.1", "::1"]) {
                    let client = Child::spawn(|| {
                        let sock = Sock::for_ip(Tcp, ip(addr));
                        sock.connect((addr, 80)).expect("connect");
                        assert_eq!(sock.receive().expect("receive").0, b"hello");
                    });
                    let (connection, _) = listener.accept().expect("accept");
                    let local = connection.local().ip().to_canonical();
                    assert_eq!(local, ip(addr), "the address that getsockname() gives");
                    connection.send(b"hello").expect("send");
                    client.succeeded();
                }
            });
        }),
        behaviour(
            "a_listener_serves_its_scope_until_the_last_copy_is_closed",
            || {
                in_tenant(Kind::V4, |listener| {
                    let copy = Sock::from(listener.as_fd().try_clone_to_owned().expect("dup"));
                    drop(listener);
                    Sock::v4(Tcp).connect(("10.1.0.1", 80)).expect("the copy");
                    nobody_answers(Tcp, (HOST4, 80));
                    let (ready, go) = (Channel::new(), Channel::new());
                    let child = Child::spawn(|| {
                        ready.send("");
                        go.receive();
                        drop(copy.accept().expect("accept in a child"));
                    });
                    ready.receive();
                    drop(copy);
                    Sock::v4(Tcp)
                        .connect(("10.0.0.1", 80))
                        .expect("the child's");
                    nobody_answers(Tcp, (HOST4, 80));
                    go.send("");
                    child.succeeded();
                    nobody_answers(Tcp, ("10.0.0.1", 80));
                });
            },
        ),
        behaviour("a_child_accepts_for_every_address", || {
            in_tenant(Kind::V4, |listener| {
                let child = Child::spawn(|| {
                    for _ in 0..2 {
                        let (connection, _) = listener.accept().expect("accept");
                        connection.send(b"child").expect("send");
                    }
                });
                for addr in &PAIRS[0][..2] {
                    assert_eq!(ask(Tcp, (*addr, 80)).expect("no answer"), "child");
                }
                child.succeeded();
            });
        }),
        behaviour(
            "reuseport_workers_of_one_tenant_share_every_address",
            || {
                let tenant = workers(PAIRS[0], ["a", "b"]);
                for addr in PAIRS[0] {
                    let words: Vec<String> = (0..24)
                        .map(|_| ask(Tcp, (*addr, 80)).expect("no answer"))
                        .collect();
                    for word in ["a", "b"] {
                        assert!(
                            words.iter().any(|w| w == word),
                            "worker {word} never answered at {addr}"
                        );
                    }
                }
                drop(tenant);
            },
        ),
        behaviour("reuseport_workers_of_two_tenants_never_mix", || {
            let tenants = [workers(PAIRS[0], ["a", "b"]), workers(PAIRS[1], ["c", "d"])];
            for (nr, words) in [["a", "b"], ["c", "d"]].iter().enumerate() {
                for addr in PAIRS[nr] {
                    for _ in 0..12 {
                        let word = ask(Tcp, (*addr, 80)).expect("no answer");
                        assert!(words.contains(&&word[..]), "{word} answers at {addr}");
                    }
                }
                for _ in 0..12 {
                    let word = tenants[nr].ask(Tcp, "127.0.0.1", 80).expect("no answer");
                    assert!(
                        words.contains(&&word[..]),
                        "{word} answers at 127.0.0.1 of tenant {nr}"
                    );
                }
            }
            nobody_answers(Tcp, (HOST4, 80));
            nobody_answers(Tcp, (HOST6, 80));
        }),
        behaviour(
            "reuseport_workers_of_an_exclusive_tenant_and_the_host_never_mix",
            || {
                let tenant = Tenant::with(PAIRS[0], &Assignment::EXCLUSIVE);
                let host = Tenant::host();
                for nr in 0..3 {
                    for (who, word) in [(&host, "host"), (&tenant, "tenant")] {
                        let spec = Spec::wildcard(Tcp, Kind::V4, 80).sharing(Reuse::Port);
                        who.open(word, spec)
                            .unwrap_or_else(|e| panic!("{word} {nr}: {e}"));
                    }
                }
                for _ in 0..12 {
                    for (addr, word) in [
                        ("10.0.0.1", "tenant"),
                        ("10.1.0.1", "tenant"),
                        (HOST4, "host"),
                    ] {
                        assert_eq!(ask(Tcp, (addr, 80)).expect("no answer"), word, "{addr}");
                    }
                }
            },
        ),
        behaviour(
            "a_v4_and_a_v6_only_wildcard_share_a_port_in_one_tenant",
            || {
                let tenant = Tenant::new(PAIRS[0]);
                tenant.serve("four", Spec::wildcard(Tcp, Kind::V4, 80));
                tenant.serve("six", Spec::wildcard(Tcp, Kind::V6Only, 80));
                for addr in PAIRS[0].iter().map(|a| ip(a)) {
                    let word = if addr.is_ipv4() { "four" } else { "six" };
                    assert_eq!(ask(Tcp, (addr, 80)).expect("no answer"), word, "{addr}");
                }
                answer_is(&tenant, Tcp, "127.0.0.1", 80, "four");
                answer_is(&tenant, Tcp, "::1", 80, "six");
            },
        ),
        behaviour(
            "a_member_socket_wins_over_the_wildcard_of_its_tenant",
            || {
                let tenant = Tenant::new(PAIRS[0]);
                let sharing = |spec: Spec| spec.sharing(Reuse::Port);
                tenant.serve("all", sharing(Spec::wildcard(Tcp, Kind::V4, 80)));
                tenant.serve("one", sharing(Spec::at(Tcp, "10.1.0.1", 80)));
                assert_eq!(ask(Tcp, ("10.0.0.1", 80)).expect("no answer"), "all");
                assert_eq!(ask(Tcp, ("10.1.0.1", 80)).expect("no answer"), "one");
            },
        ),
        behaviour(
            "more_connections_than_the_backlog_has_room_for_are_served",
            || {
                let tenant = Tenant::new(PAIRS[0]);
                tenant.serve("me", Spec::wildcard(Tcp, Kind::Dual, 80));
                for _ in 0..10 {
                    for addr in PAIRS[0] {
                        assert_eq!(ask(Tcp, (*addr, 80)).expect("no answer"), "me");
                    }
                }
                no_answer(&tenant, Tcp, HOST4, 80, ECONNREFUSED);
            },
        ),
    ]);
    tests
}

/// Runs `f` with a wildcard listener on port 80, in a tenant.
fn in_tenant(kind: Kind, f: impl FnOnce(Sock)) {
    associate(PAIRS[0]);
    f(Spec::wildcard(Tcp, kind, 80).open().expect("listen"));
}

fn wakes(wait: Wait) {
    let (ready, go, woken) = (Channel::new(), Channel::new(), Channel::new());
    let tenant = spawn_tenant(PAIRS[0], || {
        let listener = Spec::wildcard(Tcp, Kind::Dual, 80).open().expect("listen");
        ready.send("");
        loop {
            go.receive();
            let came = wait(&listener);
            if came {
                listener.accept().expect("accept");
            }
            woken.send(&came.to_string());
        }
    });
    ready.receive();
    for addr in PAIRS[0] {
        go.send("");
        let sock = Sock::for_ip(Tcp, ip(addr));
        sock.connect((*addr, 80)).expect("connect");
        assert_eq!(woken.receive(), "true", "{addr}");
    }
    go.send("");
    for addr in [HOST4, HOST6, "127.0.0.1", "10.1.0.2"] {
        nobody_answers(Tcp, (addr, 80));
    }
    assert_eq!(
        woken.receive(),
        "false",
        "connections elsewhere woke the listener"
    );
    drop(tenant);
}

fn syn_cookies(kind: Kind) {
    fs::write("/proc/sys/net/ipv4/tcp_syncookies", "2").expect("sysctl");
    let tenants = PAIRS.map(Tenant::new);
    for (nr, tenant) in tenants.iter().enumerate() {
        tenant.serve(["a", "b"][nr], Spec::wildcard(Tcp, kind, 80));
    }
    for (nr, set) in PAIRS.iter().enumerate() {
        for addr in set.iter().map(|a| ip(a)).filter(|&a| kind.takes(a)) {
            for _ in 0..3 {
                assert_eq!(ask(Tcp, (addr, 80)).expect("no answer"), ["a", "b"][nr]);
            }
        }
        let loopback = if kind.takes(ANY4) { "127.0.0.1" } else { "::1" };
        answer_is(&tenants[nr], Tcp, loopback, 80, ["a", "b"][nr]);
    }
    for addr in [HOST4, HOST6, "127.0.0.1", "::1", "10.1.0.3"] {
        nobody_answers(Tcp, (addr, 80));
    }
    assert!(
        cookies_seen() >= 8,
        "only {} connections with a SYN cookie",
        cookies_seen()
    );
}

/// How many connections this machine accepted with a SYN cookie.
fn cookies_seen() -> u64 {
    let text = fs::read_to_string("/proc/net/netstat").expect("netstat");
    let mut lines = text.lines().filter(|l| l.starts_with("TcpExt:"));
    let (names, values) = (lines.next().expect("names"), lines.next().expect("values"));
    let mut pairs = names.split(' ').zip(values.split(' '));
    let (_, value) = pairs
        .find(|(name, _)| *name == "SyncookiesRecv")
        .expect("a counter");
    value.parse().expect("a number")
}

/// A tenant with workers that share a port.
fn workers(set: &[&str], words: [&str; 2]) -> Tenant {
    let tenant = Tenant::new(set);
    for word in words {
        let spec = Spec::wildcard(Tcp, Kind::Dual, 80).sharing(Reuse::Port);
        tenant.serve(word, spec);
    }
    tenant
}
