// SPDX-License-Identifier: GPL-2.0

//! Associations: how long they are there, which memberships count, and how many there are.

use crate::entry::{Entry, NO_CALL};
use crate::world::World;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Association {
    pub(crate) made: bool,
    pub(crate) listed: bool,
    pub(crate) formed: bool,
    /// The call that made it has succeeded.
    pub(crate) done: bool,
    /// There without tasks.
    pub(crate) defined: bool,
    pub(crate) users: u8,
    pub(crate) tasks: u8,
    /// How often its tasks were released, if it is no part.
    pub(crate) epoch: u8,
    /// It was ended, if it is a part.
    pub(crate) revoked: bool,
    /// The epoch before which memberships are of tasks that a call has released and returned: see
    /// `check`.
    pub(crate) ended: u8,
    pub(crate) parent: Option<u8>,
    /// The epoch of the membership in the parent of the task that made this part.
    pub(crate) parent_epoch: u8,
    /// A call puts tasks into it, and the mark of that call; the last mark that was used, and
    /// that which does not count.
    pub(crate) taking_in: bool,
    pub(crate) joining: u8,
    pub(crate) last_mark: u8,
    pub(crate) refused: u8,
    /// That call moves them from another association; and how many calls move tasks into it or out
    /// of it.
    pub(crate) moving: bool,
    pub(crate) moves: u8,
    /// Memberships that were removed from the table and wait for a grace period.
    pub(crate) pending: u8,
    /// Memberships that are not in the table yet.
    pub(crate) coming: u8,
    /// The references that calls have to it.
    pub(crate) calls: u8,
    /// How often it was queued to be buried.
    pub(crate) buried: u8,
}

impl World {
    pub(crate) fn association(&mut self, id: u8) -> &mut Association {
        &mut self.associations[usize::from(id)]
    }

    pub(crate) fn get(&self, id: u8) -> &Association {
        &self.associations[usize::from(id)]
    }

    /// `Tenants::make`. The call that makes it is its first user. For a part: where the caller is.
    pub(crate) fn make(&mut self, whole: Option<Entry>) -> u8 {
        let id = self.associations.iter().position(|a| !a.made);
        let id = id.expect("enough associations for the calls");
        self.associations[id] = Association {
            made: true,
            users: 1,
            calls: 1,
            parent: whole.map(|whole| whole.id),
            parent_epoch: whole.map_or(0, |whole| whole.epoch),
            ..Default::default()
        };
        id as u8
    }

    /// `Tenants::define`
    pub(crate) fn define(&mut self) {
        let id = self.make(None);
        let association = self.association(id);
        (association.defined, association.calls) = (true, 0);
        (association.listed, association.formed, association.done) = (true, true, true);
    }

    /// `Association::undefine`
    pub(crate) fn undefine(&mut self, id: u8) {
        if std::mem::take(&mut self.association(id).defined) {
            self.remove_user(id);
        }
    }

    /// `Association::revoke`
    pub(crate) fn revoke(&mut self, id: u8) {
        let association = self.association(id);
        match association.parent {
            Some(_) => association.revoked = true,
            None => association.epoch += 1,
        }
    }

    /// `Association::has_left`: whether memberships like this one do not count.
    pub(crate) fn has_left(&self, entry: Entry) -> bool {
        let association = self.get(entry.id);
        association.revoked
            || association.epoch != entry.epoch
            || (entry.is_marked && entry.mark() == association.refused)
    }

    /// The mark of the call that is putting a task with this membership into its association.
    pub(crate) fn joining(&self, entry: Entry) -> u8 {
        match entry.mark() == self.get(self.root(entry.id)).joining {
            true => entry.mark(),
            false => NO_CALL,
        }
    }

    /// `Membership::is_moving`
    pub(crate) fn is_moving(&self, entry: Entry) -> bool {
        self.get(self.root(entry.id)).moving && self.joining(entry) != NO_CALL
    }

    /// `Tenant::has_moves`
    pub(crate) fn has_moves(&self, id: u8) -> bool {
        self.get(self.root(id)).moves > 0
    }

    /// `Membership::is_settled`
    pub(crate) fn is_settled(&self, entry: Entry) -> bool {
        self.get(self.root(entry.id)).done && self.joining(entry) == NO_CALL
    }

    /// `Membership::is_formed`
    pub(crate) fn is_formed(&self, entry: Entry) -> bool {
        self.get(self.root(entry.id)).formed && self.joining(entry) == NO_CALL
    }

    /// `PartOf::is_released`, of every part up to the whole.
    pub(crate) fn is_released(&self, id: u8) -> bool {
        self.up(id).any(|up| {
            let Association {
                parent,
                parent_epoch,
                ..
            } = *self.get(up);
            parent.is_some_and(|parent| self.get(parent).epoch != parent_epoch)
        })
    }

    /// Whether a part was made when memberships like this one in its whole, or in the whole of
    /// that, were made.
    pub(crate) fn was_made_in(&self, part: u8, wider: Entry) -> bool {
        self.up(part)
            .map(|up| self.get(up))
            .filter(|up| up.parent == Some(wider.id))
            .all(|up| up.parent_epoch == wider.epoch)
    }

    /// `Association::is_ended`
    pub(crate) fn is_ended(&self, id: u8) -> bool {
        self.up(id).any(|up| self.get(up).revoked) || self.is_released(id)
    }

    /// An association, the one that it is a part of, and so on.
    pub(crate) fn up(&self, id: u8) -> impl Iterator<Item = u8> + '_ {
        std::iter::successors(Some(id), |&id| self.get(id).parent)
    }

    /// `Association::is_within`
    pub(crate) fn is_within(&self, id: u8, other: u8) -> bool {
        self.up(id).any(|up| up == other)
    }

    /// The association at the top of a tenant.
    pub(crate) fn root(&self, id: u8) -> u8 {
        self.up(id).last().unwrap_or(id)
    }

    /// Whether `other` is a part of `one`, or of one of its parts.
    pub(crate) fn is_wider(&self, one: Option<u8>, other: Option<u8>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => one != other && self.is_within(other, one),
            _ => false,
        }
    }

    /// A call takes a reference to it. `false`: it has no user.
    pub(crate) fn add_call(&mut self, id: u8) -> bool {
        let added = self.add_user(id);
        self.association(id).calls += u8::from(added);
        added
    }

    /// The call drops its reference.
    pub(crate) fn drop_call(&mut self, id: u8) {
        self.association(id).calls -= 1;
        self.remove_user(id);
    }

    /// `User::join`
    pub(crate) fn add_user(&mut self, id: u8) -> bool {
        let association = self.association(id);
        let any = association.users > 0;
        association.users += u8::from(any);
        any
    }

    /// `Membership::join`. Returns whether it made a membership.
    pub(crate) fn join(&mut self, entry: Entry) -> bool {
        let joined = !self.has_left(entry) && self.add_user(entry.id);
        let association = self.association(entry.id);
        association.tasks += u8::from(joined);
        association.coming += u8::from(joined);
        joined
    }

    /// `Association::remove_user`
    pub(crate) fn remove_user(&mut self, id: u8) {
        let association = self.association(id);
        if association.users == 0 {
            return self.complain("more users leave than came");
        }
        association.users -= 1;
        if association.users == 0 {
            association.buried += 1;
            association.listed = false;
            // It is freed, and its `User` of the parent with it.
            if let Some(parent) = association.parent {
                self.remove_user(parent);
            }
        }
    }

    /// `Membership::drop`
    pub(crate) fn drop_membership(&mut self, id: u8) {
        let association = self.association(id);
        match association.tasks.checked_sub(1) {
            Some(tasks) => association.tasks = tasks,
            None => self.complain("more tasks leave than came"),
        }
        self.remove_user(id);
    }
}
