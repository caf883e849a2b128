// SPDX-License-Identifier: GPL-2.0

//! What an association is made with, besides its set.

use crate::abi::{Name, SourceChoice};

/// What an association is made with, besides its set.
pub(crate) struct Terms {
    /// Its name, or the empty name.
    pub(crate) name: Name,
    /// Wildcard sockets of unassociated processes leave its addresses alone.
    pub(crate) exclusive: bool,
    /// Raw sockets are allowed.
    pub(crate) allow_raw: bool,
    /// Which member a socket without an address sends from.
    pub(crate) source: SourceChoice,
}
