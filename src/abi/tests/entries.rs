// SPDX-License-Identifier: GPL-2.0

//! The addresses that an entry of a set contains, and its text form.

use addrconf_abi::AddrEntry;

fn entry(text: &str) -> AddrEntry {
    match text.split_once('/') {
        None => AddrEntry::host(text.parse().unwrap()),
        Some((addr, len)) => AddrEntry {
            addr: addr.parse().unwrap(),
            prefix_len: len.parse().unwrap(),
        },
    }
}

#[test]
fn an_entry_covers_what_lies_within_it() {
    let covers = |outer, inner| entry(outer).covers(&entry(inner));
    assert!(covers("10.0.0.0/24", "10.0.0.7"));
    assert!(covers("10.0.0.0/24", "10.0.0.128/25"));
    assert!(covers("10.0.0.0/24", "10.0.0.0/24"));
    assert!(covers("2001:db8::/32", "2001:db8:1::/48"));
    assert!(covers("0.0.0.0/0", "10.0.0.1"));
    assert!(covers("::/0", "2001:db8::1"));
    assert!(!covers("10.0.0.0/24", "10.0.1.1"));
    assert!(!covers("10.0.0.0/24", "10.0.0.0/23"));
    assert!(!covers("10.0.0.1", "10.0.0.2"));
    assert!(!covers("10.0.0.0/8", "a00::"));
    assert!(!covers("::/0", "10.0.0.1"));
}

#[test]
fn the_bits_beyond_the_length_are_no_part_of_a_network() {
    let network = |text| entry(text).network().to_string();
    assert_eq!(network("10.1.2.3/8"), "10.0.0.0");
    assert_eq!(network("10.1.2.3"), "10.1.2.3");
    assert_eq!(network("10.1.2.3/0"), "0.0.0.0");
    assert_eq!(network("2001:db8:1::1/32"), "2001:db8::");
    assert_eq!(network("2001:db8::1/0"), "::");
}

#[test]
fn an_entry_is_written_as_people_write_it() {
    for text in ["10.0.0.1", "10.0.0.0/24", "2001:db8::1", "2001:db8::/64"] {
        assert_eq!(entry(text).to_string(), text);
    }
    assert_eq!(entry("10.0.0.1/32").to_string(), "10.0.0.1");
    assert!(entry("2001:db8::1/128").is_host());
    assert!(!entry("2001:db8::1/127").is_host());
}
