// SPDX-License-Identifier: GPL-2.0

//! A filter sees the packets of its own socket. It is allowed, and sees no
//! others.

use std::os::fd::AsFd;

use libc::SO_ATTACH_FILTER;

use super::packets::{conversation, PORT, SECRET};
use crate::addr::{ANY4, ONE};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::attach_classic;

/// The classic BPF instruction that returns a constant: how much of each packet
/// may pass.
const RETURN: u16 = 6;

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("a_filter_drops_what_its_socket_would_get", || {
            filtered();
        }),
        behaviour(
            "a_filter_of_a_tenant_is_allowed_and_drops_only_its_own",
            || {
                // Continues during the whole test.
                let _talk = conversation("10.0.0.2");
                associate(ONE);
                filtered();
            },
        ),
    ]
}

fn filtered() {
    let server = Sock::v4(Proto::Udp);
    server.bind((ANY4, PORT + 1)).expect("bind");
    let client = Sock::v4(Proto::Udp);
    client.connect(("10.0.0.1", PORT + 1)).expect("connect");
    let filter = |pass| attach_classic(server.as_fd(), SO_ATTACH_FILTER, &[(RETURN, pass)]);
    filter(0).expect("a filter");
    client.send(SECRET).expect("send");
    assert!(!server.has_input(300), "the filter let a message pass");
    filter(u32::MAX).expect("another filter");
    client.send(SECRET).expect("send");
    assert_eq!(server.receive().expect("receive").0, SECRET);
}
