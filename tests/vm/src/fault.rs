// SPDX-License-Identifier: GPL-2.0

//! Allocations of the kernel that fail on request, if the kernel is built for that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

/// The kinds of allocations that can fail: small ones, and pages.
const KINDS: [&str; 2] = ["failslab", "fail_page_alloc"];

/// Whether this kernel should be able to fail allocations: it is built for that, or it is
/// the debug kernel, which must be. If the debug kernel cannot, the tests must fail and
/// not be left out.
pub fn expected() -> bool {
    // Only kernels that check locks, such as the debug kernel, have the second file.
    ["/proc/thread-self/fail-nth", "/proc/lockdep"]
        .iter()
        .any(|path| Path::new(path).exists())
}

fn settings(kind: &str) -> std::path::PathBuf {
    Path::new("/sys/kernel/debug").join(kind)
}

/// Makes allocations that can wait fail as well, and keeps failures out of the log, where a
/// trace would count as a complaint of the kernel. `pages`: pages fail, too.
pub fn prepare(pages: bool) -> io::Result<()> {
    for kind in KINDS {
        let at = settings(kind);
        fs::write(at.join("verbose"), "0")?;
        fs::write(at.join("ignore-gfp-wait"), "N")?;
        fs::write(at.join("probability"), "0")?;
    }
    let pages = if pages { "0" } else { "30" };
    fs::write(settings("fail_page_alloc").join("min-order"), pages)
}

/// Makes allocations of one thread fail.
pub struct Faults(File);

impl Faults {
    /// For the calling thread.
    pub fn of_this_thread() -> io::Result<Self> {
        let path = "/proc/thread-self/fail-nth";
        File::options().read(true).write(true).open(path).map(Self)
    }

    /// Makes a call whose `nth` allocation fails. Returns what the call
    /// returned, and whether that allocation was reached.
    pub fn at<T>(&self, nth: u32, call: impl FnOnce() -> T) -> io::Result<(T, bool)> {
        let text = nth.to_string();
        self.0.write_at(text.as_bytes(), 0)?;
        let outcome = call();
        let mut left = [0; 16];
        let got = self.0.read_at(&mut left, 0)?;
        self.0.write_at(b"0", 0)?;
        Ok((outcome, left[..got].trim_ascii() == b"0"))
    }
}

/// Makes small allocations that cannot wait, such as those for incoming packets, fail now
/// and then in every task and interrupt, until it is dropped.
pub struct HastyFaults(());

/// More allocations than can fail in a test.
const MANY: u32 = 1_000_000;

impl HastyFaults {
    /// Begins now.
    pub fn start() -> io::Result<Self> {
        let (percent, many) = ("10", MANY.to_string());
        for (name, value) in [
            ("verbose", "0"),
            ("ignore-gfp-wait", "Y"),
            ("task-filter", "N"),
            ("interval", "1"),
            ("times", &many),
            ("probability", percent),
        ] {
            fs::write(settings(KINDS[0]).join(name), value)?;
        }
        Ok(Self(()))
    }

    /// How many failed so far.
    pub fn count(&self) -> u32 {
        let left = fs::read_to_string(settings(KINDS[0]).join("times")).expect("how many are left");
        MANY - left.trim().parse::<u32>().expect("a number")
    }
}

impl Drop for HastyFaults {
    fn drop(&mut self) {
        fs::write(settings(KINDS[0]).join("probability"), "0").expect("no more failures");
    }
}

/// The kernel's log. While this lives, only errors from it go to the console.
///
/// A stack that cannot be allocated gets a trace as a warning, which nothing
/// can turn off, and which would count as a complaint of the kernel.
pub struct Log {
    level: String,
}

const LEVEL: &str = "/proc/sys/kernel/printk";

impl Log {
    /// Empties the log.
    pub fn quiet() -> Self {
        let level = fs::read_to_string(LEVEL).expect("the log's level");
        fs::write(LEVEL, "4").expect("the log's level");
        let emptied = Command::new("dmesg").arg("-C").status();
        assert!(emptied.expect("dmesg").success());
        Self { level }
    }

    /// Panics if the log has a trace other than those of failed allocations.
    pub fn has_no_other_complaint(&self) {
        let log = Command::new("dmesg").output().expect("dmesg").stdout;
        let log = String::from_utf8_lossy(&log);
        let count = |what: &str| log.matches(what).count();
        let failures = count("vmalloc error:") + count("page allocation failure:");
        assert_eq!(count("Call Trace:"), failures, "{log}");
        assert_eq!(count("BUG:") + count("WARNING:"), 0, "{log}");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Otherwise the console would miss warnings for the rest of the run.
        fs::write(LEVEL, &self.level).expect("the log's level");
    }
}
