// SPDX-License-Identifier: GPL-2.0

//! A question: what would be decided about a call.

use core::net::IpAddr;

use super::refusal::{Operation, Refusal};
use super::target::Target;
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// Tell what would be decided if a task of an association used a new socket. Nothing is bound,
/// connected, counted or told.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind, as in [`super::QueryRequest`] |
/// | 4 | 4 | what is asked about: [`Operation::Bind`] or [`Operation::Connect`] |
/// | 8 | 8 | target value |
/// | 16 | 4 | descriptor of a socket that is not bound, connected or anybody's |
/// | 20 | 2 | out: [`Refusal`], or zero if it would be allowed |
/// | 22 | 2 | out: errno that the program would see, positive, or zero |
/// | 24 | 16 | address of the call, IPv4-mapped if it is IPv4 |
/// | 40 | 16 | out: source that the socket would get, IPv4-mapped if it is IPv4 |
/// | 56 | 4 | out: flags: bit 0, there is a source |
/// | 60 | 4 | reserved, zero |
///
/// The socket of the caller says what kind of socket it would be, in which network namespace, and
/// what rules of routing may ask for: interface, mark, user. The association decides here, without
/// its limit of raw and ping sockets; the protocol would decide afterwards, for instance that another
/// socket has the port. A source that is chosen at random is one that the socket could get.
///
/// # Errors
///
/// As for [`super::QueryRequest`], and:
///
/// * `EINVAL`: another operation, or the socket is in use, is raw, or is of another family than
///   IPv4 and IPv6;
/// * `EBADF`: no open file has this descriptor;
/// * `ENOTSOCK`: it is none of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// The process or association.
    pub target: Target,
    /// What is asked about.
    pub operation: Operation,
    /// Descriptor of the caller's socket.
    pub socket: i32,
    /// Address of the call. An IPv4 address stands for the IPv4-mapped one on an IPv6 socket.
    pub addr: IpAddr,
    /// Out: why it would be refused. `None` with an `errno`: for a reason that this build does not
    /// know.
    pub refusal: Option<Refusal>,
    /// Out: the errno that the program would see, positive, or 0 if it would be allowed.
    pub errno: u16,
    /// Out: the source that the socket would get.
    pub source: Option<IpAddr>,
}

impl CheckRequest {
    /// A question about a call with this socket and address.
    #[must_use]
    pub const fn about(target: Target, operation: Operation, socket: i32, addr: IpAddr) -> Self {
        Self {
            target,
            operation,
            socket,
            addr,
            refusal: None,
            errno: 0,
            source: None,
        }
    }
}

const HAS_SOURCE: u32 = 1;

impl Wire for CheckRequest {
    const SIZE: usize = 64;
    const MIN_SIZE: usize = 64;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        let operation = match f.u32() {
            number if number == Operation::Bind as u32 => Operation::Bind,
            number if number == Operation::Connect as u32 => Operation::Connect,
            _ => return Err(WireError::BadField),
        };
        let target = Target::from_parts(kind, f.u64())?;
        let socket = i32::try_from(f.u32()).map_err(|_| WireError::BadField)?;
        let (refusal, errno) = (Refusal::from_value(f.u16()), f.u16());
        let addr = f.ip();
        let source = f.ip();
        let has_source = f.u32() & HAS_SOURCE != 0;
        f.reserved_u32()?;
        Ok(Self {
            target,
            operation,
            socket,
            addr,
            refusal,
            errno,
            source: has_source.then_some(source),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(self.operation as u32);
        out.u64(value);
        // A negative descriptor is written as a number that no parser accepts.
        out.u32(self.socket as u32);
        out.u16(self.refusal.map_or(0, |refusal| refusal as u16));
        out.u16(self.errno);
        out.ip(Some(self.addr));
        out.ip(self.source);
        out.u32(flag(self.source.is_some(), HAS_SOURCE));
        out.u32(0);
    }
}
