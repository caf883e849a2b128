// SPDX-License-Identifier: GPL-2.0

//! Limits on what a tenant chooses, and on how long a call waits for others. Limits
//! that callers must know are in the ABI: `MAX_ADDRS`, `MAX_LIST`, `NAME_LEN`.

use kernel::time::Delta;

/// Raw and ping sockets of a tenant: of an association with all its parts. The stack
/// looks for each packet at every raw socket of its protocol, and at the ping sockets
/// of its identifier, which all tenants share.
pub(super) const MAX_RAW_SOCKETS: usize = 256;

/// Parts, with parts of parts, that an association made from outside may have at one
/// time. A part without tasks counts as long as it has a socket or parts.
pub(super) const MAX_PARTS: usize = 256;

/// How many times a process can narrow itself.
pub(super) const MAX_DEPTH: usize = 8;

/// Ranges that are remembered after they left a set. If there are more, only those
/// that left last are kept: connections on the others cannot continue.
pub(super) const MAX_FORMER: usize = 1024;

/// Associations that a user may have made under its grant at one time. One without tasks counts
/// as long as it has a socket. Each has as many parts as any other.
pub(super) const MAX_OWN: usize = 32;

/// How long a call waits for tasks, which on a busy machine have to wait for a
/// processor. It holds for each of these alone: in `assign` for taking tasks in and
/// searching them, for the recall of their calls, for the search after that, and for
/// taking sockets in; and for releasing a process.
pub(super) const PATIENCE: Delta = Delta::from_secs(10);

/// How long a call waits for sockets that their owners keep locked.
pub(super) const LOCKED_SOCKETS: Delta = Delta::from_millis(1_000);

/// How long a call waits for readers of what was replaced or removed.
pub(super) const READERS: Delta = Delta::from_millis(1_500);

/// How long hooks stay in force when there is no association any more.
pub(super) const LINGER: Delta = Delta::from_secs(60);

/// How long the list of loopback addresses that the host uses is kept: making it is
/// slow where very many sockets are bound. If the host binds to one meanwhile, the
/// association still does not reach that socket.
pub(super) const HOST_USES: Delta = Delta::from_millis(500);
