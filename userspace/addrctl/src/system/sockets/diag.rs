// SPDX-License-Identifier: GPL-2.0

//! Sockets as the kernel tells them by netlink (sock_diag(7)), in the network namespace of addrctl.

use std::io;
use std::net::{IpAddr, SocketAddr};

use netlink_packet_core::{
    NetlinkHeader, NetlinkMessage, NetlinkPayload, NLM_F_DUMP, NLM_F_REQUEST,
};
use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, IPPROTO_RAW, IPPROTO_TCP, IPPROTO_UDP,
};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags, Timer,
};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::SocketAddr as NetlinkAddr;

use super::{Protocol, Socket, State};

/// The longest message of an answer (`netlink_recvmsg()`).
const ROOM: usize = 32 << 10;

/// Every state, also those that are younger than the crate.
const EVERY_STATE: StateFlags = StateFlags::from_bits_retain(u32::MAX);

/// The sockets of a protocol, except those without a port.
///
/// # Errors
///
/// `NotFound` if the kernel does not tell those of this protocol.
pub fn dump(protocol: Protocol) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for (family, any) in [
        (AF_INET, SocketId::new_v4()),
        (AF_INET6, SocketId::new_v6()),
    ] {
        match ask(protocol, family, any, &mut sockets) {
            // The kernel has no IPv6.
            Err(cause) if family == AF_INET6 && cause.kind() == io::ErrorKind::NotFound => {}
            asked => asked?,
        }
    }
    Ok(sockets)
}

/// Asks for the sockets of a family, and adds them to `sockets`.
fn ask(
    protocol: Protocol,
    family: u8,
    socket_id: SocketId,
    sockets: &mut Vec<Socket>,
) -> io::Result<()> {
    let netlink = netlink_sys::Socket::new(NETLINK_SOCK_DIAG)?;
    netlink.connect(&NetlinkAddr::new(0, 0))?;
    let request = SockDiagMessage::InetRequest(InetRequest {
        family,
        protocol: match protocol {
            Protocol::Tcp => IPPROTO_TCP,
            Protocol::Udp => IPPROTO_UDP,
            Protocol::Raw => IPPROTO_RAW,
        },
        extensions: ExtensionFlags::empty(),
        states: EVERY_STATE,
        socket_id,
    });
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut message = NetlinkMessage::new(header, request.into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    netlink.send(&bytes, 0)?;
    let mut answer = Vec::with_capacity(ROOM);
    loop {
        answer.clear();
        netlink.recv(&mut answer, 0)?;
        if read(protocol, &answer, sockets)? == End::Reached {
            return Ok(());
        }
    }
}

/// Whether there is more to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reached,
    Ahead,
}

/// Reads messages of an answer.
fn read(protocol: Protocol, mut answer: &[u8], sockets: &mut Vec<Socket>) -> io::Result<End> {
    if answer.is_empty() {
        return Err(malformed("an empty answer"));
    }
    while !answer.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(answer);
        let message = message.map_err(malformed)?;
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found)) => {
                sockets.push(socket(protocol, &found.header));
            }
            NetlinkPayload::Done(done) if done.code >= 0 => return Ok(End::Reached),
            NetlinkPayload::Done(done) => return Err(io::Error::from_raw_os_error(-done.code)),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => {}
        }
        // Each message begins at a multiple of four bytes.
        let length = (message.header.length as usize).next_multiple_of(4);
        answer = answer.get(length..).unwrap_or_default();
    }
    Ok(End::Ahead)
}

fn malformed(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn socket(protocol: Protocol, found: &InetResponseHeader) -> Socket {
    let id = &found.socket_id;
    let address = |addr: IpAddr, port| SocketAddr::new(addr.to_canonical(), port);
    let remote = address(id.destination_address, id.destination_port);
    let is_somebody = !remote.ip().is_unspecified() || remote.port() != 0;
    // Two words, the low one first, each in the byte order of the machine.
    let [a, b, c, d, rest @ ..] = id.cookie;
    let [low, high] = [[a, b, c, d], rest].map(|word| u64::from(u32::from_ne_bytes(word)));
    Socket {
        protocol,
        state: state(found.state),
        is_remnant: found.timer == Some(Timer::TimeWait),
        local: address(id.source_address, id.source_port),
        remote: is_somebody.then_some(remote),
        inode: found.inode.into(),
        cookie: high << 32 | low,
        uid: found.uid,
        unread: found.recv_queue,
        unsent: found.send_queue,
    }
}

/// The state with this number (`include/net/tcp_states.h`).
fn state(number: u8) -> State {
    match number {
        1 => State::Established,
        2 => State::SynSent,
        3 | 12 => State::SynRecv,
        4 => State::FinWait1,
        5 => State::FinWait2,
        6 => State::TimeWait,
        7 | 13 => State::Unconnected,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Listening,
        11 => State::Closing,
        _ => State::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::thread;
    use std::time::Duration;

    use rustix::net::sockopt::socket_cookie;

    use super::*;
    use crate::system::sockets::holders;

    fn inode(fd: impl AsFd) -> u64 {
        rustix::fs::fstat(fd).unwrap().st_ino
    }

    /// The one socket with this inode number.
    #[track_caller]
    fn find(protocol: Protocol, inode: u64) -> Socket {
        let mut found = dump(protocol).unwrap();
        found.retain(|socket| socket.inode == inode);
        assert_eq!(found.len(), 1);
        found[0]
    }

    #[test]
    fn the_tcp_sockets_of_this_very_process_are_told() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(any).unwrap();
            let local = listener.local_addr().unwrap();
            let mut client = TcpStream::connect(local).unwrap();
            let waiting = find(Protocol::Tcp, inode(&listener));
            assert!(waiting.listens());
            assert_eq!((waiting.local, waiting.remote), (local, None));
            assert_eq!(waiting.unread, 1);
            let (mut accepted, _) = listener.accept().unwrap();
            accepted.write_all(b"12345").unwrap();
            let ends = [inode(&client), inode(&accepted)];
            let [near, far] = ends.map(|inode| find(Protocol::Tcp, inode));
            assert_eq!(near.state, State::Established);
            assert_eq!(near.local, client.local_addr().unwrap());
            assert_eq!((near.remote, far.local), (Some(local), local));
            assert_eq!(near.unread, 5);
            assert_eq!(near.uid, rustix::process::geteuid().as_raw());
            let own = std::process::id() as i32;
            let held = holders(&ends.into());
            assert_eq!(held.len(), 2);
            assert!(held.values().all(|pids| pids.contains(&own)));
            // Who closes first keeps a remnant. Unread bytes would make it a reset.
            let closed = client.local_addr().unwrap();
            client.read_exact(&mut [0; 5]).unwrap();
            drop(client);
            drop(accepted);
            let is_left = || {
                let all = dump(Protocol::Tcp).unwrap();
                let mut here = all.into_iter().filter(|socket| socket.local == closed);
                here.any(|socket| socket.is_remnant && socket.inode == 0)
            };
            let in_time = (0..200).any(|_| {
                thread::sleep(Duration::from_millis(10));
                is_left()
            });
            assert!(in_time);
        }
    }

    #[test]
    fn cookies_are_those_of_the_sockets() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for (protocol, fd) in [
            (Protocol::Tcp, listener.as_fd()),
            (Protocol::Udp, socket.as_fd()),
        ] {
            let found = find(protocol, inode(fd));
            assert_eq!(Ok(found.cookie), socket_cookie(fd));
        }
    }

    #[test]
    fn a_datagram_socket_is_connected_or_not() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let inode = inode(&socket);
        let found = find(Protocol::Udp, inode);
        assert_eq!((found.state, found.remote), (State::Unconnected, None));
        assert_eq!(found.local, socket.local_addr().unwrap());
        let peer = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        socket.connect(peer).unwrap();
        let found = find(Protocol::Udp, inode);
        assert_eq!(
            (found.state, found.remote),
            (State::Established, Some(peer))
        );
    }

    #[test]
    fn an_ipv4_socket_of_ipv6_has_an_ipv4_address() {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let found = find(Protocol::Tcp, inode(&accepted));
        assert_eq!(found.local.to_string(), format!("127.0.0.1:{port}"));
        assert_eq!(found.remote, client.local_addr().ok());
    }
}
