// SPDX-License-Identifier: GPL-2.0

//! A tenant that is root and takes the module away, or puts another in its
//! place.

use std::fs::File;
use std::os::fd::AsFd;

use libc::{EAGAIN, EBUSY, EEXIST};

use crate::addr::{HOST4, ONE};
use crate::child::{as_tenant, eventually, in_child};
use crate::client::Device;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::process::{delete_module, load_module};
use crate::sys::trace::force_delete_module;

/// Where the virtual machine has the module.
const MODULE: &str = "/lib/addrconf/addrconf.ko";

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("unloading_by_a_tenant_is_refused", || {
            as_tenant(ONE, || {
                for _ in 0..3 {
                    let by_force = force_delete_module(c"addrconf");
                    for outcome in [delete_module("addrconf"), by_force] {
                        let errno = outcome.expect_err("in use").raw_os_error();
                        assert!([Some(EBUSY), Some(EAGAIN)].contains(&errno), "{errno:?}");
                    }
                    in_child(|| {
                        delete_module("addrconf").expect_err("in use");
                    });
                }
                assert_eq!(verdicts(&[HOST4, ONE[0]]), "99 ok");
            });
            // Once there is no tenant the same call works.
            eventually("the module's end", || delete_module("addrconf").is_ok());
            load().expect("insmod");
            assert!(Device::open().ids().is_empty());
        }),
        behaviour("loading_the_module_once_more_is_refused", || {
            as_tenant(ONE, || {
                let error = load().expect_err("loaded");
                assert_eq!(error.raw_os_error(), Some(EEXIST), "{error}");
                assert_eq!(verdicts(&[HOST4, ONE[0]]), "99 ok");
            });
        }),
    ]
}

fn load() -> std::io::Result<()> {
    let file = File::open(MODULE).unwrap_or_else(|e| panic!("{MODULE}: {e}"));
    load_module(file.as_fd())
}
