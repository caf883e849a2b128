// SPDX-License-Identifier: GPL-2.0

//! Sockets that share a port with `SO_REUSEPORT` have a program that chooses
//! which of them gets a packet. Tenants run as the same user, and must not
//! share.

use std::os::fd::AsFd;

use libc::{EPERM, SOL_SOCKET, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF, SO_REUSEPORT};

use super::thief::{who_answers, Thief};
use crate::addr::{ANY4, ANY6, ONE, TWO};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::bpf::{program, set, EXIT};
use crate::sys::option::{attach_classic, set_option};

const SO_ATTACH_REUSEPORT_EBPF: i32 = 52;
const BPF_PROG_TYPE_SOCKET_FILTER: u32 = 1;
/// The classic BPF instruction that returns a constant.
const RETURN: u16 = 6;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = proto.name();
        tests.extend([
            everywhere(
                format!("a_program_of_a_shared_{name}_port_chooses_among_a_hosts_sockets"),
                move || contest(proto, [&[], &[]], "thief"),
            ),
            behaviour(
                format!("a_program_of_a_shared_{name}_port_does_not_choose_for_others"),
                move || contest(proto, [ONE, TWO], "owner"),
            ),
        ]);
    }
    for (what, option) in [
        ("socket", SO_ATTACH_BPF),
        ("shared_port", SO_ATTACH_REUSEPORT_EBPF),
    ] {
        tests.push(refusal(
            format!("a_program_loaded_before_is_not_attached_to_a_{what}"),
            ONE,
            EPERM,
            move || {
                let code = [set(0, 0), EXIT];
                let loaded = program(BPF_PROG_TYPE_SOCKET_FILTER, 0, &code).expect("a program");
                let sock = Sock::v4(Proto::Udp);
                sock.set(SOL_SOCKET, SO_REUSEPORT, 1);
                sock.bind(("10.0.0.1", 80)).expect("bind");
                Box::new(move || {
                    use std::os::fd::AsRawFd;
                    set_option(sock.as_fd(), SOL_SOCKET, option, loaded.as_raw_fd())
                })
            },
        ));
    }
    tests
}

/// Two servers share a port, and the program of the first one chooses the first one.
fn contest(proto: Proto, sets: [&'static [&'static str]; 2], expected: &str) {
    for (any, anothers, port) in [(ANY4, "10.0.0.2", 80), (ANY6, "2001:db8::2", 81)] {
        let open = |choosing: bool| {
            let sock = Sock::for_ip(proto, any);
            sock.set(SOL_SOCKET, SO_REUSEPORT, 1);
            if choosing {
                // Attached before the bind, and so to the whole group.
                let code = [(RETURN, 0)];
                attach_classic(sock.as_fd(), SO_ATTACH_REUSEPORT_CBPF, &code).expect("attach");
            }
            sock.serve(proto, (any, port)).expect("serve");
            sock
        };
        let _thief = Thief::start(sets[0], proto, || open(true));
        let _owner = Thief::named("owner", sets[1], proto, || open(false));
        // Without a program the kernel would choose both at times.
        for _ in 0..8 {
            let word = who_answers(proto, anothers, port);
            assert_eq!(word.as_deref(), Some(expected), "at {anothers}");
        }
    }
}
