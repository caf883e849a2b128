// SPDX-License-Identifier: GPL-2.0

//! Those who watch, each from a place where the module has no say.

pub mod members;
pub mod packets;
pub mod probes;
pub mod sockets;
