// SPDX-License-Identifier: GPL-2.0

//! A run: starts those who watch and the controller, and looks at what is left
//! when all is over.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{fs, thread};

use addrconf_abi::SYSFS_PATH;
use addrconf_test_client::sys::{load_module, unload_module};
use addrconf_test_client::Assignment;

use crate::control::{number_in, Device};
use crate::controller::timed::{be_ordinary, in_time};
use crate::controller::Controller;
use crate::oracle::clients::Clients;
use crate::oracle::services::Server;
use crate::oracle::{members, packets, probes, sockets};
use crate::sys::process::{adopt_orphans, go_first, now, print, reap};
use crate::world::{Action, Counter, World};
use crate::{net, pool};

/// Seconds until the last connection without an owner has ended, on an ordinary
/// kernel, less than after which the supervisor calls it hanging.
const AT_THE_END: u64 = 90;

/// Longer than a call may take that is to be prompt, while ordinary threads are.
const LONG: Duration = Duration::from_secs(10);

/// Runs the fuzzer for so long. `unbound`: the self-test.
pub fn run(world: World, seconds: u64, unbound: bool) -> ExitCode {
    world.note_action(Action::Wait);
    adopt_orphans();
    let networks = net::Networks::new();
    let mut controller = Controller::new(world, unbound);
    let mut watchers = Vec::new();
    let monitors = [
        (networks.in_host(net::packet_socket), true),
        (networks.in_peer(net::packet_socket), false),
    ];
    for (fd, host) in monitors {
        watchers.push(thread::spawn(move || packets::watch(world, fd, host)));
    }
    for (fds, host) in [
        (net::probers(true), true),
        (networks.in_peer(|| net::probers(false)), false),
    ] {
        let networks = net::Networks::clone(&networks);
        watchers.push(thread::spawn(move || {
            if !host {
                networks.enter_peer();
            }
            probes::send(world, fds, host);
        }));
    }
    let servers = networks.in_peer(net::peer_servers);
    watchers.push(thread::spawn(move || probes::answer(world, &servers)));
    let ears = net::host_ears();
    watchers.push(thread::spawn(move || probes::overhear(world, &ears)));
    watchers.push(thread::spawn(move || be_ordinary(world)));
    let key = (world.seed() ^ now()).to_ne_bytes();
    let server = Server::new(world, key, controller.before.clone());
    let next_door = networks.in_peer(|| Clients::new(world, key, false));
    watchers.push(thread::spawn(move || server.run()));
    let there = networks.clone();
    watchers.push(thread::spawn(move || {
        there.enter_peer();
        next_door.run();
    }));
    watchers.push(thread::spawn(move || Clients::new(world, key, true).run()));
    let tenants = controller.tenants.clone();
    let present = move || tenants.lock().expect("a lock").clone();
    let theirs = present.clone();
    let before = controller.before.clone();
    let before = move || before.lock().expect("a lock").clone();
    let listeners = controller.listeners.clone();
    let listeners = move || listeners.lock().expect("a lock").clone();
    watchers.push(thread::spawn(move || {
        sockets::watch(world, theirs, before, listeners);
    }));
    watchers.push(thread::spawn(move || members::watch(world, present)));
    // Only now: what it starts is ordinary all the same.
    go_first(2);
    controller.run(now() + seconds * 1_000_000_000);
    world.note_action(Action::Join);
    if unbound {
        in_time(world, "which is none", 0, || thread::sleep(LONG));
    }
    world.stop();
    for watcher in watchers {
        if watcher.join().is_err() {
            world.violation(Counter::OtherViolations, 0, format_args!("a watcher died"));
        }
    }
    world.note_action(Action::Reload);
    if unbound {
        return self_test(world);
    }
    nothing_left(world, AT_THE_END * world.pace());
    controller.close();
    reload(world);
    let violations = world.counted(Counter::Violations);
    print(&format!("seed {}: {violations} violations", world.seed()));
    ExitCode::from(u8::from(violations > 0))
}

/// Tenants without an association must have been caught, by every watcher.
fn self_test(world: World) -> ExitCode {
    let kinds = [
        ("packets", Counter::PacketViolations),
        ("messages", Counter::MessageViolations),
        ("sockets", Counter::SocketViolations),
        ("members", Counter::MemberViolations),
        ("sets", Counter::SetViolations),
        ("connections", Counter::StreamViolations),
        ("services", Counter::ServiceViolations),
        ("slow calls", Counter::SlowViolations),
        ("leftovers", Counter::LeftViolations),
        ("reloading", Counter::ReloadViolations),
    ];
    nothing_left(world, AT_THE_END * world.pace());
    let mut blind = world.counted(Counter::LeftViolations) > 0;
    leave_something(world);
    for (name, counter) in kinds {
        let found = world.counted(counter);
        print(&format!("self-test: {name}: {found} violations found"));
        blind |= found == 0;
    }
    ExitCode::from(u8::from(blind))
}

/// Looks at what is left while there is something: an association.
fn leave_something(world: World) {
    let device = Device::open().expect("the control device");
    let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
    let set = [pool::entry(0)];
    let id = device.assign(child.id() as i32, &set, Assignment::DEFAULT, 0);
    drop(device);
    if id.is_ok() {
        nothing_left(world, 2);
        reload(world);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// After all tenants: no association and no task.
fn nothing_left(world: World, seconds: u64) {
    let mut left = (None, None);
    for second in 0..seconds {
        reap();
        left = (number_in("associations"), number_in("tasks"));
        if left == (Some(0), Some(0)) {
            print(&format!("nothing is left after {second} s"));
            return;
        }
        // Sockets that are only in each other's messages go when any other of
        // theirs is closed (`unix_gc()`).
        drop(UnixDatagram::pair());
        thread::sleep(Duration::from_secs(1));
    }
    show_what_is_left();
    let facts = format_args!("associations and tasks left: {left:?}");
    world.violation(Counter::LeftViolations, 0, facts);
}

/// Prints what may tell which sockets nobody has are still there. A connection
/// goes on until its other end knows, also in a network that nobody is in any
/// more: the tables of sockets do not show those, but the kernel's counts do.
fn show_what_is_left() {
    let associations = fs::read_dir(format!("{SYSFS_PATH}/by-id"));
    let associations = associations.into_iter().flatten();
    let associations = associations.filter_map(|entry| Some(entry.ok()?.path()));
    let tables = [
        "sockstat",
        "sockstat6",
        "tcp",
        "tcp6",
        "udp",
        "udp6",
        "raw",
        "raw6",
    ];
    let tables = tables.map(|table| format!("/proc/net/{table}").into());
    for path in associations.chain(tables) {
        print(&fs::read_to_string(path).unwrap_or_default());
    }
    // Objects in use, of all networks.
    let slabs = fs::read_to_string("/proc/slabinfo").unwrap_or_default();
    let is_socket = |line: &&str| {
        [
            "TCP",
            "UDP",
            "RAW",
            "PING",
            "UNIX",
            "sock_inode",
            "net_namespace",
        ]
        .iter()
        .any(|name| line.starts_with(name) || line.starts_with(&format!("tw_sock_{name}")))
    };
    slabs.lines().filter(is_socket).for_each(print);
    // Whoever was released has its sockets still.
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let sockets = sockets::inodes(&process.file_name().to_string_lossy()).len();
        if sockets > 0 {
            let state: Vec<_> = stat.split_whitespace().take(4).collect();
            print(&format!("{sockets} sockets: {}", state.join(" ")));
        }
    }
}

/// The module can be unloaded, and loaded again.
fn reload(world: World) {
    let mut unloaded = unload_module();
    for _ in 0..50 * world.pace() {
        if unloaded.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        unloaded = unload_module();
    }
    let loaded = load_module();
    if unloaded.is_err() || loaded.is_err() {
        let facts = format_args!("unloading: {unloaded:?}, loading: {loaded:?}");
        world.violation(Counter::ReloadViolations, 0, facts);
    } else {
        print("the module was unloaded and loaded again");
    }
}
