// SPDX-License-Identifier: GPL-2.0

//! A server that wants what is meant for others.

use std::io;
use std::os::fd::AsFd;
use std::thread::sleep;
use std::time::Duration;

use libc::{SOL_SOCKET, SO_SNDTIMEO};

use crate::addr::ip;
use crate::child::{Channel, Child};
use crate::client::associate;
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;
use crate::sys::process::take_descriptor;

/// A process that sends its word to everybody who asks. Ends when dropped.
pub struct Thief {
    child: Child,
    number: i32,
}

impl Thief {
    /// Starts one, associated with `set` unless that is empty. `open` makes its
    /// socket.
    pub fn start(set: &[&str], proto: Proto, open: impl FnOnce() -> Sock) -> Self {
        Self::named("thief", set, proto, open)
    }

    /// The same, with another word.
    pub fn named(word: &str, set: &[&str], proto: Proto, open: impl FnOnce() -> Sock) -> Self {
        let ready = Channel::new();
        let child = Child::spawn(|| {
            if !set.is_empty() {
                associate(set);
            }
            let sock = open();
            ready.send(&sock.number().to_string());
            loop {
                let served = match proto {
                    Proto::Tcp => sock.accept().and_then(|(s, _)| s.send(word.as_bytes())),
                    Proto::Udp => sock
                        .receive()
                        .and_then(|(_, from)| sock.send_to(word.as_bytes(), from)),
                };
                if served.is_err() {
                    // Its socket may be of no use.
                    sleep(Duration::from_millis(10));
                }
            }
        });
        let number = ready.receive().parse().expect("a number");
        Self { child, number }
    }

    /// A copy of its socket, for a process that may take it.
    pub fn socket(&self) -> Sock {
        take_descriptor(self.child.pid(), self.number)
            .expect("its socket")
            .into()
    }
}

/// Asks at an address. Returns the word of the server that answers within a
/// short time, if any.
pub fn who_answers(proto: Proto, addr: &str, port: u16) -> Option<String> {
    ask(proto, addr, port).ok()
}

fn ask(proto: Proto, addr: &str, port: u16) -> io::Result<String> {
    let sock = Sock::for_ip(proto, ip(addr));
    // struct timeval
    let limit = [3_i64.to_ne_bytes(), [0; 8]].concat();
    set_option_bytes(sock.as_fd(), SOL_SOCKET, SO_SNDTIMEO, &limit)?;
    match proto {
        Proto::Tcp => sock.connect((addr, port))?,
        // Not connected: the answer may come from another address.
        Proto::Udp => sock.send_to(b"?", (addr, port))?,
    }
    if !sock.has_input(3000) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(String::from_utf8_lossy(&sock.receive()?.0).into_owned())
}
