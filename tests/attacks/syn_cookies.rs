// SPDX-License-Identifier: GPL-2.0

//! With SYN cookies a connection is established without having been a request
//! of the listener. It must not get past the listener's scope.

use std::fs;

use crate::addr::{ip, ANY4, ANY6, HOST4, HOST6, ONE};
use crate::child::{spawn_tenant, Channel};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

use super::witness::{Eavesdrop, PORT};

pub fn tests() -> Vec<Test> {
    let overhear = |name, open| Eavesdrop {
        name,
        open,
        speak: || {
            for to in [HOST4, "10.0.0.2", "127.0.0.1"] {
                let _ = Sock::v4(Proto::Tcp).connect((to, PORT));
            }
            let _ = Sock::v6(Proto::Tcp).connect((HOST6, PORT));
        },
    };
    let mut tests: Vec<Test> = [
        overhear("a_listener_with_cookies", || {
            always_cookies();
            let sock = Sock::v4(Proto::Tcp);
            sock.serve(Proto::Tcp, (ANY4, PORT)).map(|()| sock)
        }),
        overhear("a_dual_stack_listener_with_cookies", || {
            always_cookies();
            let sock = Sock::v6(Proto::Tcp);
            sock.serve(Proto::Tcp, (ANY6, PORT)).map(|()| sock)
        }),
    ]
    .into_iter()
    .flat_map(Eavesdrop::tests)
    .collect();
    tests.push(behaviour("a_listener_with_cookies_serves_the_set", || {
        always_cookies();
        let ready = Channel::new();
        let tenant = spawn_tenant(ONE, || {
            let sock = Sock::serving(Proto::Tcp, (ANY6, PORT));
            ready.send("");
            for own in ONE {
                let (connection, _) = sock.accept().expect("accept");
                assert_eq!(connection.local().ip().to_canonical(), ip(own));
            }
        });
        ready.receive();
        for own in ONE {
            let sock = Sock::for_ip(Proto::Tcp, ip(own));
            sock.connect((*own, PORT)).expect("connect");
        }
        tenant.succeeded();
    }));
    tests
}

fn always_cookies() {
    fs::write("/proc/sys/net/ipv4/tcp_syncookies", "2").expect("sysctl");
}
