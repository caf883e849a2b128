// SPDX-License-Identifier: GPL-2.0

//! Arguments that several commands have in common.

mod change;
mod output;
mod target;
mod terms;

use crate::address::{AddressSet, ParseSetError};

pub use change::ChangeArgs;
pub use output::OutputArgs;
pub use target::{which, TargetArgs, Which, Whom};
pub use terms::{definable, name, TermsArgs, NAME_HELP};

/// The help of every argument that is a set of addresses.
pub const ADDRS_HELP: &str = "\
Comma-separated IPv4 and IPv6 addresses and prefixes, such as \
10.0.0.1,10.1.0.0/24,2001:db8::1. The first single address of each family is its primary \
address: the source when none is chosen";

/// Parses a set of addresses, for clap.
pub fn address_set(text: &str) -> Result<AddressSet, ParseSetError> {
    text.parse()
}
