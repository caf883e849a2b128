// SPDX-License-Identifier: GPL-2.0

//! Which prefixes may be in a set.

use super::super::{Prefix, PrefixError};
use super::*;

fn refused(addr: &str, len: u8) -> PrefixError {
    Prefix::new(ip(addr), len).unwrap_err()
}

#[test]
fn host_addresses_and_networks_are_accepted() {
    assert!(prefix("10.0.0.1").is_host());
    assert!(prefix("2001:db8::1").is_host());
    assert!(!prefix("10.1.0.0/24").is_host());
    assert!(!prefix("2001:db8::/64").is_host());
    assert!(prefix("127.0.0.2").is_host());
}

#[test]
fn host_bits_are_refused() {
    assert_eq!(refused("10.0.0.5", 24), PrefixError::HostBits);
    assert_eq!(refused("2001:db8::5", 64), PrefixError::HostBits);
}

#[test]
fn every_address_at_once_is_refused() {
    assert_eq!(refused("0.0.0.0", 0), PrefixError::Length);
    assert_eq!(refused("::", 0), PrefixError::Length);
    assert_eq!(refused("10.0.0.0", 33), PrefixError::Length);
    assert_eq!(refused("2001:db8::", 129), PrefixError::Length);
}

#[test]
fn addresses_nobody_can_own_are_refused() {
    assert_eq!(refused("0.0.0.0", 32), PrefixError::Unspecified);
    assert_eq!(refused("::", 128), PrefixError::Unspecified);
    assert_eq!(refused("224.0.0.1", 32), PrefixError::Multicast);
    assert_eq!(refused("224.0.0.0", 3), PrefixError::Multicast);
    assert_eq!(refused("ff02::1", 128), PrefixError::Multicast);
    assert_eq!(refused("255.255.255.255", 32), PrefixError::Broadcast);
    assert_eq!(refused("240.0.0.0", 4), PrefixError::Broadcast);
}

#[test]
fn mapped_addresses_are_to_be_given_as_ipv4() {
    assert_eq!(refused("::ffff:10.0.0.1", 128), PrefixError::Mapped);
    assert_eq!(refused("::ffff:0:0", 96), PrefixError::Mapped);
    // A network that would contain all of them.
    assert_eq!(refused("::", 64), PrefixError::Unspecified);
}

#[test]
fn a_host_is_shown_without_its_length() {
    assert_eq!(prefix("10.0.0.1").to_string(), "10.0.0.1");
    assert_eq!(prefix("10.1.0.0/24").to_string(), "10.1.0.0/24");
    assert_eq!(prefix("2001:db8::/64").to_string(), "2001:db8::/64");
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_the_same(p in any_prefix()) {
        prop_assert_eq!(prefix(&p.to_string()), p);
    }

    #[test]
    fn no_prefix_holds_an_address_that_is_refused_alone(p in any_prefix(), a in any_ip()) {
        let full = if a.is_ipv4() { 32 } else { 128 };
        let set = OwnedSet::new(vec![p]);
        if Prefix::new(a, full).is_err() && a == a.to_canonical() {
            prop_assert!(!set.view().contains(a), "{} is in {}", a, p);
        }
    }
}
