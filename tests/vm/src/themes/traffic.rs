// SPDX-License-Identifier: GPL-2.0

//! What sockets of associations send and receive is counted while somebody wants it.

use std::net::IpAddr;
use std::time::Duration;

use addrconf_abi::{Operation, Target, Traffic};

use crate::addr::{ONE, TWO};
use crate::child::{eventually, in_child, stay, within, Channel, Child};
use crate::client::{narrow, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

use super::events::counts;
use super::events_packets::server;

/// Bytes of data in each datagram.
const DATA: usize = 100;
/// Bytes of the headers of a datagram.
pub(super) const V4: u64 = 20 + 8;
pub(super) const V6: u64 = 40 + 8;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("nothing_is_counted_until_somebody_wants_it", || {
            let shop = Defined::new("shop", ONE);
            assert!(!Device::open().traffic(None).expect("traffic"));
            datagrams(&shop, ONE[0], ONE[0], 3);
            assert_eq!(both(&shop), (Traffic::NONE, Traffic::NONE));
        }),
        behaviour("datagrams_are_counted_exactly", || {
            let (shop, blog) = (Defined::new("shop", ONE), Defined::new("blog", TWO));
            let _counting = Counting::begin();
            datagrams(&shop, ONE[0], ONE[0], 3);
            let four = traffic(3, V4);
            assert_eq!(both(&shop), (four, four));
            datagrams(&shop, ONE[1], ONE[1], 2);
            let all = Traffic {
                packets: 5,
                bytes: four.bytes + traffic(2, V6).bytes,
            };
            assert_eq!(both(&shop), (all, all));
            datagrams(&shop, "127.0.0.1", "127.0.0.1", 1);
            let all = Traffic {
                packets: 6,
                bytes: all.bytes + traffic(1, V4).bytes,
            };
            assert_eq!(both(&shop), (all, all));
            assert_eq!(both(&blog), (Traffic::NONE, Traffic::NONE));
        }),
        behaviour("what_one_sends_another_receives", || {
            let (shop, blog) = (Defined::new("shop", ONE), Defined::new("blog", TWO));
            let _counting = Counting::begin();
            let (at, done) = (Channel::new(), Channel::new());
            let _server = Child::spawn(|| {
                shop.enter();
                let server = Sock::serving(Proto::Tcp, (ONE[0], 0));
                at.send(&server.local().port().to_string());
                let (accepted, _) = server.accept().expect("accept");
                let mut got = 0;
                while got < 1 << 20 {
                    got += accepted.receive().expect("data").0.len();
                }
                done.send("");
                stay();
            });
            let port = at.receive().parse().expect("a port");
            let _client = Child::spawn(|| {
                blog.enter();
                let client = Sock::v4(Proto::Tcp);
                client.connect((ONE[0], port)).expect("connect");
                let data = vec![7; 1 << 14];
                (0..1 << 6).for_each(|_| client.send(&data).expect("send"));
                stay();
            });
            done.receive();
            let differ = || {
                let ((to_shop, by_shop), (to_blog, by_blog)) = (both(&shop), both(&blog));
                let same = (to_shop, by_shop) == (by_blog, to_blog);
                (!same).then(|| format!("{to_shop:?} of {by_blog:?}, {to_blog:?} of {by_shop:?}"))
            };
            let arrived = within(Duration::from_secs(10), || differ().is_none());
            assert!(arrived, "{:?}", differ());
            let (received, sent) = both(&shop);
            assert!(received.bytes > 1 << 20, "{received:?}");
            // Packets are at most as large as the device takes.
            assert!(received.packets >= (1 << 20) / 65_536, "{received:?}");
            assert!(sent.packets > 1 && sent.bytes < received.bytes, "{sent:?}");
        }),
        behaviour("counting_ends_and_begins_again", || {
            let shop = Defined::new("shop", ONE);
            let counting = Counting::begin();
            datagrams(&shop, ONE[0], ONE[0], 1);
            drop(counting);
            let once = traffic(1, V4);
            datagrams(&shop, ONE[0], ONE[0], 5);
            assert_eq!(both(&shop), (once, once));
            let _counting = Counting::begin();
            // Asked for twice is as once.
            assert!(Device::open().traffic(Some(true)).expect("traffic"));
            datagrams(&shop, ONE[0], ONE[0], 1);
            let twice = traffic(2, V4);
            assert_eq!(both(&shop), (twice, twice));
        }),
        behaviour("those_that_are_made_meanwhile_are_counted", || {
            let _counting = Counting::begin();
            let shop = Defined::new("shop", ONE);
            datagrams(&shop, ONE[0], ONE[0], 1);
            assert_eq!(both(&shop), (traffic(1, V4), traffic(1, V4)));
            let (sent, asked) = (Channel::new(), Channel::new());
            let part = Child::spawn(|| {
                shop.enter();
                narrow(&[ONE[0]], "part").expect("narrow");
                exchange(ONE[0], ONE[0], 2);
                sent.send("");
                asked.receive();
            });
            sent.receive();
            let counts = Device::open()
                .counts(Target::Pid(part.pid()))
                .expect("counts");
            assert_eq!(
                (counts.received, counts.sent),
                (traffic(2, V4), traffic(2, V4))
            );
            asked.send("");
            part.succeeded();
            // Those of a part are not counted twice.
            assert_eq!(both(&shop), (traffic(1, V4), traffic(1, V4)));
        }),
        behaviour("what_is_dropped_is_not_counted", || {
            let shop = Defined::new("shop", ONE);
            let _server = server(&shop);
            let _counting = Counting::begin();
            // The tenant would take the source for an address of its own.
            let host = Sock::v4(Proto::Udp);
            host.bind(("127.0.0.1", 9)).expect("bind");
            eventually("a dropped packet", || {
                let _ = host.send_to(b"x", (ONE[0], 7));
                counts(&shop).refused[Operation::PacketIn.index()] > 0
            });
            assert_eq!(both(&shop), (Traffic::NONE, Traffic::NONE));
            // One from elsewhere arrives.
            let other = Sock::v4(Proto::Udp);
            other.send_to(&[7; DATA], (ONE[0], 7)).expect("send");
            eventually("a packet", || both(&shop).0 == traffic(1, V4));
        }),
    ]
}

/// Traffic is counted as long as it lives.
pub(super) struct Counting(());

impl Counting {
    pub(super) fn begin() -> Self {
        assert!(Device::open().traffic(Some(true)).expect("traffic"));
        Self(())
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        // A child has a copy.
        if let Ok(device) = Device::try_open() {
            let _ = device.traffic(Some(false));
        }
    }
}

/// So many datagrams with headers of `header` bytes.
fn traffic(packets: u64, header: u64) -> Traffic {
    let bytes = packets * (header + DATA as u64);
    Traffic { packets, bytes }
}

/// What an association received, and what it sent.
pub(super) fn both(of: &Defined) -> (Traffic, Traffic) {
    let counts = counts(of);
    (counts.received, counts.sent)
}

/// A member sends datagrams to another socket of its own.
fn datagrams(of: &Defined, from: &str, to: &str, many: usize) {
    in_child(|| {
        of.enter();
        exchange(from, to, many);
    });
}

fn exchange(from: &str, to: &str, many: usize) {
    let receiver = Sock::serving(Proto::Udp, (to, 0));
    let sender = Sock::for_ip(Proto::Udp, from.parse::<IpAddr>().expect("an address"));
    sender.bind((from, 0)).expect("bind");
    for _ in 0..many {
        sender.send_to(&[7; DATA], receiver.local()).expect("send");
        receiver.receive().expect("receive");
    }
}
