// SPDX-License-Identifier: GPL-2.0

//! An association: `src/table/association/`, in the memory of its `Arc`.

use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

use crate::meter::Meter;
use crate::word::Word;

/// The fields of `Association` that hot operations use, in its order. In the module the build
/// checks that `set` is in another line than the counts.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Association<M> {
    /// `Arc` has it before the association.
    refcount: Word<M>,
    users: Word<M>,
    tasks: Word<M>,
    sockets: Word<M>,
    pub(crate) roll: Word<M>,
    burial: [usize; 4],
    /// The number of the present set.
    set: Word<M>,
    former: Word<M>,
    tenant: Word<M>,
    part_of: Word<M>,
    id: Word<M>,
    terms: [usize; 6],
    revoked: Word<M>,
    keeper: [usize; 2],
    module: Word<M>,
}

impl<M: Meter> Association<M> {
    /// An association with its first user, which stays.
    pub fn new(id: usize, set: usize) -> Self {
        Self {
            refcount: Word::new(1),
            users: Word::new(1),
            tasks: Word::default(),
            sockets: Word::default(),
            roll: Word::default(),
            burial: [0; 4],
            set: Word::new(set),
            former: Word::default(),
            tenant: Word::default(),
            part_of: Word::default(),
            id: Word::new(id),
            terms: [0; 6],
            revoked: Word::default(),
            keeper: [0; 2],
            module: Word::default(),
        }
    }

    /// Its id.
    #[inline]
    pub fn id(&self) -> usize {
        self.id.load(Relaxed)
    }

    /// How many tasks and sockets it has.
    pub fn users(&self) -> usize {
        self.users.load(Relaxed) - 1
    }

    #[inline]
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Relaxed) != 0
    }

    /// `add_user()` and `add_task()`.
    #[inline]
    pub(crate) fn add_task(&self) {
        self.add_user();
        self.tasks.add(1, Relaxed);
    }

    /// `Membership::drop()`, and the reference it held.
    #[inline]
    pub(crate) fn remove_task(&self) {
        self.tasks.sub(1, Relaxed);
        self.remove_user();
    }

    /// `add_socket()`.
    #[inline]
    pub(crate) fn add_socket(&self) {
        self.add_user();
        self.sockets.add(1, Relaxed);
    }

    /// `remove_socket()`, and the reference that the slot held.
    #[inline]
    pub(crate) fn remove_socket(&self) {
        self.sockets.sub(1, Relaxed);
        self.remove_user();
    }

    #[inline]
    fn remove_user(&self) {
        self.users.sub(1, SeqCst);
        self.drop_reference();
    }

    /// The number of its present set, as a reader under RCU finds it.
    #[inline]
    pub(crate) fn present_set(&self) -> usize {
        self.set.load(Acquire)
    }

    /// `RcuCell::replace()`: puts another set in place, and returns the old one.
    pub fn replace_set(&self, set: usize) -> usize {
        self.set.swap(set, SeqCst)
    }

    fn add_user(&self) {
        let mut users = self.users.load(Relaxed);
        while let Err(now) = self.users.replace(users, users + 1, Relaxed) {
            users = now;
        }
    }

    fn drop_reference(&self) {
        self.refcount.sub(1, SeqCst);
    }
}

/// A reference to an association: the module's `Arc`.
#[derive(Debug)]
pub struct Ref<'a, M: Meter>(&'a Association<M>, usize);

impl<'a, M: Meter> Ref<'a, M> {
    /// Takes a reference to the association with this number.
    #[inline]
    pub(crate) fn new(association: &'a Association<M>, number: usize) -> Self {
        association.refcount.add(1, Relaxed);
        Self(association, number)
    }

    /// The association.
    pub fn get(&self) -> &'a Association<M> {
        self.0
    }

    /// Leaves the reference to a task or a socket, which has the number.
    #[inline]
    pub(crate) fn leave(self) -> usize {
        let number = self.1;
        std::mem::forget(self);
        number
    }
}

impl<M: Meter> Clone for Ref<'_, M> {
    #[inline]
    fn clone(&self) -> Self {
        Self::new(self.0, self.1)
    }
}

impl<M: Meter> Drop for Ref<'_, M> {
    #[inline]
    fn drop(&mut self) {
        self.0.drop_reference();
    }
}
