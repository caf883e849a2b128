// SPDX-License-Identifier: GPL-2.0

//! What a group of tasks and their sockets share, and a task's part in it.

use core::fmt::{self, Write as _};
use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::barrier::smp_mb;
use kernel::sync::{rcu, Arc};
use kernel::workqueue::{impl_has_work, new_work, Work, WorkItem};

use crate::abi::{Name, SourceChoice};
use crate::policy::Owner;
use crate::sys::module::ModuleRef;
use crate::sys::rcu_cell::{RcuCell, Replaced};
use crate::sys::sysfs::{Page, Show};

use super::part::PartOf;
use super::set::AddressSet;

/// What an association is made with, besides its set.
pub(crate) struct Terms {
    /// Its name, or the empty name.
    pub(crate) name: Name,
    /// Wildcard sockets of unassociated processes leave its addresses alone.
    pub(crate) exclusive: bool,
    /// Raw sockets are allowed.
    pub(crate) allow_raw: bool,
    /// Which member a socket without an address sends from.
    pub(crate) source: SourceChoice,
}

/// An association: id, terms, address set, loopback, and how many tasks and
/// sockets it has.
///
/// It comes to be with its first task, takes no new ones once the last task
/// and socket are gone, and is then taken off the list by its work item.
#[pin_data]
pub(crate) struct Association {
    id: u32,
    terms: Terms,
    set: RcuCell<AddressSet>,
    // What updates took out of the set.
    former: RcuCell<AddressSet>,
    loopback: Ipv4Addr,
    // Tasks, sockets, and whoever makes it. Never rises from zero.
    users: Atomic<usize>,
    tasks: Atomic<usize>,
    sockets: Atomic<usize>,
    // How many parts there are of one that was made from outside, all of
    // theirs included; and how many tasks are being made in it and in them by
    // those that were not searched.
    parts: Atomic<usize>,
    unborn: Atomic<usize>,
    // Its tasks are looked through this moment.
    searching: Atomic<bool>,
    // Ended from outside: tasks that are left do not count. Sockets keep their
    // scope, or they would be the whole host's all of a sudden.
    revoked: Atomic<bool>,
    #[pin]
    reap: Work<Self>,
    // What makes it a part of another, which stays as long.
    part_of: Option<PartOf>,
    // Dropped last: our code must be there as long as sockets refer to this.
    _module: ModuleRef,
}

impl_has_work! {
    impl HasWork<Self> for Association { self.reap }
}

impl Association {
    /// An association with a first user, which keeps it from going before
    /// there is a task. May sleep.
    pub(super) fn new(
        id: u32,
        terms: Terms,
        set: AddressSet,
        loopback: Ipv4Addr,
        part_of: Option<PartOf>,
        module: ModuleRef,
    ) -> Result<(Arc<Self>, User)> {
        let set = RcuCell::new(KBox::new(set, GFP_KERNEL)?);
        let nothing = KBox::new(AddressSet::new(KVec::new())?, GFP_KERNEL)?;
        let former = RcuCell::new(nothing);
        let association = Arc::pin_init(
            pin_init!(Self {
                id,
                terms,
                set,
                former,
                loopback,
                users: Atomic::new(1),
                tasks: Atomic::new(0),
                sockets: Atomic::new(0),
                parts: Atomic::new(0),
                unborn: Atomic::new(0),
                searching: Atomic::new(false),
                revoked: Atomic::new(false),
                reap <- new_work!("Association::reap"),
                part_of,
                _module: module,
            }),
            GFP_KERNEL,
        )?;
        // INVARIANT: It is the one counted above.
        let first = User(association.clone());
        Ok((association, first))
    }

    /// Its id: never 0, and no other's as long as it has tasks or sockets.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// What it was made with.
    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Its address set at present.
    pub(crate) fn set<'g>(&'g self, guard: &'g rcu::Guard) -> &'g AddressSet {
        self.set.get(guard)
    }

    /// What was in the set once.
    pub(super) fn former<'g>(&'g self, guard: &'g rcu::Guard) -> &'g AddressSet {
        self.former.get(guard)
    }

    /// Puts another set in place, and what was in it before besides. Gives
    /// back the old ones. Does not sleep.
    pub(super) fn replace_set(
        &self,
        set: KBox<AddressSet>,
        former: KBox<AddressSet>,
    ) -> [Replaced<AddressSet>; 2] {
        // In this order: who sees an address gone sees that it was there.
        let former = self.former.replace(former);
        [self.set.replace(set), former]
    }

    /// Its dedicated loopback address.
    pub(crate) fn loopback(&self) -> Ipv4Addr {
        self.loopback
    }

    /// What it owns at present, as the decisions see it.
    pub(crate) fn owner<'g>(&'g self, guard: &'g rcu::Guard) -> Owner<'g> {
        Owner {
            id: self.id,
            // Before what was: see `replace_set`.
            set: self.set(guard).view(),
            former: self.former.get(guard).view(),
            loopback: self.loopback,
            exclusive: self.terms.exclusive,
        }
    }

    /// Whether wildcard sockets of unassociated processes are to leave its
    /// addresses alone on its account: not on that of one it is a part of.
    pub(super) fn reserves(&self) -> bool {
        self.terms.exclusive && self.part_of.is_none()
    }

    /// What makes it a part of another, if it is one.
    pub(super) fn part_of(&self) -> Option<&PartOf> {
        self.part_of.as_ref()
    }

    /// Of one that was made from outside, the count of its parts, and theirs.
    pub(super) fn parts(&self) -> &Atomic<usize> {
        &self.parts
    }

    /// Of one that was made from outside, says whether its tasks are looked
    /// through, and those of its parts: then they fork when that is done.
    pub(super) fn set_searching(&self, searching: bool) {
        self.searching.store(searching, ordering::Relaxed);
    }

    /// Of one that was made from outside, whether tasks are being made in it, or
    /// in a part of it, by such as were not searched before. Whoever is marked
    /// as searched before makes none afterwards.
    pub(super) fn has_unborn(&self) -> bool {
        // Pairs with `Membership::of_child`.
        smp_mb(ordering::Full);
        self.unborn.load(ordering::Relaxed) != 0
    }

    /// How many tasks it has, those that exit this moment included.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.load(ordering::Relaxed)
    }

    /// How many sockets it has.
    pub(crate) fn sockets(&self) -> usize {
        self.sockets.load(ordering::Relaxed)
    }

    /// Ends it for every task at once.
    pub(super) fn revoke(&self) {
        self.revoked.store(true, ordering::Relaxed);
    }

    fn is_revoked(&self) -> bool {
        self.revoked.load(ordering::Relaxed)
    }

    /// One more socket, whose slot will hold a reference. `false` when there is
    /// no use in it: the association has ended. Any context.
    pub(super) fn add_socket(&self) -> bool {
        let added = self.add_user();
        if added {
            self.sockets.add(1_usize, ordering::Relaxed);
        }
        added
    }

    /// One socket less; the reference is the one its slot held. Any context.
    pub(super) fn remove_socket(this: Arc<Self>) {
        this.sockets.fetch_sub(1_usize, ordering::Relaxed);
        Self::remove_user(&this);
    }

    fn add_user(&self) -> bool {
        let mut users = self.users.load(ordering::Relaxed);
        while users != 0 {
            match self.users.cmpxchg(users, users + 1, ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => users = now,
            }
        }
        false
    }

    fn remove_user(this: &Arc<Self>) {
        if this.users.fetch_sub(1_usize, ordering::Full) == 1 {
            if let Some(table) = super::get() {
                // It is queued once only: the count does not rise from zero.
                let _ = table.queue.enqueue(this.clone());
            }
        }
    }
}

impl WorkItem for Association {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        if let Some(table) = super::get() {
            table.bury(&this);
        }
    }
}

/// What `by-id/ID` in sysfs shows. Of a set that does not fit in a page the
/// first entries are followed by `...`; the ioctl tells all.
impl Show for Association {
    /// Who has which addresses is no tenant's business.
    fn is_readable(&self) -> bool {
        super::current().is_none()
    }

    fn show(&self, out: &mut Page<'_>) -> fmt::Result {
        // The longest entry, "...", blanks and the end of the line.
        const ROOM: usize = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".len() + 8;

        let (id, name, tasks) = (self.id, self.terms.name.as_str(), self.tasks());
        let (sockets, loopback) = (self.sockets(), self.loopback);
        let exclusive = if self.terms.exclusive { "yes" } else { "no" };
        core::write!(
            out,
            "id: {id}\nname: {name}\ntasks: {tasks}\nsockets: {sockets}\n\
             exclusive: {exclusive}\nloopback: {loopback}\naddresses:",
        )?;
        let guard = rcu::read_lock();
        for entry in self.set(&guard).entries() {
            if out.room() < ROOM {
                core::write!(out, " ...")?;
                break;
            }
            core::write!(out, " {entry}")?;
        }
        core::writeln!(out)
    }
}

/// Somebody for whom an association is there.
///
/// # Invariants
///
/// Counted in the association's `users`.
pub(super) struct User(Arc<Association>);

impl User {
    /// One more for whom `association` is there, unless it has ended.
    pub(super) fn join(association: Arc<Association>) -> Option<Self> {
        if association.add_user() {
            // INVARIANT: Counted.
            Some(Self(association))
        } else {
            None
        }
    }

    /// The association.
    pub(super) fn association(&self) -> &Association {
        &self.0
    }
}

impl Drop for User {
    /// Any context.
    fn drop(&mut self) {
        Association::remove_user(&self.0);
    }
}

/// A task's part in an association.
///
/// # Invariants
///
/// Counted in the association's `tasks`.
pub(super) struct Membership {
    user: User,
    // It holds no way out, and can come by none: see `Table::search`.
    searched: Atomic<bool>,
    // It is being made. If so it is counted in `unborn`.
    unborn: Atomic<bool>,
}

impl Membership {
    /// One more task for `association`, unless it has ended. Any context.
    pub(super) fn join(association: Arc<Association>) -> Option<Self> {
        if association.is_revoked() {
            return None;
        }
        let user = User::join(association)?;
        user.0.tasks.add(1_usize, ordering::Relaxed);
        // INVARIANT: Counted above.
        Some(Self {
            user,
            searched: Atomic::new(false),
            unborn: Atomic::new(false),
        })
    }

    /// That of a child which its task is making, and which has what its task
    /// has, unless the association has ended. Any context.
    pub(super) fn of_child(&self) -> Option<Self> {
        let child = Self::join(self.association()?)?;
        if !self.is_searched() {
            child.unborn.store(true, ordering::Relaxed);
            // A full barrier: either this sees that its task is searched now, or
            // whoever searches that there is a child.
            child.root().unborn.fetch_add(1_usize, ordering::Full);
        }
        if self.is_searched() {
            child.set_searched();
            child.set_born();
        }
        Some(child)
    }

    /// Whether its task is about to be looked through.
    pub(super) fn is_next(&self) -> bool {
        !self.is_searched() && self.root().searching.load(ordering::Relaxed)
    }

    /// Notes that its task is on the list of tasks, or will be once the lock of
    /// that is free.
    pub(super) fn set_born(&self) {
        if self.unborn.load(ordering::Relaxed) {
            self.unborn.store(false, ordering::Relaxed);
            self.root().unborn.fetch_sub(1_usize, ordering::Relaxed);
        }
    }

    fn root(&self) -> &Association {
        self.user.association().root()
    }

    /// Notes that its task holds no way out.
    pub(super) fn set_searched(&self) {
        self.searched.store(true, ordering::Relaxed);
    }

    /// Whether its task was found to hold no way out, or comes from one that was.
    pub(super) fn is_searched(&self) -> bool {
        self.searched.load(ordering::Relaxed)
    }

    /// Whether this is a part in `association`.
    pub(super) fn is_of(&self, association: &Association) -> bool {
        core::ptr::eq(self.user.association(), association)
    }

    /// Whether this is a part in `association`, or in a part of it, or of a
    /// part.
    pub(super) fn is_within(&self, association: &Association) -> bool {
        self.user.association().is_within(association)
    }

    /// The association, unless it was revoked.
    pub(super) fn association(&self) -> Option<Arc<Association>> {
        let association = &self.user.0;
        (!association.is_revoked()).then(|| association.clone())
    }
}

impl Drop for Membership {
    /// Any context.
    fn drop(&mut self) {
        self.set_born();
        self.user.0.tasks.fetch_sub(1_usize, ordering::Relaxed);
    }
}
