// SPDX-License-Identifier: GPL-2.0

//! The structures of the control calls about rules: which tasks become members of which
//! association when they execute a program.

use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// A rule: a task that is in no association becomes a member of one if all that the rule names
/// applies to it when it executes a program.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | id of a rule that is in force and is kept as it is; else 0. Out: the id |
/// | 4 | 4 | flags: bit 0 (1) a program, bit 1 (2) `uid`, bit 2 (4) `gid`, bit 3 (8) `cgroup`; at least one unless the rule is kept |
/// | 8 | 4 | descriptor of the program, as of `open(2)` with `O_PATH`; out: 0 |
/// | 12 | 4 | user id |
/// | 16 | 4 | group id |
/// | 20 | 4 | length of the path of the control group in bytes, 2 to 4095 |
/// | 24 | 8 | pointer to the path of the control group; out: 0 |
/// | 32 | 8 | id of the association, which must be defined |
///
/// Fields whose flag is not set are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleEntry {
    /// Id of a rule that is kept, or 0 for a new one.
    pub id: u32,
    /// The program: a descriptor of its file. For a script, the script or its interpreter.
    pub exe: Option<i32>,
    /// The real user id of the task, in the initial user namespace.
    pub uid: Option<u32>,
    /// The real group id of the task, in the initial user namespace.
    pub gid: Option<u32>,
    /// The control group (version 2) of the task, or one above it, by its path as in
    /// `/proc/PID/cgroup`: it need not be there, as that of a service that is not running.
    pub cgroup: Option<UserText>,
    /// The association that it becomes a member of.
    pub association: u64,
}

/// Text in user space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserText {
    /// Its address.
    pub at: u64,
    /// Its length in bytes.
    pub len: u32,
}

const EXE: u32 = 1;
const UID: u32 = 2;
const GID: u32 = 4;
const CGROUP: u32 = 8;

/// `value` if `set`; it must be zero if not.
fn given<T: Default + PartialEq>(set: bool, value: T) -> Result<Option<T>, WireError> {
    match set {
        true => Ok(Some(value)),
        false if value == T::default() => Ok(None),
        false => Err(WireError::BadField),
    }
}

impl RuleEntry {
    /// The rule with this id, kept as it is.
    #[must_use]
    pub fn kept(id: u32) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// Whether it names nothing, so that it would apply to every task.
    #[must_use]
    pub fn names_nothing(&self) -> bool {
        self.exe.is_none() && self.uid.is_none() && self.gid.is_none() && self.cgroup.is_none()
    }

    fn flags(&self) -> u32 {
        flag(self.exe.is_some(), EXE)
            | flag(self.uid.is_some(), UID)
            | flag(self.gid.is_some(), GID)
            | flag(self.cgroup.is_some(), CGROUP)
    }
}

impl Wire for RuleEntry {
    const SIZE: usize = 40;
    const MIN_SIZE: usize = 40;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let id = f.u32();
        let flags = f.u32();
        if flags & !(EXE | UID | GID | CGROUP) != 0 {
            return Err(WireError::BadField);
        }
        let exe = given(flags & EXE != 0, f.u32())?;
        let uid = given(flags & UID != 0, f.u32())?;
        let gid = given(flags & GID != 0, f.u32())?;
        let len = f.u32();
        let cgroup = UserText { at: f.u64(), len };
        Ok(Self {
            id,
            exe: match exe {
                Some(fd) => Some(i32::try_from(fd).map_err(|_| WireError::BadField)?),
                None => None,
            },
            uid,
            gid,
            cgroup: given(flags & CGROUP != 0, cgroup)?,
            association: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(self.id);
        out.u32(self.flags());
        // A negative descriptor is written as a value that no parser accepts.
        out.u32(self.exe.map_or(0, |fd| fd as u32));
        out.u32(self.uid.unwrap_or(0));
        out.u32(self.gid.unwrap_or(0));
        let cgroup = self.cgroup.unwrap_or_default();
        out.u32(cgroup.len);
        out.u64(cgroup.at);
        out.u64(self.association);
    }
}

/// Put rules in force: all at once, in place of those that are.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | pointer to `count` entries of 40 bytes ([`RuleEntry`]), the first that applies first |
/// | 8 | 4 | count, at most [`super::MAX_RULES`]; 0: no rules any more |
/// | 12 | 4 | out: id of the first rule that was not kept; its value in a request has no meaning |
/// | 16 | 8 | the generation that the rules in force have, as [`RuleQuery`] tells; 0: any. Out: that of the new ones |
///
/// # Errors
///
/// Nothing changed:
///
/// * `EINVAL`: the structure is malformed, a rule names nothing, an id comes twice, or the path
///   of a control group does not begin with a slash, ends with one, or has a NUL;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `ENOENT`: no rule has this id, or no defined association that of a rule;
/// * `ESTALE`: the rules have another generation;
/// * `EBADF`: the descriptor of a program is none;
/// * `EXDEV`: the caller is in another mount namespace than the first process, or a program is
///   outside every one;
/// * `EACCES`: a program is no regular file;
/// * `EFAULT`, `ENOMEM`;
/// * `E2BIG`: there are too many, or the structure is newer than the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetRulesRequest {
    /// User-space address of the entries.
    pub rules: u64,
    /// Number of entries.
    pub count: u32,
    /// Out: id of the first rule that was not kept; the others follow. 0 if all were.
    pub first_id: u32,
    /// The generation that the rules in force must have; 0 for any. Out: the new one.
    pub generation: u64,
}

impl Wire for SetRulesRequest {
    const SIZE: usize = 24;
    const MIN_SIZE: usize = 24;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            rules: f.u64(),
            count: f.u32(),
            first_id: f.u32(),
            generation: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.rules);
        out.u32(self.count);
        out.u32(self.first_id);
        out.u64(self.generation);
    }
}

/// Tell one rule, by its place among those in force.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | place, from 0: the first that applies |
/// | 4 | 4 | number of bytes that fit at the pointer |
/// | 8 | 8 | pointer to room for the path of the program |
/// | 16 | 8 | pointer to as much room for the path of the control group |
/// | 24 | 40 | out: the rule, [`RuleEntry`], with the length of the path of its control group; all zero if there is none at this place |
/// | 64 | 8 | out: the generation of the rules in force, not 0 |
/// | 72 | 4 | out: length of the path of the program |
/// | 76 | 4 | out: how many rules there are |
///
/// A length may exceed the room, then only what fits is written.
///
/// # Errors
///
/// `EINVAL`, `EPERM`, `EFAULT`, `ENOMEM` and `E2BIG` as for [`SetRulesRequest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleQuery {
    /// The place.
    pub place: u32,
    /// Number of bytes that fit at `path`, and at `cgroup`.
    pub path_room: u32,
    /// User-space address of the room for the path of the program.
    pub path: u64,
    /// The same for the path of the control group.
    pub cgroup: u64,
    /// Out: the rule.
    pub rule: RuleEntry,
    /// Out: the generation.
    pub generation: u64,
    /// Out: length of the path of the program.
    pub path_len: u32,
    /// Out: how many rules there are.
    pub count: u32,
}

impl Wire for RuleQuery {
    const SIZE: usize = 80;
    const MIN_SIZE: usize = 80;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            place: f.u32(),
            path_room: f.u32(),
            path: f.u64(),
            cgroup: f.u64(),
            rule: RuleEntry::parse(f)?,
            generation: f.u64(),
            path_len: f.u32(),
            count: f.u32(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(self.place);
        out.u32(self.path_room);
        out.u64(self.path);
        out.u64(self.cgroup);
        self.rule.emit(out);
        out.u64(self.generation);
        out.u32(self.path_len);
        out.u32(self.count);
    }
}
