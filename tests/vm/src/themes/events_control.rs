// SPDX-License-Identifier: GPL-2.0

//! Reading events from the control device: who may, and what a reader gets.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use addrconf_abi::{
    Event, Happening, Operation, Target, WatchRequest, Wire, DEVICE_PATH, MAX_KEPT,
};
use libc::{EAGAIN, EALREADY, EINVAL, ENOENT, EPERM, O_NONBLOCK};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{as_tenant, in_child, Channel, Child};
use crate::client::{associate, errno, this_process, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::capability::drop_capability;
use crate::sys::watch::is_ready;

/// `CAP_NET_ADMIN` of `include/uapi/linux/capability.h`.
const CAP_NET_ADMIN: u32 = 12;

const ALL: WatchRequest = WatchRequest {
    association: 0,
    room: 0,
    recent: false,
};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_reader_has_the_right_to_control", || {
            let device = Device::open();
            in_child(|| {
                drop_capability(CAP_NET_ADMIN).expect("capset");
                assert_eq!(errno(device.watch(&ALL)), EPERM);
            });
            as_tenant(ONE, || {
                assert_eq!(errno(device.watch(&ALL)), EPERM);
                assert_eq!(errno(device.counts(this_process())), EPERM);
            });
            device.watch(&ALL).expect("watch");
        }),
        behaviour("nothing_is_read_before_it_is_asked_for", || {
            let device = Device::open();
            refusals_of(1);
            assert_eq!(errno(device.events(8)), EINVAL);
            device.watch(&ALL).expect("watch");
            assert!(!is_ready(device.as_fd()));
            assert_eq!(errno(device.watch(&ALL)), EALREADY);
        }),
        behaviour("a_request_to_read_that_makes_no_sense_is_refused", || {
            let device = Device::open();
            let room = WatchRequest {
                room: MAX_KEPT + 1,
                ..ALL
            };
            assert_eq!(errno(device.watch(&room)), EINVAL);
            let nobody = WatchRequest {
                association: 4_000_000_000,
                ..ALL
            };
            assert_eq!(errno(device.watch(&nobody)), ENOENT);
            device.watch(&ALL).expect("watch");
        }),
        behaviour("a_buffer_shorter_than_an_event_is_refused", || {
            let mut file = File::options()
                .read(true)
                .write(true)
                .open(DEVICE_PATH)
                .expect("open");
            let device = Device::from(file.try_clone().expect("dup"));
            device.watch(&ALL).expect("watch");
            refusals_of(1);
            let mut short = [0; Event::SIZE - 1];
            assert_eq!(errno(std::io::Read::read(&mut file, &mut short)), EINVAL);
            assert!(!device.events(1).expect("events").is_empty());
        }),
        behaviour("without_blocking_a_reader_does_not_wait", || {
            let mut options = File::options();
            options.read(true).write(true).custom_flags(O_NONBLOCK);
            let device = Device::from(options.open(DEVICE_PATH).expect("open"));
            device.watch(&ALL).expect("watch");
            assert_eq!(errno(device.events(8)), EAGAIN);
        }),
        behaviour("a_reader_that_waits_is_woken", || {
            let device = Device::open();
            device.watch(&ALL).expect("watch");
            let waiting = Channel::new();
            let child = Child::spawn(|| {
                waiting.send("");
                assert!(!device.events(8).expect("events").is_empty());
            });
            waiting.receive();
            std::thread::sleep(std::time::Duration::from_millis(100));
            refusals_of(1);
            child.succeeded();
        }),
        behaviour("a_reader_gets_the_events_of_one_association", || {
            let (one, two) = (Defined::new("one", ONE), Defined::new("two", TWO));
            let device = Device::open();
            let request = WatchRequest {
                association: two.id,
                ..ALL
            };
            device.watch(&request).expect("watch");
            for (defined, times) in [(&one, 5), (&two, 2)] {
                in_child(|| {
                    defined.enter();
                    refuse(times);
                });
            }
            let told = device.events(64).expect("events");
            assert!(
                told.iter().all(|event| event.association == two.id),
                "{told:?}"
            );
            assert_eq!(refused(&told), 2);
        }),
        behaviour("a_reader_that_does_not_read_is_told_what_it_lost", || {
            let device = Device::open();
            let request = WatchRequest { room: 16, ..ALL };
            device.watch(&request).expect("watch");
            refusals_of(40);
            let mut told = Vec::new();
            while is_ready(device.as_fd()) {
                told.extend(device.events(64).expect("events"));
            }
            assert_eq!(told.len(), 17, "{told:?}");
            let last = &told[16];
            assert_eq!(last.what, Some(Happening::Lost));
            // The association was made, and a process joined; the socket was closed, it ended.
            assert!((26..=28).contains(&last.lost), "{last:?}");
        }),
        behaviour("recent_refusals_are_read_first", || {
            refusals_of(3);
            let device = Device::open();
            let request = WatchRequest {
                recent: true,
                ..ALL
            };
            device.watch(&request).expect("watch");
            let me = std::process::id();
            let told = device.events(512).expect("events");
            let last: Vec<_> = told.iter().rev().take(3).collect();
            for event in last {
                assert_eq!(event.what, Some(Happening::Refused));
                assert_eq!(event.operation, Some(Operation::Bind));
                assert_ne!(event.pid, me);
            }
        }),
        behaviour(
            "the_numbers_of_a_process_are_those_of_its_association",
            || {
                let ready = Channel::new();
                let child = Child::spawn(|| {
                    associate(ONE);
                    refuse(3);
                    ready.send("");
                    crate::child::stay();
                });
                ready.receive();
                let counts = Device::open()
                    .counts(Target::Pid(child.pid()))
                    .expect("counts");
                assert_eq!(counts.refused[Operation::Bind.index()], 3);
                assert_ne!(counts.id, 0);
                assert_eq!(errno(Device::open().counts(this_process())), ENOENT);
            },
        ),
    ]
}

/// Has so many calls of this process refused, which is a member.
fn refuse(times: usize) {
    let sock = Sock::v4(Proto::Udp);
    for _ in 0..times {
        assert!(sock.bind((HOST4, 0)).is_err());
    }
}

/// Has so many calls of a member refused.
fn refusals_of(times: usize) {
    as_tenant(ONE, || refuse(times));
}

fn refused(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| event.what == Some(Happening::Refused))
        .count()
}
