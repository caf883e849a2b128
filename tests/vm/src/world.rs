// SPDX-License-Identifier: GPL-2.0

//! The machine a test sees: a network namespace of its own, with the
//! addresses of three tenants and of the host on an interface that leads
//! nowhere.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use crate::addr::{HOST4, HOST6, ONE, THREE, TWO};
use crate::sys::process::unshare;

/// Moves this process to a new such machine.
pub fn enter() -> io::Result<()> {
    unshare(libc::CLONE_NEWNET)?;
    let dummy = "link add dummy0 type dummy\nlink set dummy0 up\n";
    // A development machine may have no dummy interface; the loopback
    // interface can hold the addresses as well.
    configure(&(dummy.to_owned() + &addresses("dummy0"))).or_else(|_| configure(&addresses("lo")))
}

fn addresses(device: &str) -> String {
    let mut script = "link set lo up\n".to_owned();
    let mut add = |address: &str| {
        let bits = if address.contains(':') {
            "/128 nodad"
        } else {
            "/32"
        };
        script += &format!("addr add {address}{bits} dev {device}\n");
    };
    for address in [ONE, TWO, THREE, &[HOST4, HOST6]].concat() {
        add(address);
    }
    for host in [1, 2, 3] {
        add(&format!("10.1.0.{host}"));
        add(&format!("2001:db8:1::{host}"));
    }
    add("10.1.0.200");
    script
        + &format!("route add 10.1.0.0/24 dev {device}\nroute add 2001:db8:1::/64 dev {device}\n")
}

/// Has `ip` do what a script says.
pub fn configure(script: &str) -> io::Result<()> {
    let mut ip = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = ip.stdin.take() {
        stdin.write_all(script.as_bytes())?;
    }
    let output = ip.wait_with_output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "ip: {}",
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}
