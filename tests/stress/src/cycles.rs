// SPDX-License-Identifier: GPL-2.0

//! Unloads and loads the module under traffic. In some of the cycles an association
//! with working processes exists in between, and ends in one of several ways.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use addrconf_abi::Target;

use crate::child::{end_descendants, spawn_tenant, Child};
use addrconf_test_client::sys::unload_module;

use crate::device::{load, open, unload, wait_until_empty};
use crate::memory::Memory;
use crate::traffic::Traffic;
use crate::wait::{eventually, Dice};
use crate::world::{HOST, TENANTS};

/// One in this many cycles has an association.
const EVERY: u64 = 4;

/// The number of cycles between two lines of progress.
const PROGRESS: u64 = 50;

/// Cycles before memory is measured: by then, all that is allocated once has been.
const WARM_UP: u64 = 10;

pub fn run(cycles: u64) -> Vec<String> {
    under_traffic(WARM_UP);
    let before = Memory::settled();
    let mut lines = under_traffic(cycles);
    lines.extend(before.is_back());
    lines
}

/// The results of the cycles.
#[derive(Default)]
struct Tally {
    associations: u64,
    // Cycles in which a worker slept in a hook when the module was unloaded.
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
            eprintln!(
                "{cycle} cycles in {seconds} s, {asleep} with a caller asleep in a hook; {memory}"
            );
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

/// Unloads the module and loads it again.
fn one_cycle(cycle: u64, dice: &mut Dice, traffic: &Traffic, tally: &mut Tally) {
    // With expedited grace periods, unloading is fast and leaves less time in which a
    // race could stay hidden.
    hurry(cycle % 2 == 1);
    if cycle % EVERY == 0 {
        live_and_die(cycle / EVERY);
        tally.associations += 1;
    }
    tally.asleep += u64::from(traffic.asleep_in_hooks() > 0);
    let started = Instant::now();
    unload();
    tally.unloading += started.elapsed();
    // With and without time for the workers to run without a module.
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

/// Switches expedited RCU grace periods on or off.
fn hurry(yes: bool) {
    let how = if yes { "1" } else { "0" };
    fs::write("/sys/kernel/rcu_expedited", how).expect("rcu_expedited");
}

/// Makes an association with working processes, and ends it in one of four ways.
fn live_and_die(way: u64) {
    let address = TENANTS[way as usize % TENANTS.len()];
    let (tenant, id) = spawn_tenant(address, || work(address));
    let device = open();
    eventually("a second task and a socket of the tenant", || {
        let described = device.query(Target::Association(id)).expect("query");
        described.tasks > 1 && described.sockets > 0
    });
    // Tasks are associated, so the module must stay.
    unload_module().expect_err("unloading must fail while an association exists");
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

/// The life of a tenant: binding to its own address succeeds, and binding to a foreign
/// one fails, until it is released.
fn work(own: Ipv4Addr) {
    let serving = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("bind");
    loop {
        let child = Child::leading(|| {
            let socket = UdpSocket::bind((own, 0)).expect("bind");
            let port = serving.local_addr().expect("port").port();
            let _: io::Result<_> = socket.send_to(b"x", (own, port));
        });
        child.succeeded();
        match UdpSocket::bind((HOST, 0)) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrNotAvailable),
            // The tenant has been released.
            Ok(_) => return,
        }
    }
}
