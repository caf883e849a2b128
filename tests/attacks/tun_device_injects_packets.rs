// SPDX-License-Identifier: GPL-2.0

//! The kernel takes what is written to a tunnel device for packets from the
//! network, whatever source they name.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use libc::{EACCES, EPERM};

use super::capability::{needed, NET_ADMIN};
use super::packets::{deceived, forged, trust_the_network, victim};
use crate::addr::{HOST4, ONE};
use crate::child::{as_tenant, in_child};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::device::{device_ioctl, device_request, give_tunnel_to, SIOCSIFFLAGS, TUNSETIFF};
use crate::sys::user::{become_user, NOBODY};

/// A user who is not [`NOBODY`].
const OTHER: u32 = 1000;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::from(needed(
        "injecting_packets_by_a_tunnel",
        &[NET_ADMIN],
        inject,
    ));
    // Without the capability, a user to whom the host gave a device can do it.
    tests.extend(given());
    tests.push(behaviour(
        "injecting_packets_by_a_tunnel_is_refused_to_a_tenant_with_the_capability",
        || {
            trust_the_network();
            let victim = victim(HOST4);
            as_tenant(ONE, || is_refused(write_forged(), EACCES));
            deceived(&victim, "10.0.0.2").expect_err("the forged message arrived");
        },
    ));
    tests
}

/// The user to whom a tunnel device belongs can use it without any capability,
/// as the kernel documents.
fn given() -> Vec<Test> {
    vec![
        everywhere(
            "injecting_packets_by_a_tunnel_of_ones_own_without_the_capability_works",
            || {
                let victim = prepare(NOBODY);
                in_child(|| attach_as(NOBODY).expect("inject"));
                deceived(&victim, "10.0.0.2").expect("the forged message");
            },
        ),
        behaviour(
            "injecting_packets_by_a_tunnel_of_ones_own_is_refused_to_a_tenant",
            || {
                let victim = prepare(NOBODY);
                as_tenant(ONE, || is_refused(attach_as(NOBODY), EACCES));
                deceived(&victim, "10.0.0.2").expect_err("the forged message arrived");
            },
        ),
        everywhere(
            "injecting_packets_by_a_tunnel_of_another_user_is_refused",
            || {
                let _victim = prepare(OTHER);
                in_child(|| is_refused(attach_as(NOBODY), EPERM));
            },
        ),
        behaviour(
            "injecting_packets_by_a_tunnel_of_another_user_is_refused_to_a_tenant",
            || {
                let _victim = prepare(OTHER);
                as_tenant(ONE, || is_refused(attach_as(NOBODY), EPERM));
            },
        ),
    ]
}

/// The host makes a tunnel device that belongs to a user. Returns the socket of
/// the victim.
fn prepare(user: u32) -> Sock {
    trust_the_network();
    let tunnel = tunnel().expect("a tunnel");
    give_tunnel_to(tunnel.as_fd(), user).expect("a lasting tunnel");
    victim(HOST4)
}

/// Injects a packet as a user without capabilities.
fn attach_as(user: u32) -> io::Result<()> {
    // Opened before the change of user: with udev everybody may open it.
    let file = open()?;
    become_user(user)?;
    attach(&file)?;
    (&file).write_all(&forged("10.0.0.2", HOST4))
}

fn is_refused(outcome: io::Result<()>, errno: i32) {
    let refused = outcome.expect_err("the attack works").raw_os_error();
    assert_eq!(refused, Some(errno));
}

fn inject() -> io::Result<()> {
    trust_the_network();
    let victim = victim("10.0.0.1");
    let tunnel = tunnel()?;
    (&tunnel).write_all(&forged("10.0.0.2", "10.0.0.1"))?;
    deceived(&victim, "10.0.0.2")
}

fn write_forged() -> io::Result<()> {
    (&tunnel()?).write_all(&forged("10.0.0.2", HOST4))
}

/// Makes a tunnel device and brings it up.
fn tunnel() -> io::Result<File> {
    let file = open()?;
    attach(&file)?;
    let up = device_request("tun0", libc::IFF_UP as i16);
    device_ioctl(Sock::v4(Proto::Udp).as_fd(), SIOCSIFFLAGS, up)?;
    Ok(file)
}

fn open() -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).open("/dev/net/tun")
}

/// Attaches to the tunnel device, and makes it if there is none.
fn attach(file: &File) -> io::Result<()> {
    let kind = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    device_ioctl(file.as_fd(), TUNSETIFF, device_request("tun0", kind))
}
