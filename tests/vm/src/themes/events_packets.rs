// SPDX-License-Identifier: GPL-2.0

//! Packets that are dropped are counted and told, of no process: they have nothing to do with the
//! task that they interrupt.

use addrconf_abi::{Event, Happening, Operation, Refusal, Target, WatchRequest};

use crate::addr::{ip, ONE};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::Device;
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

pub fn tests() -> Vec<Test> {
    vec![behaviour(
        "a_packet_from_the_machines_loopback_is_counted_and_told_of_no_process",
        || {
            let device = Device::open();
            let shop = Defined::new("shop", ONE);
            let target = Target::Association(shop.id);
            let request = WatchRequest {
                association: shop.id,
                ..WatchRequest::default()
            };
            device.watch(&request).expect("watch");
            let _server = server(&shop);
            // The tenant would take the source for an address of its own.
            let host = Sock::v4(Proto::Udp);
            host.bind(("127.0.0.1", 9)).expect("bind");
            let control = Device::open();
            let dropped = || {
                let _ = host.send_to(b"x", (ONE[0], 7));
                let counts = control.counts(target).expect("counts");
                counts.refused[Operation::PacketIn.index()] > 0
            };
            eventually("a dropped packet", dropped);
            let mut told: Vec<Event> = device.events(64).expect("events");
            told.retain(|event| event.what == Some(Happening::Refused));
            let event = told.first().expect("an event");
            assert_eq!(event.operation, Some(Operation::PacketIn));
            assert_eq!(event.refusal, Some(Refusal::PacketDestination));
            assert_eq!(event.address.map(|(addr, _)| addr), Some(ip(ONE[0])));
            assert_eq!((event.pid, event.comm), (0, [0; 16]));
        },
    )]
}

/// A process of an association with the set `ONE` that serves UDP port 7 of its address.
pub(super) fn server(shop: &Defined) -> Child {
    let ready = Channel::new();
    let server = Child::spawn(|| {
        shop.enter();
        let sock = Sock::v4(Proto::Udp);
        sock.bind((ONE[0], 7)).expect("bind");
        ready.send("");
        stay();
    });
    ready.receive();
    server
}
