// SPDX-License-Identifier: GPL-2.0

//! The values of options about multicast groups (`include/uapi/linux/in.h`,
//! `in6.h`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::Addr;
use crate::sys::device::interface_index;

pub const GROUP4: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);
pub const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 1, 203);
const SOURCE4: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 1);
const SOURCE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1);

/// The interface that joins.
pub fn index() -> u32 {
    interface_index("dummy0").expect("an interface")
}

/// struct ip_mreq: group, address of the interface.
pub fn mreq() -> Vec<u8> {
    [GROUP4.octets(), [10, 0, 0, 1]].concat()
}

/// struct ip_mreqn: the same, and the interface.
pub fn mreqn() -> Vec<u8> {
    [GROUP4.octets(), [0; 4], index().to_ne_bytes()].concat()
}

/// struct ip_mreq_source: group, address of the interface, source.
pub fn mreq_source() -> Vec<u8> {
    [mreq(), SOURCE4.octets().to_vec()].concat()
}

/// struct ip_msfilter: group, address of the interface, mode (include), one source.
pub fn msfilter() -> Vec<u8> {
    let one = 1_u32.to_ne_bytes();
    [
        mreq(),
        one.to_vec(),
        one.to_vec(),
        SOURCE4.octets().to_vec(),
    ]
    .concat()
}

/// struct ipv6_mreq: group, interface.
pub fn mreq6() -> Vec<u8> {
    [&GROUP6.octets()[..], &index().to_ne_bytes()].concat()
}

/// struct sockaddr_storage.
pub fn storage(addr: IpAddr) -> Vec<u8> {
    Addr::from((addr, 0)).resized(128).bytes().to_vec()
}

/// struct group_req: interface, padding, group.
pub fn request(group: IpAddr) -> Vec<u8> {
    [&index().to_ne_bytes()[..], &[0; 4], &storage(group)].concat()
}

pub fn request4() -> Vec<u8> {
    request(GROUP4.into())
}

pub fn request6() -> Vec<u8> {
    request(GROUP6.into())
}

/// struct group_source_req: the same, and a source.
pub fn source_request4() -> Vec<u8> {
    [request4(), storage(SOURCE4.into())].concat()
}

pub fn source_request6() -> Vec<u8> {
    [request6(), storage(SOURCE6.into())].concat()
}

/// struct group_filter: interface, padding, group, mode (include), one source.
pub fn filter4() -> Vec<u8> {
    let one = 1_u32.to_ne_bytes();
    [
        request4(),
        one.to_vec(),
        one.to_vec(),
        storage(SOURCE4.into()),
    ]
    .concat()
}
