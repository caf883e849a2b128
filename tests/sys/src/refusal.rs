// SPDX-License-Identifier: GPL-2.0

//! `SIGSYS`, which a refused call may send.

use std::mem::zeroed;
use std::ptr;

/// What a signal says of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `si_errno`.
    pub errno: i32,
    /// `si_syscall`.
    pub syscall: i64,
    /// Whether there is a `si_call_addr`.
    pub has_address: bool,
}

/// Keeps the signal from the calling thread, and from those that it starts.
pub fn block() {
    let set = only();
    // SAFETY: `set` is initialised, and read only.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, ptr::null_mut()) };
}

/// Takes a signal that has come, if one has.
#[must_use]
pub fn take() -> Option<Refused> {
    let set = only();
    let at_once = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the C library defines the structure so that all fields may be zero.
    let mut info: libc::siginfo_t = unsafe { zeroed() };
    // SAFETY: `set` and `at_once` are initialised, and `info` is this function's.
    if unsafe { libc::sigtimedwait(&set, &mut info, &at_once) } != libc::SIGSYS {
        return None;
    }
    // struct _sigsys of include/uapi/asm-generic/siginfo.h: an address, a number, and the
    // architecture, after three numbers and padding.
    // SAFETY: the structure is larger than that, and initialised.
    let bytes: [u8; 32] = unsafe { ptr::from_ref(&info).cast::<[u8; 32]>().read() };
    let number = |at: usize| i32::from_ne_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
    Some(Refused {
        errno: info.si_errno,
        syscall: number(24).into(),
        has_address: bytes[16..24] != [0; 8],
    })
}

fn only() -> libc::sigset_t {
    // SAFETY: the C library defines the structure so that all fields may be zero.
    let mut set = unsafe { zeroed() };
    // SAFETY: `set` is this function's, and the signal exists.
    unsafe {
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGSYS);
    }
    set
}
