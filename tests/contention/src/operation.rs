// SPDX-License-Identifier: GPL-2.0

//! The hot operations, one by one.

use crate::machine::{addr, Cpu, Machine};
use crate::meter::Meter;
use crate::table::Place;

/// What a task or a packet does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `send`, `bind`, `listen` or `connect` with an address of the set.
    Send,
    /// `recv`, `accept`, `shutdown` and the like.
    Recv,
    /// A packet leaves.
    PacketOut,
    /// A packet is delivered.
    PacketIn,
    /// The module is asked, and looks the running task up.
    LookUp,
    /// `socket`.
    Socket,
    /// A socket is freed.
    Close,
    /// `fork`.
    Fork,
    /// A task is freed.
    Exit,
    /// A grace period after that.
    AfterGrace,
    /// Another set is put in place.
    Update,
}

impl Operation {
    /// All of them, in an order in which they can be carried out.
    pub const ALL: [Self; 11] = [
        Self::Send,
        Self::Recv,
        Self::PacketOut,
        Self::PacketIn,
        Self::LookUp,
        Self::Socket,
        Self::Close,
        Self::Fork,
        Self::Exit,
        Self::AfterGrace,
        Self::Update,
    ];

    /// As a document calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "`send`, `bind`, `listen`, `connect`",
            Self::Recv => "`recv`, `accept`, `shutdown`",
            Self::PacketOut => "a packet leaves",
            Self::PacketIn => "a packet is delivered",
            Self::LookUp => "a call that looks the task up",
            Self::Socket => "`socket`",
            Self::Close => "the end of a socket",
            Self::Fork => "`fork`",
            Self::Exit => "the end of a task",
            Self::AfterGrace => "a grace period later",
            Self::Update => "`addrctl add`, `remove`: the set",
        }
    }
}

/// A processor that carries operations out for a tenant.
#[derive(Debug)]
pub struct Actor<'a, M: Meter> {
    machine: &'a Machine<M>,
    cpu: Cpu,
    tenant: usize,
    /// The task that runs, and its socket.
    task: Place,
    sock: usize,
    /// The socket and the task that come and go.
    other_sock: usize,
    /// The task that was forked last.
    pub child: Option<Place>,
}

impl<'a, M: Meter> Actor<'a, M> {
    /// A processor that works for a tenant.
    pub fn new(machine: &'a Machine<M>, cpu: Cpu, tenant: usize) -> Self {
        let actor = Self {
            task: machine.own_task(&cpu, tenant),
            sock: machine.own_sock(&cpu, tenant),
            other_sock: machine.other_sock(&cpu, tenant),
            child: None,
            machine,
            cpu,
            tenant,
        };
        // The first call tells the gate, as the first of every task does.
        drop(machine.current(actor.task));
        actor
    }

    /// The task that runs.
    pub fn task(&self) -> Place {
        self.task
    }

    /// Carries out an operation.
    ///
    /// # Panics
    ///
    /// If it comes out otherwise than on a machine where all is well.
    #[inline]
    pub fn run(&mut self, operation: Operation) {
        let (machine, task, sock) = (self.machine, self.task, self.sock);
        match operation {
            Operation::Send => assert!(machine.permits_use(task, sock, addr(0))),
            Operation::Recv => assert!(machine.permits_hold(task, sock)),
            Operation::PacketOut => assert!(machine.mark(sock, addr(0)).is_some()),
            Operation::PacketIn => assert!(machine.permits_delivery(sock, addr(0))),
            Operation::LookUp => {
                let found = machine.ask(&self.cpu, || machine.current(task));
                assert!(found.is_some());
            }
            Operation::Socket => machine.make_socket(&self.cpu, task, self.other_sock),
            Operation::Close => machine.free_socket(&self.cpu, self.other_sock),
            Operation::Fork => self.child = Some(machine.fork(&mut self.cpu, task)),
            Operation::Exit => {
                let child = self.child.expect("a child");
                machine.free_task(&mut self.cpu, child);
            }
            Operation::AfterGrace => machine.reclaim_one(&mut self.cpu),
            Operation::Update => machine.update(self.tenant),
        }
    }

    /// Makes a task that ends, and drops what has waited long enough.
    #[inline]
    pub fn fork_and_exit(&mut self) {
        self.run(Operation::Fork);
        self.run(Operation::Exit);
        self.machine.reclaim(&mut self.cpu);
    }

    /// Makes and frees a socket.
    #[inline]
    pub fn socket_and_close(&mut self) {
        self.run(Operation::Socket);
        self.run(Operation::Close);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::machine::Size;
    use crate::meter::Quiet;

    #[test]
    fn nothing_is_left_of_tasks_and_sockets_that_threads_make() {
        let size = Size {
            tenants: 2,
            addrs: 3,
            cpus: 4,
        };
        let (machine, cpus) = Machine::<Quiet>::new(size);
        thread::scope(|scope| {
            for cpu in cpus {
                let machine = &machine;
                scope.spawn(move || {
                    let tenant = cpu.number % 2;
                    let mut actor = Actor::new(machine, cpu, tenant);
                    for _ in 0..500 {
                        actor.fork_and_exit();
                        actor.socket_and_close();
                        actor.run(Operation::Send);
                        actor.run(Operation::Update);
                    }
                    for _ in 0..crate::machine::WAITING {
                        actor.run(Operation::AfterGrace);
                    }
                });
            }
        });
        assert_eq!(machine.tasks(), 8);
        for tenant in 0..2 {
            // A task and a socket on each processor.
            assert_eq!(machine.association(tenant).users(), 8);
        }
    }
}
