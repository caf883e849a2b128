// SPDX-License-Identifier: GPL-2.0

//! One run: starts the watchers and the controller, and checks at the end that
//! nothing is left.

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
use crate::oracle::{events, members, packets, probes, sockets};
use crate::print::print;
use crate::sys::clock::now;
use crate::sys::process::{adopt_orphans, reap};
use crate::sys::schedule::go_first;
use crate::world::{Action, Counter, World};
use crate::{net, pool};

/// Seconds that the last orphaned connection may take to end, on an ordinary
/// kernel. Less than the supervisor's limit, after which it reports a hang.
const AT_THE_END: u64 = 90;

/// Longer than a control call may take while ordinary threads run on time.
const LONG: Duration = Duration::from_secs(10);

/// Runs the fuzzer for this many seconds. `unbound`: the self-test.
pub fn run(world: World, seconds: u64, unbound: bool) -> ExitCode {
    world.note_action(Action::Wait);
    let _ = adopt_orphans();
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
    watchers.push(thread::spawn(move || events::watch(world)));
    // This thread only, and after the watchers have started. What it starts from
    // now on gets the ordinary priority again (`SCHED_RESET_ON_FORK`).
    go_first(2);
    controller.run(now() + seconds * 1_000_000_000);
    world.note_action(Action::Join);
    if unbound {
        in_time(world, "a sleep of the self-test", 0, || thread::sleep(LONG));
    }
    world.stop();
    for watcher in watchers {
        if watcher.join().is_err() {
            let facts = format_args!("a watcher panicked");
            world.violation(Counter::OtherViolations, 0, facts);
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

/// Succeeds if each watcher has caught the tenants, which have no association.
fn self_test(world: World) -> ExitCode {
    let kinds = [
        ("packets", Counter::PacketViolations),
        ("messages", Counter::MessageViolations),
        ("sockets", Counter::SocketViolations),
        ("members", Counter::MemberViolations),
        ("sets", Counter::SetViolations),
        ("connections", Counter::StreamViolations),
        ("services", Counter::ServiceViolations),
        ("grants", Counter::GrantViolations),
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

/// Runs the checks of the end while an association exists, so that they fail.
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

/// Checks that no association and no associated task is left.
fn nothing_left(world: World, seconds: u64) {
    let mut left = (None, None);
    for second in 0..seconds {
        reap();
        left = (number_in("associations"), number_in("tasks"));
        if left == (Some(0), Some(0)) {
            print(&format!("nothing is left after {second} s"));
            return;
        }
        // Sockets that only messages in each other's queues refer to are freed
        // when another Unix socket is closed (`unix_gc()`).
        drop(UnixDatagram::pair());
        thread::sleep(Duration::from_secs(1));
    }
    show_what_is_left();
    let facts =
        format_args!("after {seconds} s (associations, tasks) are left in the module: {left:?}");
    world.violation(Counter::LeftViolations, 0, facts);
}

/// Prints what helps to find the sockets that are left. An orphaned connection
/// lasts until its other end knows, even in a network namespace without any
/// process. The tables of sockets do not show such connections, but the kernel's
/// slab counts do.
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
    // Counts of objects in use, in all network namespaces.
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
    // Processes that were released keep their sockets.
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let sockets = sockets::inodes(&process.file_name().to_string_lossy()).len();
        if sockets > 0 {
            let state: Vec<_> = stat.split_whitespace().take(4).collect();
            print(&format!("{sockets} sockets: {}", state.join(" ")));
        }
    }
}

/// Checks that the module can be unloaded, and loaded again.
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
        let facts =
            format_args!("reloading the module: unloading {unloaded:?}, loading {loaded:?}");
        world.violation(Counter::ReloadViolations, 0, facts);
    } else {
        print("the module was unloaded and loaded again");
    }
}
