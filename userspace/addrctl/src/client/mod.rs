// SPDX-License-Identifier: GPL-2.0

//! The control calls as functions: encodes requests, makes room for answers and
//! decodes them. Knows nothing of messages and output.

mod events;
mod grants;
mod query;
mod questions;
mod rules;
mod sockets;

use std::cell::OnceCell;
use std::os::fd::{AsRawFd, BorrowedFd};

use addrconf_abi::{
    AssignRequest, Change, Command, DefineRequest, FindRequest, JoinRequest, ListRequest, Name,
    Obstacle, QueryRequest, ReleaseRequest, Target, Terms, UndefineRequest, UpdateRequest,
    VersionReply, Wire, MAX_STRUCT,
};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::system::Device;
use query::Room;

pub use grants::Grant;
pub use query::{Association, Leftover};
pub use rules::{NewRule, Rule, Rules, Wanted};

/// Bytes of an association id in an answer.
const ID_SIZE: usize = 8;

/// Why a control call brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The kernel refused it.
    Refused(Errno),
    /// The kernel refused it (`EBUSY`) because of this obstacle.
    InTheWay(Obstacle),
    /// The answer makes no sense to this addrctl.
    BadAnswer,
}

/// Calls on an open device, which it closes when dropped.
pub struct Client<'a> {
    device: Box<dyn Device + 'a>,
    abi: OnceCell<u32>,
}

impl<'a> Client<'a> {
    /// Calls on `device`.
    pub fn new(device: Box<dyn Device + 'a>) -> Self {
        Self {
            device,
            abi: OnceCell::new(),
        }
    }

    /// The version of the module's interface.
    pub fn version(&self) -> Result<VersionReply, CallError> {
        self.call(Command::Version, &VersionReply::default(), &mut [])
    }

    /// The interface version, asked for once.
    fn abi(&self) -> Result<u32, CallError> {
        if let Some(&abi) = self.abi.get() {
            return Ok(abi);
        }
        let abi = self.version()?.abi;
        Ok(*self.abi.get_or_init(|| abi))
    }

    /// Associates `process` with `addresses` as `request` asks, and returns the
    /// association's id. The target in `request` is not used. `memory` is that of the process, if
    /// the caller has no right but a grant.
    pub fn assign(
        &self,
        process: BorrowedFd<'_>,
        memory: Option<BorrowedFd<'_>>,
        addresses: &AddressSet,
        request: &AssignRequest,
    ) -> Result<u64, CallError> {
        let mut entries = addresses.to_bytes();
        let request = AssignRequest {
            target: Target::PidFd(process.as_raw_fd()),
            proof: memory.map(|memory| memory.as_raw_fd()),
            ..*request
        };
        let answer = self.take_in(Command::Assign, &request, &mut [&mut entries], |answer| {
            answer.obstacle
        })?;
        some_id(answer.id)
    }

    /// Puts `process` into an association, as `request` asks, whose target does not count. `memory`
    /// as for [`Self::assign`].
    pub fn join(
        &self,
        process: BorrowedFd<'_>,
        memory: Option<BorrowedFd<'_>>,
        request: &JoinRequest,
    ) -> Result<(), CallError> {
        let request = JoinRequest {
            target: Target::PidFd(process.as_raw_fd()),
            proof: memory.map(|memory| memory.as_raw_fd()),
            ..*request
        };
        self.take_in(Command::Join, &request, &mut [], |answer| answer.obstacle)?;
        Ok(())
    }

    /// Makes a call that may find an obstacle, which the structure tells with `EBUSY`.
    fn take_in<T: Wire>(
        &self,
        command: Command,
        request: &T,
        memory: &mut [&mut [u8]],
        obstacle: impl Fn(&T) -> Option<Obstacle>,
    ) -> Result<T, CallError> {
        let mut buf = [0; MAX_STRUCT];
        let arg = request.encode(&mut buf);
        let called = self.device.control(command, arg, memory);
        let answer = T::decode(arg).map_err(|_| CallError::BadAnswer);
        let Err(errno) = called else { return answer };
        let found = answer.ok().and_then(|answer| obstacle(&answer));
        let found = found.filter(|_| errno == Errno::BUSY);
        Err(found.map_or(CallError::Refused(errno), CallError::InTheWay))
    }

    /// Defines an association; returns its id.
    pub fn define(&self, terms: Terms, addresses: &AddressSet) -> Result<u64, CallError> {
        let mut entries = addresses.to_bytes();
        let request = DefineRequest {
            addrs: 0,
            addr_count: 0,
            terms,
            id: 0,
        };
        some_id(
            self.call(Command::Define, &request, &mut [&mut entries])?
                .id,
        )
    }

    /// Undefines an association; returns how many tasks it still has.
    pub fn undefine(&self, id: u64) -> Result<u64, CallError> {
        let request = UndefineRequest { id, tasks: 0 };
        Ok(self.call(Command::Undefine, &request, &mut [])?.tasks)
    }

    /// The id of the association with this name.
    pub fn find(&self, name: Name) -> Result<u64, CallError> {
        let request = FindRequest { name, id: 0 };
        some_id(self.call(Command::Find, &request, &mut [])?.id)
    }

    /// Changes the set of an association; returns how many connections it reset.
    pub fn update(
        &self,
        target: Target,
        change: Change,
        addresses: &AddressSet,
        reset: bool,
    ) -> Result<u64, CallError> {
        let mut entries = addresses.to_bytes();
        let request = UpdateRequest {
            target,
            reset,
            addrs: 0,
            addr_count: 0,
            change,
            resets: 0,
        };
        let answer = self.call(Command::Update, &request, &mut [&mut entries])?;
        Ok(answer.resets)
    }

    /// Releases a process, every task of an association or every task of all; returns
    /// how many tasks it released.
    pub fn release(&self, target: Target) -> Result<u64, CallError> {
        self.release_as(&ReleaseRequest::about(target))
    }

    /// Ends every association if none has a socket, else (`EBUSY`) none; returns how many
    /// tasks it released.
    pub fn release_all_unused(&self) -> Result<u64, CallError> {
        self.release_as(&ReleaseRequest {
            unused: true,
            ..ReleaseRequest::about(Target::All)
        })
    }

    fn release_as(&self, request: &ReleaseRequest) -> Result<u64, CallError> {
        let answer = self.call(Command::Release, request, &mut [])?;
        Ok(answer.tasks)
    }

    /// Describes an association, with its addresses and processes.
    pub fn query(&self, target: Target) -> Result<Association, CallError> {
        let mut room = Room::new();
        loop {
            let answer = self.call(
                Command::Query,
                &QueryRequest::about(target),
                &mut room.memory(),
            )?;
            if room.grow(&answer)? {
                return room.describe(&answer, self.abi()?);
            }
        }
    }

    /// Describes each association of `ids`, except those that have ended since they were
    /// listed.
    pub fn describe(&self, ids: &[u64]) -> Result<Vec<Association>, CallError> {
        let mut associations = Vec::new();
        for id in ids {
            match self.query(Target::Association(*id)) {
                Ok(association) => associations.push(association),
                Err(CallError::Refused(Errno::NOENT)) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(associations)
    }

    /// Describes all associations, by ascending id.
    pub fn describe_all(&self) -> Result<Vec<Association>, CallError> {
        self.describe(&self.list()?)
    }

    /// The ids of all associations, ascending.
    pub fn list(&self) -> Result<Vec<u64>, CallError> {
        const ROOM: usize = 1024;
        let mut all = Vec::new();
        loop {
            let mut ids = [0; ROOM * ID_SIZE];
            let request = ListRequest {
                after: all.last().copied().unwrap_or(0),
                ..ListRequest::default()
            };
            let answer = self.call(Command::List, &request, &mut [&mut ids])?;
            let count = answer.count as usize;
            if count > ROOM || (answer.more && count == 0) {
                return Err(CallError::BadAnswer);
            }
            for id in elements(&ids, count).map(u64::from_ne_bytes) {
                // Ids that do not ascend would make the next call ask for the same
                // ones again.
                if id <= all.last().copied().unwrap_or(0) {
                    return Err(CallError::BadAnswer);
                }
                all.push(id);
            }
            if !answer.more {
                return Ok(all);
            }
        }
    }

    fn call<T: Wire>(
        &self,
        command: Command,
        request: &T,
        memory: &mut [&mut [u8]],
    ) -> Result<T, CallError> {
        let mut buf = [0; MAX_STRUCT];
        let arg = request.encode(&mut buf);
        self.device
            .control(command, arg, memory)
            .map_err(CallError::Refused)?;
        T::decode(arg).map_err(|_| CallError::BadAnswer)
    }
}

/// The first `count` elements of `N` bytes each.
fn elements<const N: usize>(bytes: &[u8], count: usize) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes
        .chunks_exact(N)
        .take(count)
        .filter_map(|chunk| chunk.try_into().ok())
}

/// An id in an answer, which is not 0.
fn some_id(id: u64) -> Result<u64, CallError> {
    match id {
        0 => Err(CallError::BadAnswer),
        id => Ok(id),
    }
}
