// SPDX-License-Identifier: GPL-2.0

//! Pure decisions: given an address set, what a socket is and what was asked,
//! say what happens.
//!
//! No kernel types, no allocation, no `unsafe`, never sleeps, safe in any
//! context. Built into the module and, unchanged, as the host crate
//! `addrconf-policy`, where it is tested.

#![cfg_attr(not(any(MODULE, test)), no_std)]
#![cfg_attr(not(MODULE), forbid(unsafe_code))]
#![cfg_attr(not(MODULE), warn(missing_docs))]

mod bind;
mod create;
mod prefix;
mod range;
mod set;
mod sockaddr;
mod usage;
mod verdict;

#[cfg(all(test, not(MODULE)))]
mod tests;

pub use bind::{bind, long_enough};
pub use create::create;
pub use prefix::{Prefix, PrefixError};
pub use range::{merge, Range};
pub use set::{Only, SetView};
pub use sockaddr::{write_sockaddr, SockAddr, SOCKADDR_MAX};
pub use usage::{connect, listen, send, Destination};
pub use verdict::{Family, Refusal, Socket, Source, Usage, Verdict};
