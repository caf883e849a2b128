// SPDX-License-Identifier: GPL-2.0

//! Processes that follow the orders of a test: they open sockets, answer clients there
//! with a word, and ask other servers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use crate::addr::Addr;
use crate::child::{end_with, within, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::server;
use crate::sock::{Proto, Sock};
use crate::spec::{proto, Address, Spec};
use crate::sys::process;
use crate::sys::watch::poll_many;

/// How long the last packets of a connection may take.
const CLOSING: Duration = Duration::from_secs(2);

/// A process that follows orders. Ends when this is dropped.
pub struct Tenant {
    child: Child,
    orders: Channel,
    replies: Channel,
    /// The id of its association; 0 if it has none.
    pub id: u64,
    /// Its dedicated loopback address.
    pub loopback: Ipv4Addr,
}

impl Tenant {
    /// A process associated with `set`.
    pub fn new(set: &[&str]) -> Self {
        Self::with(set, &Assignment::DEFAULT)
    }

    /// A process associated with `set`, with all arguments of `assign`.
    pub fn with(set: &[&str], terms: &Assignment) -> Self {
        let mut tenant = Self::host();
        tenant.associate(set, terms);
        tenant
    }

    /// A process that is not associated.
    pub fn host() -> Self {
        let (orders, replies) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| Doer::new(&replies).run(&orders));
        Self {
            child,
            orders,
            replies,
            id: 0,
            loopback: Ipv4Addr::UNSPECIFIED,
        }
    }

    /// Associates it.
    pub fn associate(&mut self, set: &[&str], terms: &Assignment) {
        let assigned = associate_with(self.pid(), set, terms);
        (self.id, self.loopback) = (assigned.id, assigned.loopback);
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.child.pid()
    }

    /// Opens a socket on which the process answers every client with `word`.
    pub fn open(&self, word: &str, spec: Spec) -> io::Result<()> {
        self.tell(&format!("open {word} {}", spec.order()))
            .map(drop)
    }

    /// [`Tenant::open`], which must succeed. The last packets of a connection that was
    /// closed before may be on their way, and keep the port for a moment.
    pub fn serve(&self, word: &str, spec: Spec) {
        let mut opened = Ok(());
        within(CLOSING, || {
            opened = self.open(word, spec);
            !matches!(&opened, Err(e) if e.raw_os_error() == Some(libc::EADDRINUSE))
        });
        opened.unwrap_or_else(|e| panic!("the server {word:?} cannot open {spec:?}: {e}"));
    }

    /// Closes all sockets that answer with `word`, and their connections.
    pub fn close(&self, word: &str) {
        self.tell(&format!("close {word}")).expect("close");
    }

    /// The address that the socket which answers with `word` is bound to.
    pub fn name(&self, word: &str) -> SocketAddr {
        let name = self.tell(&format!("name {word}")).expect("getsockname");
        name.parse().expect("an address")
    }

    /// The word that the process gets when it asks at an address.
    pub fn ask(&self, proto: Proto, addr: impl Into<Address>, port: u16) -> io::Result<String> {
        let addr = addr.into().0;
        self.tell(&format!("ask {} {addr} {port}", proto.name()))
    }

    /// Narrows its set.
    pub fn narrow(&self, set: &[&str]) -> io::Result<()> {
        self.tell(&format!("narrow {}", set.join(","))).map(drop)
    }

    /// Narrows its set, and keeps its loopback.
    pub fn narrow_keeping(&self, set: &[&str]) -> io::Result<()> {
        self.tell(&format!("narrow-keeping {}", set.join(",")))
            .map(drop)
    }

    fn tell(&self, order: &str) -> io::Result<String> {
        self.orders.send(order);
        let reply = self.replies.receive();
        match reply.split_once(' ') {
            Some(("ok", rest)) => Ok(rest.to_owned()),
            Some(("errno", errno)) => {
                let errno = errno.parse().expect("a number");
                Err(io::Error::from_raw_os_error(errno))
            }
            _ => panic!("order {order:?} got a reply of the wrong form: {reply:?}"),
        }
    }
}

/// Panics unless asking at an address fails with `errno` for `tenant`.
#[track_caller]
pub fn no_answer(tenant: &Tenant, proto: Proto, addr: impl Into<Address>, port: u16, errno: i32) {
    let addr = addr.into().0;
    match tenant.ask(proto, addr, port) {
        Err(e) if e.raw_os_error() == Some(errno) => {}
        other => panic!(
            "asking at {addr}, port {port}, should fail with {}, but gave {other:?}",
            io::Error::from_raw_os_error(errno)
        ),
    }
}

/// Panics unless `tenant` gets this answer at an address.
#[track_caller]
pub fn answer_is(tenant: &Tenant, proto: Proto, addr: impl Into<Address>, port: u16, word: &str) {
    let addr = addr.into().0;
    match tenant.ask(proto, addr, port) {
        Ok(answer) => assert_eq!(
            answer, word,
            "the wrong server answers at {addr}, port {port}"
        ),
        Err(e) => panic!("asking at {addr}, port {port}, should get {word:?}, but failed: {e}"),
    }
}

/// The side of the process.
struct Doer<'a> {
    replies: &'a Channel,
    sockets: Vec<(String, Proto, Sock)>,
    // Accepted connections, with the word of the socket that accepted them.
    connections: Vec<(String, Sock)>,
}

impl<'a> Doer<'a> {
    fn new(replies: &'a Channel) -> Self {
        Self {
            replies,
            sockets: Vec::new(),
            connections: Vec::new(),
        }
    }

    fn run(&mut self, orders: &Channel) -> ! {
        loop {
            let mut watched = vec![orders.reader()];
            watched.extend(self.sockets.iter().map(|(_, _, s)| s.as_fd()));
            watched.extend(self.connections.iter().map(|(_, s)| s.as_fd()));
            let ready = poll_many(&watched, -1).expect("poll");
            let (of_sockets, of_connections) = ready[1..].split_at(self.sockets.len());
            self.converse(of_connections);
            for (nr, _) in of_sockets.iter().enumerate().filter(|(_, &ready)| ready) {
                self.answer(nr);
            }
            if ready[0] {
                while let Ok(Some(_)) = process::wait(-1, true) {}
                let order = orders.receive();
                if let Some(reply) = self.obey(&order) {
                    self.reply(reply);
                }
            }
        }
    }

    fn reply(&self, outcome: io::Result<String>) {
        self.replies.send(&match outcome {
            Ok(text) => format!("ok {text}"),
            Err(e) => format!("errno {}", e.raw_os_error().unwrap_or(0)),
        });
    }

    /// Answers a client on a socket with its word.
    fn answer(&mut self, nr: usize) {
        let (word, proto, sock) = &self.sockets[nr];
        match proto {
            Proto::Tcp => {
                if let Ok((connection, _)) = sock.accept() {
                    let _ = connection.send(word.as_bytes());
                    self.connections.push((word.clone(), connection));
                }
            }
            Proto::Udp => {
                if let Ok((_, from, to)) = sock.receive_with_destination() {
                    let _ = sock.send_from(word.as_bytes(), from, to);
                }
            }
        }
    }

    /// Sends back what arrives on connections, and closes those that the peer closed.
    /// The peer closes first, so no connection stays in TIME_WAIT on this side.
    fn converse(&mut self, ready: &[bool]) {
        let mut ready = ready.iter();
        self.connections.retain(|(_, sock)| {
            if !ready.next().is_some_and(|&ready| ready) {
                return true;
            }
            match sock.receive() {
                Ok((data, _)) if !data.is_empty() => sock.send(&data).is_ok(),
                _ => false,
            }
        });
    }

    /// Follows an order. Returns `None` if a child will reply.
    fn obey(&mut self, order: &str) -> Option<io::Result<String>> {
        let words: Vec<&str> = order.split(' ').collect();
        match words[0] {
            "open" => {
                let spec = Spec::parse(&words[2..]);
                Some(spec.open().map(|sock| {
                    if spec.proto == Proto::Udp {
                        sock.want_destinations();
                    }
                    self.sockets.push((words[1].to_owned(), spec.proto, sock));
                    String::new()
                }))
            }
            "close" => {
                self.sockets.retain(|(word, ..)| word != words[1]);
                self.connections.retain(|(word, _)| word != words[1]);
                Some(Ok(String::new()))
            }
            "name" => {
                let (.., sock) = self.sockets.iter().find(|(w, ..)| w == words[1])?;
                Some(Ok(sock.local().internet().to_string()))
            }
            "narrow" | "narrow-keeping" => {
                let set: Vec<&str> = words[1].split(',').collect();
                let narrowed = match words[0] {
                    "narrow" => crate::client::narrow(&set, ""),
                    _ => crate::client::narrow_keeping(&set, ""),
                };
                Some(narrowed.map(|()| String::new()))
            }
            "ask" => {
                // A child asks, since this process may have to answer it.
                match process::fork() {
                    Ok(Some(_)) => None,
                    Ok(None) => {
                        (self.sockets, self.connections) = (Vec::new(), Vec::new());
                        let to = Addr::from((words[2], words[3].parse().expect("a port")));
                        end_with(|| self.reply(server::ask(proto(words[1]), to)))
                    }
                    Err(e) => Some(Err(e)),
                }
            }
            _ => panic!("an unknown order: {order}"),
        }
    }
}
