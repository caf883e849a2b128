// SPDX-License-Identifier: GPL-2.0

//! Associations with names, in the made-up kernel.

use addrconf_abi::{
    Command, DefineRequest, FindRequest, JoinRequest, Name, Target, UndefineRequest, Wire,
};
use rustix::io::Errno;

use super::device::{entries, errno, reply};
use super::{FakeAssociation, State};

impl State {
    /// Answers a call that version 6 introduced.
    pub(super) fn call_about_names(
        &mut self,
        command: Command,
        arg: &mut [u8],
        memory: &mut [&mut [u8]],
    ) -> Result<(), Errno> {
        match (command, memory) {
            (Command::Define, [addrs]) => self.define(arg, addrs),
            (Command::Undefine, _) => self.undefine(arg),
            (Command::Find, _) => self.find(arg),
            (Command::Join, _) => self.join(arg),
            _ => Err(Errno::FAULT),
        }
    }

    fn named(&self, name: Name) -> Option<u64> {
        let mut all = self.associations.iter();
        let found = all.find(|(_, association)| association.terms.name == name);
        found.map(|(id, _)| *id)
    }

    /// Whether an association may have this name.
    pub(super) fn permit_name(&self, name: Name) -> Result<(), Errno> {
        match name.is_empty() || self.named(name).is_none() {
            true => Ok(()),
            false => Err(Errno::NOTUNIQ),
        }
    }

    fn define(&mut self, arg: &mut [u8], addrs: &[u8]) -> Result<(), Errno> {
        let mut request = DefineRequest::decode(arg).map_err(errno)?;
        self.permit_name(request.terms.name)?;
        self.last_id += 1;
        request.id = self.last_id;
        let free = [127, 64, 0, request.id as u8].into();
        request.terms.loopback = request.terms.loopback.or(Some(free));
        let association = FakeAssociation {
            terms: request.terms,
            entries: entries(addrs)?,
            defined: true,
            ..FakeAssociation::default()
        };
        self.associations.insert(request.id, association);
        reply(arg, &request)
    }

    fn undefine(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = UndefineRequest::decode(arg).map_err(errno)?;
        let in_rule = self.rules.iter().any(|r| r.entry.association == request.id);
        let found = self.associations.get_mut(&request.id);
        let association = found.ok_or(Errno::NOENT)?;
        if in_rule {
            return Err(Errno::BUSY);
        }
        if !std::mem::take(&mut association.defined) {
            return Err(Errno::ALREADY);
        }
        request.tasks = association.pids.len() as u64;
        self.associations
            .retain(|_, a| a.defined || !a.pids.is_empty());
        reply(arg, &request)
    }

    fn find(&self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = FindRequest::decode(arg).map_err(errno)?;
        request.id = self.named(request.name).ok_or(Errno::NOENT)?;
        reply(arg, &request)
    }

    fn join(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = JoinRequest::decode(arg).map_err(errno)?;
        let pid = self.process(request.target)?;
        if self.kernel_thread == Some(pid) {
            return Err(Errno::INVAL);
        }
        if !self.associations.contains_key(&request.id) {
            return Err(Errno::NOENT);
        }
        let at = self.association(Target::Pid(pid));
        match (request.moves, at) {
            (false, Ok(_)) => return Err(Errno::EXIST),
            (true, Ok(id)) if id == request.id => return Err(Errno::EXIST),
            (true, Err(_)) => return Err(Errno::NOENT),
            _ => {}
        }
        if let Some(obstacle) = self.obstacle {
            request.obstacle = Some(obstacle);
            reply(arg, &request)?;
            return Err(Errno::BUSY);
        }
        let mut pids = vec![pid];
        if request.tree {
            pids.extend(self.descendants(pid));
        }
        for association in self.associations.values_mut() {
            association.pids.retain(|pid| !pids.contains(pid));
        }
        if let Some(association) = self.associations.get_mut(&request.id) {
            association.pids.extend(pids);
        }
        reply(arg, &request)
    }
}
