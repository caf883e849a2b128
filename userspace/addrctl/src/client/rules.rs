// SPDX-License-Identifier: GPL-2.0

//! The calls about rules, by which tasks become members of an association when they execute a
//! program.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use addrconf_abi::{
    Command, RuleEntry, RuleQuery, SetRulesRequest, UserText, Wire, MAX_RULES, MAX_STRUCT,
};
use rustix::io::Errno;

use super::{CallError, Client};

/// Room for each path of a rule, at first: a path is hardly ever longer.
const PATH_ROOM: usize = 4096;
/// The longest path that a module can tell: a page of memory, which has at most 64 KiB.
const MAX_PATH: usize = 65_536;
/// How often the rules are read anew because they changed meanwhile.
const ATTEMPTS: u32 = 16;

/// A rule in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: u32,
    /// The path of its program.
    pub program: Option<PathBuf>,
    /// Its user.
    pub uid: Option<u32>,
    /// Its group.
    pub gid: Option<u32>,
    /// The path of its control group.
    pub cgroup: Option<PathBuf>,
    /// The id of the association that it puts tasks into.
    pub association: u64,
}

/// A rule that is to be put in force.
#[derive(Debug)]
pub struct NewRule {
    /// Its program.
    pub program: Option<OwnedFd>,
    /// Its user.
    pub uid: Option<u32>,
    /// Its group.
    pub gid: Option<u32>,
    /// The path of its control group, as in `/proc/PID/cgroup`.
    pub cgroup: Option<PathBuf>,
    /// The id of the association that it puts tasks into.
    pub association: u64,
}

impl NewRule {
    /// Its entry. The path of its control group goes to the end of `texts`.
    fn entry(&self, texts: &mut Vec<u8>) -> RuleEntry {
        let cgroup = self.cgroup.as_ref().map(|path| {
            let path = path.as_os_str().as_bytes();
            texts.extend_from_slice(path);
            UserText {
                // The device sets it.
                at: 0,
                len: path.len() as u32,
            }
        });
        RuleEntry {
            id: 0,
            exe: self.program.as_ref().map(AsRawFd::as_raw_fd),
            uid: self.uid,
            gid: self.gid,
            cgroup,
            association: self.association,
        }
    }
}

/// A rule of a list that is to be put in force.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// One that is in force, by its id.
    Kept(u32),
    /// Another.
    New(&'a NewRule),
}

/// All rules at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Those in force, the first that applies first.
    pub rules: Vec<Rule>,
    /// Their generation.
    pub generation: u64,
}

impl Rules {
    /// The ids of those that put tasks into this association.
    pub fn for_association(&self, id: u64) -> Vec<u32> {
        let into = self.rules.iter().filter(|rule| rule.association == id);
        into.map(|rule| rule.id).collect()
    }
}

impl Client<'_> {
    /// All rules in force.
    ///
    /// # Errors
    ///
    /// `ESTALE` if they change faster than they can be read.
    pub fn rules(&self) -> Result<Rules, CallError> {
        for _ in 0..ATTEMPTS {
            if let Some(rules) = self.rules_at_once()? {
                return Ok(rules);
            }
        }
        Err(CallError::Refused(Errno::STALE))
    }

    /// How many rules there are; `None` if the module is too old to know any.
    pub fn rule_count(&self) -> Result<Option<u32>, CallError> {
        let (query, nothing) = (RuleQuery::default(), &mut [&mut [][..], &mut []]);
        match self.call(Command::Rule, &query, nothing) {
            Ok(answer) => Ok(Some(answer.count)),
            Err(CallError::Refused(Errno::NOTTY)) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Puts rules in force in place of those with this generation. Returns the id of the first
    /// new one; 0 if there is none.
    ///
    /// # Errors
    ///
    /// `ESTALE` if the rules have another generation.
    pub fn set_rules(&self, rules: &[Wanted<'_>], generation: u64) -> Result<u32, CallError> {
        let mut buf = [0; MAX_STRUCT];
        let mut entries = Vec::with_capacity(rules.len() * RuleEntry::SIZE);
        let mut texts = Vec::new();
        for rule in rules {
            let entry = match rule {
                Wanted::Kept(id) => RuleEntry::kept(*id),
                Wanted::New(rule) => rule.entry(&mut texts),
            };
            entries.extend_from_slice(entry.encode(&mut buf));
        }
        let request = SetRulesRequest {
            generation,
            ..SetRulesRequest::default()
        };
        let memory: &mut [&mut [u8]] = &mut [&mut entries, &mut texts];
        let answer = self.call(Command::SetRules, &request, memory)?;
        let has_new = rules.iter().any(|rule| matches!(rule, Wanted::New(_)));
        match has_new == (answer.first_id != 0) {
            true => Ok(answer.first_id),
            false => Err(CallError::BadAnswer),
        }
    }

    /// The rules, unless they change while they are read.
    fn rules_at_once(&self) -> Result<Option<Rules>, CallError> {
        let mut rules = Vec::new();
        let mut first = None;
        loop {
            let (answer, rule) = self.rule(rules.len() as u32)?;
            let generation = *first.get_or_insert(answer.generation);
            if answer.generation != generation {
                return Ok(None);
            }
            if answer.count > MAX_RULES {
                return Err(CallError::BadAnswer);
            }
            if rules.len() >= answer.count as usize {
                return Ok(Some(Rules { rules, generation }));
            }
            if answer.rule.id == 0 {
                return Err(CallError::BadAnswer);
            }
            rules.push(rule);
            if rules.len() == answer.count as usize {
                return Ok(Some(Rules { rules, generation }));
            }
        }
    }

    /// The rule at a place.
    fn rule(&self, place: u32) -> Result<(RuleQuery, Rule), CallError> {
        let (mut program, mut cgroup) = (vec![0; PATH_ROOM], vec![0; PATH_ROOM]);
        loop {
            let query = RuleQuery {
                place,
                ..RuleQuery::default()
            };
            let memory: &mut [&mut [u8]] = &mut [&mut program, &mut cgroup];
            let answer = self.call(Command::Rule, &query, memory)?;
            let program_len = answer.path_len as usize;
            let cgroup_len = answer.rule.cgroup.unwrap_or_default().len as usize;
            match program_len.max(cgroup_len) {
                longer if longer <= program.len() => {
                    program.truncate(program_len);
                    cgroup.truncate(cgroup_len);
                    return Ok((answer, rule(&answer.rule, program, cgroup)));
                }
                // The rule at this place can become another one, with a longer path.
                longer if longer <= MAX_PATH => {
                    program.resize(MAX_PATH, 0);
                    cgroup.resize(MAX_PATH, 0);
                }
                _ => return Err(CallError::BadAnswer),
            }
        }
    }
}

fn rule(entry: &RuleEntry, program: Vec<u8>, cgroup: Vec<u8>) -> Rule {
    Rule {
        id: entry.id,
        program: entry.exe.map(|_| OsString::from_vec(program).into()),
        uid: entry.uid,
        gid: entry.gid,
        cgroup: entry.cgroup.map(|_| OsString::from_vec(cgroup).into()),
        association: entry.association,
    }
}
