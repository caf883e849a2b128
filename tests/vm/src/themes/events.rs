// SPDX-License-Identifier: GPL-2.0

//! What is refused is counted and told, with what decided it; and so is what else happens to
//! associations.

use addrconf_abi::{Change, CountsRequest, Event, Happening, Operation, Target, WatchRequest};
use libc::EADDRNOTAVAIL;

use crate::addr::{ip, HOST4, ONE, TWO};
use crate::child::{as_tenant, in_child, stay, Channel, Child};
use crate::client::{errno, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::watch::is_ready;

use super::events_refusals::{refusals, Outsider};

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        behaviour("what_is_allowed_is_neither_counted_nor_told", || {
            let shop = Defined::new("shop", ONE);
            let reader = watching(0);
            in_child(|| {
                shop.enter();
                let sock = Sock::v4(Proto::Udp);
                sock.bind((ONE[0], 0)).expect("bind");
                sock.send_to(b"x", (ONE[0], 9)).expect("send");
                // It fails as it would without the module.
                assert!(Sock::v4(Proto::Tcp).connect(("127.0.0.1", 9)).is_err());
            });
            assert_eq!(counts(&shop).refused, [0; 11]);
            let mut told = Vec::new();
            // A socket is freed a moment after it was closed.
            while !told.contains(&Some(Happening::Drained)) {
                told.extend(
                    reader
                        .events(64)
                        .expect("events")
                        .iter()
                        .map(|event| event.what),
                );
            }
            assert!(told.contains(&Some(Happening::Joined)), "{told:?}");
            assert!(!told.contains(&Some(Happening::Refused)), "{told:?}");
        }),
        behaviour("a_hundred_thousand_refusals_are_counted_exactly", || {
            let shop = Defined::new("shop", ONE);
            // Nobody reads what is told.
            let _unread = [watching(0), watching(shop.id)];
            in_child(|| {
                shop.enter();
                let sock = Sock::v4(Proto::Udp);
                for _ in 0..100_000 {
                    assert_eq!(errno(sock.bind((HOST4, 0))), EADDRNOTAVAIL);
                }
            });
            let counts = counts(&shop);
            assert_eq!(counts.refused[Operation::Bind.index()], 100_000);
            assert!(counts.held_back > 50_000, "{counts:?}");
        }),
        behaviour("refusals_of_many_threads_are_counted_exactly", || {
            let shop = Defined::new("shop", ONE);
            in_child(|| {
                shop.enter();
                let refused = || {
                    let sock = Sock::v4(Proto::Udp);
                    (0..5_000).for_each(|_| assert!(sock.bind((HOST4, 0)).is_err()));
                };
                let threads = [(); 4].map(|()| std::thread::spawn(refused));
                threads
                    .into_iter()
                    .for_each(|t| t.join().expect("a thread"));
            });
            assert_eq!(counts(&shop).refused[Operation::Bind.index()], 20_000);
        }),
        behaviour("held_back_events_are_told_by_the_next_one", || {
            let shop = Defined::new("shop", ONE);
            let reader = watching(shop.id);
            in_child(|| {
                shop.enter();
                let sock = Sock::v4(Proto::Udp);
                for _ in 0..3 {
                    (0..1_000).for_each(|_| assert!(sock.bind((HOST4, 0)).is_err()));
                    std::thread::sleep(std::time::Duration::from_millis(1_100));
                }
                assert!(sock.bind((HOST4, 0)).is_err());
            });
            let told = all(&reader);
            let refused = told.iter().filter(|e| e.what == Some(Happening::Refused));
            let sum: u64 = refused.clone().map(|_| 1).sum();
            let held: u64 = refused.map(|event| u64::from(event.held_back)).sum();
            assert_eq!(sum + held, 3_001, "told {sum}, held back {held}");
        }),
        behaviour("the_life_of_an_association_is_told", || {
            let reader = watching(0);
            let device = Device::open();
            let child = Child::spawn(|| stay());
            {
                let shop = Defined::new("shop", ONE);
                let target = Target::Association(shop.id);
                device
                    .join(Target::Pid(child.pid()), shop.id, false)
                    .expect("join");
                device
                    .update(target, Change::Add, &["10.0.0.7"], false)
                    .expect("update");
                device.release(Target::Pid(child.pid())).expect("release");
            }
            let ended = |events: &[Event]| events.iter().any(|e| e.what == Some(Happening::Ended));
            let mut told = Vec::new();
            while !ended(&told) {
                told.extend(reader.events(64).expect("events"));
            }
            let seen: Vec<_> = told.iter().filter_map(|event| event.what).collect();
            let wanted = [
                Happening::Made,
                Happening::Joined,
                Happening::Changed,
                Happening::Left,
                Happening::Ended,
            ];
            assert_eq!(seen, wanted);
            for event in &told {
                assert_eq!(event.name.as_str(), "shop");
                assert!(event.time > 0);
            }
            let pid = u32::try_from(child.pid()).expect("a pid");
            assert_eq!((told[1].pid, told[3].pid), (pid, pid));
            assert_eq!(told[0].pid, std::process::id());
        }),
        behaviour("members_by_a_narrowing_are_told_of_the_part", || {
            let reader = watching(0);
            as_tenant(&[ONE[0], TWO[0]], || {
                crate::client::narrow(&[ONE[0]], "part").expect("narrow");
                assert!(Sock::v4(Proto::Udp).bind((TWO[0], 0)).is_err());
            });
            let told = all(&reader);
            let made = told.iter().filter(|e| e.what == Some(Happening::Made));
            let ids: Vec<_> = made.map(|event| event.association).collect();
            let refused = told.iter().find(|e| e.what == Some(Happening::Refused));
            assert_eq!(ids.len(), 2, "{told:?}");
            assert_eq!(refused.expect("a refusal").association, ids[1]);
        }),
    ];
    for (what, operation, refusal, errno, address, call) in refusals() {
        tests.push(behaviour(
            format!("a_refused_{what}_is_counted_and_told"),
            move || {
                let reader = watching(0);
                let shop = Defined::new("shop", ONE);
                let started = Channel::new();
                let outside = Child::spawn(|| {
                    let sock = Sock::v4(Proto::Udp);
                    sock.bind((HOST4, 5_000)).expect("bind");
                    started.send(&sock.number().to_string());
                    stay();
                });
                let outsider = Outsider {
                    pid: outside.pid(),
                    socket: started.receive().parse().expect("a number"),
                };
                let done = Channel::new();
                let child = Child::spawn(|| {
                    shop.enter();
                    let answer = call(&outsider).expect_err("it should be refused");
                    done.send(&answer.raw_os_error().unwrap_or(0).to_string());
                });
                let pid = u32::try_from(child.pid()).expect("a pid");
                assert_eq!(done.receive(), errno.to_string());
                child.succeeded();
                let mut wanted = [0; 11];
                wanted[operation.index()] = 1;
                assert_eq!(counts(&shop).refused, wanted);
                let told = all(&reader);
                let refused = told.iter().filter(|e| e.what == Some(Happening::Refused));
                let [event] = refused.collect::<Vec<_>>()[..] else {
                    panic!("one refusal should be told: {told:?}");
                };
                assert_eq!(event.operation, Some(operation));
                assert_eq!(event.refusal, Some(refusal));
                assert_eq!(event.errno, errno.unsigned_abs());
                let address = address.map(|(addr, port): (&str, _)| (ip(addr), port));
                assert_eq!(event.address, address);
                assert_eq!((event.association, event.pid), (shop.id, pid));
                assert_eq!(event.name.as_str(), "shop");
                assert_ne!(event.comm, [0; 16]);
            },
        ));
    }
    tests
}

/// A device that reads the events of one association, or of all.
pub(super) fn watching(association: u64) -> Device {
    let device = Device::open();
    let request = WatchRequest {
        association,
        ..WatchRequest::default()
    };
    device.watch(&request).expect("watch");
    device
}

/// The events that there are now.
pub(super) fn all(device: &Device) -> Vec<Event> {
    let mut events = Vec::new();
    while is_ready(std::os::fd::AsFd::as_fd(&**device)) {
        events.extend(device.events(64).expect("events"));
    }
    events
}

pub(super) fn counts(of: &Defined) -> CountsRequest {
    Device::open()
        .counts(Target::Association(of.id))
        .expect("counts")
}
