/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of the headers of a sent packet, for packet.c */

#ifndef _ACF_HEADERS_H
#define _ACF_HEADERS_H

#include <linux/ipv6.h>
#include <linux/types.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>

bool acf_raw_led_v4(const struct sk_buff *skb);
bool acf_extended_led_v6(const struct sk_buff *skb, const struct sock *sk);

/* Whether a packet is to be dropped for its headers or its protocol. */
static inline bool acf_led_v4(const struct sk_buff *skb, const struct sock *sk)
{
	return IPCB(skb)->opt.srr ||
	       (sk->sk_type == SOCK_RAW && acf_raw_led_v4(skb));
}

static inline bool acf_led_v6(const struct sk_buff *skb, const struct sock *sk)
{
	return (sk->sk_type == SOCK_RAW ||
		ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr)) &&
	       acf_extended_led_v6(skb, sk);
}

#endif /* _ACF_HEADERS_H */
