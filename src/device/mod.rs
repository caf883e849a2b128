// SPDX-License-Identifier: GPL-2.0

//! The control plane: ioctls on `/dev/addrconf`, narrowing, and read-only state in sysfs. It checks
//! the caller's right, copies in, calls the table and copies out.
//!
//! Context: process, may sleep.

mod caller;
mod calls;
mod check;
mod defined;
mod entries;
mod events;
mod grants;
mod narrow;
mod rules;
mod sockets;
mod state;
mod user;

pub(crate) use narrow::Narrowing;
pub(crate) use state::State;

use kernel::fs::{File, Kiocb};
use kernel::iov::IovIterDest;
use kernel::miscdevice::{MiscDevice, MiscDeviceOptions, MiscDeviceRegistration};
use kernel::prelude::*;
use kernel::sync::SetOnce;
use kernel::uaccess::UserPtr;

use crate::abi::{size_of_arg, Command};
use crate::sys::events::Reader;
use crate::sys::polled::{self, Polled};
use crate::table;

/// `/dev/addrconf`. An open file has no state but the events that it reads, if it does.
///
/// devtmpfs gives misc devices mode 0600. `addrctl grant` lets every user open it: each call
/// checks its caller.
pub(crate) struct Control {
    reader: SetOnce<Reader>,
}

impl Polled for Control {
    const OPTIONS: MiscDeviceOptions = MiscDeviceOptions { name: c"addrconf" };

    fn reader(device: &Self) -> Option<&Reader> {
        device.reader.as_ref()
    }
}

#[vtable]
impl MiscDevice for Control {
    type Ptr = KBox<Self>;
    // Linux 7.3 sets it if it is left out. With our patch 7.2 asks for it.
    type OwnerModule = crate::LocalModule;

    fn open(file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        let control = Self {
            reader: SetOnce::new(),
        };
        let control = KBox::new(control, GFP_KERNEL)?;
        polled::enable::<Self>(file);
        Ok(control)
    }

    /// Reads events. A member may have got the open file from others.
    fn read_iter(kiocb: Kiocb<'_, Self::Ptr>, to: &mut IovIterDest<'_>) -> Result<usize> {
        if table::current().is_some() {
            return Err(EPERM);
        }
        let reader = kiocb.file().reader.as_ref().ok_or(EINVAL)?;
        reader.read(to, polled::is_nonblocking(&kiocb))
    }

    fn ioctl(device: &Self, _file: &File, cmd: u32, arg: usize) -> Result<isize> {
        let command = Command::from_number(cmd).ok_or(ENOTTY)?;
        let arg = user::Argument::new(UserPtr::from_addr(arg), size_of_arg(cmd));
        match command {
            Command::Version => calls::version(arg),
            Command::Assign => calls::assign(arg),
            Command::Release => calls::release(arg),
            Command::Query => calls::query(arg),
            Command::List => calls::list(arg),
            Command::Update => calls::update(arg),
            Command::Define => defined::define(arg),
            Command::Undefine => defined::undefine(arg),
            Command::Find => defined::find(arg),
            Command::Join => defined::join(arg),
            Command::SetRules => rules::set(arg),
            Command::Rule => rules::query(arg),
            Command::Grant => grants::grant(arg),
            Command::Grants => grants::query(arg),
            Command::Watch => events::watch(&device.reader, arg),
            Command::Counts => events::counts(arg),
            Command::Check => check::check(arg),
            Command::Sockets => sockets::list(arg),
            Command::Traffic => events::traffic(arg),
        }?;
        Ok(0)
    }
}
