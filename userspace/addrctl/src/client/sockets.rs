// SPDX-License-Identifier: GPL-2.0

//! Which sockets belong to associations.

use std::collections::BTreeMap;

use super::{CallError, Client};

impl Client<'_> {
    /// The associations of the sockets in the network namespace of addrctl, by the cookie of the
    /// socket. A socket has a cookie once sock_diag told it. Sockets without an association are left
    /// out, and so is what the kernel keeps of a TCP connection that has ended.
    pub fn owners(&self) -> Result<BTreeMap<u64, u64>, CallError> {
        self.device.owners().map_err(CallError::Refused)
    }
}
