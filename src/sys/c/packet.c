// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that sockets of this host send and receive.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
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

/*
 * The headers that each segment of a packet has, of IP and above. The headers are set
 * and in linear memory, as segmentation needs them there.
 */
static u32 acf_segment_headers(const struct sk_buff *skb)
{
	u32 len = skb_network_header_len(skb);

	if (skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
		return len + tcp_hdrlen(skb);
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return len + sizeof(struct udphdr);
	return len;
}

/*
 * The size that a packet which a socket sends or gets has on the wire, where a network
 * card or the stack splits it, or did before they put it together.
 */
struct acf_skb_size acf_helper_skb_size(const struct sk_buff *skb)
{
	u32 segments = skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 0;
	/* The protocol may have pulled the IP header already. */
	struct acf_skb_size size = {
		.packets = 1,
		.bytes = skb->len - skb_network_offset(skb),
	};

	if (segments > 1) {
		size.packets = segments;
		size.bytes += (segments - 1) * acf_segment_headers(skb);
	}
	return size;
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
