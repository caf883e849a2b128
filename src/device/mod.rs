// SPDX-License-Identifier: GPL-2.0

//! The control plane: ioctls on `/dev/addrconf`, and read-only state in sysfs.
//! Copies in, checks the right, calls the table, copies out. May sleep.

mod calls;
mod entries;
mod narrow;
mod state;
mod user;

pub(crate) use narrow::Narrowing;
pub(crate) use state::State;

use kernel::fs::File;
use kernel::miscdevice::{MiscDevice, MiscDeviceOptions, MiscDeviceRegistration};
use kernel::prelude::*;
use kernel::uaccess::UserPtr;

use crate::abi::{size_of_arg, Command};

/// `/dev/addrconf`. An open file holds nothing.
///
/// misc devices get mode 0600 from devtmpfs.
pub(crate) struct Control;

impl Control {
    /// How it is registered.
    pub(crate) const OPTIONS: MiscDeviceOptions = MiscDeviceOptions { name: c"addrconf" };
}

#[vtable]
impl MiscDevice for Control {
    type Ptr = KBox<Self>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        Ok(KBox::new(Self, GFP_KERNEL)?)
    }

    fn ioctl(_device: &Self, _file: &File, cmd: u32, arg: usize) -> Result<isize> {
        let command = Command::from_number(cmd).ok_or(ENOTTY)?;
        let arg = user::Argument::new(UserPtr::from_addr(arg), size_of_arg(cmd));
        match command {
            Command::Version => calls::version(arg),
            Command::Assign => calls::assign(arg),
            Command::Release => calls::release(arg),
            Command::Query => calls::query(arg),
            Command::List => calls::list(arg),
            Command::Update => calls::update(arg),
        }?;
        Ok(0)
    }
}
