// SPDX-License-Identifier: GPL-2.0

//! References to this module, which keep it loaded.
//!
//! C header: `include/linux/module.h`

use kernel::bindings;
use kernel::prelude::*;
use kernel::ThisModule;

/// A reference to the module. While one lives, `rmmod` fails: the module is in use.
///
/// # Invariants
///
/// Holds a reference count of the module.
pub(crate) struct ModuleRef(&'static ThisModule);

impl ModuleRef {
    /// Takes a reference. Context: any.
    ///
    /// # Errors
    ///
    /// `ENODEV` when the module is being unloaded.
    pub(crate) fn get(module: &'static ThisModule) -> Result<Self> {
        // SAFETY: `ThisModule` has the `struct module` of this code, which is in memory as long as
        // the code runs.
        if unsafe { bindings::try_module_get(module.as_ptr()) } {
            // INVARIANT: try_module_get() took the reference.
            Ok(Self(module))
        } else {
            Err(ENODEV)
        }
    }
}

impl Drop for ModuleRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to put. The module may be unloaded
        // after that, but not before this returns. A `ModuleRef` is dropped with its association,
        // which is dropped by a hook (acf_gate_detach() waits for it), by work or an RCU callback
        // (`Tenants::settle` waits), or by a call on /dev/addrconf, whose open file holds a
        // reference of its own.
        unsafe { bindings::module_put(self.0.as_ptr()) };
    }
}
