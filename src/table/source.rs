// SPDX-License-Identifier: GPL-2.0

//! The source address of a socket that is bound to none.
//!
//! Context: process, may sleep.

use core::net::IpAddr;

use kernel::sync::rcu;

use crate::abi::SourceChoice;
use crate::policy::{Family, Refusal, Source, Usage};
use crate::sys::sock::SkRef;
use crate::sys::{choice, random};

use super::association::Association;
use super::sockets;

/// The source that a socket needs before a task of `association` uses it as the policy decided, or
/// `None` if it needs none. Changes nothing of the socket. `is_led`: a message names an interface or
/// a source for itself, which lead it.
///
/// # Errors
///
/// Why the use is refused.
pub(crate) fn decide(
    sock: SkRef<'_>,
    association: &Association,
    usage: Usage,
    is_led: bool,
) -> core::result::Result<Option<IpAddr>, Refusal> {
    let to = match usage {
        Usage::Allow => return Ok(None),
        Usage::Deny(refusal) => return Err(refusal),
        Usage::GiveSource(to) => to,
    };
    if !is_led && is_led_by_source(to) && sock.route(to).is_none() {
        return Err(Refusal::NoRoute);
    }
    choose(sock, association, to)
        .map(Some)
        .ok_or(Refusal::NoSource)
}

/// Whether the kernel takes the interface of the source in place of a route
/// (`ip_route_output_key_hash_rcu()`). Without a source the call fails where there is no route.
fn is_led_by_source(to: IpAddr) -> bool {
    matches!(to, IpAddr::V4(to) if to.is_broadcast() || to.is_multicast())
}

/// A source for `to`, which is neither an IPv4-mapped address nor one that the association may not
/// reach.
/// `None` when the association has none of that family.
fn choose(sock: SkRef<'_>, association: &Association, to: IpAddr) -> Option<IpAddr> {
    if to.is_loopback() {
        let guard = rcu::read_lock();
        return association.owner(&guard).loopback_source(to);
    }
    let family = Family::of(to);
    let sole = {
        let guard = rcu::read_lock();
        association.set(&guard).view().sole(family)
    };
    // No choice gives another, and no route gives one that may be used.
    if sole.is_some() {
        return sole;
    }
    let stamp = choice::Stamp::of(sock, to);
    let source = match association.terms().source {
        SourceChoice::Random => random_host(association, family),
        SourceChoice::Route => by_route(sock, association, to),
        SourceChoice::Primary => None,
    }
    .or_else(|| primary(sock, association, family));
    // The gate remembers it for all sockets of the same scope. A task of a part may be using one of
    // its whole, or the part may have the scope of its whole, which would choose otherwise.
    let lasts = association.terms().source != SourceChoice::Random
        && association.scope() == association.id()
        && sockets::association_of(sock).is_some_and(|own| own.id() == association.id());
    if let (true, Some(source)) = (lasts && !is_led_by_interface(to), source) {
        stamp.remember(sock, to, source);
    }
    source
}

/// Whether the interface that a call names, or that the socket has for groups, decides how a packet
/// is routed: what is chosen for one call need not fit another.
fn is_led_by_interface(to: IpAddr) -> bool {
    match to {
        IpAddr::V4(_) => is_led_by_source(to),
        IpAddr::V6(to) => to.is_multicast() || to.is_unicast_link_local(),
    }
}

/// The source that the route prefers if the association owns it, else one on the interface
/// through which the route leaves.
fn by_route(sock: SkRef<'_>, association: &Association, to: IpAddr) -> Option<IpAddr> {
    let (preferred, interface) = sock.route(to)?;
    let owned = {
        let guard = rcu::read_lock();
        association.owner(&guard).owns_publicly(preferred)
    };
    if owned {
        Some(preferred)
    } else {
        on_interface(sock, association, Family::of(preferred), interface)
    }
}

/// The primary address of the family. For a set of networks, any member that the host has.
fn primary(sock: SkRef<'_>, association: &Association, family: Family) -> Option<IpAddr> {
    let source = {
        let guard = rcu::read_lock();
        association.set(&guard).view().source(family)
    };
    match source? {
        Source::Address(addr) => Some(addr),
        Source::AnyLocal(family) => on_interface(sock, association, family, 0),
    }
}

/// A member of the set that is on this interface or, for 0, on any: of the lowest range of the
/// set that has one.
fn on_interface(
    sock: SkRef<'_>,
    association: &Association,
    family: Family,
    interface: i32,
) -> Option<IpAddr> {
    let guard = rcu::read_lock();
    let view = association.set(&guard).view();
    let mut found: Option<(usize, IpAddr)> = None;
    sock.each_local(family == Family::V4, interface, |addr| {
        // A lookup in the set takes the logarithm of its size.
        let is_lower = |&at: &usize| found.is_none_or(|(lowest, _)| at < lowest);
        if let Some(at) = view.position(addr).filter(is_lower) {
            found = Some((at, addr));
        }
        // No range is lower than the first.
        !matches!(found, Some((0, _)))
    });
    found.map(|(_, addr)| addr)
}

/// A random host address of the set.
fn random_host(association: &Association, family: Family) -> Option<IpAddr> {
    let guard = rcu::read_lock();
    let hosts = || {
        let entries = association.set(&guard).entries().iter();
        entries.filter(|e| e.is_host() && e.family() == family)
    };
    let count = u32::try_from(hosts().count()).ok()?;
    let pick = random::below(core::num::NonZero::new(count)?);
    hosts().nth(pick as usize).map(|e| e.addr())
}
