// SPDX-License-Identifier: GPL-2.0

//! The common part of the fuzz targets: draws owners, sockets and addresses from the
//! fuzzer's bytes, and decides naively which owner has which address.

pub mod draw;
// The host tests of the decisions have the same model.
#[path = "../../../src/policy/tests/naive/mod.rs"]
pub mod naive;

use addrconf_policy as policy;
