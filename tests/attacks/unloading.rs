// SPDX-License-Identifier: GPL-2.0

//! A tenant that is root unloads the module, or loads another in its place.

use addrconf_test_client::sys::{load_module, unload_module};
use libc::{EAGAIN, EBUSY, EEXIST};

use crate::addr::{HOST4, ONE};
use crate::child::{as_tenant, eventually, in_child};
use crate::client::Device;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::module::force_delete_module;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("unloading_by_a_tenant_is_refused", || {
            as_tenant(ONE, || {
                for _ in 0..3 {
                    let by_force = force_delete_module(c"addrconf");
                    for outcome in [unload_module(), by_force] {
                        let errno = outcome.expect_err("unloaded while in use").raw_os_error();
                        assert!([Some(EBUSY), Some(EAGAIN)].contains(&errno), "{errno:?}");
                    }
                    in_child(|| {
                        unload_module().expect_err("unloaded while in use");
                    });
                }
                assert_eq!(verdicts(&[HOST4, ONE[0]]), "99 ok");
            });
            // Once there is no tenant the same call works.
            eventually("the module can be unloaded", || unload_module().is_ok());
            load_module().expect("insmod");
            assert!(Device::open().ids().is_empty());
        }),
        behaviour("an_open_control_device_keeps_the_module_loaded", || {
            let device = Device::open();
            let error = unload_module().expect_err("unloaded while a file was open");
            assert_eq!(error.raw_os_error(), Some(EAGAIN), "{error}");
            device.ids();
            drop(device);
            eventually("the module can be unloaded", || unload_module().is_ok());
            load_module().expect("insmod");
        }),
        behaviour("loading_the_module_once_more_is_refused", || {
            as_tenant(ONE, || {
                let error = load_module().expect_err("loaded twice");
                assert_eq!(error.raw_os_error(), Some(EEXIST), "{error}");
                assert_eq!(verdicts(&[HOST4, ONE[0]]), "99 ok");
            });
        }),
    ]
}
