// SPDX-License-Identifier: GPL-2.0

//! Sockets of families and protocols that an associated process cannot open,
//! but has from before.

use std::io;
use std::os::fd::AsFd;

use libc::{
    AF_INET, AF_PACKET, AF_RDS, AF_TIPC, AF_VSOCK, EPERM, IPPROTO_SCTP, SOCK_DGRAM, SOCK_RDM,
    SOCK_SEQPACKET, SOCK_STREAM, SOL_PACKET, SOL_RDS, SOL_TIPC,
};

use super::packets::{FORGED, PORT, SECRET};
use super::rds_forges_source::deceive;
use super::sctp_serves_foreign_address::bindx;
use super::shared_descriptors::shared;
use super::smc_serves_foreign_address::AF_SMC;
use super::{l2tp_forges_source, tipc_reaches_others, vsock_reaches_others};
use crate::addr::{Addr, HOST4, ONE};
use crate::child::{Channel, Child};
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;

const ANOTHERS: &str = "10.0.0.2";

pub fn tests() -> Vec<Test> {
    let refused = |name: &str, prepare: fn() -> Attack| refusal(name, ONE, EPERM, prepare);
    vec![
        refused("an_sctp_server_of_before_accepts_nobody", || {
            let server = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP");
            accept(server, (ANOTHERS, 80).into(), || {
                Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP")
            })
        }),
        refused("an_smc_server_of_before_accepts_nobody", || {
            let server = Sock::new(AF_SMC, SOCK_STREAM, 0).expect("SMC");
            accept(server, (ANOTHERS, 80).into(), || Sock::v4(Proto::Tcp))
        }),
        refused("a_vsock_server_of_before_accepts_nobody", || {
            let server = Sock::new(AF_VSOCK, SOCK_STREAM, 0).expect("VSOCK");
            let at = vsock_reaches_others::end(libc::VMADDR_CID_LOCAL);
            accept(server, at, || {
                Sock::new(AF_VSOCK, SOCK_STREAM, 0).expect("VSOCK")
            })
        }),
        refused("an_sctp_socket_of_before_gets_no_address", || {
            let sock = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP");
            Box::new(move || bindx(&sock, ANOTHERS))
        }),
        refused("an_sctp_socket_of_before_is_not_bound", || {
            let sock = Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP");
            Box::new(move || sock.bind((ANOTHERS, 80)))
        }),
        refused("an_rds_socket_of_before_does_not_send", || {
            let victim = rds(HOST4);
            let sock = rds(ANOTHERS);
            Box::new(move || deceive(&sock, &victim, ANOTHERS))
        }),
        refused("an_rds_socket_of_before_does_not_receive", || {
            let sock = rds(ANOTHERS);
            let friend = Child::spawn(|| {
                let friend = rds(HOST4);
                loop {
                    // Repeated for the reason given at `deceive`.
                    let _ = friend.send_to(SECRET, (ANOTHERS, PORT));
                    friend.has_input(200);
                }
            });
            Box::new(move || sock.receive().map(|_| drop(friend)))
        }),
        refused("an_l2tp_socket_of_before_does_not_send", || {
            let sock = Sock::new(AF_INET, SOCK_DGRAM, 115).expect("L2TP");
            sock.bind(l2tp_forges_source::end(ANOTHERS, 8))
                .expect("bind");
            Box::new(move || sock.send_to(FORGED, l2tp_forges_source::end(HOST4, 7)))
        }),
        refused("a_tipc_socket_of_before_does_not_receive", || {
            let sock = Sock::new(AF_TIPC, SOCK_RDM, 0).expect("TIPC");
            sock.bind(tipc_reaches_others::name(1, 17)).expect("bind");
            let friend = Sock::new(AF_TIPC, SOCK_RDM, 0).expect("TIPC");
            let to = tipc_reaches_others::name(2, 0);
            friend.send_to(SECRET, to).expect("send");
            Box::new(move || sock.receive().map(drop))
        }),
        refused("an_sctp_socket_of_before_does_not_receive", || {
            let sock = Sock::new(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP).expect("SCTP");
            sock.serve(Proto::Tcp, (ANOTHERS, 80)).expect("serve");
            let friend = client((ANOTHERS, 80).into(), || {
                Sock::new(AF_INET, SOCK_STREAM, IPPROTO_SCTP).expect("SCTP")
            });
            Box::new(move || {
                let _friend = friend;
                sock.receive().map(drop)
            })
        }),
        refused("a_tipc_socket_of_before_gets_no_option", || {
            let sock = Sock::new(AF_TIPC, SOCK_RDM, 0).expect("TIPC");
            // TIPC_IMPORTANCE
            option(sock, SOL_TIPC, 127, 1_i32.to_ne_bytes().to_vec())
        }),
        refused("a_tipc_socket_of_before_joins_no_group", || {
            let sock = Sock::new(AF_TIPC, SOCK_RDM, 0).expect("TIPC");
            // TIPC_GROUP_JOIN; struct tipc_group_req: name, instance, scope of
            // the node, flags.
            let request = [5353_u32, 17, 3, 0].map(u32::to_ne_bytes).concat();
            option(sock, SOL_TIPC, 135, request)
        }),
        refused("an_rds_socket_of_before_gets_no_option", || {
            // RDS_RECVERR
            option(rds(ANOTHERS), SOL_RDS, 5, 1_i32.to_ne_bytes().to_vec())
        }),
        refused("a_vsock_socket_of_before_gets_no_option", || {
            let sock = Sock::new(AF_VSOCK, SOCK_STREAM, 0).expect("VSOCK");
            // SO_VM_SOCKETS_BUFFER_SIZE
            option(sock, AF_VSOCK, 0, 65536_u64.to_ne_bytes().to_vec())
        }),
        // A process with such a socket cannot be associated, but may get one
        // later.
        refused("a_packet_socket_in_a_shared_table_gets_no_option", || {
            shared(
                || Sock::new(AF_PACKET, SOCK_DGRAM, 0).expect("a packet socket"),
                |sock| {
                    // PACKET_AUXDATA
                    let value = 1_i32.to_ne_bytes();
                    set_option_bytes(sock.as_fd(), SOL_PACKET, 8, &value)
                },
            )
        }),
    ]
}

/// An attack that sets an option.
fn option(sock: Sock, level: i32, name: i32, value: Vec<u8>) -> Attack {
    Box::new(move || set_option_bytes(sock.as_fd(), level, name, &value))
}

fn rds(at: &str) -> Sock {
    let sock = Sock::new(AF_RDS, SOCK_SEQPACKET, 0).expect("RDS");
    sock.bind((at, PORT)).expect("bind");
    sock
}

/// Accepts a client that connected before.
fn accept(server: Sock, at: Addr, open: fn() -> Sock) -> Attack {
    server.serve(Proto::Tcp, at.clone()).expect("serve");
    let client = client(at, open);
    Box::new(move || {
        let (connection, _) = server.accept()?;
        let (data, _) = connection.receive()?;
        drop(client);
        if data == SECRET {
            Ok(())
        } else {
            Err(io::Error::other("the server received something else"))
        }
    })
}

/// A client that connects and sends the secret.
fn client(at: Addr, open: fn() -> Sock) -> Child {
    let sent = Channel::new();
    let child = Child::spawn(|| {
        let client = open();
        client.connect(at).expect("connect");
        client.send(SECRET).expect("send");
        sent.send("");
        crate::child::stay();
    });
    sent.receive();
    child
}
