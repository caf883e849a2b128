// SPDX-License-Identifier: GPL-2.0

//! Grants in the made-up kernel.

use addrconf_abi::{
    AddrEntry, AssignRequest, Command, GrantQuery, GrantRequest, Terms, Wire, MAX_GRANTS,
    MAX_STRUCT,
};
use rustix::io::Errno;

use super::device::{entries, errno, reply};
use super::{State, OWN_PID};
use crate::address::AddressSet;

impl State {
    /// Whether the caller has `CAP_NET_ADMIN` where it counts.
    pub(super) fn administers(&self) -> bool {
        self.net_admin != Some(false) && !self.user_namespace
    }

    /// Grants a user a set, or takes its grant back.
    pub(super) fn grant(&mut self, arg: &mut [u8], addrs: &[u8]) -> Result<(), Errno> {
        let request = GrantRequest::decode(arg).map_err(errno)?;
        assert_eq!(request.addr_count as usize * AddrEntry::SIZE, addrs.len());
        if request.uid == 0 || request.uid == u32::MAX {
            return Err(Errno::INVAL);
        }
        if addrs.is_empty() {
            let gone = self.grants.remove(&request.uid);
            return gone.map(drop).ok_or(Errno::NOENT);
        }
        let is_new = !self.grants.contains_key(&request.uid);
        if is_new && self.grants.len() >= MAX_GRANTS as usize {
            return Err(Errno::NOSPC);
        }
        self.grants.insert(request.uid, entries(addrs)?);
        Ok(())
    }

    /// Tells one grant.
    pub(super) fn tell_grant(&mut self, arg: &mut [u8], room: &mut [u8]) -> Result<(), Errno> {
        let mut query = GrantQuery::decode(arg).map_err(errno)?;
        let own = self.own_uid;
        let may_know = |uid: u32| self.administers() || uid == own;
        let mut from = self.grants.range(query.uid..);
        let found = from.find(|(uid, _)| may_know(**uid));
        (query.uid, query.addr_count, query.associations) = (0, 0, 0);
        if let Some((uid, set)) = found {
            let mut buf = [0; MAX_STRUCT];
            for (entry, place) in set.iter().zip(room.chunks_exact_mut(AddrEntry::SIZE)) {
                place.copy_from_slice(entry.encode(&mut buf));
            }
            let all = self.associations.values();
            let own = all.filter(|association| association.granted_to == Some(*uid));
            query.uid = *uid;
            query.addr_count = set.len() as u32;
            query.associations = own.count() as u32;
        }
        reply(arg, &query)
    }

    /// Whether a user without `CAP_NET_ADMIN` may make this call at all.
    pub(super) fn permit_user(&self, command: Command, arg: &[u8]) -> Result<(), Errno> {
        let permitted = match command {
            Command::Assign => {
                let request = AssignRequest::decode(arg).map_err(errno)?;
                let terms = Terms {
                    source: request.terms.source,
                    signal: request.terms.signal,
                    ..Terms::DEFAULT
                };
                let pid = self.process(request.target)?;
                let shown = request.proof.and_then(|fd| self.memories.get(&fd));
                let is_own = pid == OWN_PID || shown == Some(&pid);
                !request.tree && request.terms == terms && is_own
            }
            Command::List | Command::Grants => true,
            _ => false,
        };
        match permitted && self.grants.contains_key(&self.own_uid) {
            true => Ok(()),
            false => Err(Errno::PERM),
        }
    }

    /// Whether the caller may have processes with these addresses associated.
    pub(super) fn permit_set(&self, set: &[AddrEntry]) -> Result<(), Errno> {
        let granted = self.grants.get(&self.own_uid).cloned().unwrap_or_default();
        let beyond =
            AddressSet::from_entries(set.to_vec()).beyond(&AddressSet::from_entries(granted));
        match self.administers() || self.module < Some(8) || beyond.entries().is_empty() {
            true => Ok(()),
            false => Err(Errno::PERM),
        }
    }
}
