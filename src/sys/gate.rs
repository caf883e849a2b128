// SPDX-License-Identifier: GPL-2.0

//! The gate: LSM hooks as a safe trait, attached as long as a value lives.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use core::ffi::{c_int, c_uint, c_void};
use core::marker::PhantomData;
use core::net::IpAddr;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::{from_result, to_result};
use kernel::prelude::*;

use super::file::FileRef;
use super::packet::{address, destination, mark, Mark};
use super::raw;
use super::sock::{MessageRef, SkRef, SocketInfo};
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
    /// A program got a socket. May sleep.
    fn socket_post_create(sock: SkRef<'_>) -> Result;
    /// `bind()` to `address`. May sleep.
    fn socket_bind(sock: SkRef<'_>, address: &[u8]) -> Result;
    /// `listen()`. May sleep.
    fn socket_listen(sock: SkRef<'_>) -> Result;
    /// `connect()` to `address`. May sleep.
    fn socket_connect(sock: SkRef<'_>, address: &[u8]) -> Result;
    /// A message is about to be sent. May sleep.
    fn socket_sendmsg(sock: SkRef<'_>, msg: MessageRef<'_>) -> Result;
    /// `getsockname()`. May sleep.
    fn socket_getsockname(sock: SkRef<'_>);
    /// A connection is about to be accepted. May sleep.
    fn socket_accept(sock: SkRef<'_>) -> Result;
    /// A message is about to be received. May sleep.
    fn socket_recvmsg(sock: SkRef<'_>) -> Result;
    /// `setsockopt()`. May sleep.
    fn socket_setsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result;
    /// `getsockopt()`, but for what receives data. May sleep.
    fn socket_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result;
    /// `shutdown()`. May sleep.
    fn socket_shutdown(sock: SkRef<'_>) -> Result;
    /// `ioctl()` with this request. May sleep.
    fn socket_ioctl(sock: SkRef<'_>, request: u32) -> Result;
    /// `fcntl()` with this command. May sleep.
    fn socket_fcntl(sock: SkRef<'_>, command: u32) -> Result;
    /// `ioctl()` that types into a terminal (`TIOCSTI`, `TIOCLINUX`). May sleep.
    fn terminal_input() -> Result;
    /// A command of an io_uring. May sleep.
    fn socket_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result;
    /// A packet to `addr` was found to be for `sk`, whose slot is full. Softirq,
    /// or with the socket locked; must not sleep.
    fn sock_rcv_skb(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool;
    /// The running task is about to get a descriptor of `sock` from another
    /// process, or to map it. May sleep.
    fn socket_receive(sock: SkRef<'_>) -> Result;
    /// The running task is about to read, write or map `file`, or to get a
    /// descriptor of it from another process. Of ordinary files it is asked about
    /// the last only. May sleep.
    fn file_use(file: FileRef<'_>) -> Result;
    /// The running task asks for what a tracer may do with `task`, or to look into
    /// it. Must not sleep.
    fn ptrace_access(task: TaskKey) -> Result;
    /// The running task asks to be traced by `tracer`. Must not sleep.
    fn ptrace_traceme(tracer: TaskKey) -> Result;
    /// `bpf()`. May sleep.
    fn bpf() -> Result;
    /// `lsm_set_self_attr()` with this attribute and content. May sleep.
    fn set_self(attribute: u32, content: &[u8]) -> Result;
    /// A socket goes. Any context but NMI; must not sleep.
    fn sk_free(sk: SkRef<'_>);
    /// `new` is a connection that `listener` accepts. Softirq; must not sleep.
    fn sk_clone(listener: SkRef<'_>, new: SkRef<'_>);
    /// Two sockets are on one port. `None` stands for one that is not full,
    /// and of which only `info` is known. `met` counts the sockets of its own that
    /// `a`, which is to have the port, was compared with so far; `None` where
    /// that is not decided. Spinlocks are held.
    fn sk_bind_compare(a: Compared<'_>, b: Compared<'_>, met: Option<&mut u32>) -> Relation;
    /// Whose loopback `sk` is on, whose slot is full: the mark of its packets.
    /// Any context but hard interrupts; must not sleep.
    fn sk_loopback_scope(sk: SkRef<'_>) -> u32;
    /// Whether `sk` takes a packet to `addr`, or may ask for a connection from
    /// there. Any context but hard interrupts; must not sleep.
    fn sk_match_local(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool;
}

/// One of two sockets on a port.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'a> {
    /// The socket, unless it is in its final wait.
    pub(crate) sk: Option<SkRef<'a>>,
    /// What it is.
    pub(crate) info: SocketInfo,
}

/// What two sockets on one port mean to each other: `enum sk_bind_relation`
/// (`include/linux/security.h` of the patched kernel).
#[derive(Clone, Copy)]
#[repr(i32)]
pub(crate) enum Relation {
    /// The ordinary rules apply.
    Compete = 0,
    /// They compete and may not share.
    Exclude = 1,
    /// They never receive the same packet.
    Apart = 2,
    /// The first may not have the port, as there are enough of its own on it.
    Full = 3,
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
        socket_getsockname: Some(Self::socket_getsockname),
        socket_accept: Some(Self::socket_accept),
        socket_recvmsg: Some(Self::socket_recvmsg),
        socket_setsockopt: Some(Self::socket_setsockopt),
        socket_getsockopt: Some(Self::socket_getsockopt),
        socket_shutdown: Some(Self::socket_shutdown),
        socket_ioctl: Some(Self::socket_ioctl),
        terminal_input: Some(Self::terminal_input),
        socket_fcntl: Some(Self::socket_fcntl),
        socket_uring_cmd: Some(Self::socket_uring_cmd),
        sock_rcv_skb: Some(Self::sock_rcv_skb),
        file_receive: Some(Self::file_receive),
        file_permission: Some(Self::file_permission),
        ptrace_access_check: Some(Self::ptrace_access_check),
        ptrace_traceme: Some(Self::ptrace_traceme),
        bpf: Some(Self::bpf),
        setselfattr: Some(Self::setselfattr),
        sk_free: Some(Self::sk_free),
        sk_clone: Some(Self::sk_clone),
        sk_bind_compare: Some(Self::sk_bind_compare),
        sk_loopback_scope: Some(Self::sk_loopback_scope),
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

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_post_create(
        sock: *mut bindings::socket,
        _family: c_int,
        _kind: c_int,
        _protocol: c_int,
        kern: c_int,
    ) -> c_int {
        if kern != 0 {
            return 0;
        }
        // SAFETY: By the function's contract.
        from_result(|| T::socket_post_create(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_getsockname(sock: *mut bindings::socket) -> c_int {
        // SAFETY: By the function's contract.
        if let Ok(sock) = unsafe { socket(sock) } {
            T::socket_getsockname(sock);
        }
        0
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_accept(
        sock: *mut bindings::socket,
        _newsock: *mut bindings::socket,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_accept(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_recvmsg(
        sock: *mut bindings::socket,
        _msg: *mut bindings::msghdr,
        _size: c_int,
        _flags: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_recvmsg(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_setsockopt(
        sock: *mut bindings::socket,
        level: c_int,
        name: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_setsockopt(unsafe { socket(sock) }?, level, name).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_getsockopt(
        sock: *mut bindings::socket,
        level: c_int,
        name: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { Self::ask(sock, |sock| T::socket_getsockopt(sock, level, name)) }
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    unsafe extern "C" fn socket_shutdown(sock: *mut bindings::socket, _how: c_int) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { Self::ask(sock, T::socket_shutdown) }
    }

    /// # Safety
    ///
    /// Called by the gate: `sock` is valid.
    unsafe extern "C" fn socket_ioctl(sock: *mut bindings::socket, request: c_uint) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { Self::ask(sock, |sock| T::socket_ioctl(sock, request)) }
    }

    /// # Safety
    ///
    /// Called by the gate: `sock` is valid.
    unsafe extern "C" fn socket_fcntl(sock: *mut bindings::socket, command: c_uint) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { Self::ask(sock, |sock| T::socket_fcntl(sock, command)) }
    }

    /// # Safety
    ///
    /// Called by the gate: `sock` is valid.
    unsafe extern "C" fn socket_uring_cmd(sock: *mut bindings::socket, operation: c_uint) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { Self::ask(sock, |sock| T::socket_uring_cmd(sock, operation)) }
    }

    /// Asks about a socket; one that is none any more has nothing to be refused.
    ///
    /// # Safety
    ///
    /// `sock` is valid for the duration of a hook.
    unsafe fn ask<'a>(
        sock: *mut bindings::socket,
        hook: impl FnOnce(SkRef<'a>) -> Result,
    ) -> c_int {
        // SAFETY: By the function's contract.
        match unsafe { socket(sock) } {
            Ok(sock) => from_result(|| hook(sock).map(|()| 0)),
            Err(_) => 0,
        }
    }

    /// # Safety
    ///
    /// Called by the stack: `sk` is valid and full, `skb` is a packet for it.
    unsafe extern "C" fn sock_rcv_skb(
        sk: *mut bindings::sock,
        skb: *mut bindings::sk_buff,
    ) -> c_int {
        // SAFETY: By the function's contract.
        let (sk, addr) = unsafe { (SkRef::new(sk), destination(skb)) };
        // SAFETY: By the function's contract.
        let mark = unsafe { mark(skb) };
        match (sk, addr) {
            (Some(sk), Some(addr)) if T::sock_rcv_skb(sk, addr, mark) => 0,
            // Neither IPv4 nor IPv6, on a socket that is: not as it should be.
            _ => EPERM.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by the LSM core: `file` is valid.
    unsafe extern "C" fn file_receive(file: *mut bindings::file) -> c_int {
        // SAFETY: By the function's contract.
        let sk = unsafe { raw::acf_helper_file_sk(file) };
        // SAFETY: The socket of a file is a full one, and stays as long.
        match unsafe { SkRef::new(sk) } {
            Some(sk) => from_result(|| T::socket_receive(sk).map(|()| 0)),
            // SAFETY: By the function's contract.
            None => unsafe { Self::file_permission(file) },
        }
    }

    /// # Safety
    ///
    /// Called by the LSM core: `file` is valid.
    unsafe extern "C" fn file_permission(file: *mut bindings::file) -> c_int {
        // SAFETY: By the function's contract.
        match unsafe { FileRef::new(file) } {
            Some(file) => from_result(|| T::file_use(file).map(|()| 0)),
            None => 0,
        }
    }

    extern "C" fn ptrace_access_check(child: *mut bindings::task_struct, _mode: c_uint) -> c_int {
        from_result(|| T::ptrace_access(TaskKey::new(child)).map(|()| 0))
    }

    extern "C" fn ptrace_traceme(parent: *mut bindings::task_struct) -> c_int {
        from_result(|| T::ptrace_traceme(TaskKey::new(parent)).map(|()| 0))
    }

    extern "C" fn terminal_input() -> c_int {
        from_result(|| T::terminal_input().map(|()| 0))
    }

    extern "C" fn bpf(_cmd: c_int) -> c_int {
        from_result(|| T::bpf().map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `ctx` points to `size` bytes of kernel memory,
    /// which hold its header and the content the header announces.
    unsafe extern "C" fn setselfattr(
        attribute: c_uint,
        ctx: *mut bindings::lsm_ctx,
        size: u32,
        _flags: u32,
    ) -> c_int {
        from_result(|| {
            // id, flags, len, ctx_len: 64 bits each.
            const HEADER: usize = 32;
            // SAFETY: By the function's contract.
            let bytes = unsafe { address_bytes(ctx.cast(), size.try_into()?) }?;
            let len: [u8; 8] = bytes
                .get(24..HEADER)
                .and_then(|b| b.try_into().ok())
                .ok_or(EINVAL)?;
            let len = usize::try_from(u64::from_ne_bytes(len))?;
            let content = bytes
                .get(HEADER..)
                .and_then(|b| b.get(..len))
                .ok_or(EINVAL)?;
            T::set_self(attribute, content).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sk` is valid and nobody else uses it.
    unsafe extern "C" fn sk_free(sk: *mut bindings::sock) {
        // SAFETY: By the function's contract.
        if let Some(sk) = unsafe { SkRef::new(sk) } {
            T::sk_free(sk);
        }
    }

    /// # Safety
    ///
    /// Called by the LSM core: both are valid and full.
    unsafe extern "C" fn sk_clone(sk: *const bindings::sock, newsk: *mut bindings::sock) {
        // SAFETY: By the function's contract.
        if let (Some(sk), Some(new)) = unsafe { (SkRef::new(sk), SkRef::new(newsk)) } {
            T::sk_clone(sk, new);
        }
    }

    /// # Safety
    ///
    /// Called by the stack: both are valid, and may be timewait sockets.
    /// `met` is null or ours alone for the call.
    unsafe extern "C" fn sk_bind_compare(
        sk: *const bindings::sock,
        sk2: *const bindings::sock,
        met: *mut c_uint,
    ) -> c_int {
        // SAFETY: By the function's contract.
        let met = unsafe { met.as_mut() };
        // SAFETY: By the function's contract.
        match unsafe { (compared(sk), compared(sk2)) } {
            (Some(a), Some(b)) => T::sk_bind_compare(a, b, met) as c_int,
            _ => Relation::Compete as c_int,
        }
    }

    /// # Safety
    ///
    /// Called by the stack: `sk` is valid and full.
    unsafe extern "C" fn sk_loopback_scope(sk: *const bindings::sock) -> u32 {
        // SAFETY: By the function's contract.
        unsafe { SkRef::new(sk) }.map_or(0, T::sk_loopback_scope)
    }

    /// # Safety
    ///
    /// Called by the stack: `sk` is valid and full, `skb` is null or valid,
    /// and `laddr` points to an address of `family`.
    unsafe extern "C" fn sk_match_local(
        sk: *const bindings::sock,
        skb: *const bindings::sk_buff,
        family: c_int,
        laddr: *const c_void,
    ) -> c_int {
        // SAFETY: By the function's contract.
        let (sk, addr) = unsafe { (SkRef::new(sk), address(family, laddr)) };
        // SAFETY: By the function's contract.
        let mark = unsafe { mark(skb) };
        match (sk, addr) {
            (Some(sk), Some(addr)) => (!T::sk_match_local(sk, addr, mark)).into(),
            _ => 0,
        }
    }
}

/// # Safety
///
/// `sk` is valid for `'a`; it may be a timewait socket.
unsafe fn compared<'a>(sk: *const bindings::sock) -> Option<Compared<'a>> {
    // SAFETY: By the function's contract.
    let info = unsafe { SocketInfo::read(sk) }?;
    let sk = if info.full {
        // SAFETY: By the function's contract, and it is a full one.
        unsafe { SkRef::new(sk) }
    } else {
        None
    };
    Some(Compared { sk, info })
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
