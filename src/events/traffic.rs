// SPDX-License-Identifier: GPL-2.0

//! What the sockets of associations send and receive, counted only while somebody wants to know.

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};

use crate::abi::Traffic;
use crate::sys::counts::Counts;
use crate::sys::packet::Size;

use super::Record;

/// Whether associations that are made get room for their traffic.
static COUNTED: Atomic<bool> = Atomic::new(false);

/// Numbers of packets and bytes each way.
pub(super) const NUMBERS: usize = 4;

/// The way of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A socket receives it.
    In,
    /// A socket sends it.
    Out,
}

impl Way {
    /// Where the number of packets is; that of bytes follows.
    fn place(self) -> usize {
        match self {
            Self::In => 0,
            Self::Out => 2,
        }
    }
}

/// Whether traffic is counted, or is about to be. Context: any.
pub(crate) fn is_counted() -> bool {
    COUNTED.load(ordering::Relaxed)
}

/// Whether [`Record::make_room`] makes room from now on. Context: any.
pub(crate) fn set_counted(counted: bool) {
    COUNTED.store(counted, ordering::Relaxed);
}

impl Record {
    /// Makes room for traffic, if it is counted and there is none. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn make_room(&self) -> Result {
        if is_counted() && self.traffic.as_ref().is_none() {
            // Another may have made it meanwhile. Then this is dropped.
            self.traffic.populate(Counts::new()?);
        }
        Ok(())
    }

    /// Counts a packet, if there is room. Context: any.
    pub(crate) fn exchanges(&self, way: Way, size: Size) {
        if let Some(counts) = self.traffic.as_ref() {
            counts.add(way.place(), size.packets.into());
            counts.add(way.place() + 1, size.bytes.into());
        }
    }

    /// What was counted.
    pub(crate) fn traffic(&self, way: Way) -> Traffic {
        match self.traffic.as_ref() {
            None => Traffic::NONE,
            Some(counts) => Traffic {
                packets: counts.sum(way.place()),
                bytes: counts.sum(way.place() + 1),
            },
        }
    }
}
