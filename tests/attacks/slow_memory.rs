// SPDX-License-Identifier: GPL-2.0

//! A process uses memory that a file system of its own provides. It decides how
//! long the kernel waits for this memory, and what the kernel works on stays
//! locked meanwhile: a socket, or the memory of the process. No control call
//! about others may wait for that.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::thread;

use addrconf_abi::{Change, Target};
use libc::EBUSY;

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{associate, associate_process, entries, Device};
use crate::registry::{behaviour, Test};
use crate::slow_file::SlowFile;
use crate::sock::{Proto, Sock};
use crate::sys::memory::Shared;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_connection_kept_locked_stops_no_control_call", connection),
        behaviour("memory_kept_locked_stops_no_control_call", memory),
    ]
}

/// Panics unless another process can be associated.
fn others_are_associated() {
    let other = Child::spawn(|| stay());
    associate_process(other.pid(), TWO);
}

/// A connection that sends from such memory cannot be reset until the memory
/// comes. Nor can it continue.
fn connection() {
    let file = SlowFile::new();
    let server = Sock::serving(Proto::Tcp, (HOST4, 80));
    let id = Channel::new();
    let _tenant = Child::spawn(|| {
        id.send(&associate(ONE).to_string());
        let sock = Sock::v4(Proto::Tcp);
        sock.connect((HOST4, 80)).expect("connect");
        // Nothing of this may arrive.
        let _ = file.map().send(sock.as_fd());
        stay();
    });
    let target = Target::Association(id.receive().parse().expect("an id"));
    let (connection, _) = server.accept().expect("accept");
    file.await_question();

    // The call does not wait for the memory, and shows what is left.
    let device = Device::open();
    let update = |change, set: &[&str]| device.update(target, change, set, true).expect("update");
    assert_eq!(
        update(Change::Remove, &ONE[..1]),
        0,
        "the connection was not locked"
    );
    let left = device.leftovers(target).expect("query");
    assert_eq!(left, [(entries(&ONE[..1])[0], 1)]);
    others_are_associated();
    file.answer();
    assert!(!connection.has_input(500), "the connection went on");
    eventually("the connection can be reset", || {
        update(Change::Replace, &ONE[1..]) == 1
    });
    assert_eq!(device.leftovers(target).expect("query"), []);
}

/// Reading such memory through `/proc/self/mem` while another thread maps
/// something keeps the memory of the process locked for everybody. `assign`
/// searches this memory.
fn memory() {
    let file = SlowFile::new();
    let child = Child::spawn(|| {
        let mapped = file.map();
        thread::scope(|scope| {
            scope.spawn(|| {
                let memory = File::open("/proc/self/mem").expect("open");
                let read = memory.read_exact_at(&mut [0], mapped.address());
                read.expect("the memory");
            });
            file.await_question();
            Shared::new(4096).expect("mmap");
        });
        stay();
    });
    let threads = format!("/proc/{}/task", child.pid());
    eventually("both threads wait", || {
        let stats = fs::read_dir(&threads).expect("threads").map(|thread| {
            let path = thread.expect("a thread").path().join("stat");
            fs::read_to_string(path).unwrap_or_default()
        });
        stats.filter(|stat| stat.contains(") D ")).count() == 2
    });

    let (device, target) = (Device::open(), Target::Pid(child.pid()));
    let error = device.assign(target, &entries(ONE), "");
    let errno = error
        .expect_err("assigned without a search of its memory")
        .raw_os_error();
    assert_eq!(errno, Some(EBUSY));
    others_are_associated();
    file.answer();
    eventually("the process can be assigned", || {
        device.assign(target, &entries(ONE), "").is_ok()
    });
}
