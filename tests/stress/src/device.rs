// SPDX-License-Identifier: GPL-2.0

//! The control device, and loading and unloading the module.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use addrconf_abi::{AddrEntry, DEVICE_PATH, SYSFS_PATH};
use addrconf_test_client::sys::{load_module, unload_module};
use addrconf_test_client::Device;

use crate::sys::process::reap;
use crate::wait::eventually;

/// The open control device.
pub fn open() -> Device {
    Device::open().unwrap_or_else(|e| panic!("{DEVICE_PATH}: {e}"))
}

/// The entry for one address.
pub fn entry(address: Ipv4Addr) -> AddrEntry {
    AddrEntry::host(address.into())
}

/// The number in a file of the module in sysfs.
pub fn fact(name: &str) -> u64 {
    let path = format!("{SYSFS_PATH}/{name}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.trim().parse().expect("a number")
}

/// Waits until no task and no association is left. Associations end a moment after
/// their last task and socket.
pub fn wait_until_empty() {
    eventually("a module without tasks and associations", || {
        fact("tasks") == 0 && fact("associations") == 0
    });
    assert!(open().ids().expect("list").is_empty());
    let listed = fs::read_dir(format!("{SYSFS_PATH}/by-id")).expect("by-id");
    assert_eq!(listed.count(), 0, "files of ended associations in sysfs");
}

/// Unloads the module, once the last tasks and associations have gone.
pub fn unload() {
    eventually("successful unloading", || {
        // Orphans of a killed tenant are children of this process, and count as tasks
        // until they are reaped.
        reap();
        unload_module().is_ok()
    });
    assert!(!Path::new(DEVICE_PATH).exists());
}

/// Loads the module.
pub fn load() {
    load_module().expect("loading");
}
