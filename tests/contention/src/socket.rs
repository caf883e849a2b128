// SPDX-License-Identifier: GPL-2.0

//! A socket comes and goes: `src/table/sockets.rs` and `src/sys/slot.rs`.

use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};

use crate::association::Ref;
use crate::machine::{Cpu, Machine};
use crate::meter::Meter;
use crate::table::Place;

impl<M: Meter> Machine<M> {
    /// The hooks of `socket(2)`: `socket_create` decides by the kind alone,
    /// `socket_post_create` takes the socket in.
    #[inline]
    pub fn make_socket(&self, cpu: &Cpu, task: Place, sock: usize) {
        self.calls.ask(cpu, || ());
        self.calls.ask(cpu, || {
            if let Some(association) = self.current(task) {
                association.get().add_socket();
                self.fill(sock, association);
            }
        });
    }

    /// `Slots::fill()`, and `acf_gate_sock_set_scope()`.
    #[inline]
    pub(crate) fn fill(&self, sock: usize, association: Ref<'_, M>) {
        let id = association.get().id();
        let number = association.leave();
        let lines = &self.socks[sock];
        lines.security.0.load(Relaxed);
        let blob = self.sock_blob(sock);
        let _ = blob.owner.replace(0, number + 1, SeqCst);
        blob.set.store(number + 1, Release);
        lines.scope.0.store(id, Relaxed);
        // The key is beside the scope, and is set with the socket's spinlock held.
        lines.lock.0.lock();
        lines.scope.0.store(id, Relaxed);
        lines.lock.0.unlock(0);
    }

    /// `security_sk_free()`: `sockets::forget()`.
    #[inline]
    pub fn free_socket(&self, cpu: &Cpu, sock: usize) {
        self.calls.ask(cpu, || {
            self.socks[sock].security.0.load(Relaxed);
            let blob = self.sock_blob(sock);
            blob.set.store(0, Relaxed);
            if let Some(number) = blob.owner.swap(0, SeqCst).checked_sub(1) {
                self.association(number).remove_socket();
            }
        });
    }
}
