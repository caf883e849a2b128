// SPDX-License-Identifier: GPL-2.0

//! Sockets that were made before the process was associated, or that it got from an
//! unassociated one: the address that they are bound to decides.

use libc::{EADDRNOTAVAIL, EPERM};

use crate::addr::{ip, mapped, Addr, ANY4, HOST4, HOST6, ONE};
use crate::child::{as_tenant, in_child, stay, Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::server::nobody_answers;
use crate::sock::{Proto, Sock};
use crate::sys::process::take_descriptor;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, local, host) in [
        ("v4_outside_the_set", ip(HOST4), ip(HOST4)),
        ("v4_to_another_tenants_address", ip("10.0.0.2"), ip(HOST4)),
        ("v6_outside_the_set", ip(HOST6), ip(HOST6)),
        ("mapped_outside_the_set", mapped(HOST4), mapped(HOST4)),
    ] {
        let bound = move |proto| {
            let sock = Sock::for_ip(proto, local);
            sock.bind((local, 5000)).expect("bind before");
            sock
        };
        let refused = |doing: &str, prepare: Box<dyn Fn() -> Attack>| {
            let name = format!("{doing}_of_a_socket_bound_before_{what}_is_refused");
            refusal(name, ONE, EADDRNOTAVAIL, prepare)
        };
        tests.extend([
            refused(
                "listen",
                Box::new(move || {
                    let sock = bound(Proto::Tcp);
                    Box::new(move || sock.listen())
                }),
            ),
            refused(
                "connect_tcp",
                Box::new(move || {
                    let server = Sock::serving(Proto::Tcp, (host, 0));
                    let sock = bound(Proto::Tcp);
                    Box::new(move || sock.connect(server.local()))
                }),
            ),
            refused(
                "connect_udp",
                Box::new(move || {
                    let sock = bound(Proto::Udp);
                    Box::new(move || sock.connect((host, 9)))
                }),
            ),
            refused(
                "sendto",
                Box::new(move || {
                    let sock = bound(Proto::Udp);
                    Box::new(move || sock.send_to(b"x", (host, 9)))
                }),
            ),
            refused(
                "fast_open",
                Box::new(move || {
                    let server = Sock::serving(Proto::Tcp, (host, 0));
                    let sock = bound(Proto::Tcp);
                    Box::new(move || sock.send_fast_open(b"x", server.local()))
                }),
            ),
        ]);
    }
    tests.extend([
        refusal(
            "send_of_a_udp_socket_connected_before_outside_the_set_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let server = Sock::serving(Proto::Udp, (HOST4, 0));
                let sock = Sock::v4(Proto::Udp);
                sock.connect(server.local()).expect("connect before");
                // The server must stay open until the call.
                Box::new(move || sock.send(b"x").map(|()| drop(server)))
            },
        ),
        refusal(
            "sendmmsg_of_a_socket_bound_before_outside_the_set_is_refused",
            ONE,
            EADDRNOTAVAIL,
            || {
                let sock = Sock::v4(Proto::Udp);
                sock.bind((HOST4, 5000)).expect("bind before");
                let to = Addr::from((HOST4, 9));
                Box::new(move || sock.send_messages(b"x", &[to.clone(), to]).map(drop))
            },
        ),
        refusal(
            "listen_of_an_inherited_socket_outside_the_set_is_refused",
            ONE,
            EADDRNOTAVAIL,
            inherited,
        ),
        refusal(
            "listen_of_a_wildcard_socket_handed_over_later_is_refused",
            ONE,
            EPERM,
            || handed_over(Proto::Tcp, |sock| sock.listen()),
        ),
        refusal(
            "sendto_of_a_wildcard_socket_handed_over_later_is_refused",
            ONE,
            EPERM,
            || handed_over(Proto::Udp, |sock| sock.send_to(b"x", (HOST4, 9))),
        ),
        behaviour("a_socket_made_before_but_not_bound_gets_the_set", || {
            let sock = Sock::v4(Proto::Tcp);
            associate(ONE);
            sock.serve(Proto::Tcp, (ANY4, 80)).expect("wildcard");
            assert_eq!(sock.local().ip(), ANY4);
            in_child(|| {
                Sock::v4(Proto::Tcp).connect(("10.0.0.1", 80)).expect("own");
                nobody_answers(Proto::Tcp, (HOST4, 80));
            });
        }),
        behaviour("a_socket_bound_before_to_a_member_can_be_used", || {
            let (tcp, udp) = (Sock::v4(Proto::Tcp), Sock::v4(Proto::Udp));
            tcp.bind(("10.0.0.1", 80)).expect("bind");
            udp.bind(("10.0.0.1", 80)).expect("bind");
            associate(ONE);
            tcp.listen().expect("listen");
            udp.send_to(b"x", (HOST4, 9)).expect("send");
            udp.connect((HOST4, 9)).expect("connect");
        }),
        behaviour("a_socket_of_a_tenant_stays_bound_in_other_hands", || {
            // The socket is bound in a child of the tenant and used in its parent.
            as_tenant(ONE, || {
                let sock = Sock::v4(Proto::Tcp);
                let done = Channel::new();
                let child = Child::spawn(|| {
                    sock.bind((ANY4, 80)).expect("wildcard");
                    done.send("");
                });
                done.receive();
                child.succeeded();
                sock.listen().expect("listen");
                assert_eq!(sock.local().internet(), (ANY4, 80).into());
            });
        }),
    ]);
    tests
}

/// A socket that an unassociated process binds, and on which its child listens.
fn inherited() -> Attack {
    let sock = Sock::v4(Proto::Tcp);
    sock.bind((HOST4, 5000)).expect("bind before");
    Box::new(move || {
        let answer = Channel::new();
        in_child(|| {
            let errno = sock.listen().map_err(|e| e.raw_os_error().unwrap_or(0));
            answer.send(&errno.err().unwrap_or(0).to_string());
        });
        match answer.receive().parse().expect("an errno") {
            0 => Ok(()),
            errno => Err(std::io::Error::from_raw_os_error(errno)),
        }
    })
}

/// A wildcard socket of another process, which is not associated. The attack takes the
/// socket from it, and operates on it.
fn handed_over(proto: Proto, operate: fn(&Sock) -> std::io::Result<()>) -> Attack {
    let number = Channel::new();
    let owner = Child::spawn(|| {
        let sock = Sock::v4(proto);
        sock.bind((ANY4, 5000)).expect("bind");
        number.send(&sock.number().to_string());
        stay();
    });
    let number = number.receive().parse().expect("a number");
    Box::new(move || {
        let sock = Sock::from(take_descriptor(owner.pid(), number)?);
        operate(&sock)
    })
}
