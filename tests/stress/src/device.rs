// SPDX-License-Identifier: GPL-2.0

//! The control device, and the module itself coming and going.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use addrconf_abi::{AddrEntry, DEVICE_PATH, SYSFS_PATH};
use addrconf_test_client::sys::{load_module, unload_module};
use addrconf_test_client::Device;

use crate::sys;
use crate::wait::eventually;

/// The open control device.
pub fn open() -> Device {
    Device::open().unwrap_or_else(|e| panic!("{DEVICE_PATH}: {e}"))
}

/// One address, as it goes to the kernel.
pub fn entry(address: Ipv4Addr) -> AddrEntry {
    AddrEntry::host(address.into())
}

/// What a file in sysfs says.
pub fn fact(name: &str) -> u64 {
    let path = format!("{SYSFS_PATH}/{name}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.trim().parse().expect("a number")
}

/// Waits until nothing is associated; whatever ends does so after a moment.
pub fn wait_until_empty() {
    eventually("an empty table", || {
        fact("tasks") == 0 && fact("associations") == 0
    });
    assert!(open().ids().expect("list").is_empty());
    let listed = fs::read_dir(format!("{SYSFS_PATH}/by-id")).expect("by-id");
    assert_eq!(listed.count(), 0, "files of associations");
}

/// Unloads the module, waiting for those who are about to leave it.
pub fn unload() {
    eventually("the module's end", || {
        // Orphans of a tenant that was killed are ours, and tasks until then.
        while let Ok(Some(_)) = sys::wait(-1, true) {}
        unload_module().is_ok()
    });
    assert!(!Path::new(DEVICE_PATH).exists());
}

/// Loads the module.
pub fn load() {
    load_module().expect("loading");
}
