// SPDX-License-Identifier: GPL-2.0

//! Options of IPv6: `include/uapi/linux/in6.h` and, for groups, `linux/in.h`; of
//! packet filters and routers: `linux/netfilter_ipv6/ip6_tables.h`,
//! `linux/mroute6.h`.

options! {
    IPV6_ADDRFORM = 1, Harmless, "makes an IPv4 socket of one that is bound to IPv4";
    IPV6_2292PKTINFO = 2, Harmless, "tells where a packet came";
    IPV6_2292HOPOPTS = 3, Harmless, "tells what came";
    IPV6_2292DSTOPTS = 4, Harmless, "tells what came";
    IPV6_2292RTHDR = 5, Harmless, "tells what came";
    IPV6_2292PKTOPTIONS = 6, Dangerous, "sources and headers";
    IPV6_CHECKSUM = 7, Harmless, "where a checksum stands";
    IPV6_2292HOPLIMIT = 8, Harmless, "tells what came";
    IPV6_UNICAST_HOPS = 16, Harmless, "a field of the header";
    IPV6_MULTICAST_IF = 17, Harmless, "an interface, no address";
    IPV6_MULTICAST_HOPS = 18, Harmless, "a field of the header";
    IPV6_MULTICAST_LOOP = 19, Harmless, "whether the sender hears itself";
    IPV6_ADD_MEMBERSHIP = 20, Membership, "joins";
    IPV6_DROP_MEMBERSHIP = 21, Harmless, "leaves";
    IPV6_ROUTER_ALERT = 22, Dangerous, "receives what is for others";
    IPV6_MTU_DISCOVER = 23, Harmless, "the size of packets";
    IPV6_MTU = 24, Harmless, "the size of packets";
    IPV6_RECVERR = 25, Harmless, "tells errors";
    IPV6_V6ONLY = 26, Harmless, "fewer addresses, not other ones";
    IPV6_JOIN_ANYCAST = 27, Dangerous, "takes an address";
    IPV6_LEAVE_ANYCAST = 28, Harmless, "leaves";
    IPV6_MULTICAST_ALL = 29, Harmless, "whether others' groups are heard, which are none";
    IPV6_ROUTER_ALERT_ISOLATE = 30, Dangerous, "receives what is for others";
    IPV6_RECVERR_RFC4884 = 31, Harmless, "tells errors";
    IPV6_FLOWLABEL_MGR = 32, Dangerous, "labels have headers";
    IPV6_FLOWINFO_SEND = 33, Harmless, "a field of the header";
    IPV6_IPSEC_POLICY = 34, Dangerous, "tunnels";
    IPV6_XFRM_POLICY = 35, Dangerous, "tunnels";
    IPV6_HDRINCL = 36, Raw, "headers of one's own";
    MCAST_JOIN_GROUP = 42, Membership, "joins";
    MCAST_BLOCK_SOURCE = 43, Membership, "is reported";
    MCAST_UNBLOCK_SOURCE = 44, Membership, "asks for more";
    MCAST_LEAVE_GROUP = 45, Harmless, "leaves";
    MCAST_JOIN_SOURCE_GROUP = 46, Membership, "joins";
    MCAST_LEAVE_SOURCE_GROUP = 47, Harmless, "leaves";
    MCAST_MSFILTER = 48, Membership, "is reported";
    IPV6_RECVPKTINFO = 49, Harmless, "tells where a packet came";
    IPV6_PKTINFO = 50, Harmless, "may name a source: the check of packets sees it";
    IPV6_RECVHOPLIMIT = 51, Harmless, "tells what came";
    IPV6_HOPLIMIT = 52, Harmless, "a field of the header";
    IPV6_RECVHOPOPTS = 53, Harmless, "tells what came";
    IPV6_HOPOPTS = 54, Dangerous, "headers";
    IPV6_RTHDRDSTOPTS = 55, Dangerous, "headers";
    IPV6_RECVRTHDR = 56, Harmless, "tells what came";
    IPV6_RTHDR = 57, Dangerous, "source routes";
    IPV6_RECVDSTOPTS = 58, Harmless, "tells what came";
    IPV6_DSTOPTS = 59, Dangerous, "headers";
    IPV6_RECVPATHMTU = 60, Harmless, "tells the size of packets";
    IPV6_PATHMTU = 61, Harmless, "tells the size of packets";
    IPV6_DONTFRAG = 62, Harmless, "the size of packets";
    IP6T_SO_SET_REPLACE = 64, Dangerous, "packet filters";
    IP6T_SO_SET_ADD_COUNTERS = 65, Dangerous, "packet filters";
    IPV6_RECVTCLASS = 66, Harmless, "tells what came";
    IPV6_TCLASS = 67, Harmless, "a field of the header";
    IPV6_AUTOFLOWLABEL = 70, Harmless, "a field of the header";
    IPV6_ADDR_PREFERENCES = 72, Harmless, "which member: the check of packets sees it";
    IPV6_MINHOPCOUNT = 73, Harmless, "drops what would be received";
    IPV6_ORIGDSTADDR = 74, Harmless, "tells where a packet was sent";
    IPV6_TRANSPARENT = 75, Dangerous, "any source";
    IPV6_UNICAST_IF = 76, Harmless, "an interface, no address";
    IPV6_RECVFRAGSIZE = 77, Harmless, "tells what came";
    IPV6_FREEBIND = 78, Harmless, "addresses that the machine has not, of the set";
    MRT6_INIT = 200, Dangerous, "routers";
    MRT6_DONE = 201, Dangerous, "routers";
    MRT6_ADD_MIF = 202, Dangerous, "routers";
    MRT6_DEL_MIF = 203, Dangerous, "routers";
    MRT6_ADD_MFC = 204, Dangerous, "routers";
    MRT6_DEL_MFC = 205, Dangerous, "routers";
    MRT6_VERSION = 206, Dangerous, "routers";
    MRT6_ASSERT = 207, Dangerous, "routers";
    MRT6_PIM = 208, Dangerous, "routers";
    MRT6_TABLE = 209, Dangerous, "routers";
    MRT6_ADD_MFC_PROXY = 210, Dangerous, "routers";
    MRT6_DEL_MFC_PROXY = 211, Dangerous, "routers";
    MRT6_FLUSH = 212, Dangerous, "routers";
}
