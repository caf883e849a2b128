// SPDX-License-Identifier: GPL-2.0

//! Which tasks become members of an association when they execute a program.

/// Identity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    /// Number of the device, as the kernel has it.
    pub device: u32,
    /// Number of the inode there.
    pub inode: u64,
}

/// A program that a task is about to execute, and the task.
pub trait Program {
    /// The program's file.
    fn file(&self) -> FileId;
    /// The path of the file in the mount namespace of the machine, if it has one there.
    fn path(&mut self) -> Option<&[u8]>;
    /// The real user id of the task.
    fn uid(&self) -> u32;
    /// The real group id of the task.
    fn gid(&self) -> u32;
    /// The path of the task's control group, which begins with a slash.
    fn cgroup(&mut self) -> Option<&[u8]>;
}

/// What a rule names. All of it must apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selector<'a> {
    /// A program: the file that it had when the rule was made, and its path. A file that has
    /// been renamed is the same program; so is another one that replaced it at this path, as a
    /// new version does.
    pub exe: Option<(FileId, &'a [u8])>,
    /// A user id.
    pub uid: Option<u32>,
    /// A group id.
    pub gid: Option<u32>,
    /// A control group, by its path, which ends without a slash: the task is in it or below it.
    pub cgroup: Option<&'a [u8]>,
}

impl Selector<'_> {
    /// Whether the rule applies. One that names nothing applies to nothing.
    #[must_use]
    pub fn applies(&self, program: &mut impl Program) -> bool {
        let names_nothing =
            self.exe.is_none() && self.uid.is_none() && self.gid.is_none() && self.cgroup.is_none();
        !names_nothing
            && self.uid.is_none_or(|uid| program.uid() == uid)
            && self.gid.is_none_or(|gid| program.gid() == gid)
            && self.cgroup.is_none_or(|group| {
                program.cgroup().is_some_and(|own| is_within(own, group))
            })
            // The path of the file takes longest.
            && self.exe.is_none_or(|(file, path)| {
                program.file() == file || program.path() == Some(path)
            })
    }
}

/// Whether a path is `group`, or below it.
fn is_within(path: &[u8], group: &[u8]) -> bool {
    path.strip_prefix(group)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Whether this may be the path of a control group in a rule: it begins with a slash and does not
/// end with one. So it is not that of the root, in which every task is.
#[must_use]
pub fn is_group_path(path: &[u8]) -> bool {
    path.starts_with(b"/") && !path.ends_with(b"/") && !path.contains(&0)
}
