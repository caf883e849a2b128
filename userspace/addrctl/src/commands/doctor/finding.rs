// SPDX-License-Identifier: GPL-2.0

//! What `doctor` finds.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::client::Association;
use crate::error::Reason;
use crate::output::Answer;
use crate::text::printable;

/// What was checked. The names are part of the output for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The kernel has the gate, and it is enabled.
    Gate,
    /// The module is loaded, and its device is there.
    Module,
    /// Module and addrctl are of one version.
    Version,
    /// The policy files are without a fault.
    PolicyFault,
    /// The machine is as the policy files say.
    PolicyDiffers,
    /// The machine has the addresses.
    AddressAbsent,
    /// Packets pass the interfaces of the addresses.
    InterfaceDown,
    /// No two exclusive associations share an address.
    ExclusiveShared,
    /// No service of the host listens at an exclusive address.
    HostListener,
    /// No sockets are left of an association that has ended.
    SocketsLeft,
    /// The resolvers of the machine can be reached.
    Resolver,
    /// No member is user 0.
    Root,
    /// No member has a capability that breaks out.
    Capabilities,
}

/// Something that is wrong.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// The id of the association that it is about.
    pub association: Option<u64>,
    /// Its name.
    pub name: Option<String>,
    /// What is wrong, as a clause of a sentence.
    pub problem: String,
    /// What mends it.
    pub mend: String,
}

/// All that is wrong.
#[derive(JsonSchema, Serialize)]
pub struct Findings {
    /// First what is wrong with the machine, then by ascending id of an association.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// About the machine.
    pub fn machine(check: Check, problem: String, mend: impl Into<String>) -> Self {
        Self {
            check,
            association: None,
            name: None,
            problem,
            mend: mend.into(),
        }
    }

    /// About an association.
    pub fn tenant(
        check: Check,
        whom: &Association,
        problem: String,
        mend: impl Into<String>,
    ) -> Self {
        let name = whom.terms.name.as_str();
        Self {
            association: Some(whom.id),
            name: (!name.is_empty()).then(|| name.to_owned()),
            ..Self::machine(check, problem, mend)
        }
    }

    /// About the machine, for the reason why something failed.
    pub fn failed(check: Check, why: &Reason) -> Self {
        Self::machine(check, why.what().trim_end().to_owned(), why.steps())
    }
}

impl Answer for Findings {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        for finding in &self.findings {
            let whom = match (finding.association, &finding.name) {
                (Some(id), Some(name)) => format!("association {id} ({})", printable(name)),
                (Some(id), None) => format!("association {id}"),
                (None, _) => "machine".to_owned(),
            };
            writeln!(out, "{whom}: {}", finding.problem)?;
            if !finding.mend.is_empty() {
                writeln!(out, "  {}", finding.mend)?;
            }
        }
        Ok(())
    }
}
