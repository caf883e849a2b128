// SPDX-License-Identifier: GPL-2.0

//! Which sockets belong to which associations, as the module lists them.

use std::os::fd::AsFd;
use std::process::Command;

use addrconf_abi::{Terms, MAX_SOCKETS};
use libc::{EINVAL, IPPROTO_TCP, TCP_DEFER_ACCEPT};

use crate::addr::{ip, HOST4, ONE, TWO};
use crate::child::{eventually, in_child, stay, Channel, Child};
use crate::client::{errno, narrow_keeping, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::namespace::unshare;
use crate::sys::option::{option_bytes, set_option};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("sockets_are_listed_with_their_association", || {
            let terms = Terms {
                allow_raw: true,
                ..Terms::DEFAULT
            };
            let (shop, blog) = (Defined::on(&terms, "shop", ONE), Defined::new("blog", TWO));
            let kinds: [fn() -> Vec<Sock>; 4] = [listening, connected, datagrams, raw];
            for (kind, make) in kinds.into_iter().enumerate() {
                let (cookies, _keeps) = holder(|| shop.enter(), make);
                listed(&cookies, Some(shop.id), kind);
            }
            let (of_blog, _keeps) = holder(|| blog.enter(), datagrams);
            listed(&of_blog, Some(blog.id), 2);
            for (kind, make) in kinds.into_iter().enumerate() {
                let (of_host, _keeps) = holder(|| (), make);
                listed(&of_host, None, kind);
            }
        }),
        behaviour("sockets_of_a_part_are_listed_with_the_part", || {
            let shop = Defined::new("shop", ONE);
            let (cookies, keeps) = holder(
                || {
                    shop.enter();
                    narrow_keeping(&[ONE[0]], "part").expect("narrow");
                },
                datagrams,
            );
            let target = addrconf_abi::Target::Pid(keeps.pid());
            let part = Device::open().query(target).expect("query").id;
            assert_ne!(part, shop.id);
            listed(&cookies, Some(part), 0);
        }),
        behaviour(
            "a_connection_that_waits_is_listed_with_its_association",
            || {
                let shop = Defined::new("shop", ONE);
                let channel = Channel::new();
                let child = Child::spawn(|| {
                    shop.enter();
                    let server = Sock::serving(Proto::Tcp, ("127.0.0.1", 0));
                    let client = Sock::v4(Proto::Tcp);
                    client.connect(server.local()).expect("connect");
                    let (accepted, _) = server.accept().expect("accept");
                    channel.send(&cookie(&client).to_string());
                    // The end that closes first waits.
                    drop(client);
                    assert_eq!(accepted.receive().expect("the end").0, b"");
                    drop(accepted);
                    channel.send("closed");
                    stay();
                });
                let cookie = channel.receive().parse().expect("a cookie");
                channel.receive();
                eventually("the socket waits", || child_waits(&child));
                listed(&[cookie], Some(shop.id), 0);
            },
        ),
        behaviour(
            "a_requested_connection_is_listed_with_its_association",
            || {
                let shop = Defined::new("shop", ONE);
                let (at, asked) = (Channel::new(), Channel::new());
                let _server = Child::spawn(|| {
                    shop.enter();
                    let server = Sock::serving(Proto::Tcp, (ONE[0], 0));
                    // A connection stays a request until it has data.
                    set_option(server.as_fd(), IPPROTO_TCP, TCP_DEFER_ACCEPT, 60).expect("option");
                    at.send(&server.local().port().to_string());
                    asked.receive();
                });
                let port: u16 = at.receive().parse().expect("a port");
                let client = Sock::v4(Proto::Tcp);
                client.connect((ONE[0], port)).expect("connect");
                let listed = Command::new("addrctl").args(["sockets", "shop"]).output();
                let listed = String::from_utf8(listed.expect("addrctl").stdout).expect("text");
                assert!(listed.contains("syn-recv"), "{listed}");
                asked.send("");
            },
        ),
        behaviour("sockets_of_another_network_are_not_listed", || {
            let shop = Defined::new("shop", ONE);
            let (cookies, _keeps) = holder(
                || {
                    shop.enter();
                    unshare(libc::CLONE_NEWNET).expect("unshare");
                },
                || {
                    let sock = Sock::v4(Proto::Udp);
                    sock.bind(("0.0.0.0", 0)).expect("bind");
                    vec![sock]
                },
            );
            listed(&cookies, None, 0);
        }),
        behaviour("sockets_that_do_not_fit_are_counted", || {
            let shop = Defined::new("shop", ONE);
            let (cookies, _keeps) = holder(|| shop.enter(), datagrams);
            let device = Device::open();
            assert_eq!(
                device.sockets_into(0).expect("sockets").1,
                cookies.len() as u32
            );
            let (bytes, count) = device.sockets_into(1).expect("sockets");
            assert_eq!(count, cookies.len() as u32);
            assert_ne!(bytes, vec![0; bytes.len()]);
            assert_eq!(errno(device.sockets_into(MAX_SOCKETS + 1)), EINVAL);
        }),
        behaviour("a_socket_without_a_cookie_is_not_listed", || {
            let shop = Defined::new("shop", ONE);
            in_child(|| {
                let device = Device::open();
                let made = Channel::new();
                let _child = Child::spawn(|| {
                    shop.enter();
                    let _sock = Sock::serving(Proto::Udp, (ONE[0], 0));
                    made.send("");
                    stay();
                });
                made.receive();
                assert_eq!(device.sockets_into(0).expect("sockets").1, 0);
            });
        }),
    ]
}

/// A process that holds what `make` makes after `enter`, and the cookies of its sockets.
fn holder(enter: impl FnOnce(), make: fn() -> Vec<Sock>) -> (Vec<u64>, Child) {
    let channel = Channel::new();
    let child = Child::spawn(|| {
        enter();
        let socks = make();
        let cookies: Vec<_> = socks.iter().map(|sock| cookie(sock).to_string()).collect();
        channel.send(&cookies.join(" "));
        stay();
    });
    let cookies = channel.receive();
    let cookies = cookies
        .split(' ')
        .map(|text| text.parse().expect("a cookie"));
    (cookies.collect(), child)
}

/// Panics unless the sockets with these cookies are listed with an association, or not at all.
fn listed(cookies: &[u64], with: Option<u64>, kind: usize) {
    let all = Device::open().sockets().expect("sockets");
    assert!(!cookies.is_empty());
    for cookie in cookies {
        assert_eq!(
            all.get(cookie).copied(),
            with,
            "kind {kind}, cookie {cookie}"
        );
    }
}

/// The cookie of a socket, as `sock_diag(7)` has it.
fn cookie(sock: &Sock) -> u64 {
    let bytes = option_bytes(sock.as_fd(), libc::SOL_SOCKET, libc::SO_COOKIE, 8);
    let bytes = bytes.expect("SO_COOKIE").try_into().expect("eight bytes");
    u64::from_ne_bytes(bytes)
}

fn listening() -> Vec<Sock> {
    vec![
        Sock::serving(Proto::Tcp, ("::", 0)),
        Sock::serving(Proto::Tcp, ("0.0.0.0", 0)),
    ]
}

fn connected() -> Vec<Sock> {
    let server = Sock::serving(Proto::Tcp, ("127.0.0.1", 0));
    let client = Sock::v4(Proto::Tcp);
    client.connect(server.local()).expect("connect");
    let (accepted, _) = server.accept().expect("accept");
    vec![server, client, accepted]
}

fn datagrams() -> Vec<Sock> {
    let bound = Sock::v6(Proto::Udp);
    bound.bind(("::", 0)).expect("bind");
    let connected = Sock::v4(Proto::Udp);
    connected.connect((ip(HOST4), 9)).expect("connect");
    vec![bound, connected]
}

fn raw() -> Vec<Sock> {
    [
        (libc::AF_INET, libc::IPPROTO_ICMP),
        (libc::AF_INET6, libc::IPPROTO_ICMPV6),
    ]
    .map(|(family, protocol)| Sock::new(family, libc::SOCK_RAW, protocol).expect("raw"))
    .into()
}

/// Whether the network of a process has a socket that waits.
fn child_waits(child: &Child) -> bool {
    let sockets = std::fs::read_to_string(format!("/proc/{}/net/tcp", child.pid()));
    // The state is the fourth word: TCP_TIME_WAIT is 6.
    sockets
        .expect("sockets")
        .lines()
        .any(|line| line.split_whitespace().nth(3) == Some("06"))
}
