// SPDX-License-Identifier: GPL-2.0

//! Descriptors that are not sockets, were opened before the association, and
//! reach what the process could not open now: the memory of another process,
//! and the network of the machine.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use addrconf_abi::{Bypass, Target};

use super::packet_socket_opened_before::cannot_be_associated;
use super::packets::{deceived, forged, trust_the_network, victim};
use crate::addr::ONE;
use crate::child::{stay, Channel, Child};
use crate::client::{associate, associate_with, entries, in_the_way, Assignment, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::device::{device_ioctl, device_request, SIOCSIFFLAGS, TUNSETIFF};

/// A word in the memory of every process of this program.
pub(super) static WORD: AtomicU64 = AtomicU64::new(7);

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("the_memory_of_a_child_is_written_by_a_descriptor", || {
            writes_a_child(memory_of);
        }),
        behaviour(
            "a_process_with_the_memory_of_a_child_cannot_be_assigned",
            || {
                let child = Child::spawn(|| stay());
                let memory = memory_of(child.pid());
                cannot_be_associated(Bypass::ForeignMemory, Some(memory.as_raw_fd()));
                drop(memory);
                associate(ONE);
            },
        ),
        behaviour(
            "a_process_with_the_memory_of_a_sibling_cannot_be_assigned",
            || {
                let sibling = Child::spawn(|| stay());
                let (ready, go) = (Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    let memory = memory_of(sibling.pid());
                    ready.send("");
                    go.receive();
                    drop(memory);
                    ready.send("");
                    stay();
                });
                ready.receive();
                assert!(is_busy(child.pid(), Assignment::DEFAULT));
                go.send("");
                ready.receive();
                assert!(!is_busy(child.pid(), Assignment::DEFAULT));
            },
        ),
        behaviour(
            "a_descriptor_of_memory_that_another_process_has_is_not_in_the_way",
            || {
                let child = Child::spawn(|| stay());
                let (ready, pid) = (Channel::new(), child.pid());
                let _other = Child::spawn(|| {
                    let _memory = memory_of(pid);
                    ready.send("");
                    stay();
                });
                ready.receive();
                associate(ONE);
            },
        ),
        behaviour(
            "a_tree_in_which_one_has_the_memory_of_an_outsider_cannot_be_assigned",
            || {
                let outsider = Child::spawn(|| stay());
                let ready = Channel::new();
                let root = Child::spawn(|| {
                    let child = Child::spawn(|| {
                        let _memory = memory_of(outsider.pid());
                        ready.send("");
                        stay();
                    });
                    ready.send(&child.pid().to_string());
                    stay();
                });
                let lines = [ready.receive(), ready.receive()];
                let holder: i32 = lines.concat().parse().expect("a pid");
                let found = in_the_way(root.pid(), &Assignment::TREE);
                assert_eq!((found.bypass, found.pid), (Bypass::ForeignMemory, holder));
                assert!(Device::open().ids().is_empty(), "an association was made");
            },
        ),
        behaviour("a_process_with_its_own_memory_can_be_assigned", || {
            let memory = File::options()
                .read(true)
                .write(true)
                .open("/proc/self/mem")
                .expect("open");
            associate(ONE);
            let place = (&raw const WORD) as u64;
            memory.write_at(&9_u64.to_ne_bytes(), place).expect("write");
            assert_eq!(WORD.load(Ordering::Relaxed), 9);
        }),
        everywhere("a_tunnel_from_before_injects_packets", || {
            trust_the_network();
            let victim = victim("10.0.0.1");
            let tunnel = tunnel();
            make(&tunnel).expect("a tunnel");
            let packet = forged("10.0.0.2", "10.0.0.1");
            (&tunnel).write_all(&packet).expect("inject");
            deceived(&victim, "10.0.0.2").expect("the forged message");
        }),
        behaviour("a_process_with_a_tunnel_cannot_be_assigned", || {
            let tunnel = tunnel();
            make(&tunnel).expect("a tunnel");
            cannot_be_associated(Bypass::NetworkDevice, Some(tunnel.as_raw_fd()));
            drop(tunnel);
            associate(ONE);
        }),
        behaviour(
            "a_process_with_a_tunnel_yet_to_be_made_cannot_be_assigned",
            || {
                let tunnel = tunnel();
                cannot_be_associated(Bypass::NetworkDevice, Some(tunnel.as_raw_fd()));
                drop(tunnel);
                associate(ONE);
            },
        ),
        behaviour("a_process_with_ordinary_files_can_be_assigned", || {
            let files = [
                "/dev/null",
                "/dev/zero",
                "/proc/self/status",
                "/proc/1/stat",
            ];
            let files = files.map(|path| File::open(path).expect("open"));
            associate_with(std::process::id() as i32, ONE, &Assignment::DEFAULT);
            drop(files);
        }),
    ]
}

/// Writes a word into a child's memory through `memory_of`, which gets its pid.
/// Panics unless the child finds the word there.
pub(super) fn writes_a_child(memory_of: impl FnOnce(i32) -> File) {
    let (go, word) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        go.receive();
        word.send(&WORD.load(Ordering::Relaxed).to_string());
        stay();
    });
    let memory = memory_of(child.pid());
    let place = (&raw const WORD) as u64;
    memory.write_at(&9_u64.to_ne_bytes(), place).expect("write");
    go.send("");
    assert_eq!(word.receive(), "9");
}

/// The memory of a process, opened for reading and writing.
pub(super) fn memory_of(pid: i32) -> File {
    let file = File::options()
        .read(true)
        .write(true)
        .open(format!("/proc/{pid}/mem"));
    file.expect("nothing should refuse this")
}

/// Tries to assign a process, which stays assigned if that succeeds. Returns
/// whether it failed with EBUSY.
pub(super) fn is_busy(pid: i32, assignment: Assignment) -> bool {
    match Device::open().assign_with(Target::Pid(pid), &entries(ONE), &assignment) {
        Ok(_) => false,
        Err(e) if e.raw_os_error() == Some(libc::EBUSY) => true,
        Err(e) => panic!("assign: {e}"),
    }
}

pub(super) fn tunnel() -> File {
    let file = File::options().read(true).write(true).open("/dev/net/tun");
    file.expect("a tunnel device")
}

/// Makes the interface of a tunnel and brings it up.
pub(super) fn make(tunnel: &File) -> io::Result<()> {
    let kind = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    device_ioctl(tunnel.as_fd(), TUNSETIFF, device_request("tun0", kind))?;
    let up = device_request("tun0", libc::IFF_UP as i16);
    device_ioctl(Sock::v4(Proto::Udp).as_fd(), SIOCSIFFLAGS, up)
}
