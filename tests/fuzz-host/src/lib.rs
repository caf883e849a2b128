// SPDX-License-Identifier: GPL-2.0

//! What the fuzz targets share: owners, sockets and addresses drawn from the
//! fuzzer's bytes, and what belongs to whom said naively.

pub mod draw;
pub mod naive;
