// SPDX-License-Identifier: GPL-2.0

//! Programs for rules: copies of this one, which say what they may bind to.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use addrconf_abi::{RuleEntry, UserText};

use crate::addr::{ONE, TWO};
use crate::client::Device;
use crate::defined::Defined;
use crate::probe;

/// A directory for programs, which is removed when this is dropped.
pub struct Programs(String);

impl Programs {
    /// An empty one.
    pub fn new() -> Self {
        let dir = format!("/tmp/addrconf-programs-{}", std::process::id());
        fs::create_dir_all(&dir).expect("mkdir");
        // Other users execute what is there.
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        Self(dir)
    }

    /// The path of a program there.
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    /// Makes a program that is a copy of this one.
    pub fn copy(&self, name: &str) -> String {
        let path = self.path(name);
        fs::copy("/proc/self/exe", &path).expect("copy");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        path
    }

    /// Makes an executable file with a text.
    pub fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        path
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a program prints in "shop", in "blog", and in neither: whether it may bind to an address
/// of the one and to one of the other.
pub const SHOP: &str = "ok 99";
/// As [`SHOP`].
pub const BLOG: &str = "99 ok";
/// As [`SHOP`].
pub const FREE: &str = "ok ok";

/// Two associations, "shop" and "blog". Rules end before they do.
pub struct Shops {
    // Dropped first: an association that a rule names is not undefined.
    _rules: NoRules,
    /// The first.
    pub shop: Defined,
    /// The other.
    pub blog: Defined,
}

impl Shops {
    /// Both, and no rules.
    pub fn new() -> Self {
        Self {
            _rules: NoRules,
            shop: Defined::new("shop", ONE),
            blog: Defined::new("blog", TWO),
        }
    }
}

/// Removes all rules when it is dropped.
struct NoRules;

impl Drop for NoRules {
    fn drop(&mut self) {
        if let Ok(device) = Device::try_open() {
            let _ = device.set_rules(&[], 0);
        }
    }
}

/// The arguments with which a program says where it is.
pub fn arguments() -> [&'static str; 3] {
    [probe::COMMAND, ONE[0], TWO[0]]
}

/// Where a program is.
pub fn whereabouts(path: &str) -> String {
    answer(Command::new(path).args(arguments()))
}

/// What a command prints.
pub fn answer(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|e| panic!("{command:?}: {e}"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Puts the rules in force that `with` makes of descriptors of these programs.
pub fn rules_about(paths: &[&str], with: impl FnOnce(&[i32]) -> Vec<RuleEntry>) {
    let files: Vec<File> = paths.iter().map(|path| open(path)).collect();
    let numbers: Vec<i32> = files.iter().map(AsRawFd::as_raw_fd).collect();
    let rules = with(&numbers);
    Device::open().set_rules(&rules, 0).expect("set rules");
}

/// A rule that names this program and nothing else.
pub fn program_rule(fd: i32, into: &Defined) -> RuleEntry {
    RuleEntry {
        exe: Some(fd),
        association: into.id,
        ..RuleEntry::default()
    }
}

/// A rule that names a user and nothing else.
pub fn user_rule(uid: u32, into: &Defined) -> RuleEntry {
    RuleEntry {
        uid: Some(uid),
        association: into.id,
        ..RuleEntry::default()
    }
}

/// A rule that names a control group, whose path must live as long.
pub fn group_rule(path: &'static str, into: &Defined) -> RuleEntry {
    let cgroup = UserText {
        at: path.as_ptr() as u64,
        len: path.len() as u32,
    };
    RuleEntry {
        cgroup: Some(cgroup),
        association: into.id,
        ..RuleEntry::default()
    }
}

/// Puts rules in force.
pub fn rules(rules: &[RuleEntry]) {
    Device::open().set_rules(rules, 0).expect("set rules");
}

/// Opens a file as addrctl does.
pub fn open(path: &str) -> File {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = libc::O_PATH;
    let file = File::options().read(true).custom_flags(flags).open(path);
    file.unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A program of root's that everybody executes with root's rights.
pub fn set_user_id(programs: &Programs) -> String {
    let program = programs.copy("set-user-id");
    let mode = fs::Permissions::from_mode(0o4755);
    fs::set_permissions(&program, mode).expect("chmod");
    program
}
