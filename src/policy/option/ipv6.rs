// SPDX-License-Identifier: GPL-2.0

//! Options of IPv6: `include/uapi/linux/in6.h` and, for groups, `linux/in.h`; of
//! packet filters and routers: `linux/netfilter_ipv6/ip6_tables.h`,
//! `linux/mroute6.h`.

options! {
    IPV6_ADDRFORM = 1, Harmless, "makes an IPv4 socket of one bound to an IPv4 address";
    IPV6_2292PKTINFO = 2, Harmless, "reports where a packet was received";
    IPV6_2292HOPOPTS = 3, Harmless, "reports a field of received packets";
    IPV6_2292DSTOPTS = 4, Harmless, "reports a field of received packets";
    IPV6_2292RTHDR = 5, Harmless, "reports a field of received packets";
    IPV6_2292PKTOPTIONS = 6, Header, "sets sources and headers of later packets";
    IPV6_CHECKSUM = 7, Harmless, "where a checksum stands in the packet";
    IPV6_2292HOPLIMIT = 8, Harmless, "reports a field of received packets";
    IPV6_UNICAST_HOPS = 16, Harmless, "a header field without an address";
    IPV6_MULTICAST_IF = 17, Harmless, "selects an interface, not an address";
    IPV6_MULTICAST_HOPS = 18, Harmless, "a header field without an address";
    IPV6_MULTICAST_LOOP = 19, Harmless, "whether the sender receives its own packets";
    IPV6_ADD_MEMBERSHIP = 20, Membership, "joins a group";
    IPV6_DROP_MEMBERSHIP = 21, Harmless, "leaves a group";
    IPV6_ROUTER_ALERT = 22, Dangerous, "receives packets for others";
    IPV6_MTU_DISCOVER = 23, Harmless, "limits the size of packets";
    IPV6_MTU = 24, Harmless, "limits the size of packets";
    IPV6_RECVERR = 25, Harmless, "reports errors";
    IPV6_V6ONLY = 26, Harmless, "restricts addresses, adds none";
    IPV6_JOIN_ANYCAST = 27, Dangerous, "binds to an address";
    IPV6_LEAVE_ANYCAST = 28, Harmless, "leaves a group";
    IPV6_MULTICAST_ALL = 29, Harmless, "receives groups that others joined: none";
    IPV6_ROUTER_ALERT_ISOLATE = 30, Dangerous, "receives packets for others";
    IPV6_RECVERR_RFC4884 = 31, Harmless, "reports errors";
    IPV6_FLOWLABEL_MGR = 32, Harmless, "may attach headers, which the check of packets sees";
    IPV6_FLOWINFO_SEND = 33, Harmless, "a header field without an address";
    IPV6_IPSEC_POLICY = 34, Dangerous, "attaches IPsec policies or tunnels";
    IPV6_XFRM_POLICY = 35, Dangerous, "attaches IPsec policies or tunnels";
    IPV6_HDRINCL = 36, Raw, "sends IP headers that the program wrote";
    MCAST_JOIN_GROUP = 42, Membership, "joins a group";
    MCAST_BLOCK_SOURCE = 43, Membership, "changes what a membership report says";
    MCAST_UNBLOCK_SOURCE = 44, Membership, "widens a membership";
    MCAST_LEAVE_GROUP = 45, Harmless, "leaves a group";
    MCAST_JOIN_SOURCE_GROUP = 46, Membership, "joins a group";
    MCAST_LEAVE_SOURCE_GROUP = 47, Harmless, "leaves a group";
    MCAST_MSFILTER = 48, Membership, "changes what a membership report says";
    IPV6_RECVPKTINFO = 49, Harmless, "reports where a packet was received";
    IPV6_PKTINFO = 50, Harmless, "may name a source, which the check of packets sees";
    IPV6_RECVHOPLIMIT = 51, Harmless, "reports a field of received packets";
    IPV6_HOPLIMIT = 52, Harmless, "a header field without an address";
    IPV6_RECVHOPOPTS = 53, Harmless, "reports a field of received packets";
    IPV6_HOPOPTS = 54, Header, "sends headers that the program wrote";
    IPV6_RTHDRDSTOPTS = 55, Header, "sends headers that the program wrote";
    IPV6_RECVRTHDR = 56, Harmless, "reports a field of received packets";
    IPV6_RTHDR = 57, Header, "sends source routes";
    IPV6_RECVDSTOPTS = 58, Harmless, "reports a field of received packets";
    IPV6_DSTOPTS = 59, Header, "sends headers that the program wrote";
    IPV6_RECVPATHMTU = 60, Harmless, "reports the size of packets";
    IPV6_PATHMTU = 61, Harmless, "reports the size of packets";
    IPV6_DONTFRAG = 62, Harmless, "limits the size of packets";
    IP6T_SO_SET_REPLACE = 64, Dangerous, "controls packet filters of the whole namespace";
    IP6T_SO_SET_ADD_COUNTERS = 65, Dangerous, "controls packet filters of the whole namespace";
    IPV6_RECVTCLASS = 66, Harmless, "reports a field of received packets";
    IPV6_TCLASS = 67, Harmless, "a header field without an address";
    IPV6_AUTOFLOWLABEL = 70, Harmless, "a header field without an address";
    IPV6_ADDR_PREFERENCES = 72, Harmless, "prefers a source, which the check of packets sees";
    IPV6_MINHOPCOUNT = 73, Harmless, "drops received packets";
    IPV6_ORIGDSTADDR = 74, Harmless, "reports the destination of a packet";
    IPV6_TRANSPARENT = 75, Dangerous, "permits any source address";
    IPV6_UNICAST_IF = 76, Harmless, "selects an interface, not an address";
    IPV6_RECVFRAGSIZE = 77, Harmless, "reports a field of received packets";
    IPV6_FREEBIND = 78, Harmless, "binds addresses of the set that the machine lacks";
    MRT6_INIT = 200, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_DONE = 201, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_ADD_MIF = 202, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_DEL_MIF = 203, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_ADD_MFC = 204, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_DEL_MFC = 205, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_VERSION = 206, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_ASSERT = 207, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_PIM = 208, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_TABLE = 209, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_ADD_MFC_PROXY = 210, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_DEL_MFC_PROXY = 211, Dangerous, "controls multicast routing of the whole namespace";
    MRT6_FLUSH = 212, Dangerous, "controls multicast routing of the whole namespace";
}
