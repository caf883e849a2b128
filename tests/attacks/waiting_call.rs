// SPDX-License-Identifier: GPL-2.0

//! A call waits on a foreign socket while its process is associated. The hook
//! permitted the call when it began, but it must not get what arrives afterwards.

use std::fs;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, EBADF, ENOENT, ETIMEDOUT, SOL_SOCKET, SO_RCVTIMEO};

use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::child::{eventually, in_child, stay, Channel, Child};
use crate::client::{associate_process, entries, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::sharing_memory;
use crate::sys::message::{receive_all, receive_meanwhile, recvfrom, recvmsg};
use crate::sys::option::set_option_bytes;
use crate::sys::pipe::{pipe, splice};
use crate::sys::process::kill;
use crate::sys::socket::accept;
use crate::sys::watch::{epoll, epoll_wait};

/// What a call waits on.
#[derive(Clone, Copy)]
pub enum On {
    /// Data of a peer.
    Connection,
    /// A connection of a peer.
    Listener,
    /// Messages.
    Datagrams,
}

impl On {
    fn proto(self) -> Proto {
        match self {
            On::Connection | On::Listener => Proto::Tcp,
            On::Datagrams => Proto::Udp,
        }
    }
}

/// A call that waits, and returns how much it received.
type Call = fn(&Sock) -> io::Result<usize>;

const CALLS: [(&str, On, Call); 7] = [
    ("recv_on_a_connection", On::Connection, receive),
    ("recvmsg_on_a_connection", On::Connection, |sock| {
        recvmsg(sock.as_fd(), 64).map(|(data, ..)| data.len())
    }),
    // As much as the host sends in two messages.
    ("recv_of_all_on_a_connection", On::Connection, |sock| {
        receive_all(sock.as_fd(), 2 * WORD.len())
    }),
    ("splice_from_a_connection", On::Connection, |sock| {
        let (_read, write) = pipe()?;
        splice(sock.as_fd(), write.as_fd(), 64)
    }),
    ("accept", On::Listener, |sock| {
        accept(sock.as_fd()).map(|_| 1)
    }),
    ("recv_of_a_datagram", On::Datagrams, receive),
    ("recvmsg_of_a_datagram", On::Datagrams, |sock| {
        recvmsg(sock.as_fd(), 64).map(|(data, ..)| data.len())
    }),
];

const WORD: &[u8] = b"secret";

/// Reports that it is ready, and makes the call.
fn once(call: Call) -> impl FnOnce(Sock, &Channel) -> io::Result<usize> {
    move |sock, ready| {
        ready.send("");
        let end = call(&sock);
        // Kept open, so that the sender sees no difference.
        mem::forget(sock);
        end
    }
}

fn receive(sock: &Sock) -> io::Result<usize> {
    recvfrom(sock.as_fd(), 64).map(|(data, _)| data.len())
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, on, call) in CALLS {
        for (family, at) in [("v4", ip(HOST4)), ("v6", ip(HOST6))] {
            tests.extend([
                behaviour(
                    format!("{what}_that_waits_during_an_assignment_is_asked_again_{family}"),
                    move || {
                        let end = outcome(at, on, true, once(call));
                        assert_eq!(end, Err(EADDRNOTAVAIL));
                    },
                ),
                everywhere(
                    format!("{what}_that_waits_gets_what_comes_{family}"),
                    move || {
                        let end = outcome(at, on, false, once(call));
                        assert!(end.is_ok_and(|len| len > 0), "{end:?}");
                    },
                ),
            ]);
        }
    }
    tests.extend([
        behaviour(
            "a_call_that_waits_on_a_closed_descriptor_is_asked_again",
            || {
                let end = outcome(ip(HOST4), On::Datagrams, true, on_a_closed_descriptor);
                assert_eq!(end, Err(EBADF));
            },
        ),
        everywhere(
            "a_call_that_waits_on_a_closed_descriptor_gets_what_comes",
            || {
                let end = outcome(ip(HOST4), On::Datagrams, false, on_a_closed_descriptor);
                assert_eq!(end, Ok(WORD.len()));
            },
        ),
        behaviour("a_call_that_waits_on_ones_own_address_goes_on", || {
            let end = outcome(ip(ONE[0]), On::Datagrams, true, once(receive));
            assert_eq!(end, Ok(WORD.len()));
        }),
        behaviour(
            "a_call_with_a_time_limit_on_ones_own_address_goes_on",
            || {
                let end = outcome(ip(ONE[0]), On::Datagrams, true, |sock, ready| {
                    ready.send("");
                    sock.receive().map(|(data, _)| data.len())
                });
                assert_eq!(end, Ok(WORD.len()));
            },
        ),
        behaviour("an_assignment_is_not_noticed_in_epoll_wait", || {
            let end = outcome(ip(ONE[0]), On::Datagrams, true, |sock, ready| {
                let epoll = epoll(sock.as_fd())?;
                ready.send("");
                epoll_wait(epoll.as_fd(), 30_000).map(usize::from)
            });
            assert_eq!(end, Ok(1));
        }),
        behaviour(
            "a_process_with_a_call_that_does_not_come_back_cannot_be_assigned",
            does_not_come_back,
        ),
        behaviour("an_assignment_does_not_wait_for_who_is_stopped", || {
            in_child(stopped);
        }),
    ]);
    tests
}

/// Receives in one thread, while another closes the descriptor.
fn on_a_closed_descriptor(sock: Sock, ready: &Channel) -> io::Result<usize> {
    receive_meanwhile(sock.into(), WORD.len(), |fd| {
        eventually("the thread waits", || awake("self") == 1);
        drop(fd);
        ready.send("");
    })
}

/// How many threads of a process do not sleep.
fn awake(pid: &str) -> usize {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the threads");
    let stats = threads.map(|thread| {
        let path = thread.expect("a thread").path().join("stat");
        fs::read_to_string(path).unwrap_or_default()
    });
    stats.filter(|stat| !stat.contains(") S ")).count()
}

/// Makes a call that waits on a socket at `at`, and associates its process
/// meanwhile if `assigned`. Then the host sends something. Returns how the call
/// ends.
pub fn outcome(
    at: IpAddr,
    on: On,
    assigned: bool,
    call: impl FnOnce(Sock, &Channel) -> io::Result<usize>,
) -> Result<usize, i32> {
    let (port, answer) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        let sock = waiting(at, on, &port);
        // No time limit: with one, the call would end with EINTR.
        set_option_bytes(sock.as_fd(), SOL_SOCKET, SO_RCVTIMEO, &[0; 16]).expect("SO_RCVTIMEO");
        let end = call(sock, &port).map_err(|e| e.raw_os_error().expect("an errno"));
        answer.send(&match end {
            Ok(len) => len.to_string(),
            Err(errno) => format!("-{errno}"),
        });
        stay();
    });
    let to = Addr::from((at, port.receive().parse::<u16>().expect("a port")));
    let speaker = Sock::for_ip(on.proto(), at);
    if matches!(on, On::Connection) {
        speaker.connect(to.clone()).expect("connect");
    }
    port.receive();
    eventually("the call waits", || awake(&child.pid().to_string()) == 0);
    if assigned {
        associate_process(child.pid(), ONE);
    }
    let said = match on {
        On::Connection => speaker.send(WORD).and_then(|()| speaker.send(WORD)),
        On::Listener => speaker.connect(to),
        On::Datagrams => speaker.send_to(WORD, to),
    };
    said.expect("the host speaks");
    let end: i64 = answer.receive().parse().expect("a number");
    if end < 0 {
        Err(-end as i32)
    } else {
        Ok(end as usize)
    }
}

/// The socket that is waited on. Reports its port.
fn waiting(at: IpAddr, on: On, port: &Channel) -> Sock {
    let sock = Sock::serving(on.proto(), (at, 0));
    port.send(&sock.local().port().to_string());
    match on {
        On::Connection => sock.accept().expect("accept").0,
        On::Listener | On::Datagrams => sock,
    }
}

/// Waits until a process is in a state of `/proc/PID/stat`.
fn eventually_in(state: char, child: &Child) {
    let path = format!("/proc/{}/stat", child.pid());
    eventually("the state", || {
        fs::read_to_string(&path).is_ok_and(|stat| stat.contains(&format!(") {state} ")))
    });
}

/// A stopped process is in no call. Its calls are checked once it continues.
fn stopped() {
    let child = Child::spawn(|| stay());
    kill(child.pid(), libc::SIGSTOP).expect("stop");
    eventually_in('T', &child);
    associate_process(child.pid(), ONE);
    kill(child.pid(), libc::SIGCONT).expect("continue");
}

/// Only the end of its child makes a process return from `vfork()`. With its
/// own memory it could also stay in a call that receives.
fn does_not_come_back() {
    let child = Child::spawn(|| {
        let _ = sharing_memory(libc::CLONE_VFORK, || {
            thread::sleep(Duration::from_secs(600));
            0
        });
    });
    eventually_in('D', &child);
    let (device, target) = (Device::open(), Target::Pid(child.pid()));
    let error = device
        .assign(target, &entries(ONE), "")
        .expect_err("assigned");
    assert_eq!(error.raw_os_error(), Some(ETIMEDOUT));
    let error = device.query(target).expect_err("still associated");
    assert_eq!(error.raw_os_error(), Some(ENOENT));
    eventually("the association is gone", || device.ids().is_empty());
}
