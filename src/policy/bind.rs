// SPDX-License-Identifier: GPL-2.0

//! `bind()`: an address that the association owns is allowed, and so is the wildcard,
//! which stands for all of them. Any other address is refused as if the host did not
//! have it.

use core::net::IpAddr;

use super::owner::Owner;
use super::sockaddr::SockAddr;
use super::verdict::{Family, Refusal};

/// Decides a `bind()` to `addr` of a socket of this family. `scoped`: whether it belongs to
/// the association that uses it.
///
/// [`long_enough`] has checked that the address has the length that the socket's
/// family requires.
///
/// # Errors
///
/// [`Refusal::AddressOutside`] when the association does not own the address,
/// [`Refusal::SocketOutside`] when the socket belongs to another association;
/// [`Refusal::FamilyMismatch`] and [`Refusal::Malformed`] as the protocols answer.
pub fn bind(
    owner: &Owner<'_>,
    family: Family,
    scoped: bool,
    addr: &SockAddr,
) -> Result<(), Refusal> {
    let asked: IpAddr = match (family, addr) {
        (Family::V4, SockAddr::V4(a)) => (*a).into(),
        // inet_bind() accepts AF_UNSPEC with INADDR_ANY as a wildcard.
        (Family::V4, SockAddr::Unspec(Some(a))) if a.is_unspecified() => (*a).into(),
        (Family::V4, SockAddr::Unspec(None)) => return Err(Refusal::Malformed),
        (Family::V6, SockAddr::V6(a)) => (*a).into(),
        _ => return Err(Refusal::FamilyMismatch),
    };
    let wildcard = asked.to_canonical().is_unspecified();
    if !scoped {
        Err(Refusal::SocketOutside)
    } else if wildcard || owner.owns(asked) {
        Ok(())
    } else {
        Err(Refusal::AddressOutside)
    }
}

/// Whether `len` bytes are enough for a `bind()`. If not, the answer is `EINVAL`,
/// whatever family they name (`inet_bind_sk()`, `inet6_bind_sk()`).
#[must_use]
pub fn long_enough(family: Family, len: usize) -> bool {
    len >= match family {
        Family::V4 => 16,
        Family::V6 => 24,
    }
}
