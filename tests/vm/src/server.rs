// SPDX-License-Identifier: GPL-2.0

//! Servers that answer with a word which identifies them, and clients.

use std::io;

use crate::addr::Addr;
use crate::child::{in_child_with, spawn_tenant, stay, Channel, Child};
use crate::sock::{Proto, Sock};

/// A process with one socket, which answers every client with a word. Ends when this
/// is dropped.
pub struct Server {
    _child: Child,
    local: Addr,
}

impl Server {
    /// Starts a server in a process associated with `set`, or in an unassociated one if
    /// that is empty. `make` opens its socket, which listens if it is TCP.
    pub fn start(
        set: &[&str],
        word: &str,
        proto: Proto,
        make: impl FnOnce() -> io::Result<Sock>,
    ) -> Self {
        let ready = Channel::new();
        let serve = || {
            let sock = make().unwrap_or_else(|e| panic!("the server {word:?} has no socket: {e}"));
            let local = sock.local();
            ready.send(&local.internet().to_string());
            answer(&sock, proto, word.as_bytes());
        };
        let child = if set.is_empty() {
            Child::spawn(serve)
        } else {
            spawn_tenant(set, serve)
        };
        let local: std::net::SocketAddr = ready.receive().parse().expect("an address");
        Self {
            _child: child,
            local: Addr::from(local),
        }
    }

    /// The address that its socket is bound to.
    pub fn local(&self) -> &Addr {
        &self.local
    }
}

fn answer(sock: &Sock, proto: Proto, word: &[u8]) -> ! {
    loop {
        // A call may time out, if no client comes for that long.
        let _ = match proto {
            Proto::Tcp => sock.accept().and_then(|(client, _)| client.send(word)),
            Proto::Udp => sock
                .receive()
                .and_then(|(_, from)| sock.send_to(word, from)),
        };
    }
}

/// The word of the server that answers at an address.
pub fn ask(proto: Proto, addr: impl Into<Addr>) -> io::Result<String> {
    let addr = addr.into();
    let sock = Sock::for_ip(proto, addr.ip());
    sock.connect(addr)?;
    if proto == Proto::Udp {
        sock.send(b"?")?;
    }
    let (word, _) = sock.receive()?;
    Ok(String::from_utf8_lossy(&word).into_owned())
}

/// The word of the server that answers at an address to a client at `from`.
pub fn ask_from(from: Addr, proto: Proto, addr: impl Into<Addr>) -> io::Result<String> {
    let addr = addr.into();
    let sock = Sock::for_ip(proto, addr.ip());
    sock.bind(from)?;
    sock.connect(addr)?;
    if proto == Proto::Udp {
        sock.send(b"?")?;
    }
    let (word, _) = sock.receive()?;
    Ok(String::from_utf8_lossy(&word).into_owned())
}

/// Panics unless asking at an address fails with `ECONNREFUSED`.
pub fn nobody_answers(proto: Proto, addr: impl Into<Addr>) {
    let addr = addr.into();
    let shown = addr.internet();
    match ask(proto, addr) {
        Err(e) if e.raw_os_error() == Some(libc::ECONNREFUSED) => {}
        other => panic!("asking at {shown} should fail with ECONNREFUSED, but gave {other:?}"),
    }
}

/// The source that a server at `ip` sees when a process associated with `set` runs
/// `client`, which gets the server's address.
pub fn source_seen(proto: Proto, ip: &str, set: &[&str], client: impl FnOnce(Addr)) -> Addr {
    let server = Sock::serving(proto, (ip, 0));
    let to = server.local();
    in_child_with(set, || client(to));
    let from = match proto {
        Proto::Tcp => server.accept().map(|(_, from)| from),
        Proto::Udp => server.receive().map(|(_, from)| from),
    };
    from.unwrap_or_else(|e| panic!("nothing arrived at the server on {ip}: {e}"))
}

/// Starts a process associated with `set` that sleeps until killed.
pub fn idle(set: &[&str]) -> Child {
    let ready = Channel::new();
    let child = spawn_tenant(set, || {
        ready.send("");
        stay();
    });
    ready.receive();
    child
}
