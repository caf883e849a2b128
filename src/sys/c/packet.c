// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that sockets of this host send, in every network namespace.
 *
 * A packet keeps its scope through the loopback interface. So the lookup of its
 * receiver can read the scope that this file wrote when the packet was sent.
 *
 * Connections on the private loopbacks of two associations may have the same
 * addresses and ports. Connection tracking would take them for one, so it does not
 * see them.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "headers.h"
#include "helpers.h"

static acf_output_t acf_output __read_mostly;

/* Whether this interface leads to the loopback addresses of the host. */
static bool acf_loops(const struct net_device *out)
{
	return out->flags & IFF_LOOPBACK || netif_is_l3_master(out);
}

/* Whether a packet is one of a socket with a scope, or of its answers that no socket
 * sends. Most are not.
 */
static __always_inline bool acf_is_scoped(const struct sock *sk,
					  const struct sk_buff *skb)
{
	return (sk && READ_ONCE(sk->sk_scope)) || skb_scope(skb);
}

/* The socket with a scope that sends a packet, or NULL if there is none. */
static __always_inline const struct sock *acf_sender(const struct sock *sk)
{
	return sk && READ_ONCE(sk->sk_scope) ? sk_const_to_full_sk(sk) : NULL;
}

static __always_inline void acf_untrack(struct sk_buff *skb)
{
	if (!skb_nfct(skb))
		skb_set_nfct(skb, IP_CT_UNTRACKED);
}

static __always_inline void acf_untrack_v4(struct sk_buff *skb)
{
	if (ip_hdr(skb)->daddr == htonl(INADDR_LOOPBACK) &&
	    ip_hdr(skb)->saddr == htonl(INADDR_LOOPBACK))
		acf_untrack(skb);
}

static __always_inline void acf_untrack_v6(struct sk_buff *skb)
{
	if (ipv6_addr_loopback(&ipv6_hdr(skb)->daddr) &&
	    ipv6_addr_loopback(&ipv6_hdr(skb)->saddr))
		acf_untrack(skb);
}

/* @led: another rule refuses the packet */
static __always_inline unsigned int
acf_check_output(struct sk_buff *skb, const struct nf_hook_state *state,
		 const struct sock *sk, const void *source,
		 const void *destination, bool led)
{
	const bool loops = acf_loops(state->out);
	u32 mark = READ_ONCE(sk->sk_scope);

	if (led)
		return NF_DROP_ERR(-EPERM);
	if (!acf_gate_sock_sends(sk, state->pf, source, destination, loops))
		mark = READ_ONCE(acf_output)(sk, state->pf, source, destination,
					     loops);
	if (!mark)
		return NF_DROP_ERR(-EADDRNOTAVAIL);
	/* Whatever its destination: a VRF or NAT may bring it back to this host. */
	skb->scope = mark;
	return NF_ACCEPT;
}

/*
 * Not skb->sk: on a tunnel's packet, that is the socket of the inner packet. And if
 * IPsec has wrapped a packet, the inner one was checked before.
 */
static unsigned int acf_output_v4(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	const struct sock *sk;

	if (!acf_is_scoped(state->sk, skb))
		return NF_ACCEPT;
	acf_untrack_v4(skb);
	sk = acf_sender(state->sk);
	if (!sk || IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED)
		return NF_ACCEPT;
	return acf_check_output(skb, state, sk, &ip_hdr(skb)->saddr,
				&ip_hdr(skb)->daddr, acf_led_v4(skb, sk));
}

static unsigned int acf_output_v6(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	const struct sock *sk;

	if (!acf_is_scoped(state->sk, skb))
		return NF_ACCEPT;
	acf_untrack_v6(skb);
	sk = acf_sender(state->sk);
	if (!sk || IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED)
		return NF_ACCEPT;
	return acf_check_output(skb, state, sk, &ipv6_hdr(skb)->saddr,
				&ipv6_hdr(skb)->daddr, acf_led_v6(skb, sk));
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
	return skb_scope(skb);
}
