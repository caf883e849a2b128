// SPDX-License-Identifier: GPL-2.0

//! The gate: LSM hooks as safe traits, one for each family, attached as long as a
//! value lives. Each trait is implemented where its rules are.
//!
//! What is asked of this module: `Err` refuses the operation; it is what the program
//! sees in `errno`.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

mod address;
mod attribute;
mod change;
mod create;
mod file;
mod hold;
mod stack;
mod task;
mod trace;

pub(crate) use address::AddressHooks;
pub(crate) use attribute::AttributeHooks;
pub(crate) use change::ChangeHooks;
pub(crate) use create::CreateHooks;
pub(crate) use file::FileHooks;
pub(crate) use hold::HoldHooks;
pub(crate) use stack::{Compared, Relation, StackHooks};
pub(crate) use task::TaskHooks;
pub(crate) use trace::TraceHooks;

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::{from_result, to_result};
use kernel::prelude::*;

use super::raw;
use super::sock::SkRef;

use address::Addresses;
use attribute::Attributes;
use change::Changing;
use create::Creating;
use file::Files;
use hold::Holding;
use stack::Stack;
use task::Tasks;
use trace::Tracing;

/// All hooks, by family.
pub(crate) trait Hooks {
    /// Tasks come and go.
    type Tasks: TaskHooks;
    /// Sockets are made.
    type Create: CreateHooks;
    /// Binding, connecting, sending.
    type Address: AddressHooks;
    /// Receiving, and getting descriptors from others.
    type Hold: HoldHooks;
    /// What changes a socket.
    type Change: ChangeHooks;
    /// Files that are no sockets.
    type Files: FileHooks;
    /// Having other tasks do something.
    type Trace: TraceHooks;
    /// What the stack asks.
    type Stack: StackHooks;
    /// What a task asks about itself.
    type Attributes: AttributeHooks;
}

/// `T`'s hooks are attached as long as this lives.
///
/// # Invariants
///
/// `ops`, which is [`Self::OPS`], is attached to the gate.
pub(crate) struct Attachment<T: Hooks> {
    ops: &'static raw::acf_ops,
    _hooks: PhantomData<T>,
}

impl<T: Hooks> Attachment<T> {
    const OPS: &'static raw::acf_ops = &raw::acf_ops {
        task_alloc: Some(Tasks::<T::Tasks>::task_alloc),
        task_publish: Some(Tasks::<T::Tasks>::task_publish),
        task_free: Some(Tasks::<T::Tasks>::task_free),
        socket_create: Some(Creating::<T::Create>::socket_create),
        socket_post_create: Some(Creating::<T::Create>::socket_post_create),
        socket_bind: Some(Addresses::<T::Address>::socket_bind),
        socket_listen: Some(Addresses::<T::Address>::socket_listen),
        socket_connect: Some(Addresses::<T::Address>::socket_connect),
        socket_sendmsg: Some(Addresses::<T::Address>::socket_sendmsg),
        socket_getsockname: Some(Addresses::<T::Address>::socket_getsockname),
        socket_accept: Some(Holding::<T::Hold>::socket_accept),
        socket_recvmsg: Some(Holding::<T::Hold>::socket_recvmsg),
        file_receive: Some(Holding::<T::Hold>::file_receive::<T::Files>),
        socket_setsockopt: Some(Changing::<T::Change>::socket_setsockopt),
        socket_getsockopt: Some(Changing::<T::Change>::socket_getsockopt),
        socket_shutdown: Some(Changing::<T::Change>::socket_shutdown),
        socket_ioctl: Some(Changing::<T::Change>::socket_ioctl),
        socket_fcntl: Some(Changing::<T::Change>::socket_fcntl),
        socket_uring_cmd: Some(Changing::<T::Change>::socket_uring_cmd),
        file_permission: Some(Files::<T::Files>::file_permission),
        ptrace_access_check: Some(Tracing::<T::Trace>::ptrace_access_check),
        ptrace_traceme: Some(Tracing::<T::Trace>::ptrace_traceme),
        terminal_input: Some(Tracing::<T::Trace>::terminal_input),
        bpf: Some(Tracing::<T::Trace>::bpf),
        sock_rcv_skb: Some(Stack::<T::Stack>::sock_rcv_skb),
        sk_free: Some(Stack::<T::Stack>::sk_free),
        sk_clone: Some(Stack::<T::Stack>::sk_clone),
        sk_bind_compare: Some(Stack::<T::Stack>::sk_bind_compare),
        sk_loopback_scope: Some(Stack::<T::Stack>::sk_loopback_scope),
        sk_match_local: Some(Stack::<T::Stack>::sk_match_local),
        setselfattr: Some(Attributes::<T::Attributes>::setselfattr),
    };

    /// Attaches the hooks. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when a module is attached already, `EOPNOTSUPP` when the kernel
    /// has the gate but `addrconf` is not among its LSMs.
    pub(crate) fn new() -> Result<Self> {
        let ops = Self::OPS;
        // SAFETY: The table is constant and lives as long as the module, which
        // detaches before it goes.
        to_result(unsafe { raw::acf_gate_attach(ops) })?;
        // INVARIANT: Attached above.
        Ok(Self {
            ops,
            _hooks: PhantomData,
        })
    }
}

impl<T: Hooks> Drop for Attachment<T> {
    /// Sleeps until hooks under way have returned.
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is attached.
        unsafe { raw::acf_gate_detach(self.ops) };
    }
}

/// Asks about a socket; one that is none any more has nothing to be refused.
///
/// # Safety
///
/// `sock` is valid for the duration of a hook.
unsafe fn ask<'a>(sock: *mut bindings::socket, hook: impl FnOnce(SkRef<'a>) -> Result) -> c_int {
    // SAFETY: By the function's contract.
    match unsafe { socket(sock) } {
        Ok(sock) => from_result(|| hook(sock).map(|()| 0)),
        Err(_) => 0,
    }
}

/// # Safety
///
/// `sock` is null or valid for `'a`.
unsafe fn socket<'a>(sock: *mut bindings::socket) -> Result<SkRef<'a>> {
    let sock = NonNull::new(sock).ok_or(EINVAL)?;
    // SAFETY: By the function's contract.
    let sk = unsafe { raw::acf_helper_sock_sk(sock.as_ptr()) };
    // SAFETY: The socket of a `struct socket` is a full one, and stays as long.
    unsafe { SkRef::new(sk) }.ok_or(EINVAL)
}

/// # Safety
///
/// `address`, unless null, points to `addrlen` bytes that are ours alone for
/// `'a`.
unsafe fn address_bytes<'a>(address: *mut c_void, addrlen: c_int) -> Result<&'a mut [u8]> {
    let len = usize::try_from(addrlen)?;
    let address = NonNull::new(address).ok_or(EINVAL)?;
    // SAFETY: By the function's contract.
    Ok(unsafe { core::slice::from_raw_parts_mut(address.as_ptr().cast(), len) })
}
