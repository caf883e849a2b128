// SPDX-License-Identifier: GPL-2.0

//! A port on which a tenant has as many sockets as it may gets no more of them:
//! the kernel does not choose it for another socket, and no dissolved
//! connection comes back to it. Connections do not count.

use libc::{EADDRINUSE, EAGAIN, IPPROTO_IP, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT};

use super::crowded_port::{is, Crowd, MANY, MOST, PORT};
use crate::addr::{ip, Addr, ANY4, HOST4, ONE};
use crate::child::as_tenant;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};

/// How many sockets connect and dissolve their connections, and the first port of the
/// servers that they connect to.
const CONNECTED: u16 = 32;
const SERVERS: u16 = 9000;

/// `include/uapi/linux/in.h`.
const IP_LOCAL_PORT_RANGE: i32 = 51;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("no_full_port_is_chosen_for_a_datagram_socket", || {
            as_tenant(ONE, || {
                let crowd = Crowd::new(Proto::Udp, SO_REUSEADDR);
                let _all = crowd.open(ANY4, MOST).expect("so many");
                for at in [ANY4, ip(ONE[0])] {
                    let sock = chooser(Proto::Udp);
                    is(sock.bind((at, 0)), &[EADDRINUSE]);
                }
                let sock = chooser(Proto::Udp);
                is(sock.send_to(b"x", (ONE[0], 9)), &[EADDRINUSE, EAGAIN]);
                let sock = chooser(Proto::Udp);
                is(sock.connect((ONE[0], 9)), &[EADDRINUSE, EAGAIN]);
            });
        }),
        everywhere("a_shared_port_is_chosen_for_a_datagram_socket", || {
            let crowd = Crowd::new(Proto::Udp, SO_REUSEADDR);
            let _all = crowd.open(ANY4, MOST).expect("so many");
            chooser(Proto::Udp).bind((ANY4, 0)).expect("the only port");
            chooser(Proto::Udp)
                .send_to(b"x", (HOST4, 9))
                .expect("the only port");
        }),
        behaviour("no_full_port_is_chosen_for_a_listener", || {
            as_tenant(ONE, || {
                let crowd = Crowd::new(Proto::Tcp, SO_REUSEPORT);
                let _all = crowd.open(ANY4, MOST).expect("so many");
                is(chooser(Proto::Tcp).listen(), &[EADDRINUSE]);
                is(chooser(Proto::Tcp).bind((ANY4, 0)), &[EADDRINUSE]);
            });
        }),
        behaviour("connections_that_were_accepted_do_not_count", || {
            as_tenant(ONE, || {
                let crowd = Crowd::new(Proto::Tcp, SO_REUSEPORT);
                let server = crowd.socket(ip(ONE[0])).expect("a listener");
                let connections: Vec<_> = (0..MANY)
                    .map(|_| {
                        let client = Sock::v4(Proto::Tcp);
                        client.connect(server.local()).expect("connect");
                        (server.accept().expect("accept"), client)
                    })
                    .collect();
                crowd.fills(ip(ONE[0]), MOST - 1);
                drop((connections, server));
            });
        }),
        behaviour(
            "no_dissolved_connection_comes_back_to_a_full_port_tcp",
            || {
                dissolved(Proto::Tcp);
            },
        ),
        behaviour(
            "no_dissolved_connection_comes_back_to_a_full_port_udp",
            || {
                dissolved(Proto::Udp);
            },
        ),
    ]
}

/// A socket for which the kernel can choose [`PORT`] only.
fn chooser(proto: Proto) -> Sock {
    let sock = Sock::v4(proto);
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    sock.set(SOL_SOCKET, SO_REUSEPORT, 0);
    let range = u32::from(PORT) << 16 | u32::from(PORT);
    sock.set(IPPROTO_IP, IP_LOCAL_PORT_RANGE, range as i32);
    sock
}

/// Connects sockets, opens others in their place, and dissolves the
/// connections.
fn dissolved(proto: Proto) {
    // One for each connection: with TCP, two to the same one would have the same ends.
    let servers = (0..CONNECTED).map(|nr| Sock::serving(proto, (HOST4, SERVERS + nr)));
    let servers: Vec<Sock> = servers.collect();
    as_tenant(ONE, || {
        let crowd = Crowd::new(proto, SO_REUSEADDR);
        let mut all = crowd.open(ANY4, MOST).expect("so many");
        for (sock, server) in all.iter().zip(&servers) {
            sock.connect(server.local()).expect("connect");
        }
        all.extend((0..MOST).map_while(|_| crowd.socket(ANY4).ok()));
        for sock in &all[..servers.len()] {
            let _ = sock.connect(Addr::unspecified(0));
        }
        let there = all
            .iter()
            .filter(|sock| sock.local().port() == PORT && sock.peer().is_err());
        assert!(there.count() <= MOST);
    });
}
