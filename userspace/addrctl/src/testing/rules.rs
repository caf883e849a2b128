// SPDX-License-Identifier: GPL-2.0

//! Rules in the made-up kernel.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use addrconf_abi::{RuleEntry, RuleQuery, SetRulesRequest, UserText, Wire, MAX_RULES};
use rustix::io::Errno;

use super::device::{errno, reply};
use super::{FakeFile, State};

/// A made-up rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeRule {
    /// The rule as a query tells it.
    pub entry: RuleEntry,
    /// The path of its program.
    pub program: Option<PathBuf>,
    /// The path of its control group.
    pub cgroup: Option<PathBuf>,
}

impl State {
    /// Puts rules in force.
    pub(super) fn set_rules(
        &mut self,
        arg: &mut [u8],
        entries: &[u8],
        texts: &[u8],
    ) -> Result<(), Errno> {
        self.meddle();
        let mut request = SetRulesRequest::decode(arg).map_err(errno)?;
        if request.count > MAX_RULES {
            return Err(Errno::TOOBIG);
        }
        let present = self.generation + 1;
        if request.generation != 0 && request.generation != present {
            return Err(Errno::STALE);
        }
        let entries = entries.chunks_exact(RuleEntry::SIZE).map(RuleEntry::decode);
        let entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(errno)?;
        let mut last_id = self.last_rule;
        let mut rules: Vec<FakeRule> = Vec::new();
        for entry in &entries {
            let rule = self.rule_of(entry, texts, &mut last_id)?;
            if rules.iter().any(|other| other.entry.id == rule.entry.id) {
                return Err(Errno::INVAL);
            }
            rules.push(rule);
        }
        request.first_id = match last_id == self.last_rule {
            true => 0,
            false => self.last_rule + 1,
        };
        request.generation = present + 1;
        self.rules = rules;
        self.last_rule = last_id;
        self.generation += 1;
        reply(arg, &request)
    }

    /// The rule that an entry asks for.
    fn rule_of(
        &self,
        entry: &RuleEntry,
        texts: &[u8],
        last_id: &mut u32,
    ) -> Result<FakeRule, Errno> {
        if entry.id != 0 {
            if *entry != RuleEntry::kept(entry.id) {
                return Err(Errno::INVAL);
            }
            let kept = self.rules.iter().find(|rule| rule.entry.id == entry.id);
            return kept.cloned().ok_or(Errno::NOENT);
        }
        if entry.names_nothing() {
            return Err(Errno::INVAL);
        }
        let program = match entry.exe {
            Some(fd) => Some(self.program(fd)?),
            None => None,
        };
        let cgroup = match entry.cgroup {
            Some(text) => Some(group_path(text, texts)?),
            None => None,
        };
        let association = self.associations.get(&entry.association);
        association.filter(|a| a.defined).ok_or(Errno::NOENT)?;
        *last_id += 1;
        let entry = RuleEntry {
            id: *last_id,
            exe: entry.exe.map(|_| 0),
            cgroup: entry.cgroup.map(|text| UserText { at: 0, ..text }),
            ..*entry
        };
        Ok(FakeRule {
            entry,
            program,
            cgroup,
        })
    }

    fn program(&self, fd: i32) -> Result<PathBuf, Errno> {
        let path = self.opened.get(&fd).ok_or(Errno::BADF)?;
        match self.files.get(path) {
            Some(FakeFile::Program) => Ok(path.clone()),
            Some(FakeFile::Directory) => Err(Errno::ACCESS),
            _ => Err(Errno::XDEV),
        }
    }

    /// Tells a rule.
    pub(super) fn rule(
        &mut self,
        arg: &mut [u8],
        program: &mut [u8],
        cgroup: &mut [u8],
    ) -> Result<(), Errno> {
        let mut query = RuleQuery::decode(arg).map_err(errno)?;
        if query.place > 0 {
            self.meddle();
        }
        let found = self.rules.get(query.place as usize);
        query.rule = found.map(|rule| rule.entry).unwrap_or_default();
        let path = found.and_then(|rule| rule.program.as_deref());
        query.path_len = write_path(program, path);
        write_path(cgroup, found.and_then(|rule| rule.cgroup.as_deref()));
        query.generation = self.generation + 1;
        query.count = self.rules.len() as u32;
        reply(arg, &query)
    }

    /// Somebody else puts the same rules in force again.
    fn meddle(&mut self) {
        if self.meddling > 0 {
            self.meddling -= 1;
            self.generation += 1;
        }
    }

    /// Removes all rules.
    pub(super) fn clear_rules(&mut self) {
        self.rules.clear();
        self.generation += 1;
    }
}

/// The path of a control group, which is in the texts that came with the rules.
fn group_path(text: UserText, texts: &[u8]) -> Result<PathBuf, Errno> {
    let at = text.at.checked_sub(texts.as_ptr() as u64);
    let at = at.ok_or(Errno::FAULT)? as usize;
    let path = texts.get(at..at + text.len as usize).ok_or(Errno::FAULT)?;
    match path.starts_with(b"/") && !path.ends_with(b"/") && path.len() < 4096 {
        true => Ok(OsStr::from_bytes(path).into()),
        false => Err(Errno::INVAL),
    }
}

/// Writes as much of a path as fits; returns its length.
fn write_path(room: &mut [u8], path: Option<&Path>) -> u32 {
    let path = path.map_or(&[][..], |path| path.as_os_str().as_bytes());
    let fits = path.len().min(room.len());
    room[..fits].copy_from_slice(&path[..fits]);
    path.len() as u32
}
