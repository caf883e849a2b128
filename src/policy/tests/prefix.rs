// SPDX-License-Identifier: GPL-2.0

//! Which prefixes may be in a set.

use super::super::{Prefix, PrefixError};
use super::naive::place::network;
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
    // Next to addresses that are refused.
    for text in ["1.0.0.0/8", "126.0.0.0/8", "128.0.0.0/2", "192.0.0.0/3"] {
        assert!(!prefix(text).is_host());
    }
    assert!(prefix("::2").is_host());
    assert!(!prefix("::2/127").is_host());
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
    assert_eq!(refused("128.0.0.0", 1), PrefixError::Broadcast);
}

#[test]
fn no_host_has_the_first_and_the_last_addresses_of_ipv4() {
    for (addr, len) in [
        ("0.0.0.1", 32),
        ("0.0.0.0", 31),
        ("0.0.0.0", 8),
        ("0.255.255.255", 32),
        ("0.0.0.0", 7),
        ("240.0.0.0", 32),
        ("240.0.0.0", 5),
        ("255.255.255.254", 32),
    ] {
        assert_eq!(refused(addr, len), PrefixError::Reserved, "{addr}/{len}");
    }
}

#[test]
fn no_set_has_a_loopback_address() {
    for (addr, len) in [
        ("127.0.0.1", 32),
        ("127.0.0.53", 32),
        ("127.64.0.1", 32),
        ("127.255.255.255", 32),
        ("127.0.0.0", 8),
        ("127.64.0.0", 10),
        ("::1", 128),
        // Networks that contain others as well.
        ("126.0.0.0", 7),
        ("64.0.0.0", 2),
        ("0.0.0.0", 1),
        ("::", 127),
        ("::", 1),
    ] {
        assert_eq!(refused(addr, len), PrefixError::Loopback, "{addr}/{len}");
    }
}

#[test]
fn mapped_addresses_are_to_be_given_as_ipv4() {
    assert_eq!(refused("::ffff:10.0.0.1", 128), PrefixError::Mapped);
    assert_eq!(refused("::ffff:0:0", 96), PrefixError::Mapped);
    // Networks that contain all of them.
    assert_eq!(refused("::fffe:0:0", 95), PrefixError::Mapped);
    assert_eq!(refused("::", 64), PrefixError::Loopback);
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
    fn no_prefix_around_an_address_that_no_set_may_have_is_accepted(
        first in prop::sample::select(std::vec![0_u32, 127, 240, 251, 255]),
        rest in any::<u32>(),
        len in 1_u8..=32,
        len_v6 in 1_u8..=128,
    ) {
        let addr = Ipv4Addr::from(first << 24 | rest >> 8).into();
        prop_assert!(Prefix::new(network(addr, len), len).is_err());
        let addr = Ipv6Addr::LOCALHOST.into();
        prop_assert!(Prefix::new(network(addr, len_v6), len_v6).is_err());
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
