// SPDX-License-Identifier: GPL-2.0

//! A reference to this module, which keeps it from being unloaded.
//!
//! C header: `include/linux/module.h`

use kernel::bindings;
use kernel::prelude::*;
use kernel::ThisModule;

/// As long as this lives, `rmmod` says that the module is in use.
///
/// # Invariants
///
/// Holds a reference count of the module.
pub(crate) struct ModuleRef(&'static ThisModule);

impl ModuleRef {
    /// Takes a reference. `ENODEV` when the module is being unloaded.
    pub(crate) fn get(module: &'static ThisModule) -> Result<Self> {
        // SAFETY: `ThisModule` holds the pointer of the module this code is
        // part of.
        if unsafe { bindings::try_module_get(module.as_ptr()) } {
            // INVARIANT: Taken above.
            Ok(Self(module))
        } else {
            Err(ENODEV)
        }
    }
}

impl Drop for ModuleRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to let go. The
        // code after this call is safe from unloading because whoever drops a
        // `ModuleRef` is waited for by the module's exit (work, hooks) or is
        // called through a file that holds its own reference.
        unsafe { bindings::module_put(self.0.as_ptr()) };
    }
}
