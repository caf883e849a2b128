// SPDX-License-Identifier: GPL-2.0

//! Clients of the host's services, on the host and next door. No tenant may keep them
//! from being answered. Each socket of a reuseport group has clients: which socket
//! answers a client depends on the client's port, which never changes.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libc::{AF_INET, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use super::services::Key;
use crate::addr;
use crate::message::Message;
use crate::pool::{HOST4, PEER4};
use crate::services::{is_grouped, port, Kind, ALL};
use crate::socket;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::schedule::be_prompt;
use crate::world::{Counter, World};

const SECOND: u64 = 1_000_000_000;
/// How many nanoseconds a client may go without an answer, on an ordinary kernel. A
/// dead service never answers again, while one that is alive may get no processor for
/// long.
const PATIENCE: u64 = 15 * SECOND;
/// How many nanoseconds one attempt lasts.
const ATTEMPT: u64 = 3 * SECOND / 2;
/// The port on which the machine next door waits for the host's connection.
pub const CONNECTION_PORT: u16 = 19_999;
/// The first port of the clients.
const PORTS_FROM: u16 = 19_000;
/// How many clients a group has. Enough that most likely each of its sockets has one.
const EACH: usize = 4;
/// The length of a question.
pub const LENGTH: usize = 64;

struct Client {
    nr: usize,
    port: u16,
    fd: Option<i32>,
    asked: bool,
    began: u64,
    answered: u64,
}

/// All clients on one of the machines.
pub struct Clients {
    world: World,
    key: Key,
    own: Ipv4Addr,
    all: Vec<Client>,
    /// Next door only: accepts the host's connection.
    listener: Option<i32>,
}

impl Clients {
    /// The clients of this network namespace.
    pub fn new(world: World, key: Key, host: bool) -> Self {
        let own = if host { HOST4 } else { PEER4 };
        let served = (0..ALL.len()).filter(|&nr| !host || ALL[nr].0 != Kind::Connection);
        let firsts = served.filter(|&nr| ALL[..nr].iter().all(|other| other.1 != ALL[nr].1));
        let all = firsts.flat_map(|nr| {
            let each = if is_grouped(nr) { EACH } else { 1 };
            (0..each).map(move |i| Client {
                nr,
                port: PORTS_FROM + (nr * EACH + i) as u16,
                fd: None,
                asked: false,
                began: 0,
                answered: now(),
            })
        });
        let all = all.collect();
        let listener = (!host).then(listen);
        Self {
            world,
            key,
            own,
            all,
            listener,
        }
    }

    /// Asks until the run ends.
    pub fn run(mut self) {
        be_prompt();
        let world = self.world;
        let mut generation = 0;
        while !world.stopped() {
            let excused = now() < world.free_until().max(world.excused_until());
            let is_new = generation != world.generation();
            generation = world.generation();
            for client in &mut self.all {
                if is_new
                    && self
                        .listener
                        .is_none_or(|_| ALL[client.nr].0 != Kind::Connection)
                {
                    client.close();
                }
                if is_new || excused {
                    client.answered = now();
                }
            }
            self.accept();
            for nr in 0..self.all.len() {
                self.step(nr, excused);
            }
            std::thread::sleep(Duration::from_millis(400 * world.pace()));
        }
        self.all.iter_mut().for_each(Client::close);
        self.listener.into_iter().for_each(socket::close);
    }

    /// Accepts the host's connection. The newest one replaces those before.
    fn accept(&mut self) {
        let Some(listener) = self.listener else {
            return;
        };
        while let Ok(new) = socket::accept(listener, SOCK_NONBLOCK | SOCK_CLOEXEC) {
            let mut all = self.all.iter_mut();
            if let Some(client) = all.find(|client| ALL[client.nr].0 == Kind::Connection) {
                client.close();
                client.fd = Some(new);
            }
        }
    }

    fn step(&mut self, nr: usize, excused: bool) {
        let (world, own) = (self.world, self.own);
        let client = &mut self.all[nr];
        if client.fd.is_none() {
            client.open(world, own);
        }
        match client.ask(&self.key) {
            Asked::Nothing => {}
            Asked::Answered => {
                client.answered = now();
                world.count(Counter::Answers);
            }
            Asked::Wrong if excused || now() < world.free_until() => {}
            Asked::Wrong => {
                let facts = format_args!(
                    "an answer without the host's key from {}",
                    client.about(world, own)
                );
                world.violation(Counter::ServiceViolations, 0, facts);
            }
        }
        let since = now() - client.answered;
        if since > PATIENCE * world.pace() && !world.stopped() {
            let about = client.about(world, own);
            let facts = format_args!("no answer for {} ms from {about}", since / 1_000_000);
            world.violation(Counter::ServiceViolations, 0, facts);
            world.end_generation();
            client.answered = now();
        }
    }
}

/// The result of [`Client::ask`].
enum Asked {
    Nothing,
    Answered,
    Wrong,
}

impl Client {
    fn about(&self, world: World, own: Ipv4Addr) -> String {
        let (kind, port) = (ALL[self.nr].0, port(world, self.nr));
        format!(
            "the host's service {}, {kind:?}, port {port}, asked from {own}:{}",
            self.nr, self.port
        )
    }

    fn close(&mut self) {
        if let Some(fd) = self.fd.take() {
            socket::close(fd);
        }
        self.asked = false;
    }

    /// Begins a new attempt.
    fn open(&mut self, world: World, own: Ipv4Addr) {
        let of = match ALL[self.nr].0 {
            Kind::Listener => SOCK_STREAM,
            Kind::Datagrams => SOCK_DGRAM,
            // The host makes this one.
            Kind::Connection => return,
        };
        let Ok(fd) = socket::socket(AF_INET, of | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) else {
            return;
        };
        self.began = now();
        let one = 1_i32.to_ne_bytes();
        let _ = socket::set_option_bytes(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, &one);
        // Closing must end a connection at once, as its port is used again.
        let at_once = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
        let _ = socket::set_option_bytes(fd, libc::SOL_SOCKET, libc::SO_LINGER, &at_once);
        let _ = socket::bind(fd, &addr::bytes(own.into(), self.port));
        let _ = socket::connect(fd, &addr::bytes(HOST4.into(), port(world, self.nr)));
        self.fd = Some(fd);
    }

    /// Whether an attempt continues after an error.
    fn goes_on(&self, errno: i32) -> bool {
        let lasts = now() < self.began + ATTEMPT;
        match errno {
            libc::EAGAIN | libc::ENOTCONN => lasts || ALL[self.nr].0 != Kind::Listener,
            libc::ECONNREFUSED => ALL[self.nr].0 != Kind::Listener,
            _ => false,
        }
    }

    /// Sends a question, and receives an answer.
    fn ask(&mut self, key: &Key) -> Asked {
        let Some(fd) = self.fd else {
            return Asked::Nothing;
        };
        let kind = ALL[self.nr].0;
        if !self.asked || kind != Kind::Listener {
            let question = Message::new(0, Some(IpAddr::from(HOST4)), false).bytes(LENGTH);
            self.asked = socket::send_to(fd, &question, MSG_DONTWAIT, &[]).is_ok();
        }
        // Room for a whole number of answers.
        let mut data = [0; 50 * (LENGTH + size_of::<Key>())];
        match socket::receive(fd, &mut data, &mut [], MSG_DONTWAIT) {
            Ok(got) if got.data > 0 => {
                let data = &data[..got.data];
                let right = if kind == Kind::Datagrams {
                    data.starts_with(key)
                } else {
                    data.chunks(key.len() + LENGTH)
                        .all(|one| one.starts_with(key))
                };
                if kind == Kind::Listener {
                    self.close();
                }
                if right {
                    Asked::Answered
                } else {
                    Asked::Wrong
                }
            }
            Err(e) if self.goes_on(errno(&e)) => Asked::Nothing,
            _ => {
                self.close();
                Asked::Nothing
            }
        }
    }
}

fn listen() -> i32 {
    let kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    let fd = socket::socket(AF_INET, kind, 0).expect("a socket");
    socket::bind(fd, &addr::bytes(PEER4.into(), CONNECTION_PORT)).expect("binding");
    socket::listen(fd, 8).expect("listening");
    fd
}
