// SPDX-License-Identifier: GPL-2.0

//! Typing commands into a terminal that is shared with an unassociated shell
//! (`TIOCSTI`).

use std::fs::{File, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use libc::{EPERM, O_NOCTTY};

use crate::addr::ONE;
use crate::registry::{refusal, Test};
use crate::sys::descriptor::ioctl;

/// `include/uapi/asm-generic/ioctls.h`
const TIOCSTI: u64 = 0x5412;

pub fn tests() -> Vec<Test> {
    vec![refusal(
        "typing_into_a_shared_terminal_is_refused",
        ONE,
        EPERM,
        || {
            let terminal = terminal();
            Box::new(move || ioctl(terminal.as_fd(), TIOCSTI, i32::from(b'x')))
        },
    )]
}

/// A terminal of the machine. Root may type into any, whatever
/// `dev.tty.legacy_tiocsti` says.
fn terminal() -> File {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).custom_flags(O_NOCTTY);
    options.open("/dev/ttyS0").expect("the console's terminal")
}
