// SPDX-License-Identifier: GPL-2.0

//! The control calls of the made-up kernel, whose module can be of an older version.

use addrconf_abi::{
    AddrEntry, AssignRequest, Change, Command, ReleaseRequest, Target, UpdateRequest, VersionReply,
    Wire, WireError, MAX_ADDRS, MAX_STRUCT,
};
use rustix::io::Errno;

use super::{Fake, FakeAssociation, State, OWN_PID};
use crate::system::{link, pointers, Device};

/// An open descriptor of the made-up device.
pub struct FakeDevice<'a>(pub &'a Fake);

impl Drop for FakeDevice<'_> {
    fn drop(&mut self) {
        self.0.state().open_devices -= 1;
    }
}

impl Device for FakeDevice<'_> {
    fn control(
        &self,
        command: Command,
        arg: &mut [u8],
        memory: &mut [&mut [u8]],
    ) -> Result<(), Errno> {
        link(command, arg, memory)?;
        let mut state = self.0.state();
        match state.failing {
            Some((failing, errno)) if failing == command => return Err(errno),
            _ => {}
        }
        for (pointer, slice) in pointers(command).iter().zip(&*memory) {
            let address = u64::from_ne_bytes(arg[pointer.at..][..8].try_into().unwrap());
            let given = (!slice.is_empty()).then_some(slice.as_ptr() as u64);
            assert_eq!(address, given.unwrap_or(0));
        }
        let abi = state.module.ok_or(Errno::NODEV)?;
        if command != Command::Version && state.association(Target::Pid(OWN_PID)).is_ok() {
            return Err(Errno::PERM);
        }
        if abi >= 8 && command != Command::Version && !state.administers() {
            state.permit_user(command, arg)?;
        }
        match (command, memory) {
            (Command::Version, _) => reply(
                arg,
                &VersionReply {
                    abi,
                    max_addrs: MAX_ADDRS,
                    features: 0,
                },
            ),
            (Command::Assign, [addrs]) => state.assign(arg, addrs),
            (Command::Update, [addrs]) if abi >= 2 => state.update(arg, addrs),
            (Command::Update, _) => Err(Errno::NOTTY),
            (Command::Release, _) => state.release(arg),
            (Command::Query, [addrs, pids, leftovers]) => {
                state.query(arg, addrs, pids)?;
                state.leftovers(arg, leftovers)
            }
            (Command::List, [ids]) => state.list(arg, ids),
            (Command::SetRules, [entries, texts]) if abi >= 7 => {
                state.set_rules(arg, entries, texts)
            }
            (Command::Rule, [path, cgroup]) if abi >= 7 => state.rule(arg, path, cgroup),
            (Command::SetRules | Command::Rule, _) => Err(Errno::NOTTY),
            (Command::Grant, [addrs]) if abi >= 8 => state.grant(arg, addrs),
            (Command::Grants, [addrs]) if abi >= 8 => state.tell_grant(arg, addrs),
            (Command::Grant | Command::Grants, _) => Err(Errno::NOTTY),
            (Command::Watch, _) if abi >= 9 => state.watch(arg),
            (Command::Counts, _) if abi >= 9 => state.counts(arg),
            (Command::Watch | Command::Counts, _) => Err(Errno::NOTTY),
            (Command::Check, _) if abi >= 10 => state.check(arg),
            (Command::Traffic, _) if abi >= 10 => state.traffic(arg),
            (Command::Sockets, [room]) if abi >= 10 => state.owners(arg, room),
            (Command::Check | Command::Traffic | Command::Sockets, _) => Err(Errno::NOTTY),
            (_, memory) if abi >= 6 => state.call_about_names(command, arg, memory),
            (Command::Define | Command::Undefine | Command::Find | Command::Join, _) => {
                Err(Errno::NOTTY)
            }
            _ => Err(Errno::FAULT),
        }
    }

    fn read(&self, room: &mut [u8], wait: bool) -> Result<usize, Errno> {
        self.0.state().read_events(room, wait)
    }
}

impl State {
    /// The process a target names.
    pub(super) fn process(&self, target: Target) -> Result<i32, Errno> {
        let pid = match target {
            Target::PidFd(fd) => *self.pidfds.get(&fd).ok_or(Errno::BADF)?,
            Target::Pid(pid) => pid,
            _ => return Err(Errno::INVAL),
        };
        let exists = self.processes.contains_key(&pid);
        exists.then_some(pid).ok_or(Errno::SRCH)
    }

    /// The association a target names.
    pub(super) fn association(&self, target: Target) -> Result<u64, Errno> {
        if let Target::Association(id) = target {
            let exists = self.associations.contains_key(&id);
            return exists.then_some(id).ok_or(Errno::NOENT);
        }
        let pid = self.process(target)?;
        let mut all = self.associations.iter();
        let found = all.find(|(_, association)| association.pids.contains(&pid));
        found.map(|(id, _)| *id).ok_or(Errno::NOENT)
    }

    fn assign(&mut self, arg: &mut [u8], addrs: &[u8]) -> Result<(), Errno> {
        let mut request = AssignRequest::decode(arg).map_err(errno)?;
        assert_eq!(request.addr_count as usize * AddrEntry::SIZE, addrs.len());
        self.known_to_module(arg, &request)?;
        let mut pids = vec![self.process(request.target)?];
        if self.kernel_thread == Some(pids[0]) {
            return Err(Errno::INVAL);
        }
        if request.tree {
            pids.extend(self.descendants(pids[0]));
        }
        let associated = |&pid: &i32| self.association(Target::Pid(pid)).is_ok();
        if pids.iter().any(associated) {
            return Err(Errno::EXIST);
        }
        let entries = entries(addrs)?;
        self.permit_set(&entries)?;
        let mut all = self.associations.values();
        if let Some(obstacle) = self.obstacle {
            request.obstacle = Some(obstacle);
            reply(arg, &request)?;
            return Err(Errno::BUSY);
        }
        self.permit_name(request.terms.name)?;
        let asked = request.terms.loopback;
        if asked.is_some() && all.any(|a| a.terms.loopback == asked) {
            return Err(Errno::ADDRINUSE);
        }
        self.last_id += 1;
        request.id = self.last_id;
        if self.module >= Some(2) && asked.is_none() {
            request.terms.loopback = Some([127, 64, 0, request.id as u8].into());
        }
        let association = FakeAssociation {
            terms: request.terms,
            entries,
            pids,
            granted_to: (!self.administers()).then_some(self.own_uid),
            ..FakeAssociation::default()
        };
        self.associations.insert(request.id, association);
        self.end_predecessors(request.id);
        reply(arg, &request)
    }

    /// What an older module answers to fields and flags that it does not know.
    fn known_to_module(&self, arg: &[u8], request: &AssignRequest) -> Result<(), Errno> {
        let flags = u32::from_ne_bytes(arg[4..8].try_into().unwrap());
        let later = &arg[AssignRequest::MIN_SIZE..];
        match self.module {
            Some(1) if later.iter().any(|&b| b != 0) => Err(Errno::TOOBIG),
            Some(1) if flags != 0 => Err(Errno::INVAL),
            Some(2) if request.terms.allow_raw => Err(Errno::INVAL),
            _ => Ok(()),
        }
    }

    pub(super) fn descendants(&self, pid: i32) -> Vec<i32> {
        let children = self.children.get(&pid).cloned().unwrap_or_default();
        let below = children.iter().flat_map(|&child| self.descendants(child));
        below.chain(children.iter().copied()).collect()
    }

    fn update(&mut self, arg: &mut [u8], addrs: &[u8]) -> Result<(), Errno> {
        let mut request = UpdateRequest::decode(arg).map_err(errno)?;
        let id = self.association(request.target)?;
        let association = self.associations.get_mut(&id).unwrap();
        let given = entries(addrs)?;
        let mut set = association.entries.clone();
        match request.change {
            Change::Add if given.iter().any(|entry| set.contains(entry)) => {
                return Err(Errno::EXIST)
            }
            Change::Add => set.extend(given),
            Change::Remove if given.iter().any(|entry| !set.contains(entry)) => {
                return Err(Errno::NOENT)
            }
            Change::Remove => set.retain(|entry| !given.contains(entry)),
            _ => set = given,
        }
        if set.is_empty() {
            return Err(Errno::INVAL);
        }
        if set.len() > MAX_ADDRS as usize {
            return Err(Errno::TOOBIG);
        }
        association.entries = set;
        let connections = std::mem::take(&mut association.connections);
        let (stay, gone): (Vec<_>, Vec<_>) = connections
            .into_iter()
            .partition(|&local| !request.reset || association.covers(local));
        association.connections = stay;
        request.resets = gone.len() as u64;
        self.end_predecessors(id);
        reply(arg, &request)
    }

    fn release(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = ReleaseRequest::decode(arg).map_err(errno)?;
        if request.target == Target::All {
            if self.module < Some(3) {
                return Err(Errno::INVAL);
            }
            if request.unused {
                if self.module < Some(6) {
                    return Err(Errno::INVAL);
                }
                if self.associations.values().any(|a| a.has_sockets()) {
                    self.pass_time();
                    return Err(Errno::BUSY);
                }
            }
            self.clear_rules();
            for association in self.associations.values_mut() {
                request.tasks += std::mem::take(&mut association.pids).len() as u64;
            }
            self.associations
                .values_mut()
                .for_each(|a| a.defined = false);
            self.associations.retain(|_, a| a.lingering > 0);
            return reply(arg, &request);
        }
        let id = self.association(request.target)?;
        let pids = &mut self.associations.get_mut(&id).unwrap().pids;
        let before = pids.len();
        match request.target {
            Target::Association(_) => pids.clear(),
            Target::PidFd(fd) => pids.retain(|pid| self.pidfds[&fd] != *pid),
            _ => return Err(Errno::INVAL),
        }
        request.tasks = (before - pids.len()) as u64;
        self.associations
            .retain(|_, a| a.defined || !a.pids.is_empty());
        reply(arg, &request)
    }

    /// Counts down how long associations have sockets, and ends those of which nothing
    /// is left.
    pub(super) fn pass_time(&mut self) {
        self.associations.retain(|_, association| {
            association.lingering = association.lingering.saturating_sub(1);
            association.defined || !association.pids.is_empty() || association.lingering > 0
        });
    }
}

/// Decodes entries that follow one another.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<AddrEntry>, Errno> {
    let entries = bytes.chunks_exact(AddrEntry::SIZE).map(AddrEntry::decode);
    entries.collect::<Result<_, _>>().map_err(errno)
}

pub(super) fn reply(arg: &mut [u8], answer: &impl Wire) -> Result<(), Errno> {
    arg.copy_from_slice(answer.encode(&mut [0; MAX_STRUCT]));
    Ok(())
}

/// What the module answers to a structure that it cannot decode.
pub(super) fn errno(error: WireError) -> Errno {
    match error {
        WireError::TooLong => Errno::TOOBIG,
        _ => Errno::INVAL,
    }
}
