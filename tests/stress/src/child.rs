// SPDX-License-Identifier: GPL-2.0

//! Child processes, associated or not. Each leads a process group, so that its own
//! children end with it.

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;

use addrconf_abi::Target;

use crate::device::{entry, open};

pub use crate::sys::child::{end_descendants, Child};

/// Makes a child that is associated with one address before it runs `body`. Returns it and
/// the association's id.
///
/// Opens the device for this call only, since an open device keeps the module loaded.
pub fn spawn_tenant(address: Ipv4Addr, body: impl FnOnce()) -> (Child, u64) {
    let (mut ours, mut theirs) = UnixStream::pair().expect("socketpair");
    let child = Child::leading(|| {
        theirs.read_exact(&mut [0]).expect("the word to go");
        body();
    });
    let id = open()
        .assign(Target::Pid(child.pid()), &[entry(address)], "")
        .expect("assign");
    ours.write_all(&[0]).expect("the word to go");
    (child, id)
}
