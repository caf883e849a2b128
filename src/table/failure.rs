// SPDX-License-Identifier: GPL-2.0

//! The errno of each failure of the protocol.

use kernel::prelude::*;

use crate::protocol::Failure;

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Elsewhere => EEXIST,
            Failure::Exited => ESRCH,
            Failure::NotAMember => ENOENT,
            Failure::Outrun => EAGAIN,
        }
    }
}
