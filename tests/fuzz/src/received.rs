// SPDX-License-Identifier: GPL-2.0

//! Reads and writes control messages as bytes.

use std::net::IpAddr;

use crate::sys::control_message::{control_bytes, controls};

/// The contents of the control messages of one message.
#[derive(Default)]
pub struct Extra {
    /// The address the message was sent to.
    pub local: Option<IpAddr>,
    /// Descriptors that were passed with it.
    pub descriptors: Vec<i32>,
}

/// Reads control messages.
pub fn read(control: &[u8]) -> Extra {
    let mut extra = Extra::default();
    for (level, kind, data) in controls(control) {
        match (level, kind) {
            // struct in_pktinfo: interface, local, destination.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let found = data.get(8..12).and_then(|b| <[u8; 4]>::try_from(b).ok());
                extra.local = found.map(IpAddr::from);
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let found = data.get(..16).and_then(|b| <[u8; 16]>::try_from(b).ok());
                extra.local = found.map(IpAddr::from);
            }
            (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                let fds = data.chunks_exact(4);
                let fds = fds.map(|b| i32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
                extra.descriptors.extend(fds);
            }
            _ => {}
        }
    }
    extra
}

/// The bytes of one control message to send.
pub fn write(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
    control_bytes(&(level, kind, data.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_are_read_one_after_another() {
        let mut info = [0; 12];
        info[8..].copy_from_slice(&[10, 1, 1, 5]);
        let mut bytes = write(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
        bytes.extend(write(
            libc::SOL_SOCKET,
            libc::SCM_RIGHTS,
            &7_i32.to_ne_bytes(),
        ));
        let extra = read(&bytes);
        assert_eq!(extra.local, Some(IpAddr::from([10, 1, 1, 5])));
        assert_eq!(extra.descriptors, [7]);
    }

    #[test]
    fn a_wrong_length_ends_reading() {
        for len in [0_u64, 5, 1 << 40] {
            let mut bytes = write(libc::IPPROTO_IP, libc::IP_PKTINFO, &[0; 12]);
            bytes[..8].copy_from_slice(&len.to_ne_bytes());
            assert_eq!(read(&bytes).local, None);
        }
    }
}
