// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with the machine itself.

use std::io;
use std::path::Path;

use addrconf_abi::ABI_VERSION;

use super::{Check, Finding};
use crate::client::Client;
use crate::commands::policy::{self, Change, Extent};
use crate::error::Reason;
use crate::system::System;

/// The name of the gate among the security modules.
const GATE: &str = "addrconf";

/// The kernel has the gate, and it is enabled. Nothing is said if the kernel does not tell. Which
/// modules come before it does not matter: none can permit what another refuses.
pub fn gate(system: &dyn System) -> Vec<Finding> {
    let missing = |modules: &String| !modules.split(',').any(|name| name == GATE);
    let modules = system.security_modules().filter(missing);
    let finding = modules.map(|modules| {
        let problem = format!("{GATE} is not among the kernel's security modules ({modules})");
        let mend = format!(
            "start the kernel with lsm={modules},{GATE}; one that still does not list it in \
             /sys/kernel/security/lsm was built without CONFIG_SECURITY_ADDRCONF"
        );
        Finding::machine(Check::Gate, problem, mend)
    });
    finding.into_iter().collect()
}

/// The module, with this version of the interface, is not older than addrctl.
pub fn version(abi: u32) -> Option<Finding> {
    (abi < ABI_VERSION).then(|| {
        let problem = format!(
            "the module has version {abi} of the interface, addrctl has {ABI_VERSION}: some \
             commands do not work"
        );
        Finding::machine(
            Check::Version,
            problem,
            "install the module of this version",
        )
    })
}

/// The policy files, if there are any, are in force.
pub fn policy(system: &dyn System, client: &Client<'_>) -> Option<Finding> {
    let directory = Path::new(policy::DIRECTORY);
    match system.policy_files(directory) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        _ => match differences(system, client) {
            Ok(changes) => differs(&changes),
            Err(why) => {
                let found = Finding::failed(Check::PolicyFault, &why);
                let mend = "mend the files, until `addrctl lint` and `addrctl apply` accept them";
                Some(Finding {
                    mend: mend.to_owned(),
                    ..found
                })
            }
        },
    }
}

/// What `apply` would change.
fn differences(system: &dyn System, client: &Client<'_>) -> Result<Vec<Change>, Reason> {
    let look = Extent {
        prune: false,
        dry_run: true,
    };
    let mut changes = Vec::new();
    policy::read(system, &[policy::DIRECTORY.into()])
        .and_then(|policy| policy::carry_out(system, client, &policy, look, &mut changes))
        .map_err(|failed| failed.why)?;
    Ok(changes)
}

fn differs(changes: &[Change]) -> Option<Finding> {
    let (first, others) = changes.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let problem = format!(
        "it is not as the files in {} say: `addrctl apply` would {first}{more}",
        policy::DIRECTORY
    );
    let mend = "`addrctl apply`, or `systemctl restart addrconf.service`";
    Some(Finding::machine(Check::PolicyDiffers, problem, mend))
}
