// SPDX-License-Identifier: GPL-2.0

//! The hooks: what the kernel hands over goes in, the policy's verdict comes
//! out. One file for each family of hooks.
//!
//! Hooks of system calls run in the context of the task that made the call,
//! may sleep, and hold no lock; unassociated tasks leave at the first line of
//! each. Where a hook runs in another context, it says so.

mod bind;
mod change;
mod connect;
mod create;
mod hold;
mod listen;
mod option;
mod sendmsg;
mod source;
mod task;
mod trace;

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use crate::policy;
use crate::sys::file::FileRef;
use crate::sys::gate::{Attachment, Compared, Hooks, Relation};
use crate::sys::packet::Mark;
use crate::sys::sock::{MessageRef, SkRef};
use crate::sys::task::TaskKey;
use crate::table::{sockets, Association};
use crate::{device, net, table};

/// The hooks are in force as long as this lives.
pub(crate) struct Attached {
    _hooks: Attachment<Addrconf>,
    // Goes last: while sockets have a scope, packets are marked.
    _output: net::Backstop,
}

impl Attached {
    /// Attaches all hooks. May sleep.
    pub(crate) fn new() -> Result<Self> {
        let output = net::Backstop::new()?;
        Ok(Self {
            _hooks: Attachment::new()?,
            _output: output,
        })
    }
}

/// The hooks of this module.
pub(crate) enum Addrconf {}

impl Hooks for Addrconf {
    fn task_alloc(child: TaskKey) -> Result {
        task::alloc(child)
    }

    fn task_publish(child: TaskKey) -> Result {
        task::publish(child)
    }

    fn task_free(task: TaskKey) {
        task::free(task);
    }

    fn socket_create(family: i32, kind: i32, protocol: i32) -> Result {
        create::check(family, kind, protocol)
    }

    fn socket_post_create(sock: SkRef<'_>) -> Result {
        create::enter(sock)
    }

    fn socket_bind(sock: SkRef<'_>, address: &[u8]) -> Result {
        bind::check(sock, address)
    }

    fn socket_listen(sock: SkRef<'_>) -> Result {
        listen::check(sock)
    }

    fn socket_connect(sock: SkRef<'_>, address: &[u8]) -> Result {
        connect::check(sock, address)
    }

    fn socket_sendmsg(sock: SkRef<'_>, msg: MessageRef<'_>) -> Result {
        sendmsg::check(sock, &msg)
    }

    fn socket_getsockname(sock: SkRef<'_>) {
        source::hide(sock);
    }

    fn socket_accept(sock: SkRef<'_>) -> Result {
        hold::check(sock)
    }

    fn socket_recvmsg(sock: SkRef<'_>) -> Result {
        hold::receive(sock)
    }

    fn socket_setsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
        option::check(sock, level, name)
    }

    fn socket_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result {
        change::permit_getsockopt(sock, level, name)
    }

    fn socket_shutdown(sock: SkRef<'_>) -> Result {
        change::permit_shutdown(sock)
    }

    fn socket_ioctl(sock: SkRef<'_>, request: u32) -> Result {
        change::permit_ioctl(sock, request)
    }

    fn socket_fcntl(sock: SkRef<'_>, command: u32) -> Result {
        change::permit_fcntl(sock, command)
    }

    fn terminal_input() -> Result {
        trace::terminal_input()
    }

    fn socket_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result {
        change::permit_uring_cmd(sock, operation)
    }

    fn sock_rcv_skb(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool {
        net::delivers(sk, addr, mark)
    }

    fn socket_receive(sock: SkRef<'_>) -> Result {
        hold::take_over(sock)
    }

    fn file_use(file: FileRef<'_>) -> Result {
        trace::use_file(file)
    }

    fn ptrace_access(task: TaskKey) -> Result {
        trace::access(task)
    }

    fn ptrace_traceme(tracer: TaskKey) -> Result {
        trace::traceme(tracer)
    }

    fn bpf() -> Result {
        trace::bpf()
    }

    fn set_self(attribute: u32, content: &[u8]) -> Result {
        device::narrow(attribute, content)
    }

    fn sk_free(sk: SkRef<'_>) {
        sockets::forget(sk);
    }

    fn sk_clone(listener: SkRef<'_>, new: SkRef<'_>) {
        sockets::inherit(listener, new);
    }

    fn sk_bind_compare(a: Compared<'_>, b: Compared<'_>, met: Option<&mut u32>) -> Relation {
        net::compare(a, b, met)
    }

    fn sk_loopback_scope(sk: SkRef<'_>) -> u32 {
        sockets::association_of(sk).map_or(0, |association| association.id())
    }

    fn sk_match_local(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool {
        net::receives(sk, addr, mark)
    }
}

/// What the caller sees when the policy refuses.
fn refused(refusal: policy::Refusal) -> Error {
    Error::from_errno(-refusal.errno())
}

/// A socket that a task of `association` uses, as the policy sees it, after it was
/// taken in if it can be. Else as [`describe_as_it_is`].
fn describe(sock: SkRef<'_>, association: &Arc<Association>) -> Result<Option<policy::Socket>> {
    take_in(sock, association);
    describe_as_it_is(sock, association)
}

/// A socket that belongs to nobody becomes the association's if it is bound to
/// nothing, or to an address of the association: it was made before the task
/// was associated. One that is bound to 127.0.0.1 is the host's.
fn take_in(sock: SkRef<'_>, association: &Arc<Association>) {
    if sockets::association_of(sock).is_some() {
        return;
    }
    let Some(info) = sock.info() else {
        return;
    };
    let unbound = !info.has_port && info.local.to_canonical().is_unspecified();
    let guard = rcu::read_lock();
    if unbound || association.owner(&guard).owns_publicly(info.local) {
        sockets::take_in(sock, association);
    }
}

/// A socket that a task of `association` uses, as the policy sees it; `None`
/// when it is neither IPv4 nor IPv6, or the kernel's own, which works for the
/// task but not under its name. `EPERM` when it is of a kind that is not
/// covered, made before the task was associated.
fn describe_as_it_is(sock: SkRef<'_>, association: &Association) -> Result<Option<policy::Socket>> {
    let kind = sock.kind();
    if kind.kernel {
        return Ok(None);
    }
    if !sockets::covers(association, kind) {
        return Err(EPERM);
    }
    let Some(info) = sock.info() else {
        return Ok(None);
    };
    let scoped = sockets::belongs_to(sock, association);
    Ok(Some(policy::Socket {
        family: if info.is_v6 {
            policy::Family::V6
        } else {
            policy::Family::V4
        },
        stream: info.stream,
        connected: info.is_established(),
        scoped,
        local: info.local,
        source: info.source,
    }))
}

/// The association of the running task, if any.
fn current() -> Option<Arc<Association>> {
    table::current()
}

/// The association under whose rules the running task uses a socket: its own,
/// or the socket's, which keeps its scope in other hands.
fn responsible(sock: SkRef<'_>) -> Option<Arc<Association>> {
    current().or_else(|| sockets::association_of(sock).map(Arc::from))
}
