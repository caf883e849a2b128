// SPDX-License-Identifier: GPL-2.0

//! VSOCK has no IP addresses, so everybody on the machine can reach everybody.

use libc::{AF_VSOCK, EAFNOSUPPORT, SOCK_STREAM};

use crate::addr::{Addr, ONE};
use crate::registry::{refusal, Test};
use crate::sock::Sock;

const PORT: u32 = 5353;

pub fn tests() -> Vec<Test> {
    vec![
        refusal(
            "vsock_reaches_no_service_of_others",
            ONE,
            EAFNOSUPPORT,
            || {
                let server = Sock::new(AF_VSOCK, SOCK_STREAM, 0).expect("VSOCK");
                server.bind(end(libc::VMADDR_CID_ANY)).expect("bind");
                server.listen().expect("listen");
                Box::new(move || {
                    let sock = Sock::new(AF_VSOCK, SOCK_STREAM, 0)?;
                    sock.connect(end(libc::VMADDR_CID_LOCAL))?;
                    server.accept().map(drop)
                })
            },
        ),
        refusal("vsock_serves_nobody", ONE, EAFNOSUPPORT, || {
            Box::new(move || {
                let sock = Sock::new(AF_VSOCK, SOCK_STREAM, 0)?;
                sock.bind(end(libc::VMADDR_CID_ANY))?;
                sock.listen()
            })
        }),
    ]
}

/// struct sockaddr_vm: family, reserved, port, machine, padding.
pub fn end(machine: u32) -> Addr {
    let mut bytes = (AF_VSOCK as u16).to_ne_bytes().to_vec();
    bytes.extend([0; 2]);
    bytes.extend(PORT.to_ne_bytes());
    bytes.extend(machine.to_ne_bytes());
    bytes.extend([0; 4]);
    Addr::raw(&bytes)
}
