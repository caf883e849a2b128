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

use super::limits::MAX_RAW_SOCKETS;
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
    // None for a part.
    loopback: Option<Ipv4Addr>,
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
    // Everybody who is to be in it when it is made is, so others may change it.
    formed: Atomic<bool>,
    // Of one that was made from outside: an update of it, or of a part, goes on.
    // Changed with the registry locked.
    updating: Atomic<bool>,
    // Of one that was made from outside: how many raw and ping sockets there are of
    // it and of its parts.
    raw_sockets: Atomic<usize>,
    // Of one that was made from outside: how often a socket was refused a port
    // with too many of the same tenant.
    full_ports: Atomic<u64>,
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
        loopback: Option<Ipv4Addr>,
        part_of: Option<PartOf>,
        module: ModuleRef,
    ) -> Result<(Arc<Self>, User)> {
        // A part is there at once; one that is made from outside once its tasks
        // are in.
        let formed = part_of.is_some();
        let set = RcuCell::new(KBox::new(set, GFP_KERNEL)?);
        let former = RcuCell::new(AddressSet::empty()?);
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
                formed: Atomic::new(formed),
                updating: Atomic::new(false),
                raw_sockets: Atomic::new(0),
                full_ports: Atomic::new(0),
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

    /// What was in the set once, and is in it no more.
    pub(super) fn former<'g>(&'g self, guard: &'g rcu::Guard) -> &'g AddressSet {
        self.former.get(guard)
    }

    /// Puts another set in place. Gives back the old one. Does not sleep.
    pub(super) fn replace_set(&self, set: KBox<AddressSet>) -> Replaced<AddressSet> {
        self.set.replace(set)
    }

    /// Puts another set of former members in place. Gives back the old one. Does
    /// not sleep.
    pub(super) fn replace_former(&self, former: KBox<AddressSet>) -> Replaced<AddressSet> {
        self.former.replace(former)
    }

    /// Its dedicated loopback address, unless it is a part of another.
    pub(crate) fn loopback(&self) -> Option<Ipv4Addr> {
        self.loopback
    }

    /// Whether others may change it: everybody who is to be in it at first is.
    pub(super) fn is_formed(&self) -> bool {
        self.formed.load(ordering::Acquire)
    }

    /// Notes that everybody who is to be in it at first is.
    pub(super) fn set_formed(&self) {
        self.formed.store(true, ordering::Release);
    }

    /// Of one that was made from outside, whether an update of it or of a part
    /// goes on. Stable with the registry locked.
    pub(super) fn updating(&self) -> &Atomic<bool> {
        &self.updating
    }

    /// Notes that a socket of it was refused a port. Any context.
    pub(crate) fn note_full_port(&self) {
        self.root().full_ports.add(1_u64, ordering::Relaxed);
    }

    /// How often a socket of it, of what it is a part of, or of its parts was
    /// refused a port that had as many of them as it may.
    pub(crate) fn full_ports(&self) -> u64 {
        self.root().full_ports.load(ordering::Relaxed)
    }

    /// What it owns at present, as the decisions see it.
    pub(crate) fn owner<'g>(&'g self, guard: &'g rcu::Guard) -> Owner<'g> {
        Owner {
            id: self.id,
            // Before what was: an address leaves the set after it is there.
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

    /// One more task in it. Any context.
    pub(super) fn add_task(&self) {
        self.tasks.add(1_usize, ordering::Relaxed);
    }

    /// One task less. Any context.
    pub(super) fn remove_task(&self) {
        self.tasks.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// Of one that was made from outside, the count of tasks that are being made in
    /// it and in its parts by those that were not searched.
    pub(super) fn unborn(&self) -> &Atomic<usize> {
        &self.unborn
    }

    /// Of one that was made from outside, whether its tasks are looked through.
    pub(super) fn is_searching(&self) -> bool {
        self.searching.load(ordering::Relaxed)
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

    /// Ends it for every task at once. A full barrier: a call that puts a task
    /// in meanwhile sees that, or the task is seen here.
    pub(super) fn revoke(&self) {
        self.revoked.store(true, ordering::Relaxed);
        smp_mb(ordering::Full);
    }

    /// Whether it was ended. After a full barrier, see [`Self::revoke`].
    pub(super) fn is_revoked(&self) -> bool {
        self.revoked.load(ordering::Relaxed)
    }

    /// Whether it was ended, or what it is a part of: then it is about to be.
    pub(super) fn is_ended(&self) -> bool {
        self.up().any(Self::is_revoked)
    }

    /// One more socket, whose slot will hold a reference. `raw` tells that it is a
    /// raw or ping socket. `false` when there is no use in it: the association has
    /// ended, or its tenant has as many of these as it may. Any context.
    pub(super) fn add_socket(&self, raw: bool) -> bool {
        let raws = &self.root().raw_sockets;
        if raw && raws.fetch_add(1_usize, ordering::Relaxed) >= MAX_RAW_SOCKETS {
            raws.fetch_sub(1_usize, ordering::Relaxed);
            return false;
        }
        let added = self.add_user();
        if added {
            self.sockets.add(1_usize, ordering::Relaxed);
        } else if raw {
            raws.fetch_sub(1_usize, ordering::Relaxed);
        }
        added
    }

    /// One socket less; the reference is the one its slot held. Any context.
    pub(super) fn remove_socket(this: Arc<Self>, raw: bool) {
        if raw {
            let root = this.root();
            root.raw_sockets.fetch_sub(1_usize, ordering::Relaxed);
        }
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
        let sockets = self.sockets();
        let exclusive = if self.terms.exclusive { "yes" } else { "no" };
        core::write!(
            out,
            "id: {id}\nname: {name}\ntasks: {tasks}\nsockets: {sockets}\n\
             exclusive: {exclusive}\nloopback:",
        )?;
        match self.loopback {
            Some(loopback) => core::write!(out, " {loopback}\naddresses:")?,
            None => core::write!(out, " -\naddresses:")?,
        }
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

    /// A reference to it.
    pub(super) fn shared(&self) -> Arc<Association> {
        self.0.clone()
    }
}

impl Drop for User {
    /// Any context.
    fn drop(&mut self) {
        Association::remove_user(&self.0);
    }
}
