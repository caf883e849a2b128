// SPDX-License-Identifier: GPL-2.0

//! The rights with which a program runs: its user, groups and capabilities. Looked up before
//! anything changes, and taken right before the program is executed.

use std::collections::HashSet;
use std::ffi::CString;
use std::io;

use caps::{CapSet, Capability};
use nix::sys::prctl;
use nix::unistd::{getgrouplist, setgroups, setresgid, setresuid, Gid, Group, Uid, User};
use rustix::io::Errno;

/// The number that stands for none (`(uid_t)-1`).
const NO_ID: u32 = u32::MAX;

/// The rights that were asked for, as they were written. Each that is missing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedRights {
    /// Name or number of the user.
    pub user: Option<String>,
    /// Name or number of the group, in place of the user's own.
    pub group: Option<String>,
    /// The capabilities that are kept.
    pub caps: Option<HashSet<Capability>>,
    /// Whether programs may not gain rights by being executed.
    pub no_new_privs: bool,
}

/// The rights with which a program runs, as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    user: Option<Uid>,
    // The first is the group of the process.
    groups: Vec<Gid>,
    caps: Option<HashSet<Capability>>,
    no_new_privs: bool,
}

/// What could not be done, and why.
pub type Failed = (&'static str, Errno);

/// Looks up what was asked for.
///
/// # Errors
///
/// The end of a sentence about the user or group that is not known.
pub fn look_up(asked: &AskedRights) -> Result<Rights, String> {
    let user = asked.user.as_deref().map(user).transpose()?;
    let group = asked.group.as_deref().map(group).transpose()?;
    let (number, known) = match user {
        Some((number, known)) => (Some(number), known),
        None => (None, None),
    };
    let first = group.or_else(|| known.as_ref().map(|user| user.gid));
    let groups = match (first, known) {
        (None, None) if number.is_some() => {
            return Err("the user has no entry in the user database: give --group as well".into())
        }
        (Some(first), Some(user)) => groups_of(&user, first)?,
        (first, _) => first.into_iter().collect(),
    };
    Ok(Rights {
        user: number,
        groups,
        caps: asked.caps.clone(),
        no_new_privs: asked.no_new_privs,
    })
}

/// The user with this name or number, and its entry in the user database, which one that is
/// given by number need not have.
fn user(text: &str) -> Result<(Uid, Option<User>), String> {
    let cannot = |cause| format!("user {text} cannot be looked up: {cause}");
    if let Ok(number) = text.parse() {
        let uid = Uid::from_raw(number);
        return Ok((uid, User::from_uid(uid).map_err(cannot)?));
    }
    match User::from_name(text).map_err(cannot)? {
        Some(user) => Ok((user.uid, Some(user))),
        None => Err(format!("there is no user {text}")),
    }
}

/// The number of the user with this name or number.
///
/// # Errors
///
/// The end of a sentence about the user that is not known.
pub fn user_id(text: &str) -> Result<u32, String> {
    match user(text)?.0.as_raw() {
        NO_ID => Err(format!("{NO_ID} is the number of no user")),
        uid => Ok(uid),
    }
}

/// The number of the group with this name or number.
///
/// # Errors
///
/// The end of a sentence about the group that is not known.
pub fn group_id(text: &str) -> Result<u32, String> {
    match group(text)?.as_raw() {
        NO_ID => Err(format!("{NO_ID} is the number of no group")),
        gid => Ok(gid),
    }
}

/// The name of the user with this number, if it has one.
pub fn user_name(uid: u32) -> Option<String> {
    let known = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    known.map(|user| user.name)
}

/// The name of the group with this number, if it has one.
pub fn group_name(gid: u32) -> Option<String> {
    let known = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    known.map(|group| group.name)
}

fn group(text: &str) -> Result<Gid, String> {
    if let Ok(number) = text.parse() {
        return Ok(Gid::from_raw(number));
    }
    match Group::from_name(text) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err(format!("there is no group {text}")),
        Err(cause) => Err(format!("group {text} cannot be looked up: {cause}")),
    }
}

/// `first`, and all groups that have the user as a member.
fn groups_of(user: &User, first: Gid) -> Result<Vec<Gid>, String> {
    let cannot = |cause: &dyn std::fmt::Display| {
        format!(
            "the groups of user {} cannot be looked up: {cause}",
            user.name
        )
    };
    let name = CString::new(user.name.as_str()).map_err(|cause| cannot(&cause))?;
    let mut groups = getgrouplist(&name, first).map_err(|cause| cannot(&cause))?;
    groups.retain(|&group| group != first);
    groups.insert(0, first);
    Ok(groups)
}

/// Gives this process these rights, which cannot be undone. When it fails, some may be taken
/// already: the process must not go on.
///
/// # Errors
///
/// What failed; `EPERM` for a caller that lacks the right.
pub fn take(rights: &Rights) -> Result<(), Failed> {
    if let Some(keep) = &rights.caps {
        let bounding = "drop capabilities for good";
        for cap in caps::runtime::thread_all_supported() {
            if !keep.contains(&cap) {
                caps::drop(None, CapSet::Bounding, cap).map_err(|_| (bounding, last()))?;
            }
        }
        // Else they would go with user 0.
        prctl::set_keepcaps(true).map_err(|cause| ("keep capabilities", errno(cause)))?;
    }
    if let Some(&first) = rights.groups.first() {
        setgroups(&rights.groups).map_err(|cause| ("set the groups", errno(cause)))?;
        setresgid(first, first, first).map_err(|cause| ("set the group", errno(cause)))?;
    }
    if let Some(user) = rights.user {
        setresuid(user, user, user).map_err(|cause| ("set the user", errno(cause)))?;
    }
    if let Some(keep) = &rights.caps {
        // In this order: what is effective or inheritable must be permitted, and what is ambient
        // must be inheritable.
        for set in [
            CapSet::Effective,
            CapSet::Inheritable,
            CapSet::Permitted,
            CapSet::Ambient,
        ] {
            let what = "set the capabilities";
            caps::set(None, set, keep).map_err(|_| (what, last()))?;
        }
    }
    if rights.no_new_privs {
        prctl::set_no_new_privs().map_err(|cause| ("set no_new_privs", errno(cause)))?;
    }
    Ok(())
}

/// The error of the call that failed last, where a library hands on its text alone.
fn last() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::PERM)
}

fn errno(cause: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(cause as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(user: Option<&str>, group: Option<&str>) -> AskedRights {
        AskedRights {
            user: user.map(Into::into),
            group: group.map(Into::into),
            ..AskedRights::default()
        }
    }

    #[test]
    fn a_user_is_known_by_name_and_by_number() {
        let root = look_up(&asked(Some("root"), None)).unwrap();
        assert_eq!(root.user, Some(Uid::from_raw(0)));
        assert_eq!(root.groups.first(), Some(&Gid::from_raw(0)));
        assert_eq!(look_up(&asked(Some("0"), None)).unwrap(), root);
        let other = look_up(&asked(Some("root"), Some("7"))).unwrap();
        assert_eq!(other.groups.first(), Some(&Gid::from_raw(7)));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = |user, group| look_up(&asked(user, group)).unwrap_err();
        assert_eq!(
            error(Some("no-such-user"), None),
            "there is no user no-such-user"
        );
        assert_eq!(
            error(None, Some("no-such-group")),
            "there is no group no-such-group"
        );
        let number = error(Some("4123456789"), None);
        assert!(number.contains("give --group as well"), "{number}");
        let with_group = look_up(&asked(Some("4123456789"), Some("7"))).unwrap();
        assert_eq!(with_group.groups, vec![Gid::from_raw(7)]);
    }

    #[test]
    fn a_number_has_a_name_and_a_name_a_number() {
        assert_eq!(user_id("root"), Ok(0));
        assert_eq!(group_id("7000000"), Ok(7_000_000));
        assert_eq!(user_name(0).as_deref(), Some("root"));
        assert!(group_name(0).is_some());
        assert_eq!(user_name(4_123_456_789), None);
        assert_eq!(group_name(4_123_456_789), None);
        for none in [user_id("4294967295"), group_id("4294967295")] {
            assert!(none
                .unwrap_err()
                .starts_with("4294967295 is the number of no "));
        }
        assert!(user_id("no-such-user").is_err());
        assert!(group_id("-1").is_err());
    }

    #[test]
    fn nothing_asked_for_changes_nothing() {
        let nothing = look_up(&AskedRights::default()).unwrap();
        assert_eq!(nothing, Rights::default());
        assert_eq!(take(&nothing), Ok(()));
    }
}
