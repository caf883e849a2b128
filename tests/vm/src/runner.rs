// SPDX-License-Identifier: GPL-2.0

//! Runs trials, each in a process of its own, and keeps them apart: whatever
//! a trial leaves behind is ended and counted against it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::Device;
use crate::panics::Panics;
use crate::registry::{Test, Trial};
use crate::sys::process::{self, Status};
use crate::world;

/// For one trial. Generous: an emulated processor is slow. This and the other
/// limits are for [`pace`] 1.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// How long associations may take to vanish after their last task did.
const VANISH_LIMIT: Duration = Duration::from_secs(10);

/// The most output of a failed trial that is shown.
const OUTPUT_LIMIT: usize = 16 * 1024;

/// How many times as long as on the ordinary kernel things may take: the guest
/// of a kernel that is full of checks says so in `ADDRCONF_PACE`.
pub fn pace() -> u32 {
    static PACE: OnceLock<u32> = OnceLock::new();
    *PACE.get_or_init(|| {
        let pace = std::env::var("ADDRCONF_PACE").ok();
        pace.and_then(|pace| pace.parse().ok()).unwrap_or(1)
    })
}

/// Runs all trials of a test; the reasons why it failed, if it did.
pub fn run(test: &Test, module: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    for trial in test.trials(module) {
        let mut report = |why: String| reasons.push(format!("{}: {why}", trial.label));
        let before = match associations(module) {
            Ok(ids) => ids,
            Err(why) => {
                report(why);
                continue;
            }
        };
        if let Err(why) = run_trial(&trial) {
            report(why);
        }
        end_descendants();
        match wait_until_gone(module, &before) {
            Ok(left) if left.is_empty() => {}
            Ok(left) => report(format!("associations outlived their tasks: {left:?}")),
            Err(why) => report(why),
        }
    }
    reasons
}

fn run_trial(trial: &Trial<'_>) -> Result<(), String> {
    let (output, write) = process::pipe().map_err(|e| format!("pipe: {e}"))?;
    let panics = Panics::new().map_err(|e| format!("pipe: {e}"))?;
    let child = process::fork().map_err(|e| format!("fork: {e}"))?;
    let Some(pid) = child else {
        drop(output);
        process::exit_now(in_trial(trial, &write, &panics));
    };
    drop(write);
    let (status, text) = supervise(pid, output).map_err(|e| format!("supervising: {e}"))?;
    let text = text.trim_end();
    let panicked = panics
        .any()
        .map_err(|e| format!("asking for panics: {e}"))?;
    match status {
        Some(Status::Exited(0)) if panicked => Err(format!(
            "one of its processes failed, which the test did not notice\n{text}"
        )),
        Some(Status::Exited(0)) => Ok(()),
        Some(Status::Exited(_)) => Err(text.to_owned()),
        Some(Status::Killed(signal)) => Err(format!("killed by signal {signal}\n{text}")),
        None => Err(format!(
            "no end after {} seconds\n{text}",
            (TIME_LIMIT * pace()).as_secs()
        )),
    }
}

/// The body of the trial's process; its exit status.
fn in_trial(trial: &Trial<'_>, output: &OwnedFd, panics: &Panics) -> i32 {
    let prepared = process::redirect_output(output.as_fd())
        .and_then(|()| process::setsid())
        .and_then(|()| panics.record());
    if let Err(e) = prepared {
        eprintln!("preparing the process: {e}");
        return 1;
    }
    if let Err(e) = world::enter() {
        eprintln!("preparing the network: {e}");
        return 1;
    }
    // The panic hook has printed why.
    catch_unwind(AssertUnwindSafe(&trial.run)).map_or(1, |()| 0)
}

/// Waits for the end of a process; its status, `None` when it had to be
/// killed, and what it printed.
fn supervise(pid: i32, output: OwnedFd) -> io::Result<(Option<Status>, String)> {
    let deadline = Instant::now() + TIME_LIMIT * pace();
    let pidfd = process::pidfd_open(pid)?;
    let mut output = File::from(output);
    let mut text = Vec::new();
    let mut status = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let [ended, printed] =
            process::poll_readable([pidfd.as_fd(), output.as_fd()], left.as_millis() as i32)?;
        if printed {
            let mut chunk = [0; 4096];
            let got = output.read(&mut chunk)?;
            text.extend_from_slice(&chunk[..got]);
            text.truncate(OUTPUT_LIMIT);
        }
        // What it printed before it ended is read first; with the end of the
        // pipe, which is readable for ever, nothing more will come.
        if ended {
            status = process::wait(pid, false)?.map(|(_, status)| status);
            drain(&mut output, &mut text)?;
            break;
        }
        if left.is_zero() {
            process::kill(-pid, libc::SIGKILL)?;
            process::wait(pid, false)?;
            break;
        }
    }
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// Reads what is in a pipe, whose other end a daemon may still hold open.
fn drain(output: &mut File, text: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 4096];
    while let [true] = process::poll_readable([output.as_fd()], 0)? {
        let got = output.read(&mut chunk)?;
        if got == 0 || text.len() >= OUTPUT_LIMIT {
            break;
        }
        text.extend_from_slice(&chunk[..got]);
    }
    Ok(())
}

/// Kills and reaps everything that trials left running. This process adopts
/// orphans, so all of it is, or becomes, a child.
fn end_descendants() {
    let own = std::process::id() as i32;
    while let Ok(reaped) = process::wait(-1, true) {
        if reaped.is_none() {
            for pid in children_of(own) {
                let _ = process::kill(pid, libc::SIGKILL);
            }
            sleep(Duration::from_millis(5));
        }
    }
}

/// The children of a process.
pub fn children_of(parent: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return vec![];
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name, in parentheses, may hold anything; state and parent
            // come after it.
            let ppid = stat.rsplit(") ").next().and_then(|s| s.split(' ').nth(1));
            ppid.and_then(|s| s.parse().ok()) == Some(parent)
        })
        .collect()
}

fn associations(module: bool) -> Result<Vec<u64>, String> {
    if !module {
        return Ok(vec![]);
    }
    let device = Device::try_open().map_err(|e| format!("the module is not there: {e}"))?;
    Ok(device.ids())
}

/// Waits until there are no associations but those from before; those that
/// stay.
fn wait_until_gone(module: bool, before: &[u64]) -> Result<Vec<u64>, String> {
    let deadline = Instant::now() + VANISH_LIMIT * pace();
    loop {
        let mut left = associations(module)?;
        left.retain(|id| !before.contains(id));
        if left.is_empty() || Instant::now() > deadline {
            return Ok(left);
        }
        sleep(Duration::from_millis(10));
    }
}
