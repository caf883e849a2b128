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

/* The headers that each segment of a packet has, of IP and, unless it is a tunnel's,
 * above.
 */
static u32 acf_segment_headers(const struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;
	u32 len = skb_network_header_len(skb);
	const struct tcphdr *th;
	struct tcphdr copy;

	if (skb->encapsulation)
		return len;
	if (type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		/* A raw socket gets it before TCP makes sure that this is there. */
		th = skb_header_pointer(skb, skb_transport_offset(skb),
					sizeof(copy), &copy);
		return len + (th && th->doff >= 5 ? th->doff * 4 : sizeof(*th));
	}
	return type & SKB_GSO_UDP_L4 ? len + sizeof(struct udphdr) : len;
}

/* As how many packets a packet of @bytes goes over the wire. */
static u32 acf_segments(const struct sk_buff *skb, u32 bytes, u32 headers)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	if (!skb_is_gso(skb))
		return 1;
	/* One from another machine or a program has no number, as it is not trusted. */
	return info->gso_segs ?: bytes > headers ?
	       DIV_ROUND_UP(bytes - headers, info->gso_size) : 1;
}

/*
 * The size that a packet which a socket sends or gets has on the wire, where a network
 * card or the stack splits it, or did before they put it together.
 */
struct acf_skb_size acf_helper_skb_size(const struct sk_buff *skb)
{
	u32 headers = skb_is_gso(skb) ? acf_segment_headers(skb) : 0;
	/* The protocol may have pulled the IP header already. */
	u32 bytes = skb->len - skb_network_offset(skb);
	u32 packets = acf_segments(skb, bytes, headers);

	return (struct acf_skb_size) {
		.packets = packets,
		.bytes = bytes + (packets - 1) * headers,
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
