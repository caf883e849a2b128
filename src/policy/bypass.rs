// SPDX-License-Identifier: GPL-2.0

//! Bypasses: which open files let a process send or receive where no LSM hook is
//! called.

use super::abi::Bypass;

// include/linux/socket.h, include/uapi/linux/in.h
const PF_PACKET: u16 = 17;
const PF_XDP: u16 = 44;
const IPPROTO_MPTCP: u16 = 262;
// include/net/tcp_states.h
const TCP_CLOSE: u8 = 7;
const TCP_LISTEN: u8 = 10;
// include/uapi/linux/major.h, include/linux/miscdevice.h
const MISC_MAJOR: u32 = 10;
const TUN_MINOR: u32 = 200;
const VHOST_NET_MINOR: u32 = 238;
const PPP_MAJOR: u32 = 108;

/// The owner of the memory that a file gives access to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// No memory.
    None,
    /// The memory of the process that has the file, or of another that the caller
    /// counts as inside the association.
    Own,
    /// The memory of another process, all of it, as `/proc/PID/mem` does.
    Foreign,
    /// Missing pages of another process, as `userfaultfd(2)` does.
    ForeignPages,
}

/// What an open file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenFile {
    /// A socket.
    Socket {
        /// `PF_*`.
        family: u16,
        /// `IPPROTO_*`.
        protocol: u16,
        /// `TCP_*`, also of sockets of other families.
        state: u8,
        /// Whether it is in a sockmap.
        redirected: bool,
    },
    /// Another file.
    Other {
        /// Major and minor number of a character device.
        device: Option<(u32, u32)>,
        /// Whether it is an io_uring that a process with other memory made.
        foreign_ring: bool,
        /// The owner of the memory that it gives access to.
        memory: Memory,
    },
}

/// The kind of bypass that an open file is, if it is one.
#[must_use]
pub fn bypass(file: &OpenFile) -> Option<Bypass> {
    match *file {
        OpenFile::Socket {
            family: PF_PACKET, ..
        } => Some(Bypass::PacketSocket),
        OpenFile::Socket { family: PF_XDP, .. } => Some(Bypass::XdpSocket),
        // The kernel may continue an MPTCP connection from and to other addresses, on
        // sockets of its own.
        OpenFile::Socket {
            protocol: IPPROTO_MPTCP,
            state,
            ..
        } if !matches!(state, TCP_CLOSE | TCP_LISTEN) => Some(Bypass::MptcpConnection),
        OpenFile::Socket { redirected, .. } => redirected.then_some(Bypass::SockmapSocket),
        OpenFile::Other {
            foreign_ring: true, ..
        } => Some(Bypass::ForeignRing),
        OpenFile::Other {
            device: Some((MISC_MAJOR, TUN_MINOR | VHOST_NET_MINOR) | (PPP_MAJOR, 0)),
            ..
        } => Some(Bypass::NetworkDevice),
        OpenFile::Other { memory, .. } => match memory {
            Memory::None | Memory::Own => None,
            Memory::Foreign => Some(Bypass::ForeignMemory),
            Memory::ForeignPages => Some(Bypass::ForeignPages),
        },
    }
}
