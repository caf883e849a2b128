// SPDX-License-Identifier: GPL-2.0

//! Checks control messages of any bytes against a model of how the kernel reads them:
//! `CMSG_OK()` and `__cmsg_nxthdr()` (`include/linux/socket.h`),
//! `ip_cmsg_send()` and `ip6_datagram_send_ctl()`.
//!
//! The first byte is the number of following bytes from which the owner is drawn.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::is_any;
use addrconf_fuzz_host::naive::message::{kernel, leads_elsewhere, Reading};
use addrconf_policy::{routed, sources_allowed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else {
        return;
    };
    let (head, control) = bytes.split_at(bytes.len().min(first.into()));
    let owned = Bytes::new(head).owned();
    let reading = kernel(control);
    let refused = matches!(reading, Reading::Refused(_));
    let fine = |a: &IpAddr| is_any(*a) || owned.naively_owns(*a);
    let allowed = sources_allowed(&owned.owner(), control);
    if allowed {
        assert!(reading.sources().iter().all(fine), "{reading:?}");
    } else {
        // Nothing valid is refused: the kernel refuses it as well, or a source is
        // foreign.
        assert!(refused || !reading.sources().iter().all(fine));
    }
    if leads_elsewhere(control) {
        assert!(routed(control));
    } else if routed(control) {
        assert!(refused);
    }
});
