// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that sockets of this host send, in every network namespace.
 *
 * A packet that stays on this host keeps its security mark through the loopback
 * interface. So the lookup of its receiver can read the mark that this file wrote
 * when the packet was sent.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "helpers.h"

static acf_output_t acf_output __read_mostly;

/* Whether this interface leads to the loopback addresses of the host. */
static bool acf_loops(const struct net_device *out)
{
	return out->flags & IFF_LOOPBACK || netif_is_l3_master(out);
}

static unsigned int acf_check_output(struct sk_buff *skb,
				     const struct nf_hook_state *state,
				     const void *source,
				     const void *destination,
				     bool (*led)(const struct sk_buff *,
						 const struct sock *))
{
	/* Not skb->sk: on a tunnel's packet, that is the socket of the inner packet. */
	const struct sock *sk = state->sk ? sk_const_to_full_sk(state->sk) : NULL;
	acf_output_t output;
	void **slot;
	u32 mark;

	if (!sk || !sk_fullsock(sk))
		return NF_ACCEPT;
	slot = acf_gate_sock_slot(sk);
	if (!slot || !READ_ONCE(*slot))
		return NF_ACCEPT;
	if (led(skb, sk))
		return NF_DROP_ERR(-EPERM);
	output = READ_ONCE(acf_output);
	mark = output(sk, state->pf, source, destination,
		      acf_loops(state->out));
	if (!mark)
		return NF_DROP_ERR(-EADDRNOTAVAIL);
	/* Whatever its destination: a VRF or NAT may bring it back to this host. */
	skb->secmark = mark;
	return NF_ACCEPT;
}

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
 * Whether an IPv4 packet is to be dropped for its headers or its protocol.
 *
 * A source route leads a packet elsewhere than its destination says, and other
 * headers may do so. Most are denied when a program asks for them. Two are not:
 * an option set before the socket belonged to the association, and a header that
 * a raw socket made itself.
 *
 * Fragments are made after this hook, so a fragment here was made by a program.
 * The receiver would put it together with fragments of other senders between the
 * same addresses, and on the loopback all tenants have the same addresses.
 *
 * ICMP errors, redirects and neighbour discovery change how the whole host, or
 * another, sends. Tunnels unpack packets with any source. Routing daemons believe
 * what they receive. The raw sockets of an association are for its own traffic.
 */
static bool acf_led_v4(const struct sk_buff *skb, const struct sock *sk)
{
	const struct iphdr *ip = ip_hdr(skb);
	u8 buffer;
	const u8 *type;

	if (IPCB(skb)->opt.srr)
		return true;
	if (sk->sk_type != SOCK_RAW)
		return false;
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

/* As acf_led_v4(), for an IPv6 packet. */
static bool acf_led_v6(const struct sk_buff *skb, const struct sock *sk)
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

static unsigned int acf_output_v4(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	/* IPsec has wrapped it; the inner packet was checked before. */
	if (IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED)
		return NF_ACCEPT;
	return acf_check_output(skb, state, &ip_hdr(skb)->saddr,
				&ip_hdr(skb)->daddr, acf_led_v4);
}

static unsigned int acf_output_v6(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	if (IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED)
		return NF_ACCEPT;
	return acf_check_output(skb, state, &ipv6_hdr(skb)->saddr,
				&ipv6_hdr(skb)->daddr, acf_led_v6);
}

/* Before all other hooks: they may rewrite what the socket sent. */
static const struct nf_hook_ops acf_nf_ops[] = {
	{
		.hook = acf_output_v4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_FIRST,
	},
	{
		.hook = acf_output_v6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_FIRST,
	},
};

static int __net_init acf_net_init(struct net *net)
{
	return nf_register_net_hooks(net, acf_nf_ops, ARRAY_SIZE(acf_nf_ops));
}

static void __net_exit acf_net_exit(struct net *net)
{
	nf_unregister_net_hooks(net, acf_nf_ops, ARRAY_SIZE(acf_nf_ops));
}

static struct pernet_operations acf_net_ops = {
	.init = acf_net_init,
	.exit = acf_net_exit,
};

/* Returns -EBUSY if a callback is registered. Context: process, may sleep. */
int acf_helper_output_register(acf_output_t output)
{
	int err;

	if (cmpxchg(&acf_output, NULL, output))
		return -EBUSY;
	err = register_pernet_subsys(&acf_net_ops);
	if (err) {
		/* Some namespaces may have had the hooks for a moment. */
		synchronize_rcu();
		WRITE_ONCE(acf_output, NULL);
	}
	return err;
}

/* When this returns, no callback runs. Context: process, may sleep. */
void acf_helper_output_unregister(void)
{
	unregister_pernet_subsys(&acf_net_ops);
	/* Netfilter does not wait for packets that are in the hooks. */
	synchronize_rcu();
	WRITE_ONCE(acf_output, NULL);
}

/* The destination address of a received packet; sets @family. NULL if not IP. */
const void *acf_helper_skb_destination(const struct sk_buff *skb, int *family)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		*family = AF_INET;
		return &ip_hdr(skb)->daddr;
	case htons(ETH_P_IPV6):
		*family = AF_INET6;
		return &ipv6_hdr(skb)->daddr;
	default:
		return NULL;
	}
}

/* The mark that the packet got when it was sent, or 0. */
u32 acf_helper_skb_mark(const struct sk_buff *skb)
{
	return skb->secmark;
}
