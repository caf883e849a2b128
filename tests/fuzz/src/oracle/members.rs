// SPDX-License-Identifier: GPL-2.0

//! Checks that every process of a tenant is associated, and only with addresses of
//! the tenant.

use std::fs::read_to_string;
use std::io;
use std::time::Duration;

use addrconf_abi::Target;

use super::sockets::processes;
use crate::control::Device;
use crate::pool;
use crate::sys::errno;
use crate::world::{Counter, Tenant, World};

/// Whether a process exists and has not exited.
fn lives(pid: i32) -> bool {
    let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|s| s.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

fn check(world: World, device: &Device, tenant: Tenant) {
    for pid in processes(tenant) {
        let mut answer = Err(io::Error::other("not asked"));
        for _ in 0..3 {
            answer = device.query(Target::Pid(pid));
            if answer.is_ok() || !lives(pid) || !world.is_bound(tenant) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        world.count(Counter::Members);
        match answer {
            Err(e) if lives(pid) && processes(tenant).contains(&pid) && world.is_bound(tenant) => {
                let facts = format_args!(
                    "process {pid} of the tenant is not associated: query fails with error {}",
                    errno(&e)
                );
                world.violation(Counter::MemberViolations, tenant, facts);
            }
            Err(_) => {}
            Ok(found) => {
                for entry in &found.addrs {
                    let addr = entry.addr;
                    // A process may narrow itself to a part of a prefix.
                    let index = pool::index_of(addr)
                        .filter(|&i| entry.prefix_len >= pool::entry(i).prefix_len);
                    let known = index.is_some_and(|i| world.ever_had(i, tenant));
                    if !known && world.is_bound(tenant) && lives(pid) {
                        let facts = format_args!(
                            "process {pid}, of association {}, has {addr}, which was never the \
                             tenant's",
                            found.id
                        );
                        world.violation(Counter::SetViolations, tenant, facts);
                    }
                }
            }
        }
    }
}

/// Checks all processes again and again until the run ends.
pub fn watch(world: World, tenants: impl Fn() -> Vec<Tenant>) {
    let device = Device::open().expect("the control device");
    super::again(world, 300, || {
        for tenant in tenants() {
            if world.stage(tenant) == 3 && world.is_bound(tenant) {
                check(world, &device, tenant);
            }
        }
    });
}
