// SPDX-License-Identifier: GPL-2.0

//! An MPTCP connection takes in subflows. The kernel makes them from and to
//! addresses that an administrator named, on sockets that belong to nobody.

use std::os::fd::AsFd;
use std::time::Duration;

use addrconf_abi::Bypass;
use libc::{AF_INET, EAGAIN, IPPROTO_MPTCP, SOCK_STREAM, SOL_SOCKET, SO_RCVTIMEO};

use super::descriptors_of_power::is_busy;
use super::wire::{Packet, Wire};
use crate::addr::{ip, ANY4, HOST4, ONE};
use crate::child::{stay, within, Channel, Child};
use crate::client::{in_the_way, Assignment};
use crate::registry::{behaviour, everywhere, Test};
use crate::runner::pace;
use crate::sock::{Proto, Sock};
use crate::sys::message::recvfrom;
use crate::sys::option::set_option_bytes;
use crate::tenant::Tenant;
use crate::world::configure;

const PORT: u16 = 80;
const OWN: &str = ONE[0];
const ANOTHERS: &str = "10.0.0.2";

/// How long a further subflow may take to come.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        everywhere("mptcp_of_a_host_joins_from_another_address", || {
            let (server, client) = End::pair(OWN);
            assert!(Join::from(ANOTHERS).asked, "the attack failed");
            assert_eq!(client.talks(), [0, EAGAIN]);
            assert_eq!(server.talks(), [0, 0]);
        }),
        behaviour(
            "a_process_with_an_mptcp_connection_cannot_be_assigned",
            || {
                let (server, client) = End::pair(OWN);
                for end in [server, client] {
                    let found = in_the_way(end.child.pid(), &Assignment::DEFAULT);
                    assert_eq!(found.bypass, Bypass::MptcpConnection);
                }
            },
        ),
        behaviour("a_process_with_an_mptcp_server_can_be_assigned", || {
            let ready = Channel::new();
            let child = Child::spawn(|| {
                let sock = mptcp();
                sock.serve(Proto::Tcp, (ANY4, PORT)).expect("serve");
                ready.send("");
                stay();
            });
            ready.receive();
            assert!(!is_busy(child.pid(), Assignment::DEFAULT));
        }),
        behaviour(
            "mptcp_of_the_host_is_not_joined_at_an_exclusive_address",
            || {
                let _tenant = Tenant::with(ONE, &Assignment::EXCLUSIVE);
                let _ends = End::pair(HOST4);
                Join::at(OWN).is_in_vain();
            },
        ),
    ];
    for (what, addr) in [("one", OWN), ("another", ANOTHERS)] {
        let name = format!("mptcp_of_a_host_is_joined_at_{what}_address");
        tests.push(everywhere(name, move || {
            let _ends = End::pair(HOST4);
            assert!(Join::at(addr).granted, "the attack failed");
        }));
    }
    tests
}

/// A process with one end of an MPTCP connection.
struct End {
    child: Child,
    ready: Channel,
    go: Channel,
    told: Channel,
}

impl End {
    /// A server at all addresses, and a client that is connected from this
    /// address to the host's.
    fn pair(from: &str) -> (Self, Self) {
        let server = Self::server();
        let client = Self::client(from);
        server.ready.receive();
        client.ready.receive();
        (server, client)
    }

    fn server() -> Self {
        let limits = "mptcp limits set subflows 2 add_addr_accepted 2\n";
        configure(limits).expect("ip");
        let server = Self::with(|told| {
            let sock = mptcp();
            sock.serve(Proto::Tcp, (ANY4, PORT)).expect("serve");
            told.send("");
            let (connection, _) = sock.accept().expect("accept");
            connection.receive().expect("receive");
            connection.send(b"x").expect("send");
            // The listener stays open.
            std::mem::forget(sock);
            connection
        });
        server.told.receive();
        server
    }

    /// A client. Further subflows need both ends to have sent something.
    fn client(from: &str) -> Self {
        Self::with(|_| {
            let sock = mptcp();
            sock.bind((from, 0)).expect("bind");
            sock.connect((HOST4, PORT)).expect("connect");
            sock.send(b"x").expect("send");
            sock.receive().expect("receive");
            sock
        })
    }

    fn with(connect: impl FnOnce(&Channel) -> Sock) -> Self {
        let (ready, go, told) = (Channel::new(), Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let sock = connect(&told);
            // struct timeval: an answer that does not come must not hold up the
            // test.
            let limit = [0_i64, 500_000].map(i64::to_ne_bytes).concat();
            set_option_bytes(sock.as_fd(), SOL_SOCKET, SO_RCVTIMEO, &limit).expect("setsockopt");
            ready.send("");
            go.receive();
            let sent = sock.send(b"x");
            let received = recvfrom(sock.as_fd(), 16);
            for outcome in [sent, received.map(drop)] {
                let errno = outcome.err().and_then(|e| e.raw_os_error());
                told.send(&errno.unwrap_or(0).to_string());
            }
            stay();
        });
        Self {
            child,
            ready,
            go,
            told,
        }
    }

    /// Makes it send once more, and then receive. Returns the errnos; 0 for
    /// success.
    fn talks(&self) -> [i32; 2] {
        self.go.send("");
        [(); 2].map(|()| self.told.receive().parse().expect("an errno"))
    }
}

fn mptcp() -> Sock {
    Sock::new(AF_INET, SOCK_STREAM, IPPROTO_MPTCP).expect("MPTCP")
}

/// What passes when the kernel gets the order to add a subflow.
#[derive(Default)]
struct Join {
    asked: bool,
    granted: bool,
}

impl Join {
    /// Adds one from this address.
    fn from(addr: &str) -> Self {
        Self::by(&format!("{addr} subflow"), |p| p.source() == ip(addr))
    }

    /// Announces this address to the other end, for it to join there.
    fn at(addr: &str) -> Self {
        Self::by(&format!("{addr} signal"), |p| p.destination() == ip(addr))
    }

    fn by(endpoint: &str, asks: impl Fn(&Packet) -> bool) -> Self {
        let wire = Wire::watched_for(HOST4);
        configure(&format!("mptcp endpoint add {endpoint}\n")).expect("ip");
        let mut join = Self::default();
        within(PATIENCE * pace(), || {
            for packet in wire.packets() {
                join.asked |= packet.asks_for(PORT) && asks(&packet);
                join.granted |= packet.grants(PORT);
            }
            join.granted
        });
        join
    }

    /// Panics unless a subflow was requested and not granted.
    fn is_in_vain(&self) {
        assert!(self.asked, "no subflow was requested");
        assert!(!self.granted, "the subflow was granted");
    }
}
