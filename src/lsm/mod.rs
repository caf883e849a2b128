// SPDX-License-Identifier: GPL-2.0

//! The hooks: what the kernel hands over goes in, the policy's verdict comes
//! out. One file for each family of hooks.
//!
//! All run in the context of the task that made the call, may sleep, and hold
//! no lock, except where a task is forgotten. Unassociated tasks leave at the
//! first line of each.

mod bind;
mod connect;
mod create;
mod listen;
mod sendmsg;
mod source;
mod task;

use kernel::prelude::*;

use crate::policy;
use crate::sys::gate::{Attachment, Hooks};
use crate::sys::sock::{MessageRef, SocketRef};
use crate::sys::task::TaskKey;

/// The hooks are in force as long as this lives.
pub(crate) type Attached = Attachment<Addrconf>;

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

    fn socket_bind(sock: SocketRef<'_>, address: &mut [u8]) -> Result {
        bind::check(sock, address)
    }

    fn socket_listen(sock: SocketRef<'_>) -> Result {
        listen::check(sock)
    }

    fn socket_connect(sock: SocketRef<'_>, address: &[u8]) -> Result {
        connect::check(sock, address)
    }

    fn socket_sendmsg(sock: SocketRef<'_>, msg: MessageRef<'_>) -> Result {
        sendmsg::check(sock, &msg)
    }
}

/// What the caller sees when the policy refuses.
fn refused(refusal: policy::Refusal) -> Error {
    Error::from_errno(-refusal.errno())
}

/// A socket as the policy sees it; `None` when it is neither IPv4 nor IPv6.
fn describe(sock: SocketRef<'_>) -> Option<policy::Socket> {
    let info = sock.info()?;
    Some(policy::Socket {
        family: if info.is_v6 {
            policy::Family::V6
        } else {
            policy::Family::V4
        },
        v6only: info.v6only,
        stream: info.stream,
        has_port: info.has_port,
        local: info.local,
        source: info.source,
    })
}
