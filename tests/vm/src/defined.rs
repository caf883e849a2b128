// SPDX-License-Identifier: GPL-2.0

//! Defined associations for tests.

use addrconf_abi::{Target, Terms};

use crate::client::{entries, this_process, Description, Device};
use crate::tenant::Tenant;

/// A defined association, which is released and undefined when this is dropped.
pub struct Defined {
    /// Its id.
    pub id: u64,
}

impl Defined {
    /// Defines one with the default terms.
    pub fn new(name: &str, set: &[&str]) -> Self {
        Self::on(&Terms::DEFAULT, name, set)
    }

    /// Defines one.
    pub fn on(terms: &Terms, name: &str, set: &[&str]) -> Self {
        let defined = Device::open().define(name, &entries(set), terms);
        let id = defined.unwrap_or_else(|e| panic!("define {name}: {e}")).id;
        Self { id }
    }

    /// What the module says of it.
    pub fn describe(&self) -> Description {
        let target = Target::Association(self.id);
        Device::open().query(target).expect("query")
    }

    /// Puts this process into it.
    pub fn enter(&self) {
        self.put(this_process());
    }

    /// Puts a tenant into it.
    pub fn take_in(&self, tenant: &mut Tenant) {
        self.put(Target::Pid(tenant.pid()));
    }

    fn put(&self, process: Target) {
        Device::open().join(process, self.id, false).expect("join");
    }
}

impl Drop for Defined {
    fn drop(&mut self) {
        // A child has a copy, which it drops only if it returns, in the association.
        if let Ok(device) = Device::try_open() {
            let _ = device.release(Target::Association(self.id));
            let _ = device.undefine(self.id);
        }
    }
}
