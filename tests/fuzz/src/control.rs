// SPDX-License-Identifier: GPL-2.0

//! The control device, as the controller uses it.

use std::collections::BTreeMap;
use std::io::Result;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use addrconf_abi::{
    AddrEntry, Change, CheckRequest, Name, Operation, RuleEntry, SourceChoice, Target, Terms,
    UserText, SYSFS_PATH,
};
use addrconf_test_client::{self as client, Assignment};

/// The open device.
pub struct Device(client::Device);

impl Device {
    /// Opens the device.
    pub fn open() -> Result<Self> {
        client::Device::open().map(Self)
    }

    /// Any call with any bytes, which must not contain pointers.
    pub fn raw(&self, number: u32, bytes: &mut [u8]) -> Result<()> {
        self.0.call_bytes(number, bytes)
    }

    /// Associates a process with its descendants. Every other one joins an association that is
    /// defined for it.
    pub fn assign(
        &self,
        pid: i32,
        set: &[AddrEntry],
        mut assignment: Assignment,
        nr: u32,
    ) -> Result<u64> {
        let name = format!("t{nr}");
        assignment.terms.source = match nr % 3 {
            0 => SourceChoice::Route,
            1 => SourceChoice::Primary,
            _ => SourceChoice::Random,
        };
        let target = Target::Pid(pid);
        if Self::is_defined(nr) {
            let defined = self.0.define(&name, set, &assignment.terms)?;
            let joined = self.0.join(target, defined.id, assignment.tree);
            return match joined {
                Ok(()) => Ok(defined.id),
                Err(e) => self.0.undefine(defined.id).and(Err(e)),
            };
        }
        assignment.terms.name = Name::new(&name).expect("a name");
        let assigned = self.0.assign_with(target, set, &assignment);
        assigned.map(|assigned| assigned.id)
    }

    /// Whether the association of a tenant is defined.
    pub fn is_defined(nr: u32) -> bool {
        nr % 2 == 0
    }

    /// Puts rules in force: processes in each of these control groups become members of the
    /// association with the id beside it.
    pub fn set_rules(&self, rules: &[(String, u64)]) -> Result<()> {
        let rule = |(group, id): &(String, u64)| {
            let path = group.trim_start_matches("/sys/fs/cgroup");
            RuleEntry {
                cgroup: Some(UserText {
                    at: path.as_ptr() as u64,
                    len: path.len() as u32,
                }),
                association: *id,
                ..RuleEntry::default()
            }
        };
        let rules: Vec<_> = rules.iter().map(rule).collect();
        self.0.set_rules(&rules, 0).map(drop)
    }

    /// Grants a user a set; takes its grant back if that is empty.
    pub fn grant(&self, uid: u32, set: &[AddrEntry]) -> Result<()> {
        self.0.grant(uid, set)
    }

    /// Undefines an association, if it is defined.
    pub fn undefine(&self, id: u64) -> Result<()> {
        match self.0.undefine(id) {
            Err(e) if e.raw_os_error() != Some(libc::EALREADY) => Err(e),
            _ => Ok(()),
        }
    }

    /// Defines an association, and returns its id.
    pub fn define(&self, name: &str, set: &[AddrEntry], terms: &Terms) -> Result<u64> {
        self.0.define(name, set, terms).map(|defined| defined.id)
    }

    /// Moves a process into an association, with its descendants if `tree`.
    pub fn move_to(&self, target: Target, id: u64, tree: bool) -> Result<()> {
        self.0.move_to(target, id, tree, false)
    }

    /// Changes the set of an association.
    pub fn update(
        &self,
        target: Target,
        change: Change,
        set: &[AddrEntry],
        reset: bool,
    ) -> Result<u64> {
        self.0.update(target, change, set, reset)
    }

    /// Releases an association or a process.
    pub fn release(&self, target: Target) -> Result<u64> {
        self.0.release(target)
    }

    /// As [`Self::release`], but of nothing that has a socket.
    pub fn release_unused(&self, target: Target) -> Result<u64> {
        self.0.release_unused(target)
    }

    /// What would be decided about a call with a new socket like this one.
    pub fn check(
        &self,
        target: Target,
        operation: Operation,
        socket: BorrowedFd<'_>,
        addr: IpAddr,
    ) -> Result<CheckRequest> {
        self.0.check(target, operation, socket, addr)
    }

    /// The association of each socket, by cookie.
    pub fn sockets(&self) -> Result<BTreeMap<u64, u64>> {
        self.0.sockets()
    }

    /// Counts the traffic of associations, or no more.
    pub fn traffic(&self, wanted: bool) -> Result<bool> {
        self.0.traffic(Some(wanted))
    }

    /// Describes an association.
    pub fn query(&self, target: Target) -> Result<client::Description> {
        self.0.query(target)
    }

    /// The ids of all associations.
    pub fn ids(&self) -> Result<Vec<u64>> {
        self.0.ids()
    }
}

/// `lsm_set_self_attr()` of the addrconf LSM.
pub fn set_self(content: &[u8]) -> Result<()> {
    client::sys::set_self(addrconf_abi::LSM_ATTR_CURRENT, content)
}

/// A number that the module shows in sysfs.
pub fn number_in(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("{}/{file}", SYSFS_PATH)).ok()?;
    text.trim().parse().ok()
}
