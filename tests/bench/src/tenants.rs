// SPDX-License-Identifier: GPL-2.0

//! What one tenant pays for others on the same port: each has a wildcard listener on
//! port 80 and a wildcard datagram socket on port 53. Measured are a bind of the last one,
//! and a connection and a datagram from the host to the first. Tenants bind when they are
//! associated, or were servers of the host before.

use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use addrconf_abi::{AddrEntry, Target, Terms};
use addrconf_test_client::{Assignment, Device};
use addrconf_test_sys::child::Child;
use addrconf_test_sys::clock::now;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{
    accept, bind, connect, listen, recv, sendmsg, sendto, socket, AddressFamily, RecvFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketType,
};
use rustix::process::{pidfd_getfd, pidfd_open, Pid, PidfdFlags, PidfdGetfdFlags};

use crate::count::least;

const TIMES: u32 = 20;
/// Descriptors in a message of the store. The kernel allows 253.
const AT_ONCE: usize = 250;
const PORT: u16 = 80;
const DATAGRAM_PORT: u16 = 53;

/// A tenant's open sockets, which outlive its process.
struct Tenant {
    listener: OwnedFd,
    receiver: OwnedFd,
}

/// When tenants bind their sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Inside,
    /// Before they are associated: the tables of the kernel then have them among the host's.
    Before,
}

/// Measures with each of these numbers of tenants, in ascending order.
pub fn run(when: Bound, counts: &[u32]) {
    let device = Device::open().expect("the device");
    let mut store = Store::new();
    let (first, _) = make(&device, 0, when, false);
    let mut made = 1;
    for &count in counts {
        let mut bound = 0;
        while made < count {
            let (tenant, instructions) = make(&device, made, when, made + 1 == count);
            bound = instructions;
            store.put(tenant);
            made += 1;
        }
        println!("{count}\tbind *:80 by the last\t{bound}");
        println!(
            "{count}\tconnect to the first\t{}",
            connection(&first.listener)
        );
        println!(
            "{count}\tdatagram to the first\t{}",
            datagram(&first.receiver)
        );
    }
}

/// Keeps sockets open in messages that nobody receives: every child would inherit them as
/// descriptors, and they would be searched for each association.
struct Store {
    ends: (UnixStream, UnixStream),
    next: Vec<OwnedFd>,
}

impl Store {
    fn new() -> Self {
        Self {
            ends: UnixStream::pair().expect("a pair"),
            next: Vec::new(),
        }
    }

    fn put(&mut self, tenant: Tenant) {
        self.next.extend([tenant.listener, tenant.receiver]);
        if self.next.len() < AT_ONCE {
            return;
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let borrowed: Vec<BorrowedFd<'_>> = self.next.iter().map(AsFd::as_fd).collect();
        assert!(control.push(SendAncillaryMessage::ScmRights(&borrowed)));
        let data = [IoSlice::new(b"x")];
        sendmsg(&self.ends.0, &data, &mut control, SendFlags::DONTWAIT).expect("put away");
        self.next.clear();
    }
}

/// The address of a tenant, in 10.1.0.0/16.
fn address(index: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a01_0001 + index)
}

/// Makes a tenant. Measures a bind to the port if `measure`. Tenants are exclusive, as the host
/// could not bind a port on the wildcard if others had it.
fn make(device: &Device, index: u32, when: Bound, measure: bool) -> (Tenant, u64) {
    let (mut ours, mut theirs) = UnixStream::pair().expect("a pair");
    let child = Child::spawn(|| {
        let mut go = [0];
        theirs.read_exact(&mut go).expect("the start");
        let any = |port| SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
        let server = || {
            let socket = tcp();
            // Connections that were measured wait on the port, in the way of a server of the host.
            if when == Bound::Before {
                set_socket_reuseaddr(&socket, true).expect("SO_REUSEADDR");
            }
            socket
        };
        let bound = if measure {
            least(TIMES, || {
                let socket = server();
                let start = now();
                bind(&socket, &any(PORT)).expect("bind");
                now() - start
            })
        } else {
            0
        };
        let listener = server();
        bind(&listener, &any(PORT)).expect("bind");
        listen(&listener, 100).expect("listen");
        let receiver = udp();
        bind(&receiver, &any(DATAGRAM_PORT)).expect("bind");
        let mut answer = Vec::new();
        answer.extend(listener.as_raw_fd().to_ne_bytes());
        answer.extend(receiver.as_raw_fd().to_ne_bytes());
        answer.extend(bound.to_ne_bytes());
        theirs.write_all(&answer).expect("the answer");
        // Until the sockets were taken over.
        let _ = theirs.read_exact(&mut go);
    });
    let pid = Pid::from_raw(child.pid()).expect("a pid");
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).expect("pidfd");
    let set = [AddrEntry::host(address(index).into())];
    let terms = Assignment::on(Terms {
        exclusive: true,
        ..Terms::DEFAULT
    });
    let assign = || {
        let assigned = device.assign_with(Target::Pid(child.pid()), &set, &terms);
        assigned.expect("assign");
    };
    if when == Bound::Inside {
        assign();
    }
    ours.write_all(&[1]).expect("start");
    let mut answer = [0; 16];
    ours.read_exact(&mut answer).expect("an answer");
    if when == Bound::Before {
        assign();
    }
    let number = |at: usize| i32::from_ne_bytes(answer[at..at + 4].try_into().expect("4 bytes"));
    let take = |at| {
        pidfd_getfd(&pidfd, number(at), PidfdGetfdFlags::empty()).expect("a socket of the tenant")
    };
    let tenant = Tenant {
        listener: take(0),
        receiver: take(4),
    };
    let bound = u64::from_ne_bytes(answer[8..].try_into().expect("8 bytes"));
    ours.write_all(&[1]).expect("end");
    child.succeeded();
    (tenant, bound)
}

fn connection(listener: &OwnedFd) -> u64 {
    least(TIMES, || {
        let client = tcp();
        let start = now();
        connect(&client, &SocketAddrV4::new(address(0), PORT)).expect("connect");
        let cost = now() - start;
        drop(accept(listener).expect("accept"));
        cost
    })
}

fn datagram(receiver: &OwnedFd) -> u64 {
    let sender = udp();
    least(TIMES, || {
        let start = now();
        sendto(
            &sender,
            b"x",
            SendFlags::empty(),
            &SocketAddrV4::new(address(0), DATAGRAM_PORT),
        )
        .expect("send");
        let cost = now() - start;
        recv(receiver, &mut [0; 8], RecvFlags::DONTWAIT).expect("the datagram");
        cost
    })
}

fn tcp() -> OwnedFd {
    socket(AddressFamily::INET, SocketType::STREAM, None).expect("socket")
}

fn udp() -> OwnedFd {
    socket(AddressFamily::INET, SocketType::DGRAM, None).expect("socket")
}
