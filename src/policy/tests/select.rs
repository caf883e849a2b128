// SPDX-License-Identifier: GPL-2.0

//! Which rule applies to a program and the task that executes it.

use super::super::{is_group_path, FileId, Program, Selector};

/// A rule that names nothing.
pub(super) const NOTHING: Selector<'static> = Selector {
    exe: None,
    uid: None,
    gid: None,
    cgroup: None,
};

/// A file on one device.
fn file(inode: u64) -> FileId {
    FileId { device: 8, inode }
}

/// A program and a task, as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub(super) file: FileId,
    pub(super) path: Option<&'static str>,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) cgroup: Option<&'static str>,
    /// How often the path of the file was asked for, which takes long.
    pub(super) asked: u32,
}

const PHP: Given = Given {
    file: FileId {
        device: 8,
        inode: 7,
    },
    path: Some("/usr/bin/php"),
    uid: 33,
    gid: 44,
    cgroup: Some("/shop.slice/php.service"),
    asked: 0,
};

impl Program for Given {
    fn file(&self) -> FileId {
        self.file
    }

    fn path(&mut self) -> Option<&[u8]> {
        self.asked += 1;
        self.path.map(str::as_bytes)
    }

    fn uid(&self) -> u32 {
        self.uid
    }

    fn gid(&self) -> u32 {
        self.gid
    }

    fn cgroup(&mut self) -> Option<&[u8]> {
        self.cgroup.map(str::as_bytes)
    }
}

fn exe(file: FileId, path: &str) -> Selector<'_> {
    Selector {
        exe: Some((file, path.as_bytes())),
        ..NOTHING
    }
}

fn cgroup(path: &str) -> Selector<'_> {
    Selector {
        cgroup: Some(path.as_bytes()),
        ..NOTHING
    }
}

pub(super) fn applies(selector: Selector<'_>, mut given: Given) -> bool {
    selector.applies(&mut given)
}

#[test]
fn a_rule_that_names_nothing_applies_to_nothing() {
    assert!(!applies(NOTHING, PHP));
}

#[test]
fn a_program_is_known_by_its_file_or_by_its_path() {
    assert!(applies(exe(file(7), "/usr/bin/php"), PHP));
    // It was renamed, or replaced by a new version.
    assert!(applies(exe(file(7), "/usr/bin/php8"), PHP));
    assert!(applies(exe(file(6), "/usr/bin/php"), PHP));
    assert!(!applies(exe(file(6), "/usr/bin/php8"), PHP));
    // A path is no directory, and has all its bytes.
    assert!(!applies(exe(file(6), "/usr/bin"), PHP));
    assert!(!applies(exe(file(6), "/usr/bin/ph"), PHP));
}

#[test]
fn the_same_number_on_another_device_is_another_file() {
    let other = FileId {
        device: 9,
        ..PHP.file
    };
    assert!(!applies(exe(other, "/usr/bin/php8"), PHP));
}

#[test]
fn a_program_without_a_path_is_known_by_its_file() {
    let deleted = Given { path: None, ..PHP };
    assert!(applies(exe(file(7), "/usr/bin/php"), deleted));
    assert!(!applies(exe(file(6), "/usr/bin/php"), deleted));
    assert!(!applies(exe(file(6), ""), deleted));
}

#[test]
fn users_and_groups_are_compared() {
    for (uid, gid, expected) in [
        (Some(33), None, true),
        (Some(44), None, false),
        (None, Some(44), true),
        (None, Some(33), false),
        (Some(33), Some(44), true),
        (Some(33), Some(33), false),
        (Some(44), Some(44), false),
    ] {
        let selector = Selector {
            uid,
            gid,
            ..NOTHING
        };
        assert_eq!(applies(selector, PHP), expected, "{selector:?}");
    }
}

/// Zero is a number as any other.
#[test]
fn a_rule_for_root_applies_to_root_alone() {
    let root = Selector {
        uid: Some(0),
        ..NOTHING
    };
    assert!(applies(root, Given { uid: 0, ..PHP }));
    assert!(!applies(root, PHP));
}

#[test]
fn a_task_is_in_its_control_group_and_in_those_above() {
    for path in ["/shop.slice/php.service", "/shop.slice"] {
        assert!(applies(cgroup(path), PHP), "{path}");
    }
    for path in [
        "/shop.slice/php.service/worker",
        "/shop.slice/php",
        "/shop",
        "/blog.slice",
        "/php.service",
    ] {
        assert!(!applies(cgroup(path), PHP), "{path}");
    }
}

#[test]
fn a_control_group_whose_name_only_begins_alike_is_beside() {
    let given = |path| Given {
        cgroup: Some(path),
        ..PHP
    };
    assert!(applies(cgroup("/a/b"), given("/a/b")));
    assert!(applies(cgroup("/a/b"), given("/a/b/c")));
    assert!(!applies(cgroup("/a/b"), given("/a/bb")));
    assert!(!applies(cgroup("/a/b"), given("/a")));
    assert!(!applies(cgroup("/a/b"), given("/")));
    assert!(!applies(cgroup("/a/b"), given("/x/a/b")));
}

#[test]
fn a_task_whose_control_group_is_not_known_is_in_none() {
    let given = Given {
        cgroup: None,
        ..PHP
    };
    assert!(!applies(cgroup("/shop.slice"), given));
}

#[test]
fn all_that_a_rule_names_must_apply() {
    let all = Selector {
        exe: Some((file(7), b"/usr/bin/php")),
        uid: Some(33),
        gid: Some(44),
        cgroup: Some(b"/shop.slice"),
    };
    assert!(applies(all, PHP));
    for other in [
        Given {
            file: file(6),
            path: Some("/usr/bin/perl"),
            ..PHP
        },
        Given { uid: 0, ..PHP },
        Given { gid: 0, ..PHP },
        Given {
            cgroup: Some("/"),
            ..PHP
        },
    ] {
        assert!(!applies(all, other), "{other:?}");
    }
}

#[test]
fn nobody_asks_for_the_path_of_a_file_that_decides_nothing() {
    let asked = |selector: Selector<'_>| {
        let mut given = PHP;
        let _ = selector.applies(&mut given);
        given.asked
    };
    assert_eq!(asked(cgroup("/shop.slice")), 0);
    assert_eq!(asked(exe(file(7), "/usr/bin/php8")), 0);
    assert_eq!(asked(exe(file(6), "/usr/bin/php8")), 1);
    let others = Selector {
        uid: Some(0),
        ..exe(file(6), "/usr/bin/php")
    };
    assert_eq!(asked(others), 0);
}

#[test]
fn the_path_of_a_group_begins_with_a_slash_and_does_not_end_with_one() {
    for path in ["/a", "/shop.slice/php.service", "/a b", "/\u{e4}", "//a"] {
        assert!(is_group_path(path.as_bytes()), "{path}");
    }
    // Every task is in the root.
    for path in [
        "", "/", "//", "a", "a/b", "/a/", "/a/b/", "/a\0b", "\0", "/\0",
    ] {
        assert!(!is_group_path(path.as_bytes()), "{path:?}");
    }
    assert!(is_group_path(b"/\xff"));
}
