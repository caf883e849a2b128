// SPDX-License-Identifier: GPL-2.0

//! Why a call put no process into an association.

use kernel::prelude::*;

use crate::abi::Obstacle;

/// Why an association was not made.
pub(crate) struct Refused {
    /// What the caller sees in `errno`.
    pub(crate) error: Error,
    /// With `EBUSY`: the bypass that was found.
    pub(crate) obstacle: Option<Obstacle>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            error,
            obstacle: None,
        }
    }
}
