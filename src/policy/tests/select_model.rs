// SPDX-License-Identifier: GPL-2.0

//! Which rule applies, compared with a naive model.

use super::super::{FileId, Selector};
use super::select::{applies, Given, NOTHING};
use super::*;

/// The names of which a path consists.
fn names(path: &str) -> Vec<&str> {
    path.split('/').skip(1).collect()
}

/// Whether the rule applies: writes out each thing that it names, and looks for one that does not
/// apply.
fn naively_applies(selector: &Selector<'_>, given: &Given) -> bool {
    let mut named = Vec::new();
    if let Some((file, path)) = selector.exe {
        let same_path = given.path.map(str::as_bytes) == Some(path);
        named.push(same_path || (given.file.device, given.file.inode) == (file.device, file.inode));
    }
    if let Some(uid) = selector.uid {
        named.push(given.uid == uid);
    }
    if let Some(gid) = selector.gid {
        named.push(given.gid == gid);
    }
    if let Some(group) = selector.cgroup {
        let group = names(core::str::from_utf8(group).unwrap());
        let own = given.cgroup.map(names);
        named.push(own.is_some_and(|own| own.len() >= group.len() && own[..group.len()] == group));
    }
    !named.is_empty() && !named.contains(&false)
}

/// Paths that are often the same, or above each other.
fn any_path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/a", "/a/b", "/a/bb", "/a/b/c", "/a/b/c/a", "/b", "/b/a", "/aa", "/a/b.c",
    ])
}

prop_compose! {
    fn any_file()(device in 0_u32..2, inode in 0_u64..2) -> FileId {
        FileId { device, inode }
    }
}

prop_compose! {
    fn any_given()(
        file in any_file(), (uid, gid) in (0_u32..2, 0_u32..2),
        path in prop::option::of(any_path()),
        cgroup in prop::option::of(prop_oneof![8 => any_path(), 1 => Just("/")]),
    ) -> Given {
        Given { file, path, uid, gid, cgroup, asked: 0 }
    }
}

prop_compose! {
    fn any_selector()(
        exe in prop::option::of((any_file(), any_path().prop_map(str::as_bytes))),
        (uid, gid) in (prop::option::of(0_u32..2), prop::option::of(0_u32..2)),
        cgroup in prop::option::of(any_path().prop_map(str::as_bytes)),
    ) -> Selector<'static> {
        Selector { exe, uid, gid, cgroup }
    }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn a_rule_applies_exactly_when_all_that_it_names_does(
        selector in any_selector(), given in any_given(),
    ) {
        let expected = naively_applies(&selector, &given);
        prop_assert_eq!(applies(selector, given), expected);
    }

    #[test]
    fn naming_more_never_makes_a_rule_apply(
        selector in any_selector(), uid in 0_u32..2, given in any_given(),
    ) {
        let more = Selector { uid: Some(uid), ..selector };
        let less = Selector { uid: None, ..selector };
        let names_nothing = less == NOTHING;
        prop_assert!(!applies(more, given) || names_nothing || applies(less, given));
    }
}
