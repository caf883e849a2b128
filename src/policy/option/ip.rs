// SPDX-License-Identifier: GPL-2.0

//! Options of IPv4: `include/uapi/linux/in.h`; of packet filters and routers:
//! `linux/netfilter_ipv4/ip_tables.h`, `linux/netfilter_arp/arp_tables.h`,
//! `linux/mroute.h`.

options! {
    IP_TOS = 1, Harmless, "a field of the header";
    IP_TTL = 2, Harmless, "a field of the header";
    IP_HDRINCL = 3, Raw, "headers of one's own";
    IP_OPTIONS = 4, Dangerous, "source routes";
    IP_ROUTER_ALERT = 5, Dangerous, "receives what is for others";
    IP_RECVOPTS = 6, Harmless, "tells what came";
    IP_RETOPTS = 7, Harmless, "tells what came";
    IP_PKTINFO = 8, Harmless, "tells where a packet came";
    IP_PKTOPTIONS = 9, Harmless, "tells what came";
    IP_MTU_DISCOVER = 10, Harmless, "the size of packets";
    IP_RECVERR = 11, Harmless, "tells errors";
    IP_RECVTTL = 12, Harmless, "tells what came";
    IP_RECVTOS = 13, Harmless, "tells what came";
    IP_MTU = 14, Harmless, "only tells";
    IP_FREEBIND = 15, Harmless, "addresses that the machine has not, of the set";
    IP_IPSEC_POLICY = 16, Dangerous, "tunnels";
    IP_XFRM_POLICY = 17, Dangerous, "tunnels";
    IP_PASSSEC = 18, Harmless, "tells a label";
    IP_TRANSPARENT = 19, Dangerous, "any source";
    IP_ORIGDSTADDR = 20, Harmless, "tells where a packet was sent";
    IP_MINTTL = 21, Harmless, "drops what would be received";
    IP_NODEFRAG = 22, Harmless, "fragments of raw sockets";
    IP_CHECKSUM = 23, Harmless, "tells a checksum";
    IP_BIND_ADDRESS_NO_PORT = 24, Harmless, "when a port is chosen";
    IP_RECVFRAGSIZE = 25, Harmless, "tells what came";
    IP_RECVERR_RFC4884 = 26, Harmless, "tells errors";
    IP_MULTICAST_IF = 32, Harmless, "may name a source: the check of packets sees it";
    IP_MULTICAST_TTL = 33, Harmless, "a field of the header";
    IP_MULTICAST_LOOP = 34, Harmless, "whether the sender hears itself";
    IP_ADD_MEMBERSHIP = 35, Membership, "joins";
    IP_DROP_MEMBERSHIP = 36, Harmless, "leaves";
    IP_UNBLOCK_SOURCE = 37, Membership, "asks for more";
    IP_BLOCK_SOURCE = 38, Membership, "is reported";
    IP_ADD_SOURCE_MEMBERSHIP = 39, Membership, "joins";
    IP_DROP_SOURCE_MEMBERSHIP = 40, Harmless, "leaves";
    IP_MSFILTER = 41, Membership, "is reported";
    MCAST_JOIN_GROUP = 42, Membership, "joins";
    MCAST_BLOCK_SOURCE = 43, Membership, "is reported";
    MCAST_UNBLOCK_SOURCE = 44, Membership, "asks for more";
    MCAST_LEAVE_GROUP = 45, Harmless, "leaves";
    MCAST_JOIN_SOURCE_GROUP = 46, Membership, "joins";
    MCAST_LEAVE_SOURCE_GROUP = 47, Harmless, "leaves";
    MCAST_MSFILTER = 48, Membership, "is reported";
    IP_MULTICAST_ALL = 49, Harmless, "whether others' groups are heard, which are none";
    IP_UNICAST_IF = 50, Harmless, "an interface, no address";
    IP_LOCAL_PORT_RANGE = 51, Harmless, "which port is chosen";
    IP_PROTOCOL = 52, Harmless, "only tells";
    IPT_SO_SET_REPLACE = 64, Dangerous, "packet filters";
    IPT_SO_SET_ADD_COUNTERS = 65, Dangerous, "packet filters";
    IPT_SO_GET_REVISION_MATCH = 66, Dangerous, "packet filters";
    IPT_SO_GET_REVISION_TARGET = 67, Dangerous, "packet filters";
    ARPT_SO_SET_REPLACE = 96, Dangerous, "packet filters";
    ARPT_SO_SET_ADD_COUNTERS = 97, Dangerous, "packet filters";
    MRT_INIT = 200, Dangerous, "routers";
    MRT_DONE = 201, Dangerous, "routers";
    MRT_ADD_VIF = 202, Dangerous, "routers";
    MRT_DEL_VIF = 203, Dangerous, "routers";
    MRT_ADD_MFC = 204, Dangerous, "routers";
    MRT_DEL_MFC = 205, Dangerous, "routers";
    MRT_VERSION = 206, Dangerous, "routers";
    MRT_ASSERT = 207, Dangerous, "routers";
    MRT_PIM = 208, Dangerous, "routers";
    MRT_TABLE = 209, Dangerous, "routers";
    MRT_ADD_MFC_PROXY = 210, Dangerous, "routers";
    MRT_DEL_MFC_PROXY = 211, Dangerous, "routers";
    MRT_FLUSH = 212, Dangerous, "routers";
}
