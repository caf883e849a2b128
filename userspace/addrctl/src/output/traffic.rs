// SPDX-License-Identifier: GPL-2.0

//! Packets and bytes, for people and for programs.

use addrconf_abi::CountsRequest;
use schemars::JsonSchema;
use serde::Serialize;

/// What the sockets of an association received and sent while that was counted, also what stays on
/// the machine.
#[derive(Clone, Copy, Debug, Default, JsonSchema, PartialEq, Serialize)]
pub struct Traffic {
    /// IP packets that were received.
    pub received_packets: u64,
    /// Bytes of these, IP headers included.
    pub received_bytes: u64,
    /// IP packets that were sent.
    pub sent_packets: u64,
    /// Bytes of these.
    pub sent_bytes: u64,
}

impl Traffic {
    /// What the module counted.
    pub fn new(counts: &CountsRequest) -> Self {
        Self {
            received_packets: counts.received.packets,
            received_bytes: counts.received.bytes,
            sent_packets: counts.sent.packets,
            sent_bytes: counts.sent.bytes,
        }
    }
}
