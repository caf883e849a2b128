// SPDX-License-Identifier: GPL-2.0

//! Processes that join share what an association has: its loopback, and the sockets that earlier
//! processes left or a supervisor hands on.

use addrconf_abi::Target;

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{spawn_tenant, Channel, Child};
use crate::client::{Assignment, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::tenant::{answer_is, Tenant};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = proto.name();
        tests.push(behaviour(
            format!("those_that_join_share_the_{name}_loopback"),
            move || {
                let shop = Defined::new("shop", ONE);
                let (mut one, mut other) = (Tenant::host(), Tenant::host());
                shop.take_in(&mut one);
                one.serve("one", Spec::at(proto, "127.0.0.1", 80));
                shop.take_in(&mut other);
                answer_is(&other, proto, "127.0.0.1", 80, "one");
                nobody_answers(proto, ("127.0.0.1", 80));
                let stranger = Tenant::new(TWO);
                assert!(stranger.ask(proto, "127.0.0.1", 80).is_err());
                // The next one finds what the first left.
                drop(other);
                let mut next = Tenant::host();
                shop.take_in(&mut next);
                answer_is(&next, proto, "127.0.0.1", 80, "one");
                one.close("one");
                next.serve("next", Spec::at(proto, "127.0.0.1", 80));
                answer_is(&one, proto, "127.0.0.1", 80, "next");
            },
        ));
        tests.push(behaviour(
            format!("a_{name}_socket_of_a_supervisor_serves_each_start"),
            move || {
                let shop = Defined::new("shop", ONE);
                serves_each_start(proto, &|serve| {
                    Child::spawn(|| {
                        shop.enter();
                        serve();
                    })
                });
            },
        ));
        tests.push(behaviour(
            format!("a_{name}_server_that_is_released_and_assigned_again_serves_on"),
            move || {
                let mut server = Tenant::new(ONE);
                server.serve("me", Spec::wildcard(proto, Kind::V4, 80));
                server.serve("inside", Spec::at(proto, "127.0.0.1", 81));
                let (id, device) = (server.id, Device::open());
                for _ in 0..3 {
                    device.release(Target::Pid(server.pid())).expect("release");
                    server.associate(ONE, &Assignment::DEFAULT);
                    assert_eq!(server.id, id);
                    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("an answer"), "me");
                    answer_is(&server, proto, "127.0.0.1", 81, "inside");
                    nobody_answers(proto, (HOST4, 80));
                    device.release(Target::Association(id)).expect("release");
                    server.associate(ONE, &Assignment::DEFAULT);
                    assert_eq!(server.id, id);
                    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("an answer"), "me");
                }
                // With another set it is another association.
                device.release(Target::Association(id)).expect("release");
                server.associate(TWO, &Assignment::DEFAULT);
                assert_ne!(server.id, id);
            },
        ));
        tests.push(behaviour(
            format!("a_{name}_socket_of_a_supervisor_serves_each_association_with_its_set"),
            move || serves_each_start(proto, &|serve| spawn_tenant(ONE, serve)),
        ));
    }
    tests
}

/// A supervisor hands a wildcard socket to three programs, one after the other, and each serves
/// a client. `start` makes a process of the association that has [`ONE`], which calls its
/// argument.
fn serves_each_start(proto: Proto, start: &dyn Fn(&dyn Fn()) -> Child) {
    let (go, ready) = (Channel::new(), Channel::new());
    let supervisor = Child::spawn(|| {
        let socket = Sock::v4(proto);
        socket.serve(proto, ("0.0.0.0", 80)).expect("serve");
        for _ in 0..3 {
            let program = start(&|| {
                ready.send("");
                match proto {
                    Proto::Tcp => drop(socket.accept().expect("accept")),
                    Proto::Udp => drop(socket.receive().expect("receive")),
                }
            });
            program.succeeded();
            go.receive();
        }
    });
    for _ in 0..3 {
        ready.receive();
        let client = Sock::v4(proto);
        client.connect(("10.0.0.1", 80)).expect("connect");
        let _ = client.send(b"x");
        go.send("");
    }
    supervisor.succeeded();
}
