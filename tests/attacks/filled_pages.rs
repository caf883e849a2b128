// SPDX-License-Identifier: GPL-2.0

//! A userfaultfd: its holder fills pages of the process that made it, with code
//! if it likes.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};

use addrconf_abi::Bypass;

use super::descriptors_of_power::is_busy;
use super::packet_socket_opened_before::cannot_be_associated;
use crate::addr::ONE;
use crate::child::{stay, Channel, Child};
use crate::client::{associate, Assignment};
use crate::registry::{behaviour, everywhere, Test};
use crate::sys::memory::Mapped;
use crate::sys::trace::{receive_descriptor, send_descriptor};
use crate::sys::userfault::{fill, filler, PAGE};

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("the_pages_of_a_child_are_filled_by_a_descriptor", || {
            let mut child = Waiting::new();
            let page = [9; PAGE];
            fill(child.filler.as_fd(), child.address, &page).expect("fill");
            assert_eq!(child.found(), page);
        }),
        behaviour(
            "a_process_with_a_userfaultfd_of_a_child_cannot_be_assigned",
            || {
                let child = Waiting::new();
                let filler = child.filler.as_raw_fd();
                cannot_be_associated(Bypass::ForeignPages, Some(filler));
                drop(child);
                associate(ONE);
            },
        ),
        behaviour(
            "a_process_with_an_inherited_userfaultfd_cannot_be_assigned",
            || {
                let memory = page();
                let filler = filler(&memory).expect("userfaultfd");
                let (go, dropped) = (Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    go.receive();
                    drop(filler);
                    dropped.send("");
                    stay();
                });
                assert!(is_busy(child.pid(), Assignment::DEFAULT));
                go.send("");
                dropped.receive();
                assert!(!is_busy(child.pid(), Assignment::DEFAULT));
            },
        ),
        behaviour(
            "a_process_with_a_userfaultfd_of_its_own_can_be_assigned",
            || {
                let memory = page();
                let filler = filler(&memory).expect("userfaultfd");
                associate(ONE);
                let page = [9; PAGE];
                fill(filler.as_fd(), memory.address(), &page).expect("fill");
                let (ours, mut theirs) = UnixStream::pair().expect("socketpair");
                memory.send(ours.as_fd()).expect("send");
                assert_eq!(read(&mut theirs), page);
            },
        ),
    ]
}

/// A page of memory without contents yet.
fn page() -> Mapped {
    Mapped::anonymous(PAGE).expect("mmap")
}

/// A child that waits for a page of its memory, and the descriptor that fills
/// it.
pub(super) struct Waiting {
    filler: OwnedFd,
    address: u64,
    contents: UnixStream,
    child: Child,
}

impl Waiting {
    pub(super) fn new() -> Self {
        let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
        let (contents, sender) = UnixStream::pair().expect("socketpair");
        let address = Channel::new();
        let child = Child::spawn(|| {
            let memory = page();
            let filler = filler(&memory).expect("userfaultfd");
            send_descriptor(theirs.as_fd(), filler.as_fd()).expect("send");
            drop(filler);
            address.send(&memory.address().to_string());
            memory.send(sender.as_fd()).expect("send");
            stay();
        });
        let filler = receive_descriptor(ours.as_fd()).expect("a message");
        Self {
            filler: filler.expect("a descriptor"),
            address: address.receive().parse().expect("an address"),
            contents,
            child,
        }
    }

    /// What the child finds in its memory.
    fn found(&mut self) -> [u8; PAGE] {
        read(&mut self.contents)
    }

    /// The descriptor, and the child.
    pub(super) fn into_parts(self) -> (File, Child) {
        (self.filler.into(), self.child)
    }
}

fn read(from: &mut UnixStream) -> [u8; PAGE] {
    let mut found = [0; PAGE];
    from.read_exact(&mut found).expect("read");
    found
}
