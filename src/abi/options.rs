// SPDX-License-Identifier: GPL-2.0

//! How an association is to behave.

use super::wire::WireError;

/// Flags of an assign call, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssignFlags(u32);

impl AssignFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Wildcard sockets of unassociated processes neither receive on the
    /// addresses of the set nor conflict over them. Kept by the association.
    pub const EXCLUSIVE: Self = Self(1);
    /// Take the process's descendants as well, as far as there are any.
    pub const TREE: Self = Self(2);
    /// Reset established connections whose local address is outside the set
    /// (`ECONNABORTED`) instead of leaving them unusable.
    pub const RESET: Self = Self(4);
    /// Since 3: raw sockets are allowed. Their source is enforced as that of
    /// others is, and they receive what is for the set. Kept by the
    /// association.
    pub const ALLOW_RAW: Self = Self(8);

    const ALL: u32 = 15;

    /// Both flags.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn from_bits(bits: u32) -> Result<Self, WireError> {
        if bits & !Self::ALL == 0 {
            Ok(Self(bits))
        } else {
            Err(WireError::BadField)
        }
    }

    /// The flags of an answer: what a newer module knows stays in, unread, so
    /// that an older program need not refuse the whole answer for it.
    pub(super) fn from_answer(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u32 {
        self.0
    }
}

/// Which member a socket without an address sends from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum SourceChoice {
    /// The preferred source of the route to the destination if it is a member,
    /// else a member on the interface the route leaves by, else the primary
    /// address.
    #[default]
    Route = 0,
    /// The primary address, always.
    Primary = 1,
    /// Any host address of the set, at random for each socket.
    Random = 2,
}

impl SourceChoice {
    pub(super) fn from_value(value: u32) -> Result<Self, WireError> {
        match value {
            0 => Ok(Self::Route),
            1 => Ok(Self::Primary),
            2 => Ok(Self::Random),
            _ => Err(WireError::BadField),
        }
    }
}
