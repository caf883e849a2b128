// SPDX-License-Identifier: GPL-2.0

//! The gate: LSM hooks as a safe trait, attached as long as a value lives.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::{from_result, to_result};
use kernel::prelude::*;

use super::raw;
use super::sock::{MessageRef, SocketRef};
use super::task::TaskKey;

/// What is asked of this module. `Err` refuses the operation; it is what the
/// program sees in `errno`.
pub(crate) trait Hooks {
    /// The running task is making `child`. May sleep.
    fn task_alloc(child: TaskKey) -> Result;
    /// `child` is about to become visible. Interrupts are off and
    /// `tasklist_lock` is held: must not sleep.
    fn task_publish(child: TaskKey) -> Result;
    /// `task` is gone. Any context but NMI; must not sleep.
    fn task_free(task: TaskKey);
    /// `socket()` and `socketpair()` by a program. May sleep.
    fn socket_create(family: i32, kind: i32, protocol: i32) -> Result;
    /// `bind()` to `address`, which may be changed in place. May sleep.
    fn socket_bind(sock: SocketRef<'_>, address: &mut [u8]) -> Result;
    /// `listen()`. May sleep.
    fn socket_listen(sock: SocketRef<'_>) -> Result;
    /// `connect()` to `address`. May sleep.
    fn socket_connect(sock: SocketRef<'_>, address: &[u8]) -> Result;
    /// A message is about to be sent. May sleep.
    fn socket_sendmsg(sock: SocketRef<'_>, msg: MessageRef<'_>) -> Result;
}

/// `T`'s hooks are attached as long as this lives.
///
/// # Invariants
///
/// `ops`, a `VTable::<T>::OPS`, is attached to the gate.
pub(crate) struct Attachment<T: Hooks> {
    ops: &'static raw::acf_ops,
    _hooks: PhantomData<T>,
}

impl<T: Hooks> Attachment<T> {
    /// Attaches the hooks. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when a module is attached already, `EOPNOTSUPP` when the kernel
    /// has the gate but `addrconf` is not among its LSMs.
    pub(crate) fn new() -> Result<Self> {
        let ops = VTable::<T>::OPS;
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

struct VTable<T: Hooks>(PhantomData<T>);

impl<T: Hooks> VTable<T> {
    const OPS: &'static raw::acf_ops = &raw::acf_ops {
        task_alloc: Some(Self::task_alloc),
        task_publish: Some(Self::task_publish),
        task_free: Some(Self::task_free),
        socket_create: Some(Self::socket_create),
        socket_post_create: Some(Self::socket_post_create),
        socket_bind: Some(Self::socket_bind),
        socket_listen: Some(Self::socket_listen),
        socket_connect: Some(Self::socket_connect),
        socket_sendmsg: Some(Self::socket_sendmsg),
        sk_free: Some(Self::sk_free),
        sk_clone: Some(Self::sk_clone),
        sk_bind_compare: Some(Self::sk_bind_compare),
        sk_match_local: Some(Self::sk_match_local),
    };

    extern "C" fn task_alloc(task: *mut bindings::task_struct, _flags: u64) -> c_int {
        from_result(|| T::task_alloc(TaskKey::new(task)).map(|()| 0))
    }

    extern "C" fn task_publish(task: *mut bindings::task_struct, _flags: u64) -> c_int {
        from_result(|| T::task_publish(TaskKey::new(task)).map(|()| 0))
    }

    extern "C" fn task_free(task: *mut bindings::task_struct) {
        T::task_free(TaskKey::new(task));
    }

    extern "C" fn socket_create(family: c_int, kind: c_int, protocol: c_int, kern: c_int) -> c_int {
        // The kernel's own sockets are not the program's.
        if kern != 0 {
            return 0;
        }
        from_result(|| T::socket_create(family, kind, protocol).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid, and `address` points to
    /// `addrlen` bytes of kernel memory that nobody else uses meanwhile.
    unsafe extern "C" fn socket_bind(
        sock: *mut bindings::socket,
        address: *mut bindings::sockaddr,
        addrlen: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract, for the duration of the hook.
        let address = unsafe { address_bytes(address.cast(), addrlen) };
        // SAFETY: By the function's contract.
        from_result(|| T::socket_bind(unsafe { socket(sock) }?, address?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_listen(sock: *mut bindings::socket, _backlog: c_int) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_listen(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// # Safety
    ///
    /// As for `socket_bind`.
    unsafe extern "C" fn socket_connect(
        sock: *mut bindings::socket,
        address: *mut bindings::sockaddr,
        addrlen: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract, for the duration of the hook.
        let address = unsafe { address_bytes(address.cast(), addrlen) };
        // SAFETY: By the function's contract.
        from_result(|| T::socket_connect(unsafe { socket(sock) }?, address?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` and `msg` are valid, and the message's
    /// name, if any, was copied into the kernel.
    unsafe extern "C" fn socket_sendmsg(
        sock: *mut bindings::socket,
        msg: *mut bindings::msghdr,
        _size: c_int,
    ) -> c_int {
        from_result(|| {
            let msg = NonNull::new(msg).ok_or(EINVAL)?;
            // SAFETY: By the function's contract.
            let msg = unsafe { MessageRef::new(msg) };
            // SAFETY: By the function's contract.
            T::socket_sendmsg(unsafe { socket(sock) }?, msg).map(|()| 0)
        })
    }

    // Sockets have no scope yet: their slots stay empty, and wildcards compete
    // and receive as they always did.
    extern "C" fn socket_post_create(
        _sock: *mut bindings::socket,
        _family: c_int,
        _kind: c_int,
        _protocol: c_int,
        _kern: c_int,
    ) -> c_int {
        0
    }
    extern "C" fn sk_bind_compare(_: *const bindings::sock, _: *const bindings::sock) -> c_int {
        0
    }
    extern "C" fn sk_match_local(
        _sk: *const bindings::sock,
        _skb: *const bindings::sk_buff,
        _family: c_int,
        _laddr: *const c_void,
    ) -> c_int {
        0
    }
    extern "C" fn sk_free(_sk: *mut bindings::sock) {}
    extern "C" fn sk_clone(_sk: *const bindings::sock, _newsk: *mut bindings::sock) {}
}

/// # Safety
///
/// `sock` is valid for `'a`.
unsafe fn socket<'a>(sock: *mut bindings::socket) -> Result<SocketRef<'a>> {
    let sock = NonNull::new(sock).ok_or(EINVAL)?;
    // SAFETY: By the function's contract.
    Ok(unsafe { SocketRef::new(sock) })
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
