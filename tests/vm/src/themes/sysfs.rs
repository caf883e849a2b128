// SPDX-License-Identifier: GPL-2.0

//! The read-only state of the module in sysfs, for scripts.

use std::collections::HashMap;
use std::fs::{metadata, read_dir, read_to_string, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use addrconf_abi::{Target, ABI_VERSION, SYSFS_PATH};

use crate::addr::{ONE, PREFIXES, TWO};
use crate::child::{as_tenant, eventually, spawn_tenant, stay, Channel, Child};
use crate::client::{entries, Device};
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("sysfs_tells_the_versions", || {
            assert_eq!(value("abi"), ABI_VERSION.to_string());
            let version = value("version");
            assert_eq!(version.split('.').count(), 3, "{version}");
        }),
        behaviour("sysfs_files_can_be_read_by_all_and_written_by_none", || {
            for name in ["version", "abi", "associations", "tasks", "self"] {
                let found = metadata(path(name)).expect("a file");
                assert_eq!(
                    (found.permissions().mode() & 0o7777, found.uid()),
                    (0o444, 0),
                    "{name}"
                );
                let written = File::options()
                    .write(true)
                    .open(path(name))
                    .and_then(|mut file| file.write_all(b"1"));
                written.expect_err(name);
            }
        }),
        behaviour("sysfs_entries_can_be_read_by_root_only", || {
            let _tenant = idle(ONE);
            let id = Device::open().ids()[0];
            let found = metadata(path(&format!("by-id/{id}"))).expect("an entry");
            assert_eq!(
                (found.permissions().mode() & 0o7777, found.uid()),
                (0o400, 0)
            );
        }),
        behaviour("sysfs_counts_associations_and_tasks", || {
            assert_eq!(
                (value("associations"), value("tasks")),
                ("0".into(), "0".into())
            );
            let tenant = idle(ONE);
            assert_eq!(
                (value("associations"), value("tasks")),
                ("1".into(), "1".into())
            );
            let ready = Channel::new();
            let family = spawn_tenant(TWO, || {
                let _child = Child::spawn(|| {
                    ready.send("");
                    stay();
                });
                stay();
            });
            ready.receive();
            assert_eq!(
                (value("associations"), value("tasks")),
                ("2".into(), "3".into())
            );
            Device::open()
                .release(Target::Pid(tenant.pid()))
                .expect("release");
            eventually("a count of 1 association", || value("associations") == "1");
            eventually("a count of 2 tasks", || value("tasks") == "2");
            drop(family);
        }),
        behaviour(
            "sysfs_shows_a_member_its_own_association_and_no_other",
            || {
                let _other = idle(TWO);
                assert_eq!(read_to_string(path("self")).expect("the file"), "");
                let mut held = File::open(path("self")).expect("the file");
                as_tenant(ONE, || {
                    assert!(Sock::v4(Proto::Udp).bind((TWO[0], 0)).is_err());
                    // Who reads counts, not who opened.
                    let mut text = String::new();
                    std::io::Read::read_to_string(&mut held, &mut text).expect("read");
                    for line in ["refused: bind=1", "tasks: 1"] {
                        assert!(text.lines().any(|l| l == line), "{text}");
                    }
                    assert!(text.contains(ONE[0]) && !text.contains(TWO[0]), "{text}");
                });
            },
        ),
        behaviour("sysfs_has_an_entry_for_each_association", || {
            let by_id = || -> Vec<String> {
                let mut names: Vec<String> = read_dir(path("by-id"))
                    .expect("by-id")
                    .map(|entry| entry.expect("an entry").file_name().into_string())
                    .map(|name| name.expect("text"))
                    .collect();
                names.sort();
                names
            };
            assert_eq!(by_id(), Vec::<String>::new());
            let tenants = [ONE, TWO].map(idle);
            let mut ids: Vec<String> = Device::open().ids().iter().map(u64::to_string).collect();
            ids.sort();
            assert_eq!(by_id(), ids);
            drop(tenants);
            eventually("the removal of all entries", || by_id().is_empty());
        }),
        behaviour("sysfs_describes_an_association", || {
            let child = Child::spawn(|| stay());
            let device = Device::open();
            let target = Target::Pid(child.pid());
            let id = device
                .assign(target, &entries(ONE), "shop")
                .expect("assign");
            let entry = entry(id);
            let field = |name: &str| entry.get(name).map(String::as_str);
            assert_eq!(field("id"), Some(&id.to_string()[..]));
            assert_eq!(field("name"), Some("shop"));
            assert_eq!(field("addresses"), Some("10.0.0.1 2001:db8::1"));
            assert_eq!(field("tasks"), Some("1"));
        }),
        behaviour("sysfs_describes_prefixes_and_no_name", || {
            let _tenant = idle(PREFIXES);
            let id = Device::open().ids()[0];
            let entry = entry(id);
            let field = |name: &str| entry.get(name).map(String::as_str);
            assert_eq!(field("name"), Some(""));
            assert_eq!(field("addresses"), Some("10.1.0.0/25 2001:db8:1::/64"));
        }),
        behaviour("sysfs_describes_a_set_of_any_size", || {
            // Longer than a page, which is the most that a sysfs file can have.
            let set: Vec<String> = (0..1024)
                .map(|i| format!("2001:db8:1111:2222:3333:4444:5555:{:x}", 0x1000 + i))
                .collect();
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let _tenant = idle(&set);
            let id = Device::open().ids()[0];
            let entry = entry(id);
            assert_eq!((&entry["id"], &entry["tasks"][..]), (&id.to_string(), "1"));
            let shown: Vec<&str> = entry["addresses"].split(' ').collect();
            assert!(shown.len() > 50, "{shown:?}");
            // Addresses that do not fit are left out whole: half an address would be
            // another address.
            for (shown, given) in shown.iter().zip(&set) {
                assert!(shown == given || *shown == "...", "{shown} for {given}");
            }
        }),
        behaviour(
            "sysfs_counters_can_be_read_by_an_associated_process",
            || {
                as_tenant(ONE, || assert_eq!(value("associations"), "1"));
            },
        ),
        behaviour(
            "an_open_sysfs_entry_outlives_its_association_harmlessly",
            || {
                let tenant = idle(ONE);
                let id = Device::open().ids()[0];
                let entry = path(&format!("by-id/{id}"));
                let mut file = File::open(&entry).expect("open");
                drop(tenant);
                eventually("the removal of the entry", || !entry.exists());
                let mut text = String::new();
                // This may fail or read nothing, but must not crash.
                let _ = std::io::Read::read_to_string(&mut file, &mut text);
                assert!(text.is_empty(), "{text}");
            },
        ),
    ]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(SYSFS_PATH).join(name)
}

fn value(name: &str) -> String {
    let text = read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    text.strip_suffix('\n').expect("a line").to_owned()
}

/// The fields of an association's entry.
fn entry(id: u64) -> HashMap<String, String> {
    let text = read_to_string(path(&format!("by-id/{id}"))).expect("read");
    assert!(text.ends_with('\n'), "{text}");
    let field = |line: &str| {
        let (name, value) = line.split_once(':').expect("a field");
        (name.to_owned(), value.trim().to_owned())
    };
    text.lines().map(field).collect()
}
