// SPDX-License-Identifier: GPL-2.0

//! Options of UDP: `include/uapi/linux/udp.h`.

options! {
    UDP_CORK = 1, Harmless, "when a message is sent; its beginning is checked again";
    UDP_ENCAP = 100, Dangerous, "sends packets in packets";
    UDP_NO_CHECK6_TX = 101, Harmless, "whether checksums are computed";
    UDP_NO_CHECK6_RX = 102, Harmless, "whether checksums are computed";
    UDP_SEGMENT = 103, Harmless, "limits the size of packets";
    UDP_GRO = 104, Harmless, "limits the size of packets";
}
