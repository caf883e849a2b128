// SPDX-License-Identifier: GPL-2.0

//! Options of UDP: `include/uapi/linux/udp.h`.

options! {
    UDP_CORK = 1, Harmless, "time; what a message began with is checked again";
    UDP_ENCAP = 100, Dangerous, "packets in packets";
    UDP_NO_CHECK6_TX = 101, Harmless, "checksums";
    UDP_NO_CHECK6_RX = 102, Harmless, "checksums";
    UDP_SEGMENT = 103, Harmless, "the size of packets";
    UDP_GRO = 104, Harmless, "the size of packets";
}
