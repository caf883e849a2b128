// SPDX-License-Identifier: GPL-2.0

//! Addresses whose family is `AF_UNSPEC`. `sendto()` of IPv4 takes them for
//! IPv4, and so does `bind()` if the address is the wildcard. `connect()`
//! dissolves a connection and makes the kernel forget the source. IPv6 takes
//! them for no address.

use libc::{AF_UNSPEC, EACCES};

use crate::addr::{ip, Addr, ANY4, HOST4, HOST6, ONE};
use crate::child::as_tenant;
use crate::client::Device;
use crate::registry::{everywhere, refusal, Test};
use crate::sock::{Proto, Sock};

use super::witness::Spoof;

pub fn tests() -> Vec<Test> {
    let spoof = |name, at, prepare| Spoof {
        name,
        proto: Proto::Udp,
        at,
        foreign: at,
        prepare,
    };
    let mut tests: Vec<Test> = [
        spoof("a_message_to_no_family", HOST4, |to| {
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || sock.send_to(b"x", without_family(&to)))
        }),
        spoof("a_message_after_a_short_dissolution", HOST4, |to| {
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || {
                sock.bind((ANY4, 5000))?;
                sock.connect(to.clone())?;
                // Two bytes of family are enough.
                sock.connect(Addr::raw(&[0, 0]))?;
                sock.send_to(b"x", to)
            })
        }),
        spoof("a_message_to_no_family_on_a_v6_connection", HOST6, |to| {
            let sock = Sock::v6(Proto::Udp);
            Box::new(move || {
                sock.connect(to.clone())?;
                sock.send_to(b"x", without_family(&to))
            })
        }),
    ]
    .into_iter()
    .flat_map(Spoof::tests)
    .collect();
    tests.extend([
        refusal(
            "sendto_of_no_family_to_another_loopback_address_is_refused",
            ONE,
            EACCES,
            || {
                let server = Sock::serving(Proto::Udp, ("127.64.0.77", 0));
                let sock = Sock::v4(Proto::Udp);
                Box::new(move || sock.send_to(b"x", without_family(&server.local())))
            },
        ),
        everywhere("bind_of_no_family_to_an_address_is_for_nobody", || {
            let attempt = || {
                for addr in [HOST4, ONE[0]] {
                    let sock = Sock::v4(Proto::Udp);
                    let bound = sock.bind(without_family(&(addr, 5000).into()));
                    let errno = bound.expect_err("bound without a family").raw_os_error();
                    assert_eq!(errno, Some(libc::EAFNOSUPPORT));
                    assert_eq!(sock.local().internet(), (ip("0.0.0.0"), 0).into());
                }
            };
            attempt();
            if Device::try_open().is_ok() {
                as_tenant(ONE, attempt);
            }
        }),
    ]);
    tests
}

fn without_family(addr: &Addr) -> Addr {
    let mut bytes = addr.bytes().to_vec();
    bytes[..2].copy_from_slice(&(AF_UNSPEC as u16).to_ne_bytes());
    Addr::raw(&bytes)
}
