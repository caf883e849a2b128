// SPDX-License-Identifier: GPL-2.0

//! The module comes and goes under traffic. In some of the cycles there is an
//! association in between, with processes at work, that ends in every way.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::Target;

use crate::child::{end_descendants, Child};
use crate::device::{load, unload, wait_until_empty, Device};
use crate::memory::Memory;
use crate::sys;
use crate::traffic::Traffic;
use crate::wait::{eventually, Dice};
use crate::world::{HOST, TENANTS};

/// Every so many cycles there is an association.
const EVERY: u64 = 4;

/// Cycles before memory is looked at: what stays once has come by then.
const WARM_UP: u64 = 10;

pub fn run(cycles: u64) -> Vec<String> {
    under_traffic(WARM_UP);
    let before = Memory::now();
    let mut lines = under_traffic(cycles);
    lines.extend(before.is_back());
    lines
}

fn under_traffic(cycles: u64) -> Vec<String> {
    let traffic = Traffic::start();
    eventually("traffic", || traffic.flows());
    let mut dice = Dice::new(1);
    let associations: u64 = (0..cycles).map(|cycle| one_cycle(cycle, &mut dice)).sum();
    wait_until_empty();
    let flowed = traffic.stop();
    end_descendants();
    vec![flowed, format!("associations in between: {associations}")]
}

/// Takes the module away and brings it back; how many associations that made.
fn one_cycle(cycle: u64, dice: &mut Dice) -> u64 {
    let tenant = cycle % EVERY == 0;
    if tenant {
        live_and_die(cycle / EVERY);
    }
    unload();
    // With and without time for the others to find no module.
    if cycle % 2 == 0 {
        dice.nap(2_000);
    }
    load();
    if cycle % 3 == 0 {
        dice.nap(5_000);
    }
    u64::from(tenant)
}

/// An association, from its first task to its last.
fn live_and_die(way: u64) {
    let address = TENANTS[way as usize % TENANTS.len()];
    let (tenant, id) = Child::tenant(address, || work(address));
    let device = Device::open();
    eventually("its work", || {
        let described = device.query(Target::Association(id)).expect("query");
        described.0.tasks > 1 && described.0.sockets > 0
    });
    // There are tasks at work: the module has to stay.
    sys::delete_module("addrconf").expect_err("in use");
    match way % 4 {
        0 => drop(tenant),
        1 => {
            device.release(Target::Association(id)).expect("release");
        }
        2 => {
            device.release(Target::All).expect("flush");
        }
        _ => {
            tenant.signal(libc::SIGSEGV);
            sleep(Duration::from_millis(2));
        }
    }
}

/// What tenants do: what is theirs they may, what is not they may not, until
/// they are released.
fn work(own: Ipv4Addr) {
    let serving = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("bind");
    loop {
        let child = Child::spawn(|| {
            let socket = UdpSocket::bind((own, 0)).expect("bind");
            let port = serving.local_addr().expect("port").port();
            let _: io::Result<_> = socket.send_to(b"x", (own, port));
        });
        child.succeeded();
        match UdpSocket::bind((HOST, 0)) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrNotAvailable),
            // Released; this socket is not what it was.
            Ok(_) => return,
        }
    }
}
