// SPDX-License-Identifier: GPL-2.0

//! Pure decisions: given an address set, a description of a socket and a request,
//! they say whether the request is allowed.
//!
//! No kernel types, no allocation, no `unsafe`, never sleeps, safe in any context.
//! The same source is built into the module and as the host crate `addrconf-policy`,
//! where it is tested.

#![cfg_attr(not(any(MODULE, test)), no_std)]
#![cfg_attr(not(MODULE), forbid(unsafe_code))]
#![cfg_attr(not(MODULE), warn(missing_docs))]

mod bind;
mod bypass;
mod control;
mod create;
mod descriptor;
mod grant;
mod option;
mod owner;
mod pace;
mod packet;
mod prefix;
mod range;
mod reach;
mod scope;
mod select;
mod set;
mod sockaddr;
mod usage;
mod verdict;

#[cfg(all(test, not(MODULE)))]
mod tests;

#[cfg(MODULE)]
use crate::abi;
#[cfg(not(MODULE))]
use addrconf_abi as abi;

pub use bind::{bind, long_enough};
pub use bypass::{bypass, Memory, OpenFile};
pub use control::{routed, sources_allowed};
pub use create::{create, SOCK_RAW};
pub use descriptor::{control, request, ring_command};
pub use grant::{grants, is_own, may_ask, Ids, Thread, Uid};
#[cfg(not(MODULE))]
pub use option::NAMES as OPTION_NAMES;
pub use option::{look, option, SO_ERROR};
pub use owner::{is_private_loopback, Owner};
pub use pace::{pace, EVENTS_PER_SECOND};
pub use packet::{delivers, sends, Found, Outgoing, Sender};
pub use prefix::{Prefix, PrefixError};
pub use range::{merge, subtract, Number, Range, Wide};
pub use reach::{candidates, is_private_alias, places, reach, Candidates, Place};
pub use scope::{compare, enters_tunnel, receives, Holder, Origin, Relation};
pub use select::{is_group_path, FileId, Program, Selector};
pub use set::SetView;
pub use sockaddr::SockAddr;
pub use usage::{connect, listen, receive, send, Destination};
pub use verdict::{Family, Refusal, Socket, Source, Usage};
