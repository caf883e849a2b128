// SPDX-License-Identifier: GPL-2.0

//! Processes of a tenant are killed in every state.

use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::{self, park, sleep};
use std::time::Duration;

use crate::child::{end_descendants, spawn_tenant, Child};
use crate::device::wait_until_empty;
use crate::memory::Memory;
use crate::sys::process::{exit_unflushed, ignore_children};
use crate::sys::trace::seize;
use crate::sys::vfork::{fork_and_exit, vfork_and_hang, vfork_and_wait};
use crate::wait::Dice;
use crate::world::TENANTS;

/// The argument with which this program executes itself again.
pub const AGAIN: &str = "again-and-again";

/// The states, as functions that stay in one until they are killed.
const LIVES: [(&str, fn()); 14] = [
    ("forking", || forking(|| drop(fork_and_exit()))),
    ("vforking", || forking(|| drop(vfork_and_wait()))),
    ("executing", execute_again),
    ("making_threads", making_threads),
    ("executing_from_a_thread", || {
        thread::spawn(execute_again);
        stay();
    }),
    ("among_zombies", || {
        for _ in 0..20 {
            let _ = fork_and_exit();
        }
        stay();
    }),
    ("waiting_for_vfork", || drop(vfork_and_hang())),
    ("with_threads", || {
        for _ in 0..8 {
            thread::spawn(stay);
        }
        stay();
    }),
    ("accepting", || {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("listen");
        let _ = listener.accept();
    }),
    ("receiving", || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("bind");
        let _ = socket.recv(&mut [0; 8]);
    }),
    ("connecting", || {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("listen");
        let port = listener.local_addr().expect("port").port();
        // Nobody accepts, so connect() blocks when the queue is full.
        let mut streams = Vec::new();
        loop {
            streams.push(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connect"));
        }
    }),
    ("sending", || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("bind");
        let to = (
            Ipv4Addr::LOCALHOST,
            socket.local_addr().expect("port").port(),
        );
        loop {
            let _ = socket.send_to(b"x", to);
        }
    }),
    ("crashing", || {
        let child = Child::leading(stay);
        child.signal(libc::SIGABRT);
        std::process::abort();
    }),
    ("exiting_from_a_thread", || {
        thread::spawn(|| exit_unflushed(0));
        stay();
    }),
];

pub fn run(rounds: u64) -> Vec<String> {
    each_once(&mut Dice::new(2));
    let before = Memory::settled();
    let mut dice = Dice::new(3);
    for _ in 0..rounds.div_ceil(LIVES.len() as u64) {
        each_once(&mut dice);
    }
    let mut lines = before.is_back();
    let states: Vec<_> = LIVES.iter().map(|(name, _)| *name).collect();
    lines.push(format!("states: {}", states.join(", ")));
    lines
}

/// Starts one process for each state, all at once, and kills each of them.
fn each_once(dice: &mut Dice) {
    let living: Vec<_> = LIVES
        .iter()
        .enumerate()
        .map(|(n, (_, live))| spawn_tenant(TENANTS[n % TENANTS.len()], live).0)
        .collect();
    for child in &living {
        dice.nap(5_000);
        match dice.below(4) {
            // Stopped when it is killed.
            0 => child.signal(libc::SIGSTOP),
            // Traced by the host when it is killed.
            1 => {
                let _ = seize(child.pid());
            }
            2 => child.signal(libc::SIGTERM),
            _ => {}
        }
        dice.nap(1_000);
        child.signal(libc::SIGKILL);
    }
    drop(living);
    end_descendants();
    wait_until_empty();
}

fn forking(mut fork: impl FnMut()) {
    ignore_children(true);
    loop {
        fork();
    }
}

fn making_threads() {
    loop {
        let threads = [0; 4].map(|_| thread::spawn(|| sleep(Duration::from_micros(50))));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn stay() {
    loop {
        park();
    }
}

/// Executes this program again and again.
pub fn execute_again() {
    let error = Command::new("/proc/self/exe").arg(AGAIN).exec();
    panic!("exec: {error}");
}
