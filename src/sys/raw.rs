// SPDX-License-Identifier: GPL-2.0

//! Bindings to the gate (`include/linux/addrconf_gate.h` of the patched
//! kernel) and to the C helpers (`src/sys/c/helpers.h`). Kbuild generates them with bindgen.

#![allow(
    clippy::all,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    dead_code,
    reason = "generated"
)]
#![cfg_attr(
    CONFIG_RUSTC_HAS_UNNECESSARY_TRANSMUTES,
    allow(unnecessary_transmutes, reason = "generated")
)]

use kernel::{bindings::*, ffi};

include!(env!("ACF_BINDINGS"));
