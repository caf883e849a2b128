// SPDX-License-Identifier: GPL-2.0

//! What is written to a tunnel device comes from the network, as far as the
//! kernel knows, with whatever source it says.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use super::capability::{needed, NET_ADMIN};
use super::packets::{deceived, forged, trust_the_network, victim};
use crate::addr::{HOST4, ONE};
use crate::child::as_tenant;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::family::{device_ioctl, device_request, SIOCSIFFLAGS, TUNSETIFF};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::from(needed(
        "injecting_packets_by_a_tunnel",
        &[NET_ADMIN],
        inject,
    ));
    // Why the capability must be withheld.
    tests.push(behaviour(
        "injecting_packets_by_a_tunnel_works_for_a_tenant_with_the_capability",
        || {
            trust_the_network();
            let victim = victim(HOST4);
            as_tenant(ONE, || write_forged().expect("inject"));
            deceived(&victim, "10.0.0.2").expect("the forged message");
        },
    ));
    tests
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

/// Makes a tunnel device and puts it into operation.
fn tunnel() -> io::Result<File> {
    let file = File::options()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    let kind = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    device_ioctl(file.as_fd(), TUNSETIFF, device_request("tun0", kind))?;
    let up = device_request("tun0", libc::IFF_UP as i16);
    device_ioctl(Sock::v4(Proto::Udp).as_fd(), SIOCSIFFLAGS, up)?;
    Ok(file)
}
