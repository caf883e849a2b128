// SPDX-License-Identifier: GPL-2.0

//! The TCP sockets of the machine, and the processes that hold them, as `/proc` tells; and a socket
//! of addrctl.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{socket_with, AddressFamily, SocketFlags, SocketType};

/// The state of a connection that is established (`TCP_ESTABLISHED`, `include/net/tcp_states.h`).
const ESTABLISHED: &str = "01";
/// The state of a socket that listens (`TCP_LISTEN`).
const LISTEN: &str = "0A";

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// Its local address. An IPv4 address in IPv6 notation is an IPv4 address here.
    pub local: SocketAddr,
    /// It listens; else it is connected.
    pub listens: bool,
    /// Its inode number; 0 if no process has accepted it yet.
    pub inode: u64,
}

/// The sockets that listen or are connected. What cannot be read is left out.
pub(super) fn tcp() -> Vec<TcpSocket> {
    let files = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = files.map(|file| fs::read_to_string(file).unwrap_or_default());
    let lines = texts.iter().flat_map(|text| text.lines());
    lines.filter_map(socket).collect()
}

/// A new TCP or UDP socket.
pub fn unused_socket(is_v6: bool, is_udp: bool) -> Result<OwnedFd, Errno> {
    let family = if is_v6 {
        AddressFamily::INET6
    } else {
        AddressFamily::INET
    };
    let kind = if is_udp {
        SocketType::DGRAM
    } else {
        SocketType::STREAM
    };
    socket_with(family, kind, SocketFlags::CLOEXEC, None)
}

/// The processes that hold these sockets.
pub(super) fn holders(inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<i32>> {
    let mut holders = BTreeMap::<_, BTreeSet<_>>::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        for file in files.into_iter().flatten().flatten() {
            let link = fs::read_link(file.path()).ok();
            let inode = link.and_then(|link| inode(link.to_str()?));
            if let Some(inode) = inode.filter(|inode| inodes.contains(inode)) {
                holders.entry(inode).or_default().insert(pid);
            }
        }
    }
    holders
}

/// The inode number of a socket, of a link in `/proc/PID/fd`.
fn inode(link: &str) -> Option<u64> {
    let number = link.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// Reads a line of `/proc/net/tcp` or `/proc/net/tcp6`. `None` for the heading, and for sockets
/// in other states.
fn socket(line: &str) -> Option<TcpSocket> {
    let mut fields = line.split_whitespace();
    let (local, _, state) = (fields.nth(1)?, fields.next()?, fields.next()?);
    let listens = match state {
        LISTEN => true,
        ESTABLISHED => false,
        _ => return None,
    };
    let (addr, port) = local.split_once(':')?;
    Some(TcpSocket {
        local: SocketAddr::new(address(addr)?, u16::from_str_radix(port, 16).ok()?),
        listens,
        inode: fields.nth(5)?.parse().ok()?,
    })
}

/// Reads an address: words of 32 bits in the byte order of the machine.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::{AsFd, BorrowedFd};

    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_is_a_socket_that_listens_or_is_connected() {
        let rest = "00000000:00000000 00:00000000 00000000     0        0";
        let read = |local: &str, state: &str| {
            let line = format!("   0: {local} 00000000:0000 {state} {rest} 20817 1 0000 100");
            let found = socket(&line);
            found.map(|s| (s.local.to_string(), s.listens, s.inode))
        };
        let is = |local: &str, listens| Some((local.to_owned(), listens, 20817));
        assert_eq!(read("00000000:0016", "0A"), is("0.0.0.0:22", true));
        assert_eq!(read("0100000A:1F90", "01"), is("10.0.0.1:8080", false));
        let v6 = "B80D0120000000000000000001000000:0016";
        assert_eq!(read(v6, "0A"), is("[2001:db8::1]:22", true));
        let mapped = "0000000000000000FFFF00000100000A:0016";
        assert_eq!(read(mapped, "01"), is("10.0.0.1:22", false));
        // TIME_WAIT.
        assert_eq!(read("0100000A:0016", "06"), None);
        for bad in [
            "",
            "  sl  local_address rem_address   st",
            "0: 00:0016 0:0 0A",
        ] {
            assert_eq!(socket(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_link_names_a_socket() {
        assert_eq!(inode("socket:[20817]"), Some(20817));
        for other in ["pipe:[20817]", "/dev/null", "socket:[]"] {
            assert_eq!(inode(other), None);
        }
    }

    #[test]
    fn the_sockets_of_this_very_process_are_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let local = listener.local_addr().unwrap();
        let _client = TcpStream::connect(local).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let number = |fd: BorrowedFd<'_>| rustix::fs::fstat(fd).unwrap().st_ino;
        let inodes = [number(listener.as_fd()), number(accepted.as_fd())];
        let all = tcp();
        for (inode, listens) in inodes.into_iter().zip([true, false]) {
            assert!(all.contains(&TcpSocket {
                local,
                listens,
                inode
            }));
        }
        let own = std::process::id() as i32;
        let held = holders(&inodes.into());
        assert_eq!(held.len(), 2);
        assert!(held.values().all(|pids| pids.contains(&own)));
    }
}
