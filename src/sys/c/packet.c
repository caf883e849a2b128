// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that sockets of this host send and receive.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/inet_scope.h>

#include "headers.h"
#include "helpers.h"

/*
 * Whether a packet that @sk, a full socket, sends is to be dropped for its headers or
 * its protocol. Context: any.
 */
bool acf_helper_skb_is_led(const struct sk_buff *skb, const struct sock *sk,
			   int family)
{
	return family == AF_INET ? acf_led_v4(skb, sk) : acf_led_v6(skb, sk);
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
