// SPDX-License-Identifier: GPL-2.0

//! A task receives on a socket that another process connects at that moment. It was
//! never connected before, so the check of `recv()` may find it closed, and the call
//! then waits for data of the new connection.

use std::io;

use libc::EADDRNOTAVAIL;

use crate::addr::{ip, HOST4, HOST6, ONE};
use crate::child::{Channel, Child};
use crate::registry::{refusal, Test};
use crate::sock::{Proto, Sock};

/// How many sockets are connected, one after the other.
const SOCKETS: usize = 60;

/// What the server sends on each connection.
const SECRET: &[u8] = b"secret";

pub fn tests() -> Vec<Test> {
    [("v4", HOST4), ("v6", HOST6)]
        .map(|(family, host)| {
            refusal(
                format!("receive_on_a_{family}_socket_that_another_connects_is_refused"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let addr = ip(host);
                    let server = Sock::serving(Proto::Tcp, (addr, 0));
                    // Bound to an address of the host: no tenant takes them in.
                    let socks: Vec<Sock> = (0..SOCKETS)
                        .map(|_| {
                            let sock = Sock::for_ip(Proto::Tcp, addr);
                            sock.bind((addr, 0)).expect("bind");
                            sock
                        })
                        .collect();
                    let (next, done) = (Channel::new(), Channel::new());
                    let host = Child::spawn(|| {
                        for sock in &socks {
                            next.receive();
                            sock.connect(server.local()).expect("connect");
                            let (theirs, _) = server.accept().expect("accept");
                            theirs.send(SECRET).expect("send");
                            done.send("");
                        }
                    });
                    Box::new(move || {
                        let _host = &host;
                        let mut refused = None;
                        for sock in &socks {
                            next.send("");
                            let outcome = receive_while_connected(sock);
                            done.receive();
                            match outcome {
                                // One is enough.
                                Ok(()) => return Ok(()),
                                Err(error) => refused = Some(error),
                            }
                        }
                        Err(refused.expect("a socket"))
                    })
                },
            )
        })
        .into()
}

/// Receives again and again until data comes, or the socket is connected and the call is
/// refused.
fn receive_while_connected(sock: &Sock) -> io::Result<()> {
    loop {
        let is_connected = sock.peer().is_ok();
        match sock.receive() {
            Ok((data, _)) if data == SECRET => return Ok(()),
            Ok((data, _)) => return Err(io::Error::other(format!("got {data:?}"))),
            Err(error) if is_connected => return Err(error),
            Err(_) => {}
        }
    }
}
