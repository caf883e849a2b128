// SPDX-License-Identifier: GPL-2.0

//! Which sockets belong to which associations.

use super::wire::{Fields, FieldsMut, Wire, WireError};

/// List the sockets of associations in the network namespace of the caller: TCP sockets that
/// listen or have a connection, also one that is only requested or waits (`TIME_WAIT`), UDP
/// sockets with a port, and raw ones.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | pointer to room for entries of 16 bytes ([`SocketEntry`]) |
/// | 8 | 4 | number of entries that fit there, at most [`super::MAX_SOCKETS`] (else `EINVAL`) |
/// | 12 | 4 | out: sockets; may exceed the room, then only what fits is written |
///
/// The kernel gives a socket its cookie when somebody first asks for it, as `sock_diag(7)` does for
/// each socket that it tells of. A socket without one is left out: ask `sock_diag` first. Sockets
/// that are made or closed meanwhile may be there or not.
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed, or the room exceeds [`super::MAX_SOCKETS`];
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `EFAULT`: an address cannot be read or written;
/// * `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketsRequest {
    /// User-space address of the room for entries; unused when there is no room.
    pub sockets: u64,
    /// Number of entries that fit there.
    pub room: u32,
    /// Out: sockets.
    pub count: u32,
}

impl Wire for SocketsRequest {
    const SIZE: usize = 16;
    const MIN_SIZE: usize = 16;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            sockets: f.u64(),
            room: f.u32(),
            count: f.u32(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.sockets);
        out.u32(self.room);
        out.u32(self.count);
    }
}

/// A socket of an association.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | cookie: `idiag_cookie` of `sock_diag(7)`, its first word in the lower half |
/// | 8 | 8 | id of the association. Of a connection that waits (`TIME_WAIT`): the one whose loopback it used, which for a part that keeps the loopback of its whole is the whole; it may have ended |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketEntry {
    /// Cookie of the socket, not 0.
    pub cookie: u64,
    /// Id of the association.
    pub association: u64,
}

impl Wire for SocketEntry {
    const SIZE: usize = 16;
    const MIN_SIZE: usize = 16;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            cookie: f.u64(),
            association: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.cookie);
        out.u64(self.association);
    }
}
