// SPDX-License-Identifier: GPL-2.0

//! Servers that say who they are, and clients that ask.

use std::io;

use crate::addr::Addr;
use crate::child::{in_child_with, stay, Channel, Child};
use crate::sock::{Proto, Sock};

/// A process with one socket, which answers everybody with a word. Ends when
/// dropped.
pub struct Server {
    _child: Child,
    local: Addr,
}

impl Server {
    /// Starts one in a process associated with `set`; in an unassociated one
    /// if that is empty. `make` makes its socket, listening if TCP.
    pub fn start(
        set: &[&str],
        word: &str,
        proto: Proto,
        make: impl FnOnce() -> io::Result<Sock>,
    ) -> Self {
        let ready = Channel::new();
        let serve = || {
            let sock = make().unwrap_or_else(|e| panic!("server {word}: {e}"));
            let local = sock.local();
            ready.send(&local.internet().to_string());
            answer(&sock, proto, word.as_bytes());
        };
        let child = if set.is_empty() {
            Child::spawn(serve)
        } else {
            Child::tenant(set, serve)
        };
        let local: std::net::SocketAddr = ready.receive().parse().expect("an address");
        Self {
            _child: child,
            local: Addr::from(local),
        }
    }

    /// Where its socket is bound to.
    pub fn local(&self) -> &Addr {
        &self.local
    }
}

fn answer(sock: &Sock, proto: Proto, word: &[u8]) -> ! {
    loop {
        // Nobody may ask for longer than a socket waits.
        let _ = match proto {
            Proto::Tcp => sock.accept().and_then(|(client, _)| client.send(word)),
            Proto::Udp => sock
                .receive()
                .and_then(|(_, from)| sock.send_to(word, from)),
        };
    }
}

/// Who answers at an address.
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

/// Who answers at an address that is asked from another.
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

/// Panics unless nobody is there to answer at an address.
pub fn nobody_answers(proto: Proto, addr: impl Into<Addr>) {
    let addr = addr.into();
    let shown = addr.internet();
    match ask(proto, addr) {
        Err(e) if e.raw_os_error() == Some(libc::ECONNREFUSED) => {}
        other => panic!("somebody answers at {shown}: {other:?}"),
    }
}

/// Which source a server at `ip` sees when a process associated with `set`
/// runs `client`, which is given the server's address.
pub fn source_seen(proto: Proto, ip: &str, set: &[&str], client: impl FnOnce(Addr)) -> Addr {
    let server = Sock::serving(proto, (ip, 0));
    let to = server.local();
    in_child_with(set, || client(to));
    let from = match proto {
        Proto::Tcp => server.accept().map(|(_, from)| from),
        Proto::Udp => server.receive().map(|(_, from)| from),
    };
    from.unwrap_or_else(|e| panic!("nothing arrived at {ip}: {e}"))
}

/// Starts a process associated with `set` that does nothing until killed.
pub fn idle(set: &[&str]) -> Child {
    let ready = Channel::new();
    let child = Child::tenant(set, || {
        ready.send("");
        stay();
    });
    ready.receive();
    child
}
