// SPDX-License-Identifier: GPL-2.0

//! The flags of a narrowing.

use addrconf_abi::{NarrowHeader, Wire, WireError};

use super::{bytes, samples};

fn with_flags(flags: u32) -> Result<NarrowHeader, WireError> {
    let mut bytes = bytes(&samples().narrow);
    bytes[4..8].copy_from_slice(&flags.to_ne_bytes());
    NarrowHeader::decode(&bytes)
}

#[test]
fn a_narrowing_of_version_7_asks_for_a_loopback_of_its_own() {
    let plain = NarrowHeader {
        keep_loopback: false,
        ..samples().narrow
    };
    assert_eq!(with_flags(0), Ok(plain));
    // A module of version 7 serves it, and refuses every other: it has no flags.
    assert_eq!(bytes(&plain)[4..8], [0; 4]);
    assert_ne!(bytes(&samples().narrow)[4..8], [0; 4]);
}

#[test]
fn only_flags_that_are_known_are_accepted() {
    assert_eq!(with_flags(1), Ok(samples().narrow));
    for flags in (1..32).map(|bit| 1 << bit).chain([3, u32::MAX]) {
        assert_eq!(with_flags(flags), Err(WireError::BadField), "{flags:#x}");
    }
}
