// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers of packets that sockets of this host send: which of them lead a
 * packet elsewhere, or change how hosts send.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/sock.h>

#include "headers.h"

/* Whether receivers unpack packets of a protocol, or obey them. */
static bool acf_is_obeyed(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
	case IPPROTO_ESP:
	case IPPROTO_AH:
	case IPPROTO_COMP:
	case IPPROTO_L2TP:
	case IPPROTO_MPLS:
	case IPPROTO_PIM:
	case IPPROTO_RSVP:
	case IPPROTO_ETHERNET: /* SRv6 */
	case 88: /* EIGRP */
	case 89: /* OSPF */
	case 97: /* EtherIP */
	case 112: /* VRRP */
	case 124: /* IS-IS */
		return true;
	default:
		return false;
	}
}

/*
 * Whether an IPv4 packet of a raw socket is to be dropped for its headers or its
 * protocol.
 *
 * A source route leads a packet elsewhere than its destination says, and other
 * headers may do so. Most are denied when a program asks for them. Two are not:
 * an option set before the socket belonged to the association, and a header that
 * a raw socket made itself.
 *
 * Fragments are made after this check, so a fragment here was made by a program.
 * The receiver would put it together with fragments of other senders between the
 * same addresses, and on the loopback all tenants have the same addresses.
 *
 * ICMP errors, redirects and neighbour discovery change how the whole host, or
 * another, sends. Tunnels unpack packets with any source. Routing daemons believe
 * what they receive. The raw sockets of an association are for its own traffic.
 */
bool acf_raw_led_v4(const struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
	u8 buffer;
	const u8 *type;

	/* Options set on the socket are also in the control block; others are not. */
	if (ip_is_fragment(ip) || (ip->ihl > 5 && !IPCB(skb)->opt.optlen))
		return true;
	/* An IGMP query tells all hosts how to answer. */
	if (ip->protocol == IPPROTO_IGMP || acf_is_obeyed(ip->protocol))
		return true;
	if (ip->protocol != IPPROTO_ICMP)
		return false;
	type = skb_header_pointer(skb, skb_network_offset(skb) + ip->ihl * 4,
				  sizeof(buffer), &buffer);
	if (!type)
		return true;
	switch (*type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
	case 9: /* router advertisement, RFC 1256 */
	case 10: /* router solicitation */
		return true;
	default:
		return false;
	}
}

/* Whether a packet has such a header, or headers that cannot be parsed. */
static bool acf_may_have_v6(const struct sk_buff *skb, int header,
			    unsigned int *offset)
{
	*offset = 0;
	return ipv6_find_hdr(skb, offset, header, NULL, NULL) != -ENOENT;
}

/* As acf_raw_led_v4(), for an IPv6 packet of any socket. */
bool acf_extended_led_v6(const struct sk_buff *skb, const struct sock *sk)
{
	const u8 first = ipv6_hdr(skb)->nexthdr;
	unsigned int offset;
	const u8 *type;
	u8 buffer;
	int last;

	if (ipv6_ext_hdr(first)) {
		/*
		 * Not TCP: older stacks added a hop-by-hop header to its large
		 * packets themselves. ip6_xmit() of Linux 7.3 does not.
		 */
		if (sk->sk_type != SOCK_STREAM &&
		    (first == NEXTHDR_HOP || first == NEXTHDR_DEST))
			return true;
		if (acf_may_have_v6(skb, NEXTHDR_ROUTING, &offset) ||
		    acf_may_have_v6(skb, NEXTHDR_FRAGMENT, &offset))
			return true;
	}
	if (sk->sk_type != SOCK_RAW)
		return false;
	offset = 0;
	last = ipv6_find_hdr(skb, &offset, -1, NULL, NULL);
	if (last < 0 || acf_is_obeyed(last))
		return true;
	if (!acf_may_have_v6(skb, NEXTHDR_ICMP, &offset))
		return false;
	type = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);
	if (!type || !(*type & ICMPV6_INFOMSG_MASK))
		return true;
	switch (*type) {
	case ICMPV6_MGM_QUERY:
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
	case ICMPV6_MLD2_REPORT:
	case ICMPV6_MRDISC_ADV:
	case NDISC_ROUTER_SOLICITATION:
	case NDISC_ROUTER_ADVERTISEMENT:
	case NDISC_NEIGHBOUR_SOLICITATION:
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
	case NDISC_REDIRECT:
		return true;
	default:
		return false;
	}
}
