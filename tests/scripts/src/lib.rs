// SPDX-License-Identifier: GPL-2.0

//! A machine for tests of `scripts/`: a cache of its own, and an apt that offers what a test
//! says. Nothing leaves the machine that runs the test.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

/// The suites that the scripts ask.
pub const SUITES: [&str; 3] = ["trixie-backports", "sid", "experimental"];

/// A machine whose suites can be read and offer nothing.
pub struct Machine {
    dir: PathBuf,
}

/// What a script printed.
pub struct Printed {
    /// Whether it succeeded.
    pub fine: bool,
    /// Its result, without the end of the line.
    pub out: String,
    /// Its messages.
    pub messages: String,
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Machine {
    /// Makes one.
    #[expect(clippy::new_without_default, reason = "it makes files")]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = env::temp_dir().join(format!("addrconf-scripts-{}-{count}", process::id()));
        let machine = Self { dir };
        let bin = machine.path("bin");
        fs::create_dir_all(&bin).unwrap();
        let apt = Path::new(env!("CARGO_MANIFEST_DIR")).join("apt");
        for name in ["apt-get", "apt-cache", "apt-config"] {
            symlink(&apt, bin.join(name)).unwrap();
        }
        for suite in SUITES {
            machine.offer(suite, "");
        }
        machine
    }

    /// A path below the directory of this machine.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file below that directory.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Has a place offer packages: a line each, of release and version.
    pub fn offer(&self, place: &str, packages: &str) {
        self.write(&format!("offers/{place}"), packages);
    }

    /// Makes all suites unreadable.
    pub fn disconnect(&self) {
        for suite in SUITES {
            fs::remove_file(self.path(&format!("offers/{suite}"))).unwrap();
        }
    }

    /// Whether the apt of a place was called since the machine was made.
    pub fn was_asked(&self, place: &str) -> bool {
        let asked = fs::read_to_string(self.path("asked")).unwrap_or_default();
        asked
            .lines()
            .any(|line| line.ends_with(&format!(" {place}")))
    }

    /// Forgets which places were asked.
    pub fn forget_asking(&self) {
        fs::remove_file(self.path("asked")).unwrap();
    }

    /// Runs a command of bash in the repository, with variables of its environment.
    pub fn run(&self, command: &str, variables: &[(&str, &str)]) -> Printed {
        let path = env::var("PATH").unwrap();
        let output = Command::new("bash")
            .args(["-c", command])
            .current_dir(repository())
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("STAND_IN", &self.dir)
            .env("ADDRCONF_CACHE", self.path("cache"))
            .env_remove("KERNEL_SERIES")
            .env_remove("KERNEL_SRC")
            .env_remove("KERNEL_SNAPSHOTS")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        Printed {
            fine: output.status.success(),
            out: String::from_utf8(output.stdout).unwrap().trim_end().into(),
            messages: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
