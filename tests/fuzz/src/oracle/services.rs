// SPDX-License-Identifier: GPL-2.0

//! The host's services. They must answer whatever tenants do to the sockets, which
//! they inherit. A released tenant may do anything to them, so they are made again when
//! the last released tenant has ended.

use std::collections::HashSet;
use std::io::Result;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use libc::{AF_INET, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use super::clients::{CONNECTION_PORT, LENGTH};
use crate::addr;
use crate::pool::{self, HOST4, PEER4};
use crate::secrets::Connections;
use crate::services::{descriptor, is_grouped, port, Kind, ALL};
use crate::socket;
use crate::sys::clock::now;
use crate::sys::schedule::be_prompt;
use crate::sys::watch::is_ready;
use crate::sys::{descriptor as file, errno};
use crate::world::{Counter, World};

/// The beginning of each answer, which tenants do not know.
pub type Key = [u8; 8];

/// The most connections of clients at a time.
const MOST: usize = 64;

/// The server.
pub struct Server {
    world: World,
    key: Key,
    /// The inodes of sockets that are the host's, for the watchers.
    known: Arc<Mutex<HashSet<u64>>>,
    /// Connections of clients.
    open: Vec<i32>,
    /// Connections of tenants.
    tenants: Connections,
}

impl Server {
    /// A server with its sockets open, except for the connection.
    pub fn new(world: World, key: Key, known: Arc<Mutex<HashSet<u64>>>) -> Self {
        let open = Vec::new();
        let tenants = Connections::new(world);
        let this = Self {
            world,
            key,
            known,
            open,
            tenants,
        };
        this.make(&[0, 1, 2, 3, 4, 5]);
        this
    }

    /// Makes some services again. Each descriptor is replaced without being closed, as
    /// other threads open files meanwhile.
    fn make(&self, which: &[usize]) {
        for &nr in which {
            // If this fails, the clients report it.
            let _ = self.make_one(nr);
        }
    }

    fn make_one(&self, nr: usize) -> Result<()> {
        let kind = ALL[nr].0;
        let of = if kind == Kind::Datagrams {
            SOCK_DGRAM
        } else {
            SOCK_STREAM
        };
        let fd = socket::socket(AF_INET, of | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)?;
        let one = 1_i32.to_ne_bytes();
        if is_grouped(nr) {
            socket::set_option_bytes(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, &one)?;
        }
        match kind {
            Kind::Connection => {
                socket::bind(fd, &addr::bytes(HOST4.into(), 0))?;
                let to = addr::bytes(PEER4.into(), CONNECTION_PORT);
                match socket::connect(fd, &to) {
                    Err(e) if errno(&e) != libc::EINPROGRESS => return Err(e),
                    _ => {}
                }
            }
            _ => socket::bind(fd, &addr::bytes(HOST4.into(), port(self.world, nr)))?,
        }
        if kind == Kind::Listener {
            socket::listen(fd, 64)?;
        }
        file::place(fd, descriptor(nr))?;
        socket::close(fd);
        let link = std::fs::read_link(format!("/proc/self/fd/{}", descriptor(nr)));
        let link = link
            .map(|l| l.to_string_lossy().into_owned())
            .unwrap_or_default();
        let number = link.trim_start_matches("socket:[").trim_end_matches(']');
        let inode = number.parse::<u64>();
        self.known.lock().expect("a lock").extend(inode.ok());
        Ok(())
    }

    /// Answers until the run ends.
    pub fn run(mut self) {
        be_prompt();
        let world = self.world;
        self.make(&[6]);
        let (mut was_free, mut was_excused, mut due) = (false, false, 0);
        while !world.stopped() {
            let (free, excused) = (now() < world.free_until(), now() < world.excused_until());
            if was_free && !free || world.generation_is_over() {
                world.next_generation();
                self.make(&[0, 1, 2, 3, 4, 5, 6]);
            } else if was_excused && !excused {
                self.make(&[6]);
            }
            (was_free, was_excused) = (free, excused);
            if free {
                // This thread must never block, and released tenants may clear the flag.
                for nr in 0..ALL.len() {
                    let _ = file::fcntl(descriptor(nr), libc::F_SETFL, libc::O_NONBLOCK);
                }
            }
            self.serve();
            if now() > due {
                self.look(free);
                self.tenants.send();
                due = now() + 300_000_000 * world.pace();
            }
            std::thread::sleep(Duration::from_millis(25 * world.pace()));
        }
        (0..ALL.len()).for_each(|nr| socket::close(descriptor(nr)));
    }

    /// Checks that the flags and the owner of each file are as they were made, and
    /// restores them. Differences are no violation while tenants are `free`.
    fn look(&self, free: bool) {
        for (nr, (kind, _)) in ALL.iter().enumerate() {
            let fd = descriptor(nr);
            if !socket::is_socket(fd) {
                continue;
            }
            let usual = libc::O_RDWR | libc::O_NONBLOCK;
            let flags = file::fcntl(fd, libc::F_GETFL, 0);
            let owner = file::fcntl(fd, libc::F_GETOWN, 0);
            let fine = match (&flags, &owner) {
                (Err(_), _) => true,
                (Ok(flags), Ok(owner)) => (*flags, *owner) == (usual, 0),
                (Ok(_), Err(_)) => false,
            };
            if fine {
                continue;
            }
            let _ = file::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
            let _ = file::fcntl(fd, libc::F_SETOWN, 0);
            if !free {
                let facts = format_args!(
                    "a tenant changed the host's socket {nr}, {kind:?}: it has flags {flags:x?} \
                     and owner {owner:?}"
                );
                self.world.violation(Counter::ServiceViolations, 0, facts);
            }
        }
    }

    fn serve(&mut self) {
        for (nr, &(kind, _)) in ALL.iter().enumerate() {
            let fd = descriptor(nr);
            match kind {
                Kind::Listener => self.accept(fd),
                Kind::Datagrams => self.answer_datagrams(fd),
                Kind::Connection => drop(self.answer_stream(fd)),
            }
        }
        for fd in std::mem::take(&mut self.open) {
            if self.answer_stream(fd) {
                self.open.push(fd);
            } else {
                socket::close(fd);
            }
        }
        while self.open.len() > MOST {
            socket::close(self.open.remove(0));
        }
    }

    fn accept(&mut self, fd: i32) {
        while is_ready(fd) {
            let Ok(new) = socket::accept(fd, SOCK_NONBLOCK | SOCK_CLOEXEC) else {
                return;
            };
            let from = addr::read(&socket::peer_name(new).unwrap_or_default());
            if from.and_then(pool::index_of).is_some() {
                self.tenants.add(new);
            } else {
                self.open.push(new);
            }
        }
    }

    fn answer_datagrams(&self, fd: i32) {
        let mut data = [0; 2048];
        for _ in 0..64 {
            let Ok((len, from)) = socket::receive_from(fd, &mut data, MSG_DONTWAIT) else {
                return;
            };
            let answer = [&self.key, &data[..len]].concat();
            let _ = socket::send_to(fd, &answer, MSG_DONTWAIT, &from);
        }
    }

    /// Answers on a connection. Returns `false` if it has ended.
    fn answer_stream(&self, fd: i32) -> bool {
        let mut data = [0; 2048];
        match socket::receive(fd, &mut data, &mut [], MSG_DONTWAIT) {
            Ok(got) if got.data > 0 => {
                let questions = data[..got.data].chunks(LENGTH);
                let answers: Vec<Vec<u8>> =
                    questions.map(|one| [&self.key, one].concat()).collect();
                socket::send_to(fd, &answers.concat(), MSG_DONTWAIT, &[]).is_ok()
            }
            Ok(_) => false,
            Err(e) => matches!(errno(&e), libc::EAGAIN | libc::ENOTCONN),
        }
    }
}
