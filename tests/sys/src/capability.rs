// SPDX-License-Identifier: GPL-2.0

//! The capabilities of a thread.

use std::io;

use rustix::thread::{
    capabilities, remove_capability_from_bounding_set, set_capabilities, CapabilitySet,
    CapabilitySets,
};

/// The most capabilities there can be. Dropping one that the kernel does not know fails
/// with `EINVAL`.
const MOST: u32 = 64;

fn set_of(capability: u32) -> CapabilitySet {
    CapabilitySet::from_bits_retain(1 << capability)
}

/// Drops all capabilities of this thread, including those that `exec` could give it.
pub fn drop_all_capabilities() -> io::Result<()> {
    for capability in 0..MOST {
        match remove_capability_from_bounding_set(set_of(capability)) {
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(e) => return Err(e.into()),
        }
    }
    let none = CapabilitySet::empty();
    let none = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    Ok(set_capabilities(None, none)?)
}

/// Drops a capability from the effective and the permitted set of this thread.
pub fn drop_capability(capability: u32) -> io::Result<()> {
    let mut sets = capabilities(None)?;
    sets.effective.remove(set_of(capability));
    sets.permitted.remove(set_of(capability));
    Ok(set_capabilities(None, sets)?)
}

/// Drops capabilities from every set of this thread, so that its children do not have
/// them either.
pub fn drop_capabilities(which: &[u32]) -> io::Result<()> {
    for &capability in which {
        remove_capability_from_bounding_set(set_of(capability))?;
    }
    let mut sets = capabilities(None)?;
    for capability in which.iter().copied().map(set_of) {
        sets.effective.remove(capability);
        sets.permitted.remove(capability);
        sets.inheritable.remove(capability);
    }
    Ok(set_capabilities(None, sets)?)
}
