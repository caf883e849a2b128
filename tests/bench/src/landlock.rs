// SPDX-License-Identifier: GPL-2.0

//! For comparison: a Landlock domain that allows the ports which the calls use. Landlock
//! knows ports, not addresses.

use landlock::{
    AccessNet, BitFlags, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError,
};

use crate::calls::{SERVER, SINK};

/// Puts this process, and its later children, into the domain.
pub fn enter() -> Result<(), RulesetError> {
    let all: BitFlags<AccessNet> =
        AccessNet::BindTcp | AccessNet::ConnectTcp | AccessNet::BindUdp | AccessNet::ConnectSendUdp;
    // Without a kernel that has all of these the column would say nothing.
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let mut created = ruleset.handle_access(all)?.create()?;
    // A socket without a port binds to port 0.
    for port in [0, SERVER, SINK] {
        created = created.add_rule(NetPort::new(port, all))?;
    }
    created.restrict_self()?;
    Ok(())
}
