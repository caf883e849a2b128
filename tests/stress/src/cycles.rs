// SPDX-License-Identifier: GPL-2.0

//! The module comes and goes under traffic. In some of the cycles there is an
//! association in between, with processes at work, that ends in every way.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use addrconf_abi::Target;

use crate::child::{end_descendants, Child};
use addrconf_test_client::sys::unload_module;

use crate::device::{load, open, unload, wait_until_empty};
use crate::memory::Memory;
use crate::traffic::Traffic;
use crate::wait::{eventually, Dice};
use crate::world::{HOST, TENANTS};

/// Every so many cycles there is an association.
const EVERY: u64 = 4;

/// After so many it says how far it is.
const PROGRESS: u64 = 50;

/// Cycles before memory is looked at: what stays once has come by then.
const WARM_UP: u64 = 10;

pub fn run(cycles: u64) -> Vec<String> {
    under_traffic(WARM_UP);
    let before = Memory::settled();
    let mut lines = under_traffic(cycles);
    lines.extend(before.is_back());
    lines
}

/// What the cycles came to.
#[derive(Default)]
struct Tally {
    associations: u64,
    // Cycles in which somebody slept in a hook when the module was to go.
    asleep: u64,
    unloading: Duration,
    loading: Duration,
}

fn under_traffic(cycles: u64) -> Vec<String> {
    let traffic = Traffic::start();
    eventually("traffic", || traffic.flows());
    let (mut dice, mut tally) = (Dice::new(1), Tally::default());
    let (before, started) = (Memory::now(), Instant::now());
    for cycle in 0..cycles {
        if cycle > 0 && cycle % PROGRESS == 0 {
            let (seconds, asleep) = (started.elapsed().as_secs(), tally.asleep);
            let memory = before.so_far();
            eprintln!("{cycle} cycles in {seconds} s, {asleep} asleep; {memory}");
        }
        one_cycle(cycle, &mut dice, &traffic, &mut tally);
    }
    hurry(false);
    wait_until_empty();
    let flowed = traffic.stop();
    end_descendants();
    let each = |time: Duration| time.as_secs_f64() / cycles as f64;
    vec![
        flowed,
        format!("associations in between: {}", tally.associations),
        format!("unloaded with a caller asleep in a hook: {}", tally.asleep),
        format!(
            "on average unloaded in {:.2} s, loaded in {:.2} s",
            each(tally.unloading),
            each(tally.loading)
        ),
    ]
}

/// Takes the module away and brings it back.
fn one_cycle(cycle: u64, dice: &mut Dice, traffic: &Traffic, tally: &mut Tally) {
    // A module that goes in haste has less time for its mistakes to heal.
    hurry(cycle % 2 == 1);
    if cycle % EVERY == 0 {
        live_and_die(cycle / EVERY);
        tally.associations += 1;
    }
    tally.asleep += u64::from(traffic.asleep_in_hooks() > 0);
    let started = Instant::now();
    unload();
    tally.unloading += started.elapsed();
    // With and without time for the others to find no module.
    if cycle % 4 < 2 {
        dice.nap(2_000);
    }
    let started = Instant::now();
    load();
    tally.loading += started.elapsed();
    if cycle % 3 == 0 {
        dice.nap(5_000);
    }
}

/// Makes grace periods as short, or as cheap, as they can be.
fn hurry(yes: bool) {
    let how = if yes { "1" } else { "0" };
    fs::write("/sys/kernel/rcu_expedited", how).expect("rcu_expedited");
}

/// An association, from its first task to its last.
fn live_and_die(way: u64) {
    let address = TENANTS[way as usize % TENANTS.len()];
    let (tenant, id) = Child::tenant(address, || work(address));
    let device = open();
    eventually("its work", || {
        let described = device.query(Target::Association(id)).expect("query");
        described.tasks > 1 && described.sockets > 0
    });
    // There are tasks at work: the module has to stay.
    unload_module().expect_err("in use");
    match way % 4 {
        0 => drop(tenant),
        1 => {
            device.release(Target::Association(id)).expect("release");
        }
        2 => {
            device.release(Target::All).expect("flush");
        }
        _ => {
            // As in a crash; SIGSEGV itself would go to Rust's handler.
            tenant.signal(libc::SIGABRT);
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
