// SPDX-License-Identifier: GPL-2.0

//! `bind()`: a member is allowed, the wildcard stands for the set, anything
//! else is as if the host did not have it.

use core::net::IpAddr;

use super::set::{Only, SetView};
use super::sockaddr::SockAddr;
use super::verdict::{Family, Refusal, Socket, Verdict};

/// Decides a `bind()` of `socket` to `addr` by a task whose set is `set`.
///
/// That the address is as long as the socket's family wants it is checked
/// before, by [`long_enough`].
#[must_use]
pub fn bind(set: &SetView<'_>, socket: &Socket, addr: &SockAddr) -> Verdict {
    let asked: IpAddr = match (socket.family, addr) {
        (Family::V4, SockAddr::V4(a)) => (*a).into(),
        // inet_bind() takes AF_UNSPEC with INADDR_ANY for a wildcard.
        (Family::V4, SockAddr::Unspec(Some(a))) if a.is_unspecified() => (*a).into(),
        (Family::V4, SockAddr::Unspec(None)) => return Verdict::Deny(Refusal::Invalid),
        (Family::V6, SockAddr::V6(a)) => (*a).into(),
        _ => return Verdict::Deny(Refusal::FamilyNotSupported),
    };
    if is_wildcard(asked) {
        return match wildcard(set, socket, asked) {
            Some(one) => Verdict::Rewrite(one),
            None => Verdict::Deny(Refusal::NotAvailable),
        };
    }
    if set.contains(asked) {
        Verdict::Allow
    } else {
        Verdict::Deny(Refusal::NotAvailable)
    }
}

/// Whether `len` bytes are enough for a `bind()`; `EINVAL` if not, whatever
/// family they name (`inet_bind_sk()`, `inet6_bind_sk()`).
#[must_use]
pub fn long_enough(socket: &Socket, len: usize) -> bool {
    len >= match socket.family {
        Family::V4 => 16,
        Family::V6 => 24,
    }
}

/// `0.0.0.0`, `::` or `::ffff:0.0.0.0`.
fn is_wildcard(addr: IpAddr) -> bool {
    addr.to_canonical().is_unspecified()
}

/// The one address a wildcard stands for; `None` when the set has none that
/// fits, or several.
pub(super) fn wildcard(set: &SetView<'_>, socket: &Socket, asked: IpAddr) -> Option<IpAddr> {
    let v4 = || match set.only(Family::V4) {
        Only::One(one) => Some(one),
        Only::None | Only::Several => None,
    };
    match asked.to_canonical() {
        IpAddr::V4(_) if socket.v6only => None,
        IpAddr::V4(_) => v4(),
        IpAddr::V6(_) => match set.only(Family::V6) {
            Only::One(one) => Some(one),
            Only::Several => None,
            // A dual-stack socket serves IPv4 as well.
            Only::None if socket.v6only => None,
            Only::None => v4(),
        },
    }
}
