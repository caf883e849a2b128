// SPDX-License-Identifier: GPL-2.0

//! Grace periods of RCU.

use std::io;

use rustix::thread::{membarrier, MembarrierCommand};

/// Waits for one: `membarrier(2)` calls `synchronize_rcu()`.
pub fn wait() -> io::Result<()> {
    Ok(membarrier(MembarrierCommand::Global)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_grace_period_ends() {
        super::wait().expect("membarrier");
    }
}
