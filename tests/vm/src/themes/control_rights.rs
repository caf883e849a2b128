// SPDX-License-Identifier: GPL-2.0

//! Which processes may make control calls, and about which.

use std::fs::{metadata, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use addrconf_abi::{Target, DEVICE_PATH};
use libc::{EBADF, EEXIST, EINVAL, ENOENT, EPERM, ESRCH};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{as_tenant, in_child, Child};
use crate::client::{associate, entries, this_process, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sys::capability::drop_capability;
use crate::sys::process::pidfd_open;

/// `CAP_NET_ADMIN` of `include/uapi/linux/capability.h`.
const CAP_NET_ADMIN: u32 = 12;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("the_device_is_for_root_only", || {
            let found = metadata(DEVICE_PATH).expect("the device");
            assert!(found.file_type().is_char_device());
            assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0));
        }),
        behaviour("the_device_cannot_be_opened_by_another_user", || {
            let mut command = std::process::Command::new("sh");
            std::os::unix::process::CommandExt::uid(&mut command, 65534);
            let script = format!("exec 3<>{DEVICE_PATH}");
            let status = command.args(["-c", &script]).status().expect("sh");
            assert!(!status.success());
        }),
        behaviour("without_the_capability_nothing_is_allowed", || {
            let tenant = idle(ONE);
            let device = Device::open();
            in_child(|| {
                drop_capability(CAP_NET_ADMIN).expect("capset");
                nothing_is_allowed(&device, tenant.pid());
                is(EPERM, device.list(0, 8));
            });
            assert_eq!(device.ids().len(), 1);
        }),
        behaviour("an_associated_process_may_control_nobody", || {
            let tenant = idle(TWO);
            let device = Device::open();
            as_tenant(ONE, || {
                nothing_is_allowed(&device, tenant.pid());
                nothing_is_allowed(&Device::open(), tenant.pid());
            });
        }),
        behaviour("an_associated_process_may_not_control_itself", || {
            let device = Device::open();
            as_tenant(ONE, || {
                let me = std::process::id() as i32;
                nothing_is_allowed(&device, me);
                let id = Target::Association(1);
                is(EPERM, device.release(id));
                assert_eq!(verdicts(&[HOST4]), libc::EADDRNOTAVAIL.to_string());
            });
        }),
        behaviour("a_process_has_one_association_at_most", || {
            let child = idle(ONE);
            let device = Device::open();
            let before = device.query(Target::Pid(child.pid())).expect("query");
            is(
                EEXIST,
                device.assign(Target::Pid(child.pid()), &entries(TWO), ""),
            );
            let after = device.query(Target::Pid(child.pid())).expect("query");
            assert_eq!(before, after);
            assert_eq!(device.ids(), vec![after.id]);
        }),
        behaviour("a_process_that_does_not_exist_is_not_found", || {
            every_call(Target::Pid(4_194_000), ESRCH);
        }),
        behaviour("a_process_that_has_ended_is_not_found", || {
            let child = Child::spawn(|| ());
            let pidfd = pidfd_open(child.pid()).expect("pidfd");
            let pid = child.pid();
            child.succeeded();
            every_call(Target::PidFd(pidfd.as_raw_fd()), ESRCH);
            every_call(Target::Pid(pid), ESRCH);
        }),
        behaviour("a_descriptor_must_be_a_pidfd", || {
            let null = File::open("/dev/null").expect("/dev/null");
            every_call(Target::PidFd(null.as_raw_fd()), EBADF);
            every_call(Target::PidFd(1_000_000), EBADF);
        }),
        behaviour(
            "what_is_not_associated_cannot_be_described_or_released",
            || {
                let device = Device::open();
                let me = this_process();
                for target in [me, Target::Association(1 << 40), Target::Association(0)] {
                    is(ENOENT, device.query(target));
                    is(ENOENT, device.release(target));
                }
            },
        ),
        behaviour("an_association_cannot_be_assigned_to", || {
            let _tenant = idle(ONE);
            let device = Device::open();
            let target = Target::Association(device.ids()[0]);
            is(EINVAL, device.assign(target, &entries(TWO), ""));
        }),
        behaviour("a_kernel_thread_cannot_be_associated", || {
            // kthreadd
            let assigned = Device::open().assign(Target::Pid(2), &entries(ONE), "");
            assigned.expect_err("a kernel thread cannot be associated");
            assert!(Device::open().ids().is_empty());
        }),
        behaviour("a_pid_and_a_pidfd_are_the_same_process", || {
            let child = idle(ONE);
            let pidfd = pidfd_open(child.pid()).expect("pidfd");
            let device = Device::open();
            let by_pid = device.query(Target::Pid(child.pid())).expect("by pid");
            let by_fd = device
                .query(Target::PidFd(pidfd.as_raw_fd()))
                .expect("by pidfd");
            let by_id = device.query(Target::Association(by_pid.id)).expect("by id");
            assert_eq!((&by_fd, &by_id), (&by_pid, &by_pid));
        }),
        behaviour(
            "a_device_opened_before_serves_nobody_who_is_associated",
            || {
                let device = Device::open();
                associate(ONE);
                is(EPERM, device.release(this_process()));
            },
        ),
    ]
}

fn is<T: std::fmt::Debug>(errno: i32, result: io::Result<T>) {
    match result {
        Err(e) if e.raw_os_error() == Some(errno) => {}
        other => panic!(
            "the control call gave {other:?}, but should fail with {}",
            io::Error::from_raw_os_error(errno)
        ),
    }
}

/// Panics unless assign, release and query of a process all fail with `errno`.
fn every_call(target: Target, errno: i32) {
    let device = Device::open();
    is(errno, device.assign(target, &entries(ONE), ""));
    is(errno, device.release(target));
    is(errno, device.query(target));
}

/// Panics unless every control call about a process fails with `EPERM`.
fn nothing_is_allowed(device: &Device, pid: i32) {
    let pidfd = pidfd_open(pid).expect("pidfd");
    for target in [Target::Pid(pid), Target::PidFd(pidfd.as_raw_fd())] {
        is(EPERM, device.assign(target, &entries(&[HOST4]), ""));
        is(EPERM, device.release(target));
        is(EPERM, device.query(target));
    }
}
