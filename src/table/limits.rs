// SPDX-License-Identifier: GPL-2.0

//! How much there can be of what a tenant chooses, and how long a call waits for
//! what others do. Limits that callers must know stand in the ABI: `MAX_ADDRS`,
//! `MAX_LIST`, `NAME_LEN`.

use kernel::time::Delta;

/// Raw and ping sockets of a tenant: of an association with all its parts. Packets
/// look at every raw socket of their protocol, and at the ping sockets of an
/// identifier, which all tenants share.
pub(super) const MAX_RAW_SOCKETS: usize = 256;

/// Parts of an association that was made from outside, with parts of parts, at one
/// time. A part without tasks counts as long as it has a socket or parts.
pub(super) const MAX_PARTS: usize = 256;

/// How many times a process can narrow itself.
pub(super) const MAX_DEPTH: usize = 8;

/// Ranges that are remembered after they left a set. When there are more, only what
/// left last is: connections on the others cannot go on.
pub(super) const MAX_FORMER: usize = 1024;

/// For tasks, which on a busy machine have to wait for a processor: in all for what
/// is done with others kept waiting; again for their calls to end; and for what is
/// looked for then.
pub(super) const PATIENCE: Delta = Delta::from_secs(10);

/// For sockets that their owners keep locked.
pub(super) const LOCKED_SOCKETS: Delta = Delta::from_millis(1_000);

/// For readers of what was replaced or removed.
pub(super) const READERS: Delta = Delta::from_millis(1_500);

/// For how long it is remembered which loopback addresses the host uses: looking is
/// slow where very many sockets are bound. An association does not reach what is
/// bound meanwhile all the same.
pub(super) const HOST_USES: Delta = Delta::from_millis(500);
