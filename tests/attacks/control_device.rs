// SPDX-License-Identifier: GPL-2.0

//! How a tenant that is root tries to use the control device.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::thread::{sleep, spawn};
use std::time::Duration;

use addrconf_abi::{Change, Operation, Target, WatchRequest, DEVICE_PATH, SYSFS_PATH};
use libc::{EACCES, EPERM};

use crate::addr::{ip, HOST4, ONE, TWO};
use crate::child::{as_tenant, eventually, in_child, stay, Channel, Child};
use crate::client::{associate_process, entries, Device};
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};
use crate::sys::namespace::unshare;
use crate::sys::trace::{receive_descriptor, send_descriptor};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("every_control_call_of_a_tenant_is_refused", || {
            against_all(|| opened(DEVICE_PATH));
        }),
        behaviour("control_calls_begun_before_come_to_nothing", || {
            for _ in 0..10 {
                begun_before();
            }
        }),
        behaviour("a_device_of_the_tenants_own_making_is_of_no_use", || {
            let own = format!("/tmp/own-device-{}", std::process::id());
            against_all(|| {
                let number = fs::metadata(DEVICE_PATH).expect("the device").rdev();
                let (major, minor) = (number >> 8, number & 0xff | (number >> 12) & 0xf_ff00);
                let major = (major & 0xfff).to_string();
                let words = [&own, "c", &major, &minor.to_string()];
                let made = Command::new("mknod").args(words).status();
                assert!(made.expect("mknod").success());
                let device = opened(&own);
                fs::remove_file(&own).expect("rm");
                device
            });
        }),
        behaviour("a_device_of_another_cannot_be_opened_under_proc", || {
            let held = File::open(DEVICE_PATH).expect("the device");
            let number = std::os::fd::AsRawFd::as_raw_fd(&held);
            let path = format!("/proc/{}/fd/{number}", std::process::id());
            as_tenant(ONE, || {
                let error = File::open(&path).expect_err("the device was opened");
                assert_eq!(error.raw_os_error(), Some(EACCES), "{error}");
            });
            in_child(|| drop(File::open(&path).expect("nothing refuses an unassociated process")));
        }),
        behaviour("a_device_that_was_handed_over_is_of_no_use", || {
            against_all(|| {
                let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
                let held = File::options().read(true).write(true).open(DEVICE_PATH);
                send_descriptor(theirs.as_fd(), held.expect("the device").as_fd()).expect("send");
                let got: Option<OwnedFd> = receive_descriptor(ours.as_fd()).expect("receive");
                Device::from(File::from(got.expect("the device")))
            });
        }),
        behaviour("a_device_in_a_user_namespace_is_of_no_use", || {
            let tenant = idle(TWO);
            as_tenant(ONE, || {
                let device = opened(DEVICE_PATH);
                unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET).expect("unshare");
                every_call_is_refused(&device, tenant.pid());
                in_child(|| every_call_is_refused(&device, tenant.pid()));
            });
            in_child(|| {
                // The device is of no use to an unassociated process either.
                let device = opened(DEVICE_PATH);
                unshare(libc::CLONE_NEWUSER).expect("unshare");
                every_call_is_refused(&device, tenant.pid());
            });
            eventually("one association", || Device::open().ids().len() == 1);
        }),
        behaviour("events_that_another_began_to_read_are_not_read", || {
            let device = opened(DEVICE_PATH);
            device.watch(&WatchRequest::default()).expect("watch");
            let refuse = || assert!(Sock::v4(Proto::Udp).bind((HOST4, 0)).is_err());
            as_tenant(TWO, refuse);
            as_tenant(ONE, || {
                refused(device.events(1));
                in_child(|| refused(device.events(1)));
            });
            in_child(|| assert_eq!(device.events(1).expect("events").len(), 1));
        }),
        behaviour("the_state_in_sysfs_cannot_be_written", || {
            let tenant = idle(TWO);
            let id = Device::open().ids()[0];
            as_tenant(ONE, || {
                for name in ["version", "tasks", &format!("by-id/{id}")] {
                    let file = format!("{SYSFS_PATH}/{name}");
                    let writable = fs::Permissions::from_mode(0o666);
                    fs::set_permissions(&file, writable).expect("chmod");
                    fs::write(&file, "1").expect_err("the file was written");
                    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("chmod");
                }
            });
            drop(tenant);
        }),
        behaviour("who_has_which_address_cannot_be_read_in_sysfs", || {
            let _tenant = idle(TWO);
            let id = Device::open().ids()[0];
            let file = format!("{SYSFS_PATH}/by-id/{id}");
            let mut held = File::open(&file).expect("the file");
            assert!(fs::read_to_string(&file).is_ok_and(|text| text.contains(TWO[0])));
            as_tenant(ONE, || {
                let refused = |read: io::Result<_>| read.expect_err("read").raw_os_error();
                assert_eq!(refused(fs::read_to_string(&file)), Some(EPERM));
                let mut text = String::new();
                assert_eq!(
                    refused(held.read_to_string(&mut text).map(|_| text)),
                    Some(EPERM)
                );
            });
        }),
        behaviour("the_tool_is_of_no_use_to_a_tenant", || {
            let tenant = idle(TWO);
            let run = |words: &[&str]| {
                let ran = Command::new("addrctl").args(words).output();
                ran.expect("addrctl").status.success()
            };
            let pid = tenant.pid().to_string();
            as_tenant(ONE, || {
                assert!(!run(&["release", &pid]));
                assert!(!run(&["add", &pid, HOST4]));
                assert!(!run(&["run", "--addr", HOST4, "--", "true"]));
            });
            assert!(run(&["run", "--addr", HOST4, "--", "true"]));
            assert!(run(&["release", &pid]));
        }),
    ]
}

fn opened(path: &str) -> Device {
    let file = File::options().read(true).write(true).open(path);
    Device::from(file.unwrap_or_else(|e| panic!("{path}: {e}")))
}

/// Panics unless every call on the device from `get` is refused to a tenant
/// that is root, and permitted to an unassociated process.
fn against_all(get: impl Fn() -> Device) {
    let tenant = idle(TWO);
    as_tenant(ONE, || every_call_is_refused(&get(), tenant.pid()));
    let device = get();
    eventually("one association", || device.ids().len() == 1);
    let by_pid = device.query(Target::Pid(tenant.pid())).expect("query");
    assert_eq!(by_pid.addrs, entries(TWO));
    device.release(Target::Pid(tenant.pid())).expect("release");
}

/// Panics unless every call except the one for the version is refused, about
/// this process and about another.
pub fn every_call_is_refused(device: &Device, other: i32) {
    let own = std::process::id() as i32;
    for pid in [own, other] {
        let target = Target::Pid(pid);
        refused(device.assign(target, &entries(&[HOST4]), ""));
        refused(device.update(target, Change::Add, &[HOST4], false));
        refused(device.update(target, Change::Remove, &[ONE[0]], true));
        refused(device.release(target));
        refused(device.query(target));
        refused(device.counts(target));
        let sock = Sock::v4(Proto::Udp);
        refused(device.check(target, Operation::Bind, sock.as_fd(), ip(ONE[0])));
    }
    refused(device.sockets());
    refused(device.traffic(None));
    refused(device.traffic(Some(true)));
    refused(device.watch(&WatchRequest::default()));
    refused(device.list(0, 8));
}

fn refused<T: std::fmt::Debug>(outcome: io::Result<T>) {
    let error = outcome.expect_err("not refused");
    assert_eq!(error.raw_os_error(), Some(EPERM), "{error}");
}

/// The threads of a process try to release it again and again while it is
/// associated. Some of these calls have begun before, and wait for their turn.
/// None may release the process.
fn begun_before() {
    let ready = Channel::new();
    let child = Child::spawn(|| {
        let own = Target::Pid(std::process::id() as i32);
        for _ in 0..4 {
            spawn(move || {
                let device = opened(DEVICE_PATH);
                loop {
                    let _ = device.release(own);
                }
            });
        }
        ready.send("");
        stay();
    });
    ready.receive();
    associate_process(child.pid(), ONE);
    sleep(Duration::from_millis(20));
    let found = Device::open().query(Target::Pid(child.pid()));
    assert!(found.is_ok(), "the process was released: {found:?}");
}
