// SPDX-License-Identifier: GPL-2.0

//! Unassociated processes that call every hook all the time.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use addrconf_abi::LSM_ATTR_CURRENT;
use addrconf_test_client::narrow_bytes;
use addrconf_test_client::sys::{set_self, LSM_SET_SELF_ATTR};

use crate::child::Child;
use crate::device::entry;
use crate::sys::bpf;
use crate::sys::memory::{shared_cells, Cells};
use crate::sys::option::set_option;
use crate::sys::process::take_descriptor;
use crate::sys::schedule::be_nicest;
use crate::sys::socket::socket;
use crate::sys::trace::seize;
use crate::sys::vfork::vfork_and_wait;
use crate::wait::eventually;
use crate::world::{self, FAR, HOST};

/// The workers, and what each does again and again.
const KINDS: [(&str, fn()); 11] = [
    ("udp", || udp(HOST.into())),
    ("udp6", || udp(Ipv6Addr::LOCALHOST.into())),
    ("tcp", || tcp(Ipv4Addr::LOCALHOST.into())),
    ("wildcards", wildcards),
    ("forks", forks),
    ("programs", programs),
    ("descriptors", descriptors),
    ("veth", veth),
    ("narrow", narrow),
    ("narrow", narrow),
    ("narrow", narrow),
];

/// The port of the servers at the far end of the veth pair.
const PORT: u16 = 7000;

/// The workers, and processes that sleep in one system call all the time.
pub struct Traffic {
    workers: Vec<Child>,
    sleepers: Vec<Child>,
    rounds: Cells,
    tcp: SocketAddr,
    udp: SocketAddr,
}

impl Traffic {
    /// Starts all processes.
    pub fn start() -> Self {
        let rounds = shared_cells(KINDS.len()).expect("counters");
        let far = world::beyond(far_servers);
        let workers = KINDS.iter().zip(rounds).map(|((_, round), count)| {
            Child::leading(|| {
                be_nicest();
                loop {
                    round();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let workers: Vec<_> = workers.chain([far]).collect();

        let listener = TcpListener::bind((HOST, 0)).expect("listen");
        let socket = UdpSocket::bind((HOST, 0)).expect("bind");
        let tcp = listener.local_addr().expect("port");
        let udp = socket.local_addr().expect("port");
        let sleepers = vec![
            Child::leading(|| drop(listener.accept().expect("accept"))),
            Child::leading(|| {
                socket.recv_from(&mut [0; 8]).expect("receive");
            }),
        ];
        Self {
            workers,
            sleepers,
            rounds,
            tcp,
            udp,
        }
    }

    /// Whether each worker has finished a round.
    pub fn flows(&self) -> bool {
        self.rounds.iter().all(|n| n.load(Ordering::Relaxed) > 0)
    }

    /// How many workers sleep in a hook at this moment.
    pub fn asleep_in_hooks(&self) -> usize {
        let asking = format!("{} ", LSM_SET_SELF_ATTR);
        let kinds = KINDS.iter().zip(&self.workers);
        let narrow = kinds.filter(|((kind, _), _)| *kind == "narrow");
        let asleep = narrow.filter(|(_, worker)| {
            let call = fs::read_to_string(format!("/proc/{}/syscall", worker.pid()));
            call.is_ok_and(|call| call.starts_with(&asking))
        });
        asleep.count()
    }

    /// Ends all processes, and returns a line about how much they did.
    ///
    /// # Panics
    ///
    /// If one of them has failed.
    #[track_caller]
    pub fn stop(self) -> String {
        assert!(self.workers.iter().all(Child::lives), "a worker failed");
        // The sleepers entered their calls when the module was another instance.
        TcpStream::connect(self.tcp).expect("connect");
        let socket = UdpSocket::bind((HOST, 0)).expect("bind");
        socket.send_to(b"wake up", self.udp).expect("send");
        self.sleepers.into_iter().for_each(Child::succeeded);
        let rounds = KINDS.iter().zip(self.rounds);
        let rounds = rounds.map(|((kind, _), n)| format!("{kind} {}", n.load(Ordering::Relaxed)));
        format!("traffic: {}", rounds.collect::<Vec<_>>().join(", "))
    }
}

fn udp(addr: IpAddr) {
    let [one, other] = [0, 0].map(|_| UdpSocket::bind((addr, 0)).expect("bind"));
    let to = other.local_addr().expect("address");
    one.send_to(b"a", to).expect("send");
    assert_eq!(other.recv(&mut [0; 8]).expect("receive"), 1);
    one.connect(to).expect("connect");
    one.send(b"bc").expect("send");
    assert_eq!(other.recv(&mut [0; 8]).expect("receive"), 2);
    one.set_ttl(9)
        .or_else(|_| one.set_multicast_loop_v6(true))
        .expect("an option");
}

fn tcp(addr: IpAddr) {
    let listener = TcpListener::bind((addr, 0)).expect("listen");
    let to = listener.local_addr().expect("address");
    let mut client = TcpStream::connect(to).expect("connect");
    let (mut server, _) = listener.accept().expect("accept");
    client.set_nodelay(true).expect("an option");
    client.write_all(b"ping").expect("send");
    server.read_exact(&mut [0; 4]).expect("receive");
    server.write_all(b"pong").expect("send");
    client.read_exact(&mut [0; 4]).expect("receive");
}

/// Binds two sockets to one port, which must fail.
fn wildcards() {
    let first = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).expect("bind");
    let port = first.local_addr().expect("port").port();
    let second = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port));
    let error = second.expect_err("the port is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

/// Makes processes and threads.
fn forks() {
    let child = Child::leading(|| drop(UdpSocket::bind((HOST, 0)).expect("bind")));
    child.succeeded();
    for _ in 0..8 {
        vfork_and_wait().expect("vfork");
    }
    let thread = Child::leading(|| {
        let other = std::thread::spawn(|| UdpSocket::bind((HOST, 0)).expect("bind"));
        drop(other.join().expect("a thread"));
    });
    thread.succeeded();
}

fn programs() {
    let status = Command::new("/bin/true").status().expect("/bin/true");
    assert!(status.success());
}

/// Calls that are refused to associated processes and must succeed here.
fn descriptors() {
    let udp = UdpSocket::bind((HOST, 0)).expect("bind");
    let idle = Child::leading(|| loop {
        std::thread::park();
    });
    // The child inherited the descriptor.
    let taken = take_descriptor(idle.pid(), udp.as_raw_fd()).expect("pidfd_getfd");
    let mark = set_option(taken.as_fd(), libc::SOL_SOCKET, libc::SO_MARK, 1);
    mark.expect("SO_MARK");
    let transparent = set_option(taken.as_fd(), libc::IPPROTO_IP, libc::IP_TRANSPARENT, 1);
    transparent.expect("IP_TRANSPARENT");
    seize(idle.pid()).expect("ptrace");
    bpf::with_zeroes(9999).expect_err("there is no such command");
    let raw = socket(
        libc::AF_INET,
        libc::SOCK_RAW | libc::SOCK_CLOEXEC,
        libc::IPPROTO_ICMP,
    );
    drop(raw.expect("a raw socket"));
    let packet = socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
    drop(packet.expect("a packet socket"));
}

/// Narrowing, which is refused to unassociated processes. Workers that try it at the
/// same time wait for each other in the hook.
fn narrow() {
    let content = narrow_bytes(&[entry(HOST)], "");
    let error = set_self(LSM_ATTR_CURRENT, &content).expect_err("not a tenant");
    // With the module, without it, and while it is being loaded or unloaded.
    let expected = [libc::ENOENT, libc::EOPNOTSUPP, libc::ENODEV];
    assert!(
        error.raw_os_error().is_some_and(|e| expected.contains(&e)),
        "narrowing by an unassociated process failed with {error}"
    );
}

/// Traffic to the second network and back.
fn veth() {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("bind");
    let timeout = Some(Duration::from_millis(200));
    socket.set_read_timeout(timeout).expect("a timeout");
    // Datagrams get lost before the servers are there.
    eventually("an echo", || {
        let _ = socket.send_to(b"echo", (FAR, PORT));
        socket.recv_from(&mut [0; 8]).is_ok()
    });
    let mut stream = TcpStream::connect((FAR, PORT)).expect("connect");
    stream.read_exact(&mut [0; 5]).expect("receive");
}

fn far_servers() {
    let udp = UdpSocket::bind((FAR, PORT)).expect("bind");
    let tcp = TcpListener::bind((FAR, PORT)).expect("listen");
    let _echo = Child::leading(|| loop {
        let (len, from) = udp.recv_from(&mut [0; 8]).expect("receive");
        udp.send_to(&[0; 8][..len], from).expect("send");
    });
    loop {
        let (mut stream, _) = tcp.accept().expect("accept");
        // The other side may be gone already.
        let _ = stream.write_all(b"hello");
    }
}
