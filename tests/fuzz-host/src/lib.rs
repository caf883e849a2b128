// SPDX-License-Identifier: GPL-2.0

//! The common part of the fuzz targets: draws owners, sockets and addresses from the
//! fuzzer's bytes, and decides naively which owner has which address.

pub mod draw;
pub mod naive;
