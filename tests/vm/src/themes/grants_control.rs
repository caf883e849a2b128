// SPDX-License-Identifier: GPL-2.0

//! The control calls about grants, and what others do with an association that a user made.

use std::io;
use std::os::fd::AsFd;

use addrconf_abi::{Change, Operation, Target, MAX_GRANTS};
use libc::{E2BIG, EINVAL, ENOENT, ENOSPC, EPERM};

use crate::addr::{ip, ONE, TWO};
use crate::child::{as_tenant, in_child};
use crate::client::{entries, errno, Device};
use crate::granted::{as_user, assign_shown, child_of, idle_of, Granted, OTHER, USER};
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};
use crate::sys::capability::drop_capability;

/// `CAP_NET_ADMIN` of `include/uapi/linux/capability.h`.
const CAP_NET_ADMIN: u32 = 12;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("grants_are_told_by_ascending_user", || {
            let device = Device::open();
            assert_eq!(device.granted(0).expect("query"), None);
            let _second = Granted::to(OTHER, TWO);
            let _first = Granted::to(USER, ONE);
            let told = |from| {
                let told = device.granted(from).expect("query");
                told.map(|grant| (grant.uid, grant.addrs))
            };
            assert_eq!(told(0), Some((USER, entries(ONE))));
            assert_eq!(told(USER), Some((USER, entries(ONE))));
            assert_eq!(told(USER + 1), Some((OTHER, entries(TWO))));
            assert_eq!(told(OTHER + 1), None);
            // Another grant takes the place of the first.
            device
                .grant(USER, &entries(&["10.1.0.0/24"]))
                .expect("grant");
            assert_eq!(told(0), Some((USER, entries(&["10.1.0.0/24"]))));
            device.grant(USER, &[]).expect("revoke");
            assert_eq!(told(0), Some((OTHER, entries(TWO))));
        }),
        behaviour("grants_that_make_no_sense_change_nothing", || {
            let device = Device::open();
            for uid in [0, u32::MAX] {
                assert_eq!(errno(device.grant(uid, &entries(ONE))), EINVAL);
                assert_eq!(errno(device.grant(uid, &[])), EINVAL);
            }
            assert_eq!(errno(device.grant(USER, &[])), ENOENT);
            let many: Vec<_> = (0..=255_u8)
                .flat_map(|c| (0..5_u8).map(move |d| format!("10.9.{c}.{d}")))
                .collect();
            let many: Vec<_> = many.iter().map(String::as_str).collect();
            assert_eq!(errno(device.grant(USER, &entries(&many))), EINVAL);
            assert_eq!(errno(device.grant(USER, &entries(&["127.0.0.1"]))), EINVAL);
            assert_eq!(device.granted(0).expect("query"), None);
            let request = [1_u8; 64];
            let mut longer = request;
            let number = addrconf_abi::Command::Grant.number();
            let number = number & !(0x3fff << 16) | 64 << 16;
            assert_eq!(errno(device.call_bytes(number, &mut longer)), E2BIG);
        }),
        behaviour("so_many_users_have_a_grant_and_no_more", || {
            let device = Device::open();
            let users = || (0..MAX_GRANTS).map(|nr| 10_000 + nr);
            for uid in users() {
                device.grant(uid, &entries(ONE)).expect("grant");
            }
            assert_eq!(errno(device.grant(USER, &entries(ONE))), ENOSPC);
            // One that has a grant gets another.
            device.grant(10_000, &entries(TWO)).expect("grant");
            for uid in users() {
                device.grant(uid, &[]).expect("revoke");
            }
            assert_eq!(device.granted(0).expect("query"), None);
        }),
        behaviour("only_an_administrator_grants", || {
            let _granted = Granted::new(ONE);
            let nothing = |device: &Device| {
                assert_eq!(errno(device.grant(USER, &entries(TWO))), EPERM);
                assert_eq!(errno(device.grant(USER, &[])), EPERM);
                assert_eq!(errno(device.grant(OTHER, &entries(ONE))), EPERM);
            };
            as_user(|device| nothing(device));
            as_tenant(TWO, || nothing(&Device::open()));
            let device = Device::open();
            in_child(|| {
                drop_capability(CAP_NET_ADMIN).expect("capset");
                nothing(&device);
                // Root without the capability is a user that has no grant.
                assert_eq!(errno(device.granted(0)), EPERM);
            });
            let grant = device.granted(0).expect("query").expect("a grant");
            assert_eq!((grant.uid, grant.addrs), (USER, entries(ONE)));
        }),
        behaviour("a_user_is_told_nothing_about_others", || {
            let _grants = [Granted::new(ONE), Granted::to(OTHER, TWO)];
            let (tenant, theirs) = (idle(TWO), idle_of(OTHER));
            child_of(OTHER, |device| {
                assign_shown(device, theirs.pid(), TWO).expect("assign");
            })
            .succeeded();
            let ids = Device::open().ids();
            assert_eq!(ids.len(), 2);
            let own = idle_of(USER);
            as_user(|device| {
                assert!(device.ids().is_empty());
                let id = assign_shown(device, own.pid(), ONE).expect("assign").id;
                assert_eq!(device.ids(), [id]);
                let grant = device.granted(0).expect("query").expect("a grant");
                assert_eq!((grant.uid, grant.associations), (USER, 1));
                assert_eq!(device.granted(USER + 1).expect("query"), None);
                let processes = [tenant.pid(), theirs.pid(), 1].map(Target::Pid);
                // Some exist, and the others do not.
                let numbers = [ids[0], ids[1], 0, id + 1, 1 << 40].map(Target::Association);
                for target in processes.into_iter().chain(numbers) {
                    refused(device.query(target));
                    refused(device.release(target));
                    refused(device.update(target, Change::Replace, ONE, false));
                }
                refused(device.release(Target::All));
                refused(device.find("shop"));
                refused(device.rule(0));
                for id in [ids[0], ids[1], id + 1] {
                    refused(device.join(Target::Pid(own.pid()), id, false));
                }
            });
        }),
        behaviour("a_user_asks_about_what_it_made_alone", || {
            let _granted = Granted::new(ONE);
            let (own, other) = (idle_of(USER), idle(TWO));
            as_user(|device| {
                assign_shown(device, own.pid(), ONE).expect("assign");
                let sock = Sock::v4(Proto::Udp);
                let check = |pid| {
                    let (target, fd) = (Target::Pid(pid), sock.as_fd());
                    device.check(target, Operation::Bind, fd, ip(TWO[0]))
                };
                assert!(check(own.pid()).expect("check").refusal.is_some());
                refused(check(other.pid()));
                refused(device.sockets());
                refused(device.traffic(None));
                refused(device.traffic(Some(true)));
            });
        }),
        behaviour("an_administrator_rules_over_what_a_user_made", || {
            let _granted = Granted::new(ONE);
            let (own, other) = (idle_of(USER), idle_of(OTHER));
            as_user(|device| {
                assign_shown(device, own.pid(), ONE).expect("assign");
            });
            let device = Device::open();
            let target = Target::Pid(own.pid());
            device.update(target, Change::Add, TWO, false).expect("add");
            let id = device.query(target).expect("query").id;
            device
                .join(Target::Pid(other.pid()), id, false)
                .expect("join");
            // What goes beyond the grant, the user cannot make any larger.
            as_user(|device| {
                let second = idle_of_now();
                let joined = device.join(Target::Pid(second), id, false);
                assert_eq!(errno(joined), EPERM);
                let kept = device.update(target, Change::Remove, &[ONE[0]], false);
                assert_eq!(errno(kept), EPERM);
                device
                    .update(target, Change::Replace, ONE, false)
                    .expect("replace");
            });
            device.release(Target::Association(id)).expect("release");
        }),
    ]
}

fn refused<T: std::fmt::Debug>(outcome: io::Result<T>) {
    let error = outcome.expect_err("not refused");
    assert_eq!(error.raw_os_error(), Some(EPERM), "{error}");
}

/// This process.
fn idle_of_now() -> i32 {
    std::process::id() as i32
}
