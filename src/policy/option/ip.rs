// SPDX-License-Identifier: GPL-2.0

//! Options of IPv4: `include/uapi/linux/in.h`; of packet filters and routers:
//! `linux/netfilter_ipv4/ip_tables.h`, `linux/netfilter_arp/arp_tables.h`,
//! `linux/mroute.h`.

options! {
    IP_TOS = 1, Harmless, "a header field without an address";
    IP_TTL = 2, Harmless, "a header field without an address";
    IP_HDRINCL = 3, Raw, "sends IP headers that the program wrote";
    IP_OPTIONS = 4, Header, "sends source routes";
    IP_ROUTER_ALERT = 5, Dangerous, "receives packets for others";
    IP_RECVOPTS = 6, Harmless, "reports a field of received packets";
    IP_RETOPTS = 7, Harmless, "reports a field of received packets";
    IP_PKTINFO = 8, Harmless, "reports where a packet was received";
    IP_PKTOPTIONS = 9, Harmless, "reports a field of received packets";
    IP_MTU_DISCOVER = 10, Harmless, "limits the size of packets";
    IP_RECVERR = 11, Harmless, "reports errors";
    IP_RECVTTL = 12, Harmless, "reports a field of received packets";
    IP_RECVTOS = 13, Harmless, "reports a field of received packets";
    IP_MTU = 14, Harmless, "read only";
    IP_FREEBIND = 15, Harmless, "binds addresses of the set that the machine lacks";
    IP_IPSEC_POLICY = 16, Dangerous, "attaches IPsec policies or tunnels";
    IP_XFRM_POLICY = 17, Dangerous, "attaches IPsec policies or tunnels";
    IP_PASSSEC = 18, Harmless, "reports a security label";
    IP_TRANSPARENT = 19, Dangerous, "permits any source address";
    IP_ORIGDSTADDR = 20, Harmless, "reports the destination of a packet";
    IP_MINTTL = 21, Harmless, "drops received packets";
    IP_NODEFRAG = 22, Harmless, "how a raw socket receives fragments";
    IP_CHECKSUM = 23, Harmless, "reports a checksum";
    IP_BIND_ADDRESS_NO_PORT = 24, Harmless, "when the kernel chooses a port";
    IP_RECVFRAGSIZE = 25, Harmless, "reports a field of received packets";
    IP_RECVERR_RFC4884 = 26, Harmless, "reports errors";
    IP_MULTICAST_IF = 32, Harmless, "may name a source, which the check of packets sees";
    IP_MULTICAST_TTL = 33, Harmless, "a header field without an address";
    IP_MULTICAST_LOOP = 34, Harmless, "whether the sender receives its own packets";
    IP_ADD_MEMBERSHIP = 35, Membership, "joins a group";
    IP_DROP_MEMBERSHIP = 36, Harmless, "leaves a group";
    IP_UNBLOCK_SOURCE = 37, Membership, "widens a membership";
    IP_BLOCK_SOURCE = 38, Membership, "changes what a membership report says";
    IP_ADD_SOURCE_MEMBERSHIP = 39, Membership, "joins a group";
    IP_DROP_SOURCE_MEMBERSHIP = 40, Harmless, "leaves a group";
    IP_MSFILTER = 41, Membership, "changes what a membership report says";
    MCAST_JOIN_GROUP = 42, Membership, "joins a group";
    MCAST_BLOCK_SOURCE = 43, Membership, "changes what a membership report says";
    MCAST_UNBLOCK_SOURCE = 44, Membership, "widens a membership";
    MCAST_LEAVE_GROUP = 45, Harmless, "leaves a group";
    MCAST_JOIN_SOURCE_GROUP = 46, Membership, "joins a group";
    MCAST_LEAVE_SOURCE_GROUP = 47, Harmless, "leaves a group";
    MCAST_MSFILTER = 48, Membership, "changes what a membership report says";
    IP_MULTICAST_ALL = 49, Harmless, "receives groups that others joined: none";
    IP_UNICAST_IF = 50, Harmless, "selects an interface, not an address";
    IP_LOCAL_PORT_RANGE = 51, Harmless, "limits which port the kernel chooses";
    IP_PROTOCOL = 52, Harmless, "read only";
    IPT_SO_SET_REPLACE = 64, Dangerous, "controls packet filters of the whole namespace";
    IPT_SO_SET_ADD_COUNTERS = 65, Dangerous, "controls packet filters of the whole namespace";
    IPT_SO_GET_REVISION_MATCH = 66, Dangerous, "controls packet filters of the whole namespace";
    IPT_SO_GET_REVISION_TARGET = 67, Dangerous, "controls packet filters of the whole namespace";
    ARPT_SO_SET_REPLACE = 96, Dangerous, "controls packet filters of the whole namespace";
    ARPT_SO_SET_ADD_COUNTERS = 97, Dangerous, "controls packet filters of the whole namespace";
    MRT_INIT = 200, Dangerous, "controls multicast routing of the whole namespace";
    MRT_DONE = 201, Dangerous, "controls multicast routing of the whole namespace";
    MRT_ADD_VIF = 202, Dangerous, "controls multicast routing of the whole namespace";
    MRT_DEL_VIF = 203, Dangerous, "controls multicast routing of the whole namespace";
    MRT_ADD_MFC = 204, Dangerous, "controls multicast routing of the whole namespace";
    MRT_DEL_MFC = 205, Dangerous, "controls multicast routing of the whole namespace";
    MRT_VERSION = 206, Dangerous, "controls multicast routing of the whole namespace";
    MRT_ASSERT = 207, Dangerous, "controls multicast routing of the whole namespace";
    MRT_PIM = 208, Dangerous, "controls multicast routing of the whole namespace";
    MRT_TABLE = 209, Dangerous, "controls multicast routing of the whole namespace";
    MRT_ADD_MFC_PROXY = 210, Dangerous, "controls multicast routing of the whole namespace";
    MRT_DEL_MFC_PROXY = 211, Dangerous, "controls multicast routing of the whole namespace";
    MRT_FLUSH = 212, Dangerous, "controls multicast routing of the whole namespace";
}
