// SPDX-License-Identifier: GPL-2.0

//! Parses socket addresses of any bytes and lengths. The first byte chooses the
//! family of the socket.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_policy::{long_enough, Family, Refusal, SockAddr};
use libfuzzer_sys::fuzz_target;

/// Parses as the protocols do, offset by offset.
fn naively(six: bool, b: &[u8]) -> Result<SockAddr, Refusal> {
    let len = b.len();
    if len < 2 {
        return Err(Refusal::Malformed);
    }
    let v4 = || Ipv4Addr::new(b[4], b[5], b[6], b[7]);
    match u16::from_ne_bytes([b[0], b[1]]) {
        0 if len < 16 => Ok(SockAddr::Unspec(None)),
        0 => Ok(SockAddr::Unspec(Some(v4()))),
        2 if len >= 16 => Ok(SockAddr::V4(v4())),
        10 if six && len >= 24 => {
            let addr: [u8; 16] = b[8..24].try_into().expect("sixteen bytes");
            Ok(SockAddr::V6(Ipv6Addr::from(addr)))
        }
        2 => Err(Refusal::Malformed),
        10 if six => Err(Refusal::Malformed),
        _ if len < if six { 24 } else { 16 } => Err(Refusal::Malformed),
        family => Ok(SockAddr::Other(family)),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else {
        return;
    };
    let six = first & 1 == 1;
    let family = if six { Family::V6 } else { Family::V4 };
    let parsed = SockAddr::parse(family, bytes);
    assert_eq!(parsed, naively(six, bytes));
    if let Ok(addr) = parsed {
        // Never an IPv4-mapped one: rules compare addresses in this form.
        if let Some(IpAddr::V6(a)) = addr.ip() {
            assert_eq!(a.to_ipv4_mapped(), None);
        }
    }
    let enough = bytes.len() >= if six { 24 } else { 16 };
    assert_eq!(long_enough(family, bytes.len()), enough);
    // A socket address that is long enough for bind() has an address in it.
    if enough {
        assert_ne!(parsed, Ok(SockAddr::Unspec(None)));
        assert!(parsed.is_ok());
    }
});
