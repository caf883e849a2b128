// SPDX-License-Identifier: GPL-2.0

//! The control calls, as `src/abi/request.rs` documents them. Each is one
//! transaction: it is checked whole before anything changes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{
    AddrEntry, AssignRequest, Family, ListRequest, QueryRequest, ReleaseRequest, Target,
    VersionReply, Wire, ABI_VERSION, MAX_ADDRS, MAX_LIST, MAX_STRUCT,
};
use crate::policy::Prefix;
use crate::sys::task::{capable_net_admin, TaskRef};
use crate::table::{self, AddressSet, Association, Table};

use super::user::{read_array, write_array, Argument};

/// Which interface this is. Needs no right beyond the open file.
pub(super) fn version(arg: Argument) -> Result {
    arg.write(&VersionReply {
        abi: ABI_VERSION,
        max_addrs: MAX_ADDRS,
        features: 0,
    })
}

/// Makes an association.
pub(super) fn assign(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: AssignRequest = arg.read()?;
    if request.addr_count == 0 || request.addr_count > MAX_ADDRS {
        return Err(EINVAL);
    }
    let set = read_set(request.addrs, request.addr_count)?;
    let process = match request.target {
        Target::PidFd(_) | Target::Pid(_) => process(request.target)?,
        _ => return Err(EINVAL),
    };
    // Where to write the answer is known to be writable before the call takes
    // effect; that it is not so any more afterwards is the caller's doing.
    arg.write(&request)?;
    request.id = table.assign(&process, request.name, set)?;
    arg.write(&request)
}

/// Takes a process out of its association, or ends one.
pub(super) fn release(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: ReleaseRequest = arg.read()?;
    arg.write(&request)?;
    let tasks = match request.target {
        Target::Association(id) => table.release_association(id)?,
        target => table.release_process(&process(target)?)?,
    };
    request.tasks = tasks.try_into()?;
    arg.write(&request)
}

/// Describes an association.
pub(super) fn query(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: QueryRequest = arg.read()?;
    let association = find(table, request.target)?;

    let entries = association.set().entries();
    request.addr_count = entries.len().try_into()?;
    let fits = entries.len().min(request.addr_room.try_into()?);
    write_array(
        request.addrs,
        AddrEntry::SIZE,
        entries[..fits].iter().map(Bytes::of_prefix),
    )?;

    let room = request.pid_room.min(MAX_LIST).try_into()?;
    let mut pids = KVec::with_capacity(room, GFP_KERNEL)?;
    let mut count = 0_u32;
    table.each_process(&association, |pid| {
        count = count.saturating_add(1);
        // What does not fit is counted and left out, as documented.
        let _ = pids.push_within_capacity(pid);
    });
    request.pid_count = count;
    write_array(
        request.pids,
        4,
        pids.iter().map(|pid: &i32| pid.to_ne_bytes()),
    )?;

    request.id = association.id();
    request.tasks = association.tasks().try_into()?;
    request.name = *association.name();
    arg.write(&request)
}

/// Enumerates associations.
pub(super) fn list(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: ListRequest = arg.read()?;
    if request.room > MAX_LIST {
        return Err(EINVAL);
    }
    let mut ids = KVec::with_capacity(request.room.try_into()?, GFP_KERNEL)?;
    request.more = table.ids(request.after, &mut ids);
    write_array(request.ids, 8, ids.iter().map(|id: &u64| id.to_ne_bytes()))?;
    request.count = ids.len().try_into()?;
    arg.write(&request)
}

/// The table, for callers that may use it: with `CAP_NET_ADMIN` in the initial
/// user namespace, and not themselves associated, whatever they hold.
fn authorised() -> Result<&'static Table> {
    if !capable_net_admin() || table::current().is_some() {
        return Err(EPERM);
    }
    table::get().ok_or(ENODEV)
}

fn process(target: Target) -> Result<TaskRef> {
    match target {
        Target::PidFd(fd) => TaskRef::by_pidfd(fd),
        Target::Pid(pid) => TaskRef::by_pid(pid),
        _ => Err(EINVAL),
    }
}

fn find(table: &Table, target: Target) -> Result<Arc<Association>> {
    match target {
        Target::Association(id) => table.by_id(id),
        target => table.of_process(&process(target)?)?,
    }
    .ok_or(ENOENT)
}

fn read_set(from: u64, count: u32) -> Result<AddressSet> {
    let given: KVec<AddrEntry> = read_array(from, count)?;
    let mut entries = KVec::with_capacity(given.len(), GFP_KERNEL)?;
    for entry in &given {
        let addr: IpAddr = match entry.family {
            Family::V4 => {
                let [a, b, c, d, ..] = entry.addr;
                Ipv4Addr::new(a, b, c, d).into()
            }
            Family::V6 => Ipv6Addr::from(entry.addr).into(),
        };
        let prefix = Prefix::new(addr, entry.prefix_len).map_err(|_| EINVAL)?;
        entries.push(prefix, GFP_KERNEL)?;
    }
    AddressSet::new(entries)
}

/// An address entry as it crosses the boundary.
struct Bytes([u8; MAX_STRUCT]);

impl Bytes {
    fn of_prefix(prefix: &Prefix) -> Self {
        let mut addr = [0; 16];
        let family = match prefix.addr() {
            IpAddr::V4(v4) => {
                addr[..4].copy_from_slice(&v4.octets());
                Family::V4
            }
            IpAddr::V6(v6) => {
                addr = v6.octets();
                Family::V6
            }
        };
        let entry = AddrEntry {
            family,
            prefix_len: prefix.len_bits(),
            addr,
        };
        let mut bytes = [0; MAX_STRUCT];
        entry.encode(&mut bytes);
        Self(bytes)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0[..AddrEntry::SIZE]
    }
}
