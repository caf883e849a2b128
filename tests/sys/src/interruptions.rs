// SPDX-License-Identifier: GPL-2.0

//! Signals that interrupt blocking calls of a thread.

/// Interrupts blocking calls of the thread that made it, until it is dropped.
///
/// # Invariants
///
/// This process created the timer, and only this value deletes it.
pub struct Interruptions(libc::timer_t);

extern "C" fn nothing(_: libc::c_int) {}

/// Interrupts blocking calls of this thread, once every so many milliseconds. The signal goes
/// to the thread. With a signal to the process, which another thread may take, Linux can
/// warn in a wait on an io_uring (`restore_saved_sigmask_unless()`).
#[must_use]
pub fn interrupt_regularly(milliseconds: i64) -> Option<Interruptions> {
    // SAFETY: the C library defines the structure so that all fields may be zero.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the handler does nothing, so it may run at any time.
    unsafe { libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) };
    // SAFETY: the C library defines the structure so that all fields may be zero.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = libc::SIGALRM;
    event.sigev_notify_thread_id = rustix::thread::gettid().as_raw_nonzero().get();
    let mut timer = std::ptr::null_mut();
    // SAFETY: this function owns `event`, which is read, and `timer`, which is written.
    if unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) } != 0 {
        return None;
    }
    let time = libc::timespec {
        tv_sec: milliseconds / 1000,
        tv_nsec: milliseconds % 1000 * 1_000_000,
    };
    let value = libc::itimerspec {
        it_interval: time,
        it_value: time,
    };
    // SAFETY: the call above created `timer`. The kernel reads `value`, and writes nothing,
    // as the last pointer is null.
    unsafe { libc::timer_settime(timer, 0, &value, std::ptr::null_mut()) };
    // INVARIANT: it was created above, and nothing else knows it.
    Some(Interruptions(timer))
}

impl Drop for Interruptions {
    fn drop(&mut self) {
        // SAFETY: the type invariants guarantee a timer of this process that nothing else
        // deletes.
        unsafe { libc::timer_delete(self.0) };
    }
}
