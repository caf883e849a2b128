// SPDX-License-Identifier: GPL-2.0

//! Requests to the kernel about the network, over rtnetlink.

use std::io;

use libc::{AF_NETLINK, SOCK_RAW};

use crate::addr::Addr;
use crate::sock::Sock;

/// Makes a request of this kind, and waits for the kernel's answer.
pub fn request(kind: u16, body: &[u8]) -> io::Result<()> {
    // struct nlmsghdr: length, kind, flags (REQUEST, ACK), number, port.
    let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(5_u16.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(body);
    let sock = Sock::new(AF_NETLINK, SOCK_RAW, 0)?;
    let mut kernel = (AF_NETLINK as u16).to_ne_bytes().to_vec();
    kernel.resize(12, 0);
    sock.send_to(&bytes, Addr::raw(&kernel))?;
    let (answer, _) = sock.receive()?;
    // struct nlmsgerr comes after the header.
    match i32::from_ne_bytes(answer[16..20].try_into().expect("4 bytes")) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}

/// An attribute of a request, of whole words.
pub fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    assert_eq!(content.len() % 4, 0);
    let mut bytes = (4 + content.len() as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(content);
    bytes
}
