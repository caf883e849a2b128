// SPDX-License-Identifier: GPL-2.0

//! Control messages (`struct cmsghdr`) as bytes, so that tests can send invalid ones. No
//! system calls.

use std::net::IpAddr;

/// A control message: its level, kind and content.
pub type Control = (i32, i32, Vec<u8>);

const HEADER: usize = 16;
const ALIGN: usize = 8;

/// A control message as bytes: struct cmsghdr (length, level, type), then the
/// content, padded.
pub fn control_bytes((level, kind, content): &Control) -> Vec<u8> {
    let mut bytes = (HEADER + content.len()).to_ne_bytes().to_vec();
    bytes.extend(level.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
    bytes
}

/// Parses control messages, up to the first one with an invalid length.
pub fn controls(mut bytes: &[u8]) -> Vec<Control> {
    let mut controls = Vec::new();
    while let Some((header, _)) = bytes.split_at_checked(HEADER) {
        let word = |at: usize| i32::from_ne_bytes(header[at..at + 4].try_into().expect("4 bytes"));
        let len = usize::from_ne_bytes(header[..8].try_into().expect("8 bytes"));
        let Some(content) = bytes.get(HEADER..len) else {
            break;
        };
        controls.push((word(8), word(12), content.to_vec()));
        bytes = bytes.get(len.next_multiple_of(ALIGN)..).unwrap_or(&[]);
    }
    controls
}

/// The control message that asks for a source.
pub fn source_control(source: IpAddr) -> Control {
    match source {
        IpAddr::V4(ip) => {
            // struct in_pktinfo: interface, source, unused
            let info = [[0; 4], ip.octets(), [0; 4]].concat();
            (libc::IPPROTO_IP, libc::IP_PKTINFO, info)
        }
        IpAddr::V6(ip) => {
            // struct in6_pktinfo: source, interface
            let info = [&ip.octets()[..], &[0; 4]].concat();
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let all = [(1, 2, vec![3; 5]), (4, 5, vec![]), (6, 7, vec![8; 8])];
        let bytes = all.iter().flat_map(control_bytes).collect::<Vec<_>>();
        assert_eq!(controls(&bytes), all);
    }
}
