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

/* The addresses of a received packet, and their family; AF_UNSPEC if it is not IP. */
struct acf_skb_ends acf_helper_skb_ends(const struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return (struct acf_skb_ends) {
			.family = AF_INET,
			.source = &ip_hdr(skb)->saddr,
			.destination = &ip_hdr(skb)->daddr,
		};
	case htons(ETH_P_IPV6):
		return (struct acf_skb_ends) {
			.family = AF_INET6,
			.source = &ipv6_hdr(skb)->saddr,
			.destination = &ipv6_hdr(skb)->daddr,
		};
	default:
		return (struct acf_skb_ends) { .family = AF_UNSPEC };
	}
}

/* The size of a packet that a socket sends or gets. */
struct acf_skb_size acf_helper_skb_size(const struct sk_buff *skb)
{
	/* The protocol may have pulled the IP header already. */
	return (struct acf_skb_size) {
		.packets = skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs ?: 1 : 1,
		.bytes = skb->len - skb_network_offset(skb),
	};
}

/* The mark that the packet got when it was sent, or 0. */
struct acf_skb_mark acf_helper_skb_mark(const struct sk_buff *skb)
{
	return (struct acf_skb_mark) {
		.scope = skb_scope(skb),
		.inward = skb->scope & SKB_SCOPE_INWARD,
		.outward = skb->scope & SKB_SCOPE_OUTWARD,
	};
}
