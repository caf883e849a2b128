// SPDX-License-Identifier: GPL-2.0

//! Tests of parsing and formatting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_abi::AddrEntry;
use proptest::prelude::*;

use super::{entry, AddressSet, Overlap, ParseSetError};

fn message(list: &str) -> String {
    list.parse::<AddressSet>().unwrap_err().to_string()
}

#[test]
fn bare_addresses_become_host_prefixes_in_the_order_given() {
    let set: AddressSet = "10.0.0.0/24,10.0.1.5,2001:db8::/64,2001:DB8:1::1,10.0.1.4"
        .parse()
        .unwrap();
    let lens: Vec<_> = set.entries().iter().map(|entry| entry.prefix_len).collect();
    assert_eq!(lens, [24, 32, 64, 128, 32]);
    assert!(set.entries()[1].addr.is_ipv4());
    assert_eq!(
        set.to_string(),
        "10.0.0.0/24,10.0.1.5,2001:db8::/64,2001:db8:1::1,10.0.1.4"
    );
}

#[test]
fn the_first_host_address_of_each_family_is_its_primary() {
    let set: AddressSet = "10.0.0.0/24,10.0.1.5,10.0.1.4,2001:db8::/64"
        .parse()
        .unwrap();
    assert_eq!(set.primary_v4(), Some(Ipv4Addr::new(10, 0, 1, 5)));
    assert_eq!(set.primary_v6(), None);
}

#[test]
fn every_refusal_names_the_element_and_the_remedy() {
    let cases = [
        ("", "the list is empty"),
        (
            "10.0.0.1,",
            "element 2 of the list is empty: remove the extra comma",
        ),
        (",10.0.0.1", "element 1 of the list is empty"),
        (
            "10.0.0.1,10.0.0.5/24",
            "10.0.0.5/24 has host bits set: write 10.0.0.0/24 for the whole network or \
             10.0.0.5 for the one address",
        ),
        (
            "2001:db8::1/64",
            "2001:db8::1/64 has host bits set: write 2001:db8::/64",
        ),
        (
            "::ffff:192.0.2.1",
            "::ffff:192.0.2.1 stands for IPv4 addresses in IPv6 notation: write 192.0.2.1",
        ),
        ("::ffff:192.0.2.0/120", "write 192.0.2.0/24"),
        ("::ffff:192.0.2.9/120", "write 192.0.2.0/24"),
        ("::ffff:0.0.0.0/96", "write IPv4 addresses or prefixes"),
        ("::8000:0:0/81", "write IPv4 addresses or prefixes"),
        (
            "0.0.0.0/8",
            "0.0.0.0/8 is or contains addresses of 0.0.0.0/8",
        ),
        (
            "0.0.0.9/8",
            "0.0.0.9/8 is or contains addresses of 0.0.0.0/8",
        ),
        ("127.0.0.1", "127.0.0.1 is or contains loopback addresses"),
        ("::1", "::1 is or contains loopback addresses"),
        ("192.0.0.0/2", "192.0.0.0/2 is or contains"),
        (
            "240.0.0.0/4",
            "240.0.0.0/4 is or contains the broadcast address",
        ),
        (
            "240.0.0.1",
            "240.0.0.1 is or contains addresses of 0.0.0.0/8 or 240.0.0.0/4",
        ),
        ("0.0.0.0", "0.0.0.0 is or contains the unspecified address"),
        ("::", ":: is or contains the unspecified address"),
        ("224.0.0.1", "224.0.0.1 is or contains multicast"),
        ("ff02::1", "ff02::1 is or contains multicast"),
        ("ff00::/8", "ff00::/8 is or contains multicast"),
        ("255.255.255.255", "is or contains the broadcast address"),
        ("0.0.0.0/0", "0.0.0.0/0 means every address there is"),
        ("::/0", "::/0 means every address there is"),
        ("10.0.0.1/0", "means every address there is"),
        ("fe80::1%eth0", "fe80::1%eth0 names an interface after '%'"),
        ("fe80::%eth0/64", "names an interface after '%'"),
        ("10.0.0.1,10.0.0.1/32", "10.0.0.1/32 is in the list twice"),
        (
            "2001:db8::1,2001:DB8:0::1",
            "2001:DB8:0::1 is in the list twice",
        ),
        ("inet6", "inet6 is an address family"),
        ("AF_INET", "AF_INET is an address family"),
        ("eth0", "eth0 is not an IPv4 or IPv6 address"),
        ("10.0.0", "10.0.0 is not an IPv4 or IPv6 address"),
        ("10.0.0.256", "is not an IPv4 or IPv6 address"),
        ("10.0.0.1:80", "10.0.0.1:80 has a port: write 10.0.0.1"),
        ("[::1]:80", "has brackets: write ::1"),
        ("10.0.0.01", "has a number with leading zeros"),
        ("010.0.0.0/8", "has a number with leading zeros"),
        ("10.0.0.0/255.255.255.0", "has a netmask: write /24 instead"),
        (
            "10.0.0.0/",
            "has no valid prefix length after '/': write a number from 1 to 32",
        ),
        ("10.0.0.0/33", "write a number from 1 to 32"),
        ("10.0.0.0/+24", "write a number from 1 to 32"),
        ("10.0.0.0/024", "write a number from 1 to 32"),
        ("10.0.0.0/24/24", "write a number from 1 to 32"),
        ("10.0.0.0/256.0.0.0", "write a number from 1 to 32"),
        ("2001:db8::/129", "write a number from 1 to 128"),
        ("10.0.0.1, 10.0.0.2", " 10.0.0.2 contains white space"),
        ("a\u{1b}[31mb", "a\\u{1b}[31mb is not an IPv4"),
    ];
    for (list, expected) in cases {
        let message = message(list);
        assert!(message.contains(expected), "{list:?}: {message}");
    }
}

#[test]
fn as_many_addresses_as_a_set_holds_are_taken_and_one_more_is_refused() {
    let list = |n: u32| {
        let all: Vec<_> = (1..=n)
            .map(|i| Ipv4Addr::from(0x0a00_0000 + i).to_string())
            .collect();
        all.join(",")
    };
    assert_eq!(
        list(1024).parse::<AddressSet>().unwrap().entries().len(),
        1024
    );
    assert_eq!(
        list(1025).parse::<AddressSet>(),
        Err(ParseSetError::TooMany { count: 1025 })
    );
}

prop_compose! {
    fn any_network()(v6 in any::<bool>(), addr in any::<u128>(), len in 1_u8..=128) -> AddrEntry {
        let entry = if v6 {
            AddrEntry { addr: Ipv6Addr::from(addr).into(), prefix_len: len }
        } else {
            AddrEntry { addr: Ipv4Addr::from(addr as u32).into(), prefix_len: len.min(32) }
        };
        AddrEntry { addr: entry.network(), ..entry }
    }
}

#[test]
fn what_two_sets_have_in_common_is_the_smaller_entry() {
    let set = |text: &str| text.parse::<AddressSet>().unwrap();
    let own = set("10.0.0.1,10.1.0.0/24,2001:db8::/64");
    for (other, overlap) in [
        ("10.0.0.2,10.0.0.1", Some(("10.0.0.1", "10.0.0.1"))),
        ("10.0.0.0/24", Some(("10.0.0.1", "10.0.0.0/24"))),
        ("10.1.0.7", Some(("10.1.0.7", "10.1.0.7"))),
        ("2001:db8::1", Some(("2001:db8::1", "2001:db8::1"))),
        ("10.0.0.2,10.1.1.0/24,2001:db9::/64", None),
    ] {
        let expected = overlap.map(|(common, other)| Overlap {
            common: entry(common).unwrap(),
            other: entry(other).unwrap(),
        });
        assert_eq!(own.overlap(&set(other)), expected, "{other}");
    }
    assert!(own.contains("10.1.0.7".parse().unwrap()));
    assert!(!own.contains("10.1.1.7".parse().unwrap()));
    let beyond = own.beyond(&set("10.0.0.0/16,2001:db8::1"));
    assert_eq!(beyond, set("10.1.0.0/24,2001:db8::/64"));
}

proptest! {
    #[test]
    fn a_prefix_parses_exactly_when_the_module_takes_it_and_survives_formatting(network in any_network()) {
        let AddrEntry { addr, prefix_len } = network;
        let parsed = entry(&format!("{addr}/{prefix_len}"));
        let good = addrconf_policy::Prefix::new(addr, prefix_len);
        prop_assert_eq!(parsed.is_ok(), good.is_ok());
        if let Ok(parsed) = parsed {
            prop_assert_eq!(entry(&parsed.to_string()), Ok(parsed));
            prop_assert_eq!(parsed, network);
        }
    }

    #[test]
    fn any_text_either_is_a_set_that_formats_back_or_an_error(text in "\\PC{0,40}") {
        if let Ok(set) = text.parse::<AddressSet>() {
            prop_assert_eq!(set.to_string().parse::<AddressSet>(), Ok(set));
        }
    }

    #[test]
    fn text_that_looks_like_addresses_never_panics(text in "[0-9a-f.:/,%\\[\\] ]{0,48}") {
        if let Ok(set) = text.parse::<AddressSet>() {
            prop_assert_eq!(set.to_string().parse::<AddressSet>(), Ok(set));
        }
    }

    #[test]
    fn one_wrong_character_in_an_address_is_an_error(
        addr in any::<u32>(),
        at in 0_usize..7,
        wrong in "[g-zG-Z_!@#$%^&*()=+;'\"\\\\|<>?~` \t\n]",
    ) {
        let mut text = Ipv4Addr::from(addr).to_string();
        text.insert_str(at.min(text.len()), &wrong);
        prop_assert!(text.parse::<AddressSet>().is_err(), "{}", text);
    }

    #[test]
    fn bits_after_the_prefix_are_refused(
        network in any_network().prop_filter("a network", |entry| !entry.is_host()),
        bit in any::<u8>(),
    ) {
        let AddrEntry { addr, prefix_len: len } = network;
        let after = AddrEntry::host(addr).prefix_len - len;
        let host: IpAddr = match addr {
            IpAddr::V4(a) => Ipv4Addr::from(u32::from(a) | 1 << (bit % after)).into(),
            IpAddr::V6(a) => Ipv6Addr::from(u128::from(a) | 1 << (bit % after)).into(),
        };
        let text = format!("{host}/{len}");
        prop_assert!(entry(&text).is_err(), "{}", text);
    }
}
