// SPDX-License-Identifier: GPL-2.0

//! The module can be unloaded when it is not in use, and not before. These tests run
//! last, since they unload it.

use std::path::Path;

use addrconf_abi::{SourceChoice, Target, DEVICE_PATH, SYSFS_PATH};
use addrconf_test_client::sys::{load_module, unload_module};
use libc::{EAGAIN, EBUSY};

use crate::addr::{HOST4, ONE, PAIRS};
use crate::child::{eventually, spawn_tenant, stay, Channel, Child};
use crate::client::Device;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::idle;

use super::remembered::{route, Chooser, SOURCES};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("unloading_with_an_association_is_refused", || {
            let (go, answer) = (Channel::new(), Channel::new());
            let tenant = spawn_tenant(ONE, || loop {
                answer.send(&verdicts(&[HOST4, "10.0.0.1"]));
                go.receive();
            });
            answer.receive();
            unload_is_refused();
            // Nothing has changed for the tenant.
            go.send("");
            assert_eq!(answer.receive(), format!("{} ok", libc::EADDRNOTAVAIL));
            assert_eq!(Device::open().ids().len(), 1);
            drop(tenant);
        }),
        behaviour("unloading_with_the_device_open_is_refused", || {
            let device = Device::open();
            unload_is_refused();
            device.version().expect("the device must still work");
        }),
        behaviour("unloading_works_after_release", || {
            let (go, answer) = (Channel::new(), Channel::new());
            let child = spawn_tenant(ONE, || {
                answer.send("");
                go.receive();
                answer.send(&verdicts(&[HOST4]));
                stay();
            });
            answer.receive();
            let release = Device::open().release(Target::Pid(child.pid()));
            release.expect("release");
            unload_and_load(|| {
                // The released process continues without the module.
                go.send("");
                assert_eq!(answer.receive(), "ok");
            });
        }),
        behaviour("unloading_works_after_the_last_task_is_gone", || {
            drop(idle(ONE));
            unload_and_load(|| {});
        }),
        behaviour("the_module_can_be_loaded_again_and_again", || {
            for _ in 0..5 {
                unload_and_load(|| {});
                drop(idle(ONE));
            }
        }),
        behaviour("a_remembered_source_is_forgotten_with_the_module", || {
            route("add", SOURCES[1]);
            // The first association of a module that was just loaded always has the same id.
            let ids = [
                (SourceChoice::Route, SOURCES[1]),
                (SourceChoice::Primary, SOURCES[0]),
            ]
            .map(|(choice, source)| {
                unload_and_load(|| {});
                let mut tenant = Chooser::by(choice, PAIRS[0]);
                tenant.chooses(source);
                tenant.id
            });
            assert_eq!(ids[0], ids[1]);
        }),
        behaviour("unloading_waits_for_calls_on_their_way", || {
            // Processes that bind and fork all the time, while the module is unloaded
            // and loaded.
            let busy: Vec<Child> = (0..4)
                .map(|_| {
                    Child::spawn(|| loop {
                        assert_eq!(verdicts(&[HOST4, "10.0.0.1", "::1"]), "ok ok ok");
                        Child::spawn(|| ()).succeeded();
                    })
                })
                .collect();
            for _ in 0..10 {
                unload_and_load(|| {});
            }
            drop(busy);
        }),
    ]
}

fn unload_is_refused() {
    let error = unload_module().expect_err("the module is in use");
    let errno = error.raw_os_error();
    assert!(
        [Some(EBUSY), Some(EAGAIN)].contains(&errno),
        "unloading failed with {error}"
    );
}

/// Unloads the module, calls `between`, and loads it again.
fn unload_and_load(between: impl FnOnce()) {
    eventually("successful unloading", || unload_module().is_ok());
    assert!(!Path::new(DEVICE_PATH).exists());
    assert!(!Path::new(SYSFS_PATH).exists());
    between();
    load_module().expect("insmod");
    assert!(Device::open().ids().is_empty());
}
