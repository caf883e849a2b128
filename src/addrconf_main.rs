// SPDX-License-Identifier: GPL-2.0

//! `addrconf.ko`: gives selected processes, and all their descendants, a fixed
//! set of local IP addresses.
//!
//! Layers, each independent of those above it:
//!
//! * [`device`]: the control plane, `/dev/addrconf` and sysfs;
//! * [`lsm`]: the hooks of system calls, one file for each family;
//! * [`net`]: checks in the protocol stack, and the last check of each packet;
//! * [`table`]: which task belongs to which association, and the sets, under RCU;
//! * [`events`]: counts refusals and traffic, and sends events to their readers;
//! * [`protocol`]: how tasks join and leave associations, step by step, also built
//!   and model-checked on the host;
//! * [`policy`]: pure decisions, also built and tested on the host;
//! * [`abi`]: the control interface, shared with user space;
//! * [`sys`]: raw bindings and C helpers, and all `unsafe` code but two calls
//!   (`Published::publish` below, and `Slots::new` in `table::sockets`).

pub mod abi;
mod device;
mod events;
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
use sys::gate::{Activation, Attachment, Hooks};
use sys::polled::Polled;
use sys::published::Publication;
use sys::sysfs::Dir;
use table::{InForce, Tenants};

module! {
    type: Addrconf,
    name: "addrconf",
    authors: ["addrconf project"],
    description: "Confines processes to a set of local IP addresses",
    license: "GPL",
}

// Fields are dropped in this order. Nothing uses the tenants when they are dropped.
#[pin_data(PinnedDrop)]
struct Addrconf {
    hooks: Option<Attachment<Rules>>,
    #[pin]
    control: MiscDeviceRegistration<Control>,
    state: State,
    tenants: Publication<Tenants>,
}

/// Which rules implement which family of hooks.
enum Rules {}

impl Hooks for Rules {
    type Tasks = lsm::Tasks;
    type Exec = lsm::Exec;
    type Create = lsm::Create;
    type Address = lsm::Address;
    type Hold = lsm::Hold;
    type Change = lsm::Change;
    type Files = lsm::Files;
    type Trace = lsm::Trace;
    type Stack = net::Stack;
    type Scopes = net::Scopes;
    type Attributes = Narrowing;
}

/// Puts the hooks in force. Context: process, may sleep.
fn put_in_force() -> Result<Arc<dyn InForce>> {
    Ok(Arc::new(Activation::new(), GFP_KERNEL)?)
}

impl InForce for Activation {}

impl kernel::InPlaceModule for Addrconf {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let dir = State::dir()?;
            let by_id = Arc::new(Dir::new(c"by-id", Some(&dir))?, GFP_KERNEL)?;
            let tenants = KBox::pin(Tenants::new(module, by_id, put_in_force)?, GFP_KERNEL)?;
            // SAFETY: Only hooks, calls on the device, readers of the files, and work that
            // these queue call `get`. `drop` and the order of the fields drop hooks, device and
            // files before the publication. If one of them cannot be made, those made before it
            // are dropped in reverse order, the publication last. Dropping hooks and files
            // waits for their callers. An open file of the device keeps the module loaded, so
            // none is left. `drop` waits for the work; if `init` fails there is none, as no
            // association was made.
            let tenants = unsafe { table::TENANTS.publish(tenants) };
            let state = State::new(&dir)?;
            let hooks = Attachment::new()?;
            Ok(try_pin_init!(Self {
                tenants,
                state,
                hooks: Some(hooks),
                control <- MiscDeviceRegistration::register(<Control as Polled>::OPTIONS),
            }))
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Addrconf {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        // From here on, no hook adds or removes a task.
        *this.hooks = None;
        // Memberships and associations that ended before may still be freed and buried.
        this.tenants.settle();
    }
}
