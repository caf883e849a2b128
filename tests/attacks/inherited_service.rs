// SPDX-License-Identifier: GPL-2.0

//! A service whose socket others hold, too: a tenant that inherited it before it
//! was associated, or a part that inherited it from its whole. Neither may end
//! the service, as any other process with the socket can.

use std::io;
use std::os::fd::AsFd;

use libc::{
    O_NONBLOCK, SHUT_RD, SHUT_RDWR, SHUT_WR, SOL_SOCKET, SO_ATTACH_FILTER,
    SO_ATTACH_REUSEPORT_CBPF, SO_REUSEPORT,
};

use super::old_descriptors::connection;
use super::thief::who_answers;
use crate::addr::{ip, Addr, HOST4, ONE, PAIRS};
use crate::child::{Channel, Child};
use crate::client::{associate, narrow, narrow_keeping};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::descriptor::fcntl;
use crate::sys::option::attach_classic;
use crate::sys::socket::shutdown;
use crate::uring::Ring;

/// The classic BPF instruction that returns a constant.
const RETURN: u16 = 6;

const PORT: u16 = 80;

/// What is done to a socket of another owner.
type Do = fn(&Sock) -> io::Result<()>;

/// A way to end the service of a socket.
#[derive(Clone, Copy)]
struct Harm {
    name: &'static str,
    proto: Proto,
    make: fn(&str) -> Sock,
    inflict: Do,
}

/// The process that inflicts the harm.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// A process of the host, on the host's service.
    Host,
    /// A tenant that inherited the host's socket.
    Tenant,
    /// A process of the same tenant.
    Whole,
    /// A part of that tenant.
    Part,
    /// The same, if it keeps the loopback.
    KeepingPart,
}

impl By {
    fn address(self) -> &'static str {
        match self {
            Self::Host | Self::Tenant => HOST4,
            Self::Whole | Self::Part | Self::KeepingPart => ONE[0],
        }
    }
}

pub fn tests() -> Vec<Test> {
    let on = |name, proto, inflict| Harm {
        name,
        proto,
        make: if proto == Proto::Tcp { tcp } else { udp },
        inflict,
    };
    let on_group = |name, proto| Harm {
        make: if proto == Proto::Tcp {
            tcp_group
        } else {
            udp_group
        },
        ..on(name, proto, |s| {
            attach_classic(s.as_fd(), SO_ATTACH_REUSEPORT_CBPF, &[(RETURN, 0)])
        })
    };
    let drop_all: Do = |s| attach_classic(s.as_fd(), SO_ATTACH_FILTER, &[(RETURN, 0)]);
    let mut tests = Vec::new();
    for harm in [
        on("shutdown_of_a_listener", Proto::Tcp, |s| {
            shutdown(s.as_fd(), SHUT_RD)
        }),
        on("shutdown_of_a_listener_by_a_ring", Proto::Tcp, |s| {
            Ring::new().shutdown(s, SHUT_RDWR)
        }),
        on("connecting_a_listener_to_nowhere", Proto::Tcp, |s| {
            s.connect(Addr::unspecified(0))
        }),
        on("a_filter_on_a_listener", Proto::Tcp, drop_all),
        on("a_filter_on_a_datagram_socket", Proto::Udp, drop_all),
        on("connecting_a_datagram_socket", Proto::Udp, |s| {
            s.connect((s.local().ip(), 9))
        }),
        on_group("a_program_of_a_group_of_listeners", Proto::Tcp),
        on_group("a_program_of_a_group_of_datagram_sockets", Proto::Udp),
    ] {
        tests.extend(harm.tests());
    }
    tests.extend([
        everywhere(
            "shutdown_by_an_unassociated_process_ends_a_connection",
            || {
                assert!(ends_a_connection(&[]), "the connection goes on");
            },
        ),
        behaviour(
            "shutdown_by_a_tenant_does_not_end_a_hosts_connection",
            || {
                assert!(!ends_a_connection(ONE), "the connection ended");
            },
        ),
        everywhere("an_unassociated_process_has_others_calls_not_wait", || {
            assert!(has_calls_not_wait(&[]), "the socket's calls still wait");
        }),
        behaviour("a_tenant_does_not_have_the_hosts_calls_not_wait", || {
            assert!(
                !has_calls_not_wait(ONE),
                "the socket's calls no longer wait"
            );
        }),
    ]);
    tests
}

impl Harm {
    fn tests(self) -> [Test; 5] {
        let name = |by| format!("{}_by_{by}", self.name);
        [
            everywhere(
                name("an_unassociated_process_ends_the_service"),
                move || {
                    assert_eq!(self.answer_after(By::Host), None);
                },
            ),
            behaviour(name("a_tenant_does_not_end_the_hosts_service"), move || {
                assert_eq!(self.answer_after(By::Tenant).as_deref(), Some("server"));
            }),
            behaviour(
                name("another_process_of_a_tenant_ends_the_service"),
                move || {
                    assert_eq!(self.answer_after(By::Whole), None);
                },
            ),
            behaviour(name("a_part_does_not_end_its_wholes_service"), move || {
                assert_eq!(self.answer_after(By::Part).as_deref(), Some("server"));
            }),
            behaviour(
                name("a_part_that_keeps_the_loopback_does_not_end_its_wholes_service"),
                move || {
                    let answer = self.answer_after(By::KeepingPart);
                    assert_eq!(answer.as_deref(), Some("server"));
                },
            ),
        ]
    }

    /// The word of the socket that answers a client after the harm was inflicted.
    fn answer_after(self, by: By) -> Option<String> {
        let ready = Channel::new();
        let _server = Child::spawn(|| {
            if matches!(by, By::Whole | By::Part | By::KeepingPart) {
                associate(PAIRS[0]);
            }
            let sock = (self.make)(by.address());
            Child::spawn(|| {
                match by {
                    By::Host | By::Whole => {}
                    By::Tenant => drop(associate(ONE)),
                    By::Part => narrow(&["10.1.0.1"], "").expect("narrow"),
                    By::KeepingPart => narrow_keeping(&["10.1.0.1"], "").expect("narrow"),
                }
                let done = (self.inflict)(&sock);
                if matches!(by, By::Host | By::Whole) {
                    done.expect("nothing should refuse it");
                }
            })
            .succeeded();
            ready.send("");
            serve(self.proto, &sock);
        });
        ready.receive();
        who_answers(self.proto, by.address(), PORT)
    }
}

fn serve(proto: Proto, sock: &Sock) -> ! {
    loop {
        // The socket may no longer work.
        let served = match proto {
            Proto::Tcp => sock.accept().and_then(|(s, _)| s.send(b"server")),
            Proto::Udp => sock
                .receive()
                .and_then(|(_, from)| sock.send_to(b"server", from)),
        };
        if served.is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

fn tcp(at: &str) -> Sock {
    Sock::serving(Proto::Tcp, (at, PORT))
}

fn udp(at: &str) -> Sock {
    Sock::serving(Proto::Udp, (at, PORT))
}

fn tcp_group(at: &str) -> Sock {
    group(Proto::Tcp, at)
}

fn udp_group(at: &str) -> Sock {
    group(Proto::Udp, at)
}

/// The second socket of a reuseport group. The group's program chooses this
/// one, and not the first, which no process serves.
fn group(proto: Proto, at: &str) -> Sock {
    let open = || {
        let sock = Sock::for_ip(proto, ip(at));
        sock.set(SOL_SOCKET, SO_REUSEPORT, 1);
        sock.serve(proto, (at, PORT)).expect("serve");
        sock
    };
    std::mem::forget(open());
    let sock = open();
    let code = [(RETURN, 1)];
    attach_classic(sock.as_fd(), SO_ATTACH_REUSEPORT_CBPF, &code).expect("attach");
    sock
}

/// A child does `inflict` to the first end of a connection, which this process
/// has as well. The child is associated with `set` unless that is empty.
fn inflicted(set: &[&str], inflict: Do) -> (Sock, Sock) {
    let (mine, theirs) = connection();
    Child::spawn(|| {
        if !set.is_empty() {
            associate(set);
        }
        let done = inflict(&mine);
        assert!(done.is_ok() || !set.is_empty(), "{done:?}");
    })
    .succeeded();
    (mine, theirs)
}

fn ends_a_connection(set: &[&str]) -> bool {
    let (mine, theirs) = inflicted(set, |s| shutdown(s.as_fd(), SHUT_WR));
    let ended = theirs.has_input(500);
    assert_eq!(mine.send(b"x").is_err(), ended);
    ended
}

fn has_calls_not_wait(set: &[&str]) -> bool {
    let (mine, _theirs) = inflicted(set, |s| {
        fcntl(s.as_fd(), libc::F_SETFL, O_NONBLOCK).map(drop)
    });
    let flags = fcntl(mine.as_fd(), libc::F_GETFL, 0).expect("F_GETFL");
    flags & O_NONBLOCK != 0
}
