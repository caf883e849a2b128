// SPDX-License-Identifier: GPL-2.0

//! Listing and describing associations through the control device.

use addrconf_abi::{AddrEntry, Target, Wire, ABI_VERSION, MAX_ADDRS};

use crate::addr::{HOST4, ONE, PREFIXES, SEVERAL, TWO};
use crate::child::{in_child, spawn_tenant, stay, Channel, Child};
use crate::client::{associate, associate_with, entries, Assignment, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sys::namespace::unshare;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("the_version_is_the_one_this_program_knows", || {
            let version = Device::open().version().expect("version");
            assert_eq!((version.abi, version.max_addrs), (ABI_VERSION, MAX_ADDRS));
        }),
        behaviour("ids_ascend_and_are_not_used_again", || {
            let mut last = 0;
            for _ in 0..20 {
                let id = Channel::new();
                in_child(|| id.send(&associate(ONE).to_string()));
                let id: u64 = id.receive().parse().expect("an id");
                assert!(id > last, "{id} after {last}");
                last = id;
            }
        }),
        behaviour("a_list_can_be_read_in_pieces", || {
            let _tenants = [ONE, TWO, ONE, TWO, ONE].map(idle);
            let device = Device::open();
            let all = device.ids();
            assert_eq!(all.len(), 5);
            assert!(all.is_sorted());
            let (first, more) = device.list(0, 2).expect("list");
            assert_eq!((&first[..], more), (&all[..2], true));
            let (second, more) = device.list(first[1], 2).expect("list");
            assert_eq!((&second[..], more), (&all[2..4], true));
            let (third, more) = device.list(second[1], 2).expect("list");
            assert_eq!((&third[..], more), (&all[4..], false));
            assert_eq!(device.list(all[4], 2).expect("list"), (vec![], false));
            assert_eq!(device.list(0, 5).expect("list"), (all, false));
            assert_eq!(device.list(0, 0).expect("list"), (vec![], true));
            assert_eq!(device.list(u64::MAX, 2).expect("list"), (vec![], false));
        }),
        behaviour("a_description_holds_what_was_assigned", || {
            let device = Device::open();
            for (set, name) in [(ONE, ""), (SEVERAL, "shop-1.a_B"), (PREFIXES, "x")] {
                let child = Child::spawn(|| stay());
                let target = Target::Pid(child.pid());
                let id = device.assign(target, &entries(set), name).expect("assign");
                let found = device.query(target).expect("query");
                assert_eq!((found.id, &found.name[..], found.tasks), (id, name, 1));
                assert_eq!(found.pids, vec![child.pid()]);
                assert_eq!(found.addrs, entries(set));
            }
        }),
        behaviour("a_name_may_have_31_characters", || {
            let child = Child::spawn(|| stay());
            let (device, name) = (Device::open(), "n".repeat(31));
            let target = Target::Pid(child.pid());
            device.assign(target, &entries(ONE), &name).expect("assign");
            assert_eq!(device.query(target).expect("query").name, name);
        }),
        behaviour("a_description_counts_what_does_not_fit", || {
            let child = idle(SEVERAL);
            let device = Device::open();
            let (mut addrs, mut pids) = ([0xee; AddrEntry::SIZE + 1], [-1; 0]);
            let found = device.query_into(Target::Pid(child.pid()), &mut addrs, &mut pids);
            let found = found.expect("query");
            assert_eq!((found.addr_count, found.pid_count), (4, 1));
            let first = AddrEntry::decode(&addrs[..AddrEntry::SIZE]).expect("an entry");
            assert!(entries(SEVERAL).contains(&first));
            assert_eq!(addrs[AddrEntry::SIZE], 0xee, "the byte beyond the room");
        }),
        behaviour("a_set_may_have_1024_addresses", || {
            let set: Vec<String> = (0..1024)
                .map(|i| format!("10.1.{}.{}", 3 - i / 256, 255 - i % 256))
                .collect();
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let ready = Channel::new();
            let child = spawn_tenant(&set, || {
                ready.send(&verdicts(&["10.1.0.1", "10.1.0.200", HOST4]));
                stay();
            });
            assert_eq!(ready.receive(), format!("ok ok {}", libc::EADDRNOTAVAIL));
            let (mut addrs, mut pids) = (vec![0; 1024 * AddrEntry::SIZE], [0; 1]);
            let target = Target::Pid(child.pid());
            let found = Device::open().query_into(target, &mut addrs, &mut pids);
            assert_eq!(found.expect("query").addr_count, 1024);
            let decode = |bytes| AddrEntry::decode(bytes).expect("an entry");
            let found: Vec<_> = addrs.chunks_exact(AddrEntry::SIZE).map(decode).collect();
            assert_eq!(found, entries(&set));
        }),
        // More than are sorted by the method for short lists. The other method keeps
        // data on the kernel's stack, which is aligned to 8 bytes only.
        behaviour("addresses_in_no_order_are_sorted", || {
            for assignment in [Assignment::DEFAULT, Assignment::EXCLUSIVE] {
                let set: Vec<String> = (0..30)
                    .map(|i| i * 7919 % 1021)
                    .flat_map(|n| {
                        [
                            format!("10.7.{}.{}", n / 256, n % 256),
                            format!("2001:db8:7::{n:x}"),
                        ]
                    })
                    .collect();
                let set: Vec<&str> = set.iter().map(String::as_str).collect();
                let child = Child::spawn(|| stay());
                associate_with(child.pid(), &set, &assignment);
                let found = Device::open().query(Target::Pid(child.pid()));
                assert_eq!(found.expect("query").addrs, entries(&set));
            }
        }),
        behaviour("a_set_may_not_have_1025_addresses", || {
            let set: Vec<String> = (0..1025)
                .map(|i| format!("10.1.{}.{}", i / 256, i % 256))
                .collect();
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let child = Child::spawn(|| stay());
            let (device, target) = (Device::open(), Target::Pid(child.pid()));
            let error = device
                .assign(target, &entries(&set), "")
                .expect_err("the set has too many addresses");
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
            assert!(device.ids().is_empty());
        }),
        behaviour("process_ids_are_those_of_the_callers_namespace", || {
            let child = idle(ONE);
            let id = Device::open().ids()[0];
            in_child(|| {
                unshare(libc::CLONE_NEWPID).expect("unshare");
                in_child(|| {
                    let device = Device::open();
                    let found = device.query(Target::Association(id)).expect("query");
                    assert_eq!((found.pids, found.tasks), (vec![], 1));
                    // No process has that pid in this namespace.
                    let error = device
                        .query(Target::Pid(child.pid()))
                        .expect_err("the pid is one of another namespace");
                    assert_eq!(error.raw_os_error(), Some(libc::ESRCH));
                    let own = device
                        .query(Target::Pid(1))
                        .expect_err("this process is not associated");
                    assert_eq!(own.raw_os_error(), Some(libc::ENOENT));
                });
            });
        }),
        behaviour("many_associations_are_told_apart", || {
            let tenants: Vec<_> = (0..50)
                .map(|i| {
                    let addr = format!("10.1.0.{i}");
                    (idle(&[&addr]), entries(&[&addr]))
                })
                .collect();
            let device = Device::open();
            assert_eq!(device.ids().len(), 50);
            for (child, set) in &tenants {
                let found = device.query(Target::Pid(child.pid())).expect("query");
                assert_eq!((&found.addrs, found.pids), (set, vec![child.pid()]));
            }
        }),
    ]
}
