// SPDX-License-Identifier: GPL-2.0

//! Runs trials, each in a process of its own, and isolates them. Ends the processes
//! that a trial leaves behind, and reports associations that outlive them as a failure
//! of that trial.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::Device;
use crate::panics::Panics;
use crate::registry::{Test, Trial};
use crate::sys::child::end_descendants;
use crate::sys::descriptor::redirect_output;
use crate::sys::pipe::pipe;
use crate::sys::process::{self, Status};
use crate::sys::watch::poll_readable;
use crate::world;

/// How long one trial may take. Long, as an emulated processor is slow. This and the
/// other limits are for a [`pace`] of 1.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// How long an association may take to end after its last task has.
const VANISH_LIMIT: Duration = Duration::from_secs(10);

/// How many bytes of a failed trial's output are shown.
const OUTPUT_LIMIT: usize = 16 * 1024;

/// The factor by which limits of time are longer than on the ordinary kernel. The guest
/// of a kernel with many checks sets it in `ADDRCONF_PACE`.
pub fn pace() -> u32 {
    static PACE: OnceLock<u32> = OnceLock::new();
    *PACE.get_or_init(|| {
        let pace = std::env::var("ADDRCONF_PACE").ok();
        pace.and_then(|pace| pace.parse().ok()).unwrap_or(1)
    })
}

/// Runs all trials of a test. Returns the reasons why it failed, if any.
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
            Ok(left) => report(format!(
                "associations still exist {:?} after their last task: {left:?}",
                VANISH_LIMIT * pace()
            )),
            Err(why) => report(why),
        }
    }
    reasons
}

fn run_trial(trial: &Trial<'_>) -> Result<(), String> {
    let (output, write) = pipe().map_err(|e| format!("pipe: {e}"))?;
    let panics = Panics::new().map_err(|e| format!("pipe: {e}"))?;
    let child = process::fork().map_err(|e| format!("fork: {e}"))?;
    let Some(pid) = child else {
        drop(output);
        process::exit_now(in_trial(trial, &write, &panics));
    };
    drop(write);
    let (status, text) =
        supervise(pid, output).map_err(|e| format!("the trial could not be supervised: {e}"))?;
    let text = text.trim_end();
    let panicked = panics
        .any()
        .map_err(|e| format!("the record of panics could not be read: {e}"))?;
    match status {
        Some(Status::Exited(0)) if panicked => Err(format!(
            "a process of the trial panicked, and the test did not look at its exit status\n{text}"
        )),
        Some(Status::Exited(0)) => Ok(()),
        Some(Status::Exited(_)) => Err(text.to_owned()),
        Some(Status::Killed(signal)) => {
            Err(format!("the trial was killed by signal {signal}\n{text}"))
        }
        None => Err(format!(
            "the trial did not end within {} seconds\n{text}",
            (TIME_LIMIT * pace()).as_secs()
        )),
    }
}

/// The body of the trial's process. Returns its exit status.
fn in_trial(trial: &Trial<'_>, output: &OwnedFd, panics: &Panics) -> i32 {
    let prepared = redirect_output(output.as_fd())
        .and_then(|()| process::setsid())
        .and_then(|()| panics.record());
    if let Err(e) = prepared {
        eprintln!("the process of the trial could not be prepared: {e}");
        return 1;
    }
    if let Err(e) = world::enter() {
        eprintln!("the network of the trial could not be prepared: {e}");
        return 1;
    }
    // The panic hook has printed why.
    catch_unwind(AssertUnwindSafe(&trial.run)).map_or(1, |()| 0)
}

/// Waits for the end of a process. Returns its status, or `None` if it had to be killed,
/// and its output.
fn supervise(pid: i32, output: OwnedFd) -> io::Result<(Option<Status>, String)> {
    let deadline = Instant::now() + TIME_LIMIT * pace();
    let pidfd = process::pidfd_open(pid)?;
    let mut output = File::from(output);
    let mut text = Vec::new();
    let mut status = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let [ended, printed] =
            poll_readable([pidfd.as_fd(), output.as_fd()], left.as_millis() as i32)?;
        if printed {
            let mut chunk = [0; 4096];
            let got = output.read(&mut chunk)?;
            text.extend_from_slice(&chunk[..got]);
            text.truncate(OUTPUT_LIMIT);
        }
        // After its end, the rest of its output is still in the pipe. At end of file the
        // pipe stays readable, and gives nothing more.
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

/// Reads what is in a pipe. Does not wait for end of file, as a daemon may still hold
/// the other end.
fn drain(output: &mut File, text: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 4096];
    while let [true] = poll_readable([output.as_fd()], 0)? {
        let got = output.read(&mut chunk)?;
        if got == 0 || text.len() >= OUTPUT_LIMIT {
            break;
        }
        text.extend_from_slice(&chunk[..got]);
    }
    Ok(())
}

fn associations(module: bool) -> Result<Vec<u64>, String> {
    if !module {
        return Ok(vec![]);
    }
    let device = Device::try_open().map_err(|e| format!("the control device is gone: {e}"))?;
    Ok(device.ids())
}

/// Waits until no associations exist but those of `before`. Returns the others that
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
