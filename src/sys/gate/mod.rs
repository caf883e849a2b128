// SPDX-License-Identifier: GPL-2.0

//! The gate: LSM hooks as safe traits, one for each family, attached as long as an
//! [`Attachment`] lives. Each trait is implemented where its rules are.
//!
//! A hook that returns `Err` denies the operation. The program sees the error in `errno`.
//!
//! The `extern "C"` functions here only convert and call. The gate of the patched kernel
//! (`security/addrconf/gate.c`) is their only caller. It passes on what the LSM core gave
//! it; each SAFETY comment names the kernel function that keeps the pointers meanwhile.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

mod address;
mod attribute;
mod change;
mod create;
mod exec;
mod file;
mod hold;
mod scope;
mod stack;
mod task;
mod trace;

pub(crate) use address::AddressHooks;
pub(crate) use attribute::AttributeHooks;
pub(crate) use change::ChangeHooks;
pub(crate) use create::CreateHooks;
pub(crate) use exec::{ExecHooks, Selection};
pub(crate) use file::FileHooks;
pub(crate) use hold::HoldHooks;
pub(crate) use scope::{Reach, ScopeHooks};
pub(crate) use stack::{Compared, Counting, Sent, StackHooks};
pub(crate) use task::TaskHooks;
pub(crate) use trace::TraceHooks;

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::to_result;
use kernel::prelude::*;

use super::raw;
use super::sock::SkRef;

use address::Addresses;
use attribute::Attributes;
use change::Changing;
use create::Creating;
use exec::Executing;
use file::Files;
use hold::Holding;
use scope::Scopes;
use stack::Stack;
use task::Tasks;
use trace::Tracing;

/// All hooks, by family.
pub(crate) trait Hooks {
    /// Tasks are made and freed.
    type Tasks: TaskHooks;
    /// Programs are executed.
    type Exec: ExecHooks;
    /// Sockets are made.
    type Create: CreateHooks;
    /// Binding, connecting, sending.
    type Address: AddressHooks;
    /// Receiving, and getting descriptors from others.
    type Hold: HoldHooks;
    /// Changing a socket.
    type Change: ChangeHooks;
    /// Files that are not sockets.
    type Files: FileHooks;
    /// Acting through other tasks.
    type Trace: TraceHooks;
    /// Checks by the protocol stack.
    type Stack: StackHooks;
    /// The stack's index of sockets.
    type Scopes: ScopeHooks;
    /// Attributes that a task sets for itself.
    type Attributes: AttributeHooks;
}

/// Keeps the hooks of `T` attached.
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
        exec_check: Some(Executing::<T::Exec>::exec_check),
        exec_commit: Some(Executing::<T::Exec>::exec_commit),
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
        sk_match_local: Some(Stack::<T::Stack>::sk_match_local),
        addr_scopes: Some(Scopes::<T::Scopes>::addr_scopes),
        sk_reach: Some(Scopes::<T::Scopes>::sk_reach),
        sk_output: Some(Stack::<T::Stack>::sk_output),
        sk_traffic: Some(Stack::<T::Stack>::sk_traffic),
        setselfattr: Some(Attributes::<T::Attributes>::setselfattr),
    };

    /// Attaches the hooks. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when a module is attached already, `EOPNOTSUPP` when the kernel
    /// has the gate but `addrconf` is not among its LSMs.
    pub(crate) fn new() -> Result<Self> {
        let ops = Self::OPS;
        // SAFETY: `ops` and the functions in it are part of the module. The module stays
        // loaded until `drop` has detached them: `Addrconf` owns this until it is unloaded.
        to_result(unsafe { raw::acf_gate_attach(ops) })?;
        // INVARIANT: Attached above.
        Ok(Self {
            ops,
            _hooks: PhantomData,
        })
    }
}

impl<T: Hooks> Drop for Attachment<T> {
    /// Detaches the hooks and waits until those under way have returned.
    /// Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants `self.ops` is what `acf_gate_attach()` attached.
        unsafe { raw::acf_gate_detach(self.ops) };
    }
}

/// Makes the gate forward hooks as long as it lives, if they are attached.
pub(crate) struct Activation(());

impl Activation {
    /// Begins. There must be no other. Context: process, may sleep.
    pub(crate) fn new() -> Self {
        // SAFETY: It has no requirements but process context: it turns static keys on.
        unsafe { raw::acf_gate_activate() };
        Self(())
    }
}

impl Drop for Activation {
    /// Ends. Hooks may still run, until they are detached. Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: It has no requirements but process context: it turns static keys off, which
        // `new` turned on.
        unsafe { raw::acf_gate_deactivate() };
    }
}

/// Calls `hook` with the socket. Permits the call on a socket that was already released:
/// there is nothing left to protect.
///
/// # Safety
///
/// As for [`socket`].
unsafe fn ask<'a>(sock: *mut bindings::socket, hook: impl FnOnce(SkRef<'a>) -> Result) -> c_int {
    // SAFETY: The caller promises what `socket` requires, for `'a`.
    match unsafe { socket(sock) } {
        Ok(sock) => answer(|| hook(sock)),
        Err(_) => 0,
    }
}

/// The answer of `hook` as the gate takes it.
fn answer(hook: impl FnOnce() -> Result) -> c_int {
    match hook() {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// The `struct sock` of a socket. `EINVAL` when it has none.
///
/// # Safety
///
/// `sock` is null, or nobody releases it (`sock_release()`) during `'a`.
unsafe fn socket<'a>(sock: *mut bindings::socket) -> Result<SkRef<'a>> {
    let sock = NonNull::new(sock).ok_or(EINVAL)?;
    // SAFETY: `sock` is not null, so the caller promises that it is valid.
    let sk = unsafe { raw::acf_helper_sock_sk(sock.as_ptr()) };
    // SAFETY: `sk` is null or a full socket: timewait and request sockets have no
    // `struct socket`. A protocol gives up `sk` when `sock` is released, which the caller
    // promises not to happen during `'a`.
    unsafe { SkRef::new(sk) }.ok_or(EINVAL)
}

/// The bytes of an address or of another structure. `EINVAL` when it is null or `addrlen` is
/// negative.
///
/// # Safety
///
/// `address` is null, or points to `addrlen` initialised bytes that nobody else reads or
/// writes during `'a`.
unsafe fn address_bytes<'a>(address: *mut c_void, addrlen: c_int) -> Result<&'a mut [u8]> {
    let len = usize::try_from(addrlen)?;
    let address = NonNull::new(address).ok_or(EINVAL)?;
    // SAFETY: `address` is not null, so the caller promises that `len` bytes there are
    // initialised and not used elsewhere during `'a`. Bytes need no alignment.
    Ok(unsafe { core::slice::from_raw_parts_mut(address.as_ptr().cast(), len) })
}
