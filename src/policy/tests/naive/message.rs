// SPDX-License-Identifier: GPL-2.0

//! Control messages as the kernel reads them: `for_each_cmsghdr()`, `CMSG_OK()` and
//! `__cmsg_nxthdr()` (`include/linux/socket.h`), `ip_cmsg_send()` and
//! `ip6_datagram_send_ctl()`.

use std::net::IpAddr;
use std::vec::Vec;

/// `sizeof(struct cmsghdr)`.
const HEADER: usize = 16;

/// The kernel's result of reading control messages.
#[derive(Debug, PartialEq)]
pub enum Reading {
    /// They ask for these sources.
    Sources(Vec<IpAddr>),
    /// `EINVAL`, after these sources were read.
    Refused(Vec<IpAddr>),
}

impl Reading {
    /// The sources that were read.
    #[must_use]
    pub fn sources(&self) -> &[IpAddr] {
        match self {
            Self::Sources(sources) | Self::Refused(sources) => sources,
        }
    }
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("as many bytes")
}

/// Reads as the kernel does, offset by offset. Calls `each` with the level and kind of
/// every message that the kernel does not refuse.
fn read(bytes: &[u8], mut each: impl FnMut(i32, i32)) -> Reading {
    let mut sources = Vec::new();
    let size = bytes.len() as u64;
    let mut at = 0_u64;
    // __CMSG_FIRSTHDR()
    if size < HEADER as u64 {
        return Reading::Sources(sources);
    }
    loop {
        let here = usize::try_from(at).expect("an offset in memory");
        let len = u64::from_ne_bytes(bytes_at(bytes, here));
        let level = i32::from_ne_bytes(bytes_at(bytes, here + 8));
        let kind = i32::from_ne_bytes(bytes_at(bytes, here + 12));
        // CMSG_OK()
        if len < HEADER as u64 || len > size - at {
            return Reading::Refused(sources);
        }
        match (level, kind) {
            // IP_PKTINFO
            (0, 8) => {
                if len != 28 {
                    return Reading::Refused(sources);
                }
                let source: [u8; 4] = bytes_at(bytes, here + HEADER + 4);
                sources.push(source.into());
            }
            // IPV6_2292PKTINFO, IPV6_PKTINFO
            (41, 2 | 50) => {
                if len < 36 {
                    return Reading::Refused(sources);
                }
                let source: [u8; 16] = bytes_at(bytes, here + HEADER);
                sources.push(source.into());
            }
            _ => {}
        }
        each(level, kind);
        // __cmsg_nxthdr(); the sum cannot overflow, as `len` was checked.
        at += (len + 7) & !7;
        if at + HEADER as u64 > size {
            return Reading::Sources(sources);
        }
    }
}

/// The sources that the kernel reads.
#[must_use]
pub fn kernel(bytes: &[u8]) -> Reading {
    read(bytes, |_, _| ())
}

/// Whether the kernel reads a source route, an extension header, or a mark, which
/// chooses a routing table.
#[must_use]
pub fn leads_elsewhere(bytes: &[u8]) -> bool {
    let mut found = false;
    let _ = read(bytes, |level, kind| {
        found |= matches!(
            (level, kind),
            (0, 7) | (1, 36) | (41, 3 | 4 | 5 | 54 | 55 | 57 | 59)
        );
    });
    found
}
