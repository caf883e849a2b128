// SPDX-License-Identifier: GPL-2.0

//! `addrconf.ko`: gives selected processes, and all their descendants, a fixed
//! set of local IP addresses.
//!
//! Layers, each ignorant of those above it:
//!
//! * [`device`]: the control plane, `/dev/addrconf` and sysfs;
//! * [`lsm`]: the hooks of system calls, one file for each family;
//! * [`net`]: what the stack asks, and the last word on packets;
//! * [`table`]: which task belongs to which association, under RCU;
//! * [`protocol`]: how tasks join and leave associations, step by step, also built
//!   and model-checked on the host;
//! * [`policy`]: pure decisions, also built and tested on the host;
//! * [`abi`]: the control interface, shared with user space;
//! * [`sys`]: raw bindings and C helpers, and all `unsafe` code but two calls.

pub mod abi;
mod device;
mod lsm;
mod net;
pub mod policy;
pub mod protocol;
mod sys;
mod table;

use kernel::miscdevice::MiscDeviceRegistration;
use kernel::prelude::*;
use kernel::sync::Arc;

use device::{Control, Narrowing, State};
use sys::gate::{Attachment, Hooks};
use sys::published::Publication;
use sys::sysfs::Dir;
use table::Tenants;

module! {
    type: Addrconf,
    name: "addrconf",
    authors: ["addrconf project"],
    description: "Confines processes to a set of local IP addresses",
    license: "GPL",
}

// What is dropped first stands first: nobody asks for the tenants any more
// when they go.
#[pin_data(PinnedDrop)]
struct Addrconf {
    hooks: Option<Attached>,
    #[pin]
    control: MiscDeviceRegistration<Control>,
    state: State,
    tenants: Publication<Tenants>,
}

/// Which rules answer to which hooks.
enum Rules {}

impl Hooks for Rules {
    type Tasks = lsm::Tasks;
    type Create = lsm::Create;
    type Address = lsm::Address;
    type Hold = lsm::Hold;
    type Change = lsm::Change;
    type Files = lsm::Files;
    type Trace = lsm::Trace;
    type Stack = net::Stack;
    type Attributes = Narrowing;
}

/// The hooks are in force as long as this lives.
struct Attached {
    _hooks: Attachment<Rules>,
    // Goes last: while sockets have a scope, packets are marked.
    _output: net::Backstop,
}

impl Attached {
    /// Attaches all hooks. May sleep.
    fn new() -> Result<Self> {
        let output = net::Backstop::new()?;
        Ok(Self {
            _hooks: Attachment::new()?,
            _output: output,
        })
    }
}

impl kernel::InPlaceModule for Addrconf {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let dir = State::dir()?;
            let by_id = Arc::new(Dir::new(c"by-id", Some(&dir))?, GFP_KERNEL)?;
            let tenants = KBox::pin(Tenants::new(module, by_id)?, GFP_KERNEL)?;
            // SAFETY: Only the hooks, the device, the files and the work that they
            // queue ask for the tenants. The first three are dropped before the
            // tenants (see the order of the fields and `drop`), also if one of them
            // cannot be made, and `drop` waits for the work.
            let tenants = unsafe { table::TENANTS.publish(tenants) };
            let state = State::new(&dir)?;
            let hooks = Attached::new()?;
            Ok(try_pin_init!(Self {
                tenants,
                state,
                hooks: Some(hooks),
                control <- MiscDeviceRegistration::register(Control::OPTIONS),
            }))
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Addrconf {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        // No hook adds or removes a task from here on.
        *this.hooks = None;
        // Tasks removed before may still have work queued.
        this.tenants.settle();
    }
}
