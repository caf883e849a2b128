// SPDX-License-Identifier: GPL-2.0

//! A crowd of a tenant is on the only port that the kernel can choose. Where nothing
//! tells owners apart nobody else gets that port.

use std::io;

use libc::{EADDRINUSE, IPPROTO_IP};

use super::crowded_port::{Crowd, Mob, MANY, PORT};
use crate::addr::{ip, ANY4, HOST4, ONE, TWO};
use crate::child::as_tenant;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::spec::Reuse;

/// `include/uapi/linux/in.h`.
const IP_LOCAL_PORT_RANGE: i32 = 51;

const DATAGRAMS: Crowd = Crowd {
    proto: Proto::Udp,
    share: Reuse::Addr,
};
const LISTENERS: Crowd = Crowd {
    proto: Proto::Tcp,
    share: Reuse::Port,
};

pub fn tests() -> Vec<Test> {
    vec![
        everywhere(
            "a_crowd_keeps_others_from_choosing_its_port_where_nothing_helps",
            || {
                for crowd in [DATAGRAMS, LISTENERS] {
                    let _mob = mob(crowd, &[]);
                    let chosen = chooser(crowd.proto).bind((ANY4, 0));
                    let errno = chosen.expect_err("the port is in use").raw_os_error();
                    assert_eq!(errno, Some(EADDRINUSE), "{:?}", crowd.proto);
                }
            },
        ),
        behaviour("a_crowded_port_is_chosen_for_anothers_datagrams", || {
            let _mob = mob(DATAGRAMS, ONE);
            as_tenant(TWO, || {
                for at in [ANY4, ip(TWO[0])] {
                    chooser(Proto::Udp).bind((at, 0)).expect("bind");
                }
                // Each of these sockets closes before the next one wants the port.
                let uses: [fn(&Sock) -> io::Result<()>; 2] = [
                    |sock| sock.send_to(b"x", (HOST4, 9)),
                    |sock| sock.connect((HOST4, 9)),
                ];
                for choose in uses {
                    let sock = chooser(Proto::Udp);
                    choose(&sock).expect("the only port");
                    assert_eq!(sock.local().port(), PORT);
                }
            });
        }),
        behaviour("a_crowded_port_is_chosen_for_anothers_listener", || {
            let _mob = mob(LISTENERS, ONE);
            as_tenant(TWO, || {
                for at in [ANY4, ip(TWO[0])] {
                    chooser(Proto::Tcp).bind((at, 0)).expect("bind");
                }
                let sock = chooser(Proto::Tcp);
                sock.listen().expect("listen");
                assert_eq!(sock.local().port(), PORT);
            });
        }),
        behaviour("a_crowded_port_is_chosen_for_anothers_connection", || {
            let server = Sock::serving(Proto::Tcp, (HOST4, 9));
            let _mob = mob(LISTENERS, ONE);
            as_tenant(TWO, || {
                let sock = chooser(Proto::Tcp);
                sock.connect((HOST4, 9)).expect("connect");
                assert_eq!(sock.local().port(), PORT);
            });
            server.accept().expect("accept");
        }),
    ]
}

/// A crowd on [`PORT`].
fn mob(crowd: Crowd, set: &[&str]) -> Mob {
    Mob::start(crowd, set, || crowd.open(ANY4, MANY))
}

/// A socket for which the kernel can choose [`PORT`] only.
fn chooser(proto: Proto) -> Sock {
    let sock = Sock::v4(proto);
    let range = u32::from(PORT) << 16 | u32::from(PORT);
    sock.set(IPPROTO_IP, IP_LOCAL_PORT_RANGE, range as i32);
    sock
}
