// SPDX-License-Identifier: GPL-2.0

//! Data that arrived on a connection outside the set is read after the
//! connection was closed, when the socket is no longer connected.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use libc::{EADDRNOTAVAIL, IPPROTO_TCP, TCP_INFO};

use super::old_descriptors::receive_without_a_copy;
use crate::addr::{ip, mapped, HOST4, HOST6, ONE};
use crate::child::{within, Channel, Child};
use crate::registry::{refusal, Attack, Test};
use crate::runner::pace;
use crate::sock::{Proto, Sock};
use crate::sys::message::recvmsg;
use crate::sys::option::option_bytes;
use crate::sys::pipe::{pipe, splice};

/// What the peer said before it closed.
const SECRET: &[u8] = b"secret";

/// A way to read.
type Way = fn(&Sock) -> io::Result<Vec<u8>>;

const WAYS: [(&str, Way); 5] = [
    ("recv", |sock| sock.receive().map(|(data, _)| data)),
    ("recvmsg", |sock| {
        recvmsg(sock.as_fd(), 64).map(|(data, ..)| data)
    }),
    ("read", |sock| {
        let mut room = [0; 64];
        let file = File::from(sock.as_fd().try_clone_to_owned()?);
        let len = (&file).read(&mut room)?;
        Ok(room[..len].to_vec())
    }),
    ("splice", |sock| {
        let (read, write) = pipe()?;
        let len = splice(sock.as_fd(), write.as_fd(), 64)?;
        let mut data = vec![0; len];
        File::from(read).read_exact(&mut data)?;
        Ok(data)
    }),
    ("receive_without_a_copy", |sock| {
        let memory = receive_without_a_copy(sock)?;
        Ok(if memory.contains(SECRET) {
            SECRET.to_vec()
        } else {
            Vec::new()
        })
    }),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, read) in WAYS {
        for (family, at) in [
            ("v4", ip(HOST4)),
            ("v6", ip(HOST6)),
            ("mapped", mapped(HOST4)),
        ] {
            tests.push(refusal(
                format!("{what}_on_a_foreign_{family}_connection_closed_before_is_refused"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let (sock, peer) = connection(at);
                    peer.close();
                    close(&sock);
                    Box::new(move || got(read(&sock)?))
                },
            ));
        }
        tests.extend([
            refusal(
                format!("{what}_on_a_foreign_connection_half_closed_before_is_refused"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let (sock, peer) = connection(ip(HOST4));
                    peer.close();
                    Box::new(move || {
                        close(&sock);
                        got(read(&sock)?)
                    })
                },
            ),
            refusal(
                format!("{what}_on_a_foreign_connection_closed_and_bound_anew_is_refused"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let (sock, peer) = connection(ip(HOST4));
                    peer.close();
                    close(&sock);
                    Box::new(move || {
                        sock.bind((ip(ONE[0]), 0))?;
                        got(read(&sock)?)
                    })
                },
            ),
            refusal(
                format!("{what}_on_a_foreign_connection_closed_by_a_tenant_is_refused"),
                ONE,
                EADDRNOTAVAIL,
                move || closed_later(read),
            ),
        ]);
    }
    tests
}

/// The peer sends and closes during the attack, when a tenant is associated
/// already.
fn closed_later(read: Way) -> Attack {
    let (sock, peer) = connection(ip(HOST4));
    Box::new(move || {
        peer.close();
        close(&sock);
        got(read(&sock)?)
    })
}

fn got(data: Vec<u8>) -> io::Result<()> {
    if data == SECRET {
        Ok(())
    } else {
        Err(io::Error::other(format!("got {data:?}")))
    }
}

/// Closes the sending direction and waits until the connection is closed. A
/// foreign one may never be, as a tenant receives no packet on it; so the wait
/// is limited.
fn close(sock: &Sock) {
    let stream = TcpStream::from(sock.as_fd().try_clone_to_owned().expect("dup"));
    let _ = stream.shutdown(Shutdown::Write);
    drop(stream);
    let _ = within(Duration::from_secs(2) * pace(), || {
        // struct tcp_info begins with the state; 7 is TCP_CLOSE.
        option_bytes(sock.as_fd(), IPPROTO_TCP, TCP_INFO, 8).is_ok_and(|info| info[0] == 7)
    });
}

/// The other end of a connection, in an unassociated process.
struct Peer {
    _child: Child,
    go: Channel,
    done: Channel,
}

impl Peer {
    /// Makes it send the secret and close; returns when it has.
    fn close(&self) {
        self.go.send("");
        self.done.receive();
    }
}

/// A connection outside the set: this process's end, and the other one.
fn connection(at: IpAddr) -> (Sock, Peer) {
    let server = Sock::serving(Proto::Tcp, (at, 0));
    let sock = Sock::for_ip(Proto::Tcp, at);
    sock.bind((at, 0)).expect("bind");
    sock.connect(server.local()).expect("connect");
    let (go, done) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        let (theirs, _) = server.accept().expect("accept");
        go.receive();
        theirs.send(SECRET).expect("send");
        drop(theirs);
        done.send("");
        crate::child::stay();
    });
    let peer = Peer {
        _child: child,
        go,
        done,
    };
    (sock, peer)
}
