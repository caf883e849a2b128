// SPDX-License-Identifier: GPL-2.0

//! Members that have more rights than a tenant may have (`docs/security.md`, "Terms for a
//! tenant").

use caps::Capability;

use super::{Check, Finding};
use crate::client::Association;
use crate::commands::open;
use crate::system::{Credentials, System};

/// How many processes a finding names.
const FEW: usize = 3;

/// Capabilities with which a process breaks out of its association, or harms others.
const FORBIDDEN: [Capability; 19] = [
    Capability::CAP_NET_ADMIN,
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SYS_MODULE,
    Capability::CAP_SYS_BOOT,
    Capability::CAP_SYS_RAWIO,
    Capability::CAP_MKNOD,
    Capability::CAP_BPF,
    Capability::CAP_PERFMON,
    Capability::CAP_SETUID,
    Capability::CAP_SETGID,
    Capability::CAP_SETFCAP,
    Capability::CAP_SETPCAP,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_DAC_READ_SEARCH,
    Capability::CAP_FOWNER,
    Capability::CAP_CHOWN,
    Capability::CAP_SYS_NICE,
    Capability::CAP_IPC_OWNER,
    Capability::CAP_SYS_PTRACE,
];

/// Members that are user 0 or have such a capability.
pub fn examine(system: &dyn System, whom: &Association) -> Vec<Finding> {
    let mut roots = Vec::new();
    let mut able = Vec::new();
    let mut held = Vec::new();
    for &pid in &whom.pids {
        let Some(rights) = system.credentials(pid) else {
            continue;
        };
        let forbidden = forbidden(&rights);
        if rights.is_root {
            roots.push(pid);
        } else if !forbidden.is_empty() {
            able.push(pid);
            held.extend(forbidden);
        }
    }
    held.sort_unstable_by_key(|name| FORBIDDEN.iter().position(|cap| cap == name));
    held.dedup();
    let held: Vec<_> = held.iter().map(ToString::to_string).collect();
    let root = named(system, &roots).map(|who| {
        let mend = "start it as another user: `addrctl run --user USER`, or User= in its unit";
        Finding::tenant(Check::Root, whom, format!("user 0 runs {who}"), mend)
    });
    let capable = named(system, &able).map(|who| {
        let problem = format!("{} for {who}", held.join(", "));
        let mend = "withhold them: `addrctl run --user USER`, or CapabilityBoundingSet= and \
                    AmbientCapabilities= in its unit";
        Finding::tenant(Check::Capabilities, whom, problem, mend)
    });
    root.into_iter().chain(capable).collect()
}

fn forbidden(rights: &Credentials) -> Vec<Capability> {
    let held = |cap: &Capability| rights.capabilities.contains(cap);
    FORBIDDEN.into_iter().filter(held).collect()
}

/// Names a few processes; nothing if there are none.
fn named(system: &dyn System, pids: &[i32]) -> Option<String> {
    let first = pids.iter().take(FEW);
    let mut names: Vec<_> = first
        .map(|&pid| open::named(system, pid).to_string())
        .collect();
    if let Some(more @ 1..) = pids.len().checked_sub(FEW) {
        names.push(format!("{more} more"));
    }
    let last = names.pop()?;
    Some(match names.as_slice() {
        [] => last,
        others => format!("{} and {last}", others.join(", ")),
    })
}
